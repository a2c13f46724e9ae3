/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: TLS, which is here a filter without a socket: what OpenSSL wants to send is collected and sent by the stream beneath, and what that receives is
 * given to OpenSSL, so deadlines, signals and the number of system calls are as without. Refuses: a certificate that does not hold, and the
 * lock held over I/O.
 */
#include "redis/tls_stream.h"

#include "base/error.h"

#if MFLIXCACHE_WITH_TLS

#include "base/buf.h"
#include "redis/tls_context.h"
#include "redis/tls_why.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAW_BYTES ((size_t)32 << 10)    /* received at once */
#define RECORD_BYTES ((size_t)16 << 10) /* the most in one record */
#define ROUND_BYTES ((size_t)64 << 10)  /* encrypted before it is sent */
#define OUT_MAX ((size_t)1 << 20)       /* never reached: a round, and what the protocol itself has to say */
#define PIECES 64                       /* encrypted at a time */

typedef struct tls_stream {
    mci_stream head;
    mci_stream *inner;
    mci_mutex lock; /* guards ssl, the places in raw, and out; not held over I/O */
    SSL *ssl;
    BIO_METHOD *pipe;
    mci_tls_peer peer;
    int answered; /* something has come after the handshake */
    mci_buf out;  /* made by OpenSSL, not taken by a sender yet */
    char *raw;    /* received, not taken by OpenSSL yet; filled by the receiver while it is empty */
    size_t raw_at;
    size_t raw_end;
    int dry; /* OpenSSL found nothing in it: why it did not go on (its own way to say so looks at errors that the host may have left) */
    /* the receiver's */
    int more; /* there may be bytes that were received and not read */
    /* the sender's */
    mci_buf sending; /* on its way */
    size_t sent;
    size_t stands_for; /* so many of the bytes that were given */
    char *small;       /* short pieces, gathered for one record */
} tls_stream;

/* ---- between OpenSSL and the stream beneath ----------------------------------------------------------------------- */

static int pipe_read(BIO *b, char *to, int n)
{
    tls_stream *t = BIO_get_data(b);
    size_t have = t->raw_end - t->raw_at;
    BIO_clear_retry_flags(b);
    if (have == 0) {
        t->dry = 1;
        BIO_set_retry_read(b);
        return -1;
    }
    if ((size_t)n < have)
        have = (size_t)n;
    memcpy(to, t->raw + t->raw_at, have);
    t->raw_at += have;
    return (int)have;
}

static int pipe_write(BIO *b, const char *from, int n)
{
    tls_stream *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    mci_buf_add(&t->out, from, (size_t)n);
    return t->out.failed ? -1 : n;
}

static long pipe_ctrl(BIO *b, int what, long num, void *ptr)
{
    (void)b;
    (void)num;
    (void)ptr;
    return what == BIO_CTRL_FLUSH;
}

/* Send what was encrypted. An errno, or 0: all of it has gone out. */
static int push(tls_stream *t, mci_deadline dl)
{
    if (t->sent == t->sending.len)
        return 0;
    struct iovec piece = {.iov_base = t->sending.data + t->sent, .iov_len = t->sending.len - t->sent};
    size_t done = 0;
    int code = mci_stream_send(t->inner, &piece, 1, dl, &done);
    t->sent += done;
    return code;
}

/* With the lock held: what OpenSSL has made is the sender's now, whose buffer is empty. */
static void hand_out(tls_stream *t)
{
    mci_buf empty = t->sending;
    mci_buf_reset(&empty);
    t->sending = t->out;
    t->out = empty;
    t->sent = 0;
}

/* ---- why it failed ------------------------------------------------------------------------------------------------ */

static void explain(tls_stream *t)
{
    if (t->peer.why[0] == '\0')
        mci_tls_tell_error(t->peer.asked, t->peer.tls->has_certificate, t->peer.why, sizeof t->peer.why);
    ERR_clear_error();
}

const char *mci_stream_tls_fault(const mci_stream *s)
{
    const tls_stream *t = (const tls_stream *)s;
    if (t->peer.why[0] != '\0')
        return t->peer.why;
    /* Servers may close without a word when they do not like the client's certificate. */
    if (t->answered || !t->peer.asked)
        return NULL;
    return t->peer.tls->has_certificate
               ? "it ended the connection after it had seen the client certificate (cache.tls_cert_file)"
               : "it wants to see a client certificate (cache.tls_cert_file, cache.tls_key_file)";
}

/* ---- sending ------------------------------------------------------------------------------------------------------ */

/* The next record's bytes: of one long piece as they lie, of short ones gathered. */
static const char *next_record(tls_stream *t, const struct iovec *pieces, int n, size_t *len)
{
    if (n == 1 || pieces[0].iov_len >= RECORD_BYTES / 4) {
        *len = pieces[0].iov_len < RECORD_BYTES ? pieces[0].iov_len : RECORD_BYTES;
        return pieces[0].iov_base;
    }
    *len = 0;
    for (int i = 0; i < n && *len < RECORD_BYTES; i++) {
        size_t part = pieces[i].iov_len < RECORD_BYTES - *len ? pieces[i].iov_len : RECORD_BYTES - *len;
        memcpy(t->small + *len, pieces[i].iov_base, part);
        *len += part;
    }
    return t->small;
}

/* Encrypt the next bytes into the sender's buffer. An errno, or 0. */
static int encrypt(tls_stream *t, struct iovec *pieces, int n)
{
    int code = 0;
    mci_mutex_lock(&t->lock);
    while (n > 0 && code == 0 && t->out.len < ROUND_BYTES) {
        size_t len = 0;
        size_t written = 0;
        const char *p = next_record(t, pieces, n, &len);
        if (len > 0 && SSL_write_ex(t->ssl, p, len, &written) != 1) {
            code = t->out.failed ? ENOMEM : EPROTO;
            explain(t);
        }
        t->stands_for += written;
        mci_pieces_advance(&pieces, &n, written);
    }
    hand_out(t);
    mci_mutex_unlock(&t->lock);
    return code;
}

static int tls_send(mci_stream *s, struct iovec *pieces, int n, mci_deadline dl, size_t *done)
{
    tls_stream *t = (tls_stream *)s;
    *done = 0;
    for (;;) {
        int code = push(t, dl); /* what an earlier call had encrypted, too: those bytes come first in the pieces */
        if (code != 0)
            return code;
        *done += t->stands_for;
        mci_pieces_advance(&pieces, &n, t->stands_for);
        t->stands_for = 0;
        if (n == 0)
            return 0;
        struct iovec copy[PIECES]; /* encrypt() goes through them, and what it took counts only when it has gone out */
        int some = n < PIECES ? n : PIECES;
        memcpy(copy, pieces, sizeof *copy * (size_t)some);
        code = encrypt(t, copy, some);
        if (code != 0)
            return code;
    }
}

/* ---- receiving ---------------------------------------------------------------------------------------------------- */

/* Decrypt what is there. 0, or -1: the stream has ended. */
static int decrypt(tls_stream *t, char *buf, size_t size, size_t *got, int *code)
{
    int rc = 0;
    while (*got < size && rc == 0 && (t->raw_at < t->raw_end || SSL_pending(t->ssl) > 0 || t->more)) {
        size_t n = 0;
        t->dry = 0;
        t->more = 0;
        int ok = SSL_read_ex(t->ssl, buf + *got, size - *got, &n);
        *got += n;
        if (ok == 1 || t->dry)
            continue;
        rc = -1;
        *code = (SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN) != 0 ? 0 : EPROTO;
        if (*code != 0)
            explain(t);
    }
    t->more = *got == size || rc != 0; /* an end is told once more, after the bytes before it */
    return rc;
}

static mci_received tls_receive(mci_stream *s, char *buf, size_t size, int wait, mci_deadline dl, size_t *got, int *code)
{
    tls_stream *t = (tls_stream *)s;
    *got = 0;
    *code = 0;
    for (size_t n = 0;;) {
        if (t->more || n > 0) {
            mci_mutex_lock(&t->lock);
            if (n > 0) {
                t->raw_at = 0;
                t->raw_end = n;
            }
            int rc = decrypt(t, buf, size, got, code);
            mci_mutex_unlock(&t->lock);
            if (*got > 0) {
                t->answered = 1;
                return MCI_RECEIVED_BYTES;
            }
            if (rc != 0)
                return MCI_RECEIVED_END;
        }
        mci_received r = mci_stream_receive(t->inner, t->raw, RAW_BYTES, wait, dl, &n, code);
        if (r != MCI_RECEIVED_BYTES)
            return r;
    }
}

/* ---- a connection ----------------------------------------------------------------------------------------------- */

static void tls_close(mci_stream *s)
{
    tls_stream *t = (tls_stream *)s;
    size_t done = 0;
    if (t->ssl != NULL && SSL_is_init_finished(t->ssl) && t->sent == t->sending.len) {
        ERR_clear_error();
        (void)SSL_shutdown(t->ssl); /* said if the socket takes it; nobody waits for the answer */
        hand_out(t);
        struct iovec piece = {.iov_base = t->sending.data, .iov_len = t->sending.len};
        (void)mci_stream_send(t->inner, &piece, t->sending.len > 0, 0, &done);
    }
    if (t->ssl != NULL)
        SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* however it ended, its session is good */
    SSL_free(t->ssl);
    BIO_meth_free(t->pipe);
    ERR_clear_error();
    mci_stream_close(t->inner);
    mci_buf_free(&t->out);
    mci_buf_free(&t->sending);
    free(t->raw);
    free(t->small);
    mci_mutex_destroy(&t->lock);
    free(t);
}

static const mci_stream_ops tls_ops = {tls_send, tls_receive, tls_close};

/* Whose certificate is wanted. An address is no name: it is not sent, and is looked for among the addresses of the certificate. */
static int set_name(tls_stream *t, const char *host)
{
    unsigned char ignored[sizeof(struct in6_addr)];
    size_t n = strcspn(host, "%"); /* the zone of an address is this machine's */
    if (n > 0 && host[n] == '\0' && host[n - 1] == '.')
        n--; /* certificates name hosts without the last dot */
    (void)snprintf(t->peer.name, sizeof t->peer.name, "%.*s", (int)n, host);
    X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
    if (inet_pton(AF_INET, t->peer.name, ignored) == 1 || inet_pton(AF_INET6, t->peer.name, ignored) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(param, t->peer.name);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, t->peer.name, 0) == 1 && SSL_set_tlsext_host_name(t->ssl, t->peer.name) == 1;
}

static tls_stream *new_stream(mci_tls *tls, mci_stream *inner, const char *host, int port)
{
    tls_stream *t = calloc(1, sizeof *t);
    if (t == NULL || mci_mutex_init(&t->lock) != 0) {
        free(t);
        mci_stream_close(inner);
        return NULL;
    }
    t->head = (mci_stream){&tls_ops, inner->fd};
    t->inner = inner;
    t->peer.tls = tls;
    (void)snprintf(t->peer.server, sizeof t->peer.server, "%s %d", host, port);
    mci_buf_init(&t->out, OUT_MAX);
    mci_buf_init(&t->sending, OUT_MAX);
    t->raw = malloc(RAW_BYTES);
    t->small = malloc(RECORD_BYTES);
    t->ssl = SSL_new(tls->ctx);
    t->pipe = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "mflixcache");
    BIO *pipe = NULL;
    if (t->pipe != NULL && BIO_meth_set_read(t->pipe, pipe_read) == 1 && BIO_meth_set_write(t->pipe, pipe_write) == 1 &&
        BIO_meth_set_ctrl(t->pipe, pipe_ctrl) == 1)
        pipe = BIO_new(t->pipe);
    if (t->raw == NULL || t->small == NULL || t->ssl == NULL || pipe == NULL) {
        BIO_free(pipe);
        tls_close(&t->head);
        return NULL;
    }
    BIO_set_data(pipe, t);
    BIO_set_init(pipe, 1);
    SSL_set_bio(t->ssl, pipe, pipe);
    SSL_set_app_data(t->ssl, &t->peer);
    SSL_set_connect_state(t->ssl);
    if (!set_name(t, tls->server_name[0] != '\0' ? tls->server_name : host)) {
        tls_close(&t->head);
        return NULL;
    }
    return t;
}

static mc_status shake_hands(tls_stream *t, mci_deadline dl, mc_error *err)
{
    for (;;) {
        ERR_clear_error();
        int rc = SSL_do_handshake(t->ssl);
        int why = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, rc);
        if (rc != 1 && why != SSL_ERROR_WANT_READ)
            explain(t);
        hand_out(t);
        int code = push(t, dl);
        if (rc != 1 && why != SSL_ERROR_WANT_READ)
            return mci_fail(err, MC_E_TLS, MC_TIER_REDIS, "%s", t->peer.why);
        size_t n = 0;
        mci_received got = MCI_RECEIVED_NOTHING;
        if (code == 0 && rc == 1)
            return MC_OK;
        if (code == 0)
            got = mci_stream_receive(t->inner, t->raw, RAW_BYTES, 1, dl, &n, &code);
        t->raw_at = 0;
        t->raw_end = n;
        if (got == MCI_RECEIVED_END || (code != 0 && code != ETIMEDOUT))
            return mci_fail_code(err, MC_E_CACHE, MC_TIER_REDIS, code, "it closed the connection during the TLS handshake");
        if (got == MCI_RECEIVED_NOTHING && mci_deadline_left_ms(dl) == 0)
            return mci_fail(err, MC_E_TIMEOUT, MC_TIER_REDIS,
                            "the TLS handshake did not end within the deadline (is it a port for TLS?)");
    }
}

mc_status mci_stream_over_tls(mci_tls *tls, const char *host, int port, mci_stream *inner, mci_deadline dl, mci_stream **out,
                              mc_error *err)
{
    *out = NULL;
    tls_stream *t = new_stream(tls, inner, host, port);
    if (t == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for TLS");
    SSL_SESSION *kept = mci_tls_kept_session(tls, t->peer.server);
    if (kept != NULL)
        (void)SSL_set_session(t->ssl, kept);
    SSL_SESSION_free(kept);
    mc_status st = shake_hands(t, dl, err);
    if (st != MC_OK) {
        if (st == MC_E_TLS)
            mci_tls_forget_session(tls, t->peer.server); /* what was kept may be why */
        tls_close(&t->head);
        return st;
    }
    t->more = 1; /* a ticket, or more, may have come with the end of the handshake */
    if (SSL_session_reused(t->ssl))
        mci_count(tls->metrics, MCI_C_REDIS_TLS_RESUMED);
    if (tls->insecure)
        mci_log_write(tls->log, MC_LOG_WARN,
                      "connected to Redis at %s WITHOUT verifying its certificate: "
                      "cache.tls_insecure_skip_verification is on",
                      t->peer.server);
    *out = &t->head;
    return MC_OK;
}

#else

mc_status mci_stream_over_tls(mci_tls *t, const char *host, int port, mci_stream *inner, mci_deadline dl, mci_stream **out,
                              mc_error *err)
{
    (void)t;
    (void)host;
    (void)port;
    (void)dl;
    *out = NULL;
    mci_stream_close(inner);
    return mci_fail(err, MC_E_TLS, MC_TIER_REDIS, "this build has no TLS");
}

const char *mci_stream_tls_fault(const mci_stream *s)
{
    (void)s;
    return NULL;
}

#endif
