/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: how a connection is made, and the log-in. Refuses: hiredis' own I/O, which knows no deadline and may raise SIGPIPE: it only decodes. */
#include "redis/conn.h"

#include "base/portable.h"
#include "redis/replies.h"
#include "redis/term.h"
#include "redis/tls_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_CHUNK 65536

static mc_status net_fail(mc_error *err, mc_status st, int code, const mci_redis_addr *a, const char *what)
{
    char text[128] = "";
    if (code != 0 && strerror_r(code, text, sizeof text) != 0)
        text[0] = '\0';
    if (a->path[0] != '\0')
        return mci_fail_code(err, st, MC_TIER_REDIS, code, "Redis at unix socket %.100s: %s%s%s", a->path, what,
                             text[0] != '\0' ? ": " : "", text);
    return mci_fail_code(err, st, MC_TIER_REDIS, code, "Redis at %.100s:%d: %s%s%s", a->host, a->port, what,
                         text[0] != '\0' ? ": " : "", text);
}

static int wait_connected(int fd, mci_deadline dl)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    for (;;) {
        int rc = poll(&p, 1, mci_deadline_left_ms(dl));
        if (rc > 0)
            break;
        if (rc == 0)
            return ETIMEDOUT;
        if (errno != EINTR)
            return errno;
    }
    int code = 0;
    socklen_t len = sizeof code;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0)
        return errno;
    return code;
}

/* A unix socket: at once, or not at all. Returns an errno. */
static int connect_one(const struct sockaddr *sa, socklen_t len, mci_deadline dl, int *out)
{
    int fd = mci_socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return errno;
    int code = 0;
    if (connect(fd, sa, len) != 0) {
        code = errno;
        if (code == EINPROGRESS || code == EINTR)
            code = wait_connected(fd, dl);
        else if (code == EAGAIN) /* a full backlog */
            code = ECONNREFUSED;
    }
    if (code == 0) {
        int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
            code = errno;
    }
    if (code != 0) {
        (void)close(fd);
        return code;
    }
    *out = fd;
    return 0;
}

static mc_status connect_unix(const mci_redis_addr *a, mci_deadline dl, int *fd, mc_error *err)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    memcpy(sa.sun_path, a->path, strnlen(a->path, sizeof sa.sun_path - 1));
    int code = connect_one((struct sockaddr *)&sa, sizeof sa, dl, fd);
    return code == 0 ? MC_OK : net_fail(err, code == ETIMEDOUT ? MC_E_TIMEOUT : MC_E_CACHE, code, a, "cannot connect");
}

static mc_status connect_tcp(const mci_redis_addr *a, mci_addresses *known, mci_deadline dl, int *fd, mc_error *err)
{
    int64_t asked_ns = known->asked_ns;
    int rc = mci_resolve(a, dl, known);
    if (rc != 0)
        return net_fail(err, rc == MCI_RESOLVE_LATE ? MC_E_TIMEOUT : MC_E_CACHE, 0, a, mci_resolve_text(rc));
    if (mci_deadline_left_ms(dl) == 0 && known->asked_ns != asked_ns) {
        char what[80];
        (void)snprintf(what, sizeof what, "the name took %lld ms to resolve, which was all the time",
                       (long long)(known->took_ns / 1000000));
        return net_fail(err, MC_E_TIMEOUT, 0, a, what);
    }
    int code = mci_connect_any(known, dl, fd);
    if (code == 0)
        return MC_OK;
    char what[64] = "cannot connect";
    if (known->n > 1)
        (void)snprintf(what, sizeof what, "cannot connect to any of its %zu addresses", known->n);
    return net_fail(err, code == ETIMEDOUT ? MC_E_TIMEOUT : MC_E_CACHE, code, a, what);
}

int mci_conn_send(mci_conn *c, struct iovec *pieces, int n, mci_deadline dl, size_t *done)
{
    return mci_stream_send(c->stream, pieces, n, dl, done);
}

mci_received mci_conn_receive(mci_conn *c, int wait, mci_deadline dl, int *code)
{
    size_t n = 0;
    mci_received got = mci_stream_receive(c->stream, c->chunk, READ_CHUNK, wait, dl, &n, code);
    if (got == MCI_RECEIVED_BYTES && mci_decoder_feed(c->decoder, c->chunk, n) != 0)
        return MCI_RECEIVED_NO_MEMORY;
    return got;
}

void mci_conn_shut(mci_conn *c)
{
    mci_stream_shut(c->stream);
}

/* A batch on a connection that nobody else has yet. */
static mc_status exchange_alone(mci_conn *c, mci_batch *b, mci_deadline dl, mc_error *err)
{
    struct iovec piece = {.iov_base = b->out.data, .iov_len = b->out.len};
    mci_replies replies = {0};
    size_t done = 0;
    int code = mci_conn_send(c, &piece, 1, dl, &done);
    if (code != 0 && code != ETIMEDOUT)
        return mci_fail_code(err, MC_E_CACHE, MC_TIER_REDIS, code, "Redis closed the connection while commands were sent");
    while (mci_deadline_left_ms(dl) > 0) {
        mci_received got = mci_conn_receive(c, 1, dl, &code);
        if (got == MCI_RECEIVED_END)
            return mci_fail_code(err, MC_E_CACHE, MC_TIER_REDIS, code, "Redis closed the connection");
        if (got == MCI_RECEIVED_NO_MEMORY)
            return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a reply of Redis");
        mc_status st = MC_OK;
        mci_taken taken = mci_replies_take(&replies, b, c->decoder, &st, err);
        if (taken == MCI_TAKEN_FAILED)
            return st;
        if (taken == MCI_TAKEN_SPENT || (taken == MCI_TAKEN_ALL && mci_decoder_left(c->decoder) != 0))
            return mci_fail(err, MC_E_PROTO, MC_TIER_REDIS, "Redis answered the log-in with something else");
        if (taken == MCI_TAKEN_ALL)
            return MC_OK;
    }
    return mci_fail(err, MC_E_TIMEOUT, MC_TIER_REDIS, "Redis did not answer the log-in within the deadline");
}

/* AUTH, SELECT, INFO and TIME in one exchange. */
static mc_status hello(mci_conn *c, const mci_redis_addr *a, mci_deadline dl, int64_t *redis_ms, mc_error *err)
{
    mci_batch b;
    mci_batch_init(&b);
    (void)mci_buf_reserve(
        &b.out,
        2048); /* it must not grow and leave the password in the smaller one; what is short of memory says so below */
    if (a->password[0] != '\0' || a->user[0] != '\0') {
        mci_cmd(&b, "AUTH");
        if (a->user[0] != '\0')
            mci_arg_str(&b, a->user);
        mci_arg_str(&b, a->password);
    }
    if (a->db != 0) {
        mci_cmd(&b, "SELECT");
        mci_arg_int(&b, a->db);
    }
    size_t info = b.n; /* who may not ask has no term: no reason to refuse the server */
    if (a->bare) {
        mci_cmd(&b, "PING");
    } else {
        mci_term_ask(&b);
        mci_cmd(&b, "TIME");
    }
    mci_batch_seal(&b);
    int64_t asked_ns = mci_now_ns();
    mc_status st = b.out.failed ? mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory to log in to Redis")
                                : exchange_alone(c, &b, dl, err);
    for (size_t i = 0; st == MC_OK && i < b.n; i++) {
        const mci_reply *r = mci_batch_reply(&b, i);
        if (i == info && !a->bare && r->type == MCI_REPLY_ERROR)
            continue;
        st = mci_reply_error(r, "log in", err);
        if (st == MC_E_CACHE && (strncmp(r->u.str, "ERR DB index", 12) == 0 || strncmp(r->u.str, "ERR invalid DB", 14) == 0))
            st = mci_fail(err, MC_E_URI, MC_TIER_REDIS, "this Redis has no database %d (cache.uri names it)", (int)a->db);
    }
    if (st == MC_OK && !a->bare) {
        const mci_reply *time = mci_batch_reply(&b, b.n - 1);
        int64_t s = 0;
        int64_t us = 0;
        if (mci_reply_count(mci_reply_item(time, 0), &s) != 0 || mci_reply_count(mci_reply_item(time, 1), &us) != 0 ||
            s > MCI_COUNT_MAX / 1000 - 1 || us > 999999)
            st = mci_fail(err, MC_E_PROTO, MC_TIER_REDIS, "Redis answered TIME with something else");
        else
            *redis_ms = s * 1000 + us / 1000;
    }
    c->term = mci_term_of(st == MC_OK && !a->bare ? mci_batch_reply(&b, info) : NULL, asked_ns);
    mci_buf_wipe(&b.out); /* the password was in it */
    mci_batch_free(&b);
    return st;
}

/* The texts of TLS do not know whom they are about. */
static mc_status tls_fail(mc_error *err, mc_status st, int code, const mci_redis_addr *a, const char *what)
{
    return mci_fail_code(err, st, MC_TIER_REDIS, code, "Redis at %.100s:%d: %s", a->host, a->port, what);
}

static mc_status connect_stream(const mci_redis_addr *addr, mci_addresses *known, mci_tls *tls, mci_deadline dl,
                                mci_stream **out, mc_error *err)
{
    int fd = -1;
    mc_error why = {0};
    mc_status st = addr->path[0] != '\0' ? connect_unix(addr, dl, &fd, err) : connect_tcp(addr, known, dl, &fd, err);
    if (st != MC_OK)
        return st;
    mci_stream *plain = mci_stream_over_socket(fd);
    if (plain == NULL) {
        (void)close(fd);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a connection");
    }
    if (!addr->tls) {
        *out = plain;
        return MC_OK;
    }
    st = mci_stream_over_tls(tls, addr->host, addr->port, plain, dl, out, &why);
    return st == MC_OK ? MC_OK : tls_fail(err, st, why.backend_code, addr, why.text);
}

mc_status mci_conn_open(const mci_redis_addr *addr, mci_addresses *known, mci_tls *tls, mci_deadline dl, mci_conn **out,
                        int64_t *redis_ms, mc_error *err)
{
    *out = NULL;
    mci_conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a connection");
    c->decoder = mci_decoder_new();
    c->chunk = malloc(READ_CHUNK);
    mc_status st = MC_OK;
    if (c->decoder == NULL || c->chunk == NULL)
        st = mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a connection");
    if (st == MC_OK)
        st = connect_stream(addr, known, tls, dl, &c->stream, err);
    if (st == MC_OK)
        st = hello(c, addr, dl, redis_ms, err);
    if (st == MC_E_CACHE && addr->tls && c->stream != NULL && mci_stream_tls_fault(c->stream) != NULL)
        st = tls_fail(err, MC_E_TLS, 0, addr, mci_stream_tls_fault(c->stream));
    if (st != MC_OK) {
        mci_conn_close(c);
        return st;
    }
    *out = c;
    return MC_OK;
}

void mci_conn_close(mci_conn *c)
{
    if (c == NULL)
        return;
    mci_stream_close(c->stream);
    mci_decoder_free(c->decoder);
    free(c->chunk);
    free(c);
}
