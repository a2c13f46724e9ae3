/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: what TLS connections share. Refuses: TLS below 1.2, files that are not what their option says, asking for a password on a terminal. */
#include "redis/tls.h"

#include "base/error.h"

#if MFLIXCACHE_WITH_TLS

#include "base/wipe.h"
#include "redis/tls_context.h"
#include "redis/tls_files.h"
#include "redis/tls_why.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- sessions ----------------------------------------------------------------------------------------------------- */

/* With the lock held: where the server's session is, or may be put. */
static mci_tls_session *place_of(mci_tls *t, const char *server)
{
    mci_tls_session *oldest = &t->kept[0];
    for (size_t i = 0; i < MCI_TLS_SESSIONS; i++) {
        if (strcmp(t->kept[i].server, server) == 0)
            return &t->kept[i];
        if (t->kept[i].used < oldest->used)
            oldest = &t->kept[i];
    }
    return oldest;
}

static void keep(mci_tls *t, const char *server, SSL_SESSION *session)
{
    mci_mutex_lock(&t->lock);
    mci_tls_session *k = place_of(t, server);
    SSL_SESSION_free(k->session);
    k->session = session;
    (void)snprintf(k->server, sizeof k->server, "%s", server);
    k->used = ++t->clock;
    mci_mutex_unlock(&t->lock);
}

SSL_SESSION *mci_tls_kept_session(mci_tls *t, const char *server)
{
    mci_mutex_lock(&t->lock);
    mci_tls_session *k = place_of(t, server);
    SSL_SESSION *copy = strcmp(k->server, server) == 0 && k->session != NULL ? SSL_SESSION_dup(k->session) : NULL;
    mci_mutex_unlock(&t->lock);
    return copy;
}

void mci_tls_forget_session(mci_tls *t, const char *server)
{
    keep(t, server, NULL);
}

/* OpenSSL has got one, with the handshake or after it. A copy is kept: the connection goes on changing its own. */
static int got_session(SSL *ssl, SSL_SESSION *session)
{
    mci_tls_peer *p = SSL_get_app_data(ssl);
    SSL_SESSION *copy = SSL_SESSION_is_resumable(session) ? SSL_SESSION_dup(session) : NULL;
    if (copy != NULL)
        keep(p->tls, p->server, copy);
    return 0;
}

/* ---- certificates ------------------------------------------------------------------------------------------------- */

/* Called for each certificate of the chain. What is wrong first is what is told. */
static int judge_certificate(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    mci_tls_peer *p = SSL_get_app_data(ssl);
    if (!good && p->why[0] == '\0')
        mci_tls_tell_certificate(store, p->name, p->why, sizeof p->why);
    return good;
}

/* The server asks for a certificate of ours; it is given what the context has, if anything. */
static int asked_for_certificate(SSL *ssl, void *user)
{
    (void)user;
    mci_tls_peer *p = SSL_get_app_data(ssl);
    p->asked = 1;
    return 1;
}

static int give_password(char *buf, int size, int writing, void *user)
{
    mci_key_password *p = user;
    (void)writing;
    p->asked = 1;
    if (p->len < 0 || p->len > size)
        return -1; /* never asked for on a terminal */
    memcpy(buf, p->text, (size_t)p->len);
    return p->len;
}

static mc_status refuse_file(mc_error *err, const char *option, const char *path, const char *what)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    mc_status st = mci_fail(err, MC_E_TLS, MC_TIER_REDIS, "%s: %.300s: %s%s%s%s", option, path, what,
                            why != NULL ? " (" : "", why != NULL ? why : "", why != NULL ? ")" : "");
    ERR_clear_error();
    return st;
}

static mc_status trust(SSL_CTX *ctx, const mci_tls_options *opt, mc_error *err)
{
    ERR_clear_error();
    if (opt->ca_file[0] != '\0' && SSL_CTX_load_verify_file(ctx, opt->ca_file) != 1)
        return refuse_file(err, "cache.tls_ca_file", opt->ca_file, "it holds no certificate in PEM");
    if (opt->ca_path[0] != '\0' && SSL_CTX_load_verify_dir(ctx, opt->ca_path) != 1)
        return refuse_file(err, "cache.tls_ca_path", opt->ca_path, "it cannot be used");
    if (opt->ca_file[0] == '\0' && opt->ca_path[0] == '\0' && !opt->insecure && SSL_CTX_set_default_verify_paths(ctx) != 1)
        return mci_fail(err, MC_E_TLS, MC_TIER_REDIS, "the system's certificates cannot be read; give cache.tls_ca_file");
    return MC_OK;
}

static const char *wrong_with_key(const mci_key_password *password)
{
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)
        return "it is not the key of cache.tls_cert_file";
    if (!password->asked)
        return "it holds no private key in PEM";
    return password->len < 0 ? "it needs a password: cache.tls_key_password_file or mc_options_set_key_password()"
                             : "its password is another";
}

static mc_status identify(SSL_CTX *ctx, const mci_tls_options *opt, mc_error *err)
{
    mci_key_password password;
    mc_status st = mci_tls_password(opt, &password, err);
    if (st != MC_OK || opt->cert_file[0] == '\0')
        return st;
    SSL_CTX_set_default_passwd_cb(ctx, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &password);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, opt->cert_file) != 1)
        st = refuse_file(err, "cache.tls_cert_file", opt->cert_file, "it holds no certificate in PEM");
    else if (SSL_CTX_use_PrivateKey_file(ctx, opt->key_file, SSL_FILETYPE_PEM) != 1)
        st = refuse_file(err, "cache.tls_key_file", opt->key_file, wrong_with_key(&password));
    SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
    SSL_CTX_set_default_passwd_cb(ctx, NULL);
    mci_wipe(&password, sizeof password);
    return st;
}

static mc_status configure(mci_tls *t, const mci_tls_options *opt, mc_error *err)
{
    /* No handler at the end of the process: the host may use a handle in a handler of its own. */
    (void)OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
    t->ctx = SSL_CTX_new(TLS_client_method());
    if (t->ctx == NULL || SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) != 1)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for TLS");
    (void)SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(t->ctx, opt->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, opt->insecure ? NULL : judge_certificate);
    SSL_CTX_set_cert_cb(t->ctx, asked_for_certificate, NULL);
    (void)SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(t->ctx, got_session);
    mc_status st = mci_tls_look(opt, err);
    if (st == MC_OK)
        st = trust(t->ctx, opt, err);
    return st == MC_OK ? identify(t->ctx, opt, err) : st;
}

mc_status mci_tls_open(const mci_tls_options *opt, mci_metrics *metrics, mci_log *log, mci_tls **out, mc_error *err)
{
    *out = NULL;
    mci_tls *t = calloc(1, sizeof *t);
    if (t == NULL || mci_mutex_init(&t->lock) != 0) {
        free(t);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for TLS");
    }
    t->metrics = metrics;
    t->log = log;
    t->insecure = opt->insecure;
    t->has_certificate = opt->cert_file[0] != '\0';
    (void)snprintf(t->server_name, sizeof t->server_name, "%s", opt->server_name);
    mc_status st = configure(t, opt, err);
    ERR_clear_error();
    if (st != MC_OK)
        mci_tls_free(t);
    else
        *out = t;
    return st;
}

void mci_tls_free(mci_tls *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < MCI_TLS_SESSIONS; i++)
        SSL_SESSION_free(t->kept[i].session);
    SSL_CTX_free(t->ctx);
    mci_mutex_destroy(&t->lock);
    free(t);
}

#else

mc_status mci_tls_open(const mci_tls_options *opt, mci_metrics *metrics, mci_log *log, mci_tls **out, mc_error *err)
{
    (void)opt;
    (void)metrics;
    (void)log;
    *out = NULL;
    return mci_fail(err, MC_E_TLS, MC_TIER_REDIS, "this build has no TLS");
}

void mci_tls_free(mci_tls *t)
{
    (void)t;
}

#endif
