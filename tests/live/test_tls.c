/* SPDX-License-Identifier: Apache-2.0 */
/* A Redis that speaks TLS: hits and writes over it, the certificates that are refused and why, client certificates, keys with passwords, resumption. */
#include "calls.h"
#include "fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if MFLIXCACHE_WITH_TLS

#include "certificates.h"

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static certificates certs;
static memstore mem;

typedef struct tls_redis {
    srv redis;
    int port;
    char number[16];
    char host[64];
} tls_redis;

/* Redis with the certificate NAME; `clients`: "no", "yes" or "optional". */
static void start(tls_redis *t, const char *name, const char *clients)
{
    char crt[64], key[64];
    snprintf(crt, sizeof crt, "%s.crt", name);
    snprintf(key, sizeof key, "%s.key", name);
    t->port = srv_free_port();
    snprintf(t->number, sizeof t->number, "%d", t->port);
    srv_start_redis(&t->redis, "--tls-port", t->number, "--tls-cert-file", certificates_path(&certs, crt), "--tls-key-file",
                    certificates_path(&certs, key), "--tls-ca-cert-file", certificates_path(&certs, "ca.crt"),
                    "--tls-auth-clients", clients, NULL);
}

static int begin(void **state)
{
    (void)state;
    srv_need_tls();
    certificates_begin(&certs);
    certificates_make(&certs, &(certificate){.name = "ca", .is_ca = 1});
    certificates_make(&certs, &(certificate){.name = "other-ca", .is_ca = 1});
    certificates_make(&certs, &(certificate){.name = "good", .issuer = "ca", .alt = "DNS:localhost,IP:127.0.0.1"});
    certificates_make(&certs, &(certificate){.name = "wrong-name", .issuer = "ca", .alt = "DNS:elsewhere.example"});
    certificates_make(&certs, &(certificate){.name = "self-signed", .alt = "DNS:localhost,IP:127.0.0.1"});
    certificates_make(
        &certs, &(certificate){.name = "expired", .issuer = "ca", .alt = "IP:127.0.0.1", .from_s = -90000, .to_s = -60});
    certificates_make(&certs, &(certificate){.name = "others", .issuer = "other-ca", .alt = "IP:127.0.0.1"});
    certificates_make(&certs, &(certificate){.name = "client", .issuer = "ca"});
    certificates_make(&certs, &(certificate){.name = "locked", .issuer = "ca", .password = "open sesame"});
    certificates_make(&certs, &(certificate){.name = "stranger", .issuer = "other-ca"});
    certificates_write(&certs, "password", "open sesame\nnot this line\n");
    certificates_write(&certs, "wrong-password", "open barley");
    certificates_write(&certs, "no-certificate", "nothing\n");
    memstore_init(&mem);
    char json[512];
    fixture_json(json, ID1, "One", 1.0);
    memstore_put(&mem, "movies", ID1, json);
    return 0;
}

static int end(void **state)
{
    (void)state;
    memstore_free(&mem);
    certificates_end(&certs);
    return 0;
}

/* Open on HOST at the server's TLS port with options key, value, ... NULL. */
static mc_status open_on(const tls_redis *t, const char *host, mc_client **out, mc_error *err, ...)
{
    va_list ap;
    char uri[128];
    mc_options *o = mc_options_new();
    snprintf(uri, sizeof uri, "rediss://%s:%d/0", host, t->port);
    assert_int_equal(mc_options_set(o, "cache.uri", uri, err), MC_OK);
    va_start(ap, err);
    for (const char *key = va_arg(ap, const char *); key != NULL; key = va_arg(ap, const char *))
        if (mc_options_set(o, key, va_arg(ap, const char *), err) != MC_OK)
            fail_msg("%s", err->text);
    va_end(ap);
    mc_store table = memstore_table(&mem);
    mc_status st = mc_open_with_store(o, &table, out, err);
    mc_options_free(o);
    return st;
}

#define CA "cache.tls_ca_file", certificates_path(&certs, "ca.crt")

/* Reads until it is a hit; writes; reads the new value. */
static void use(mc_client *mc)
{
    mc_info info;
    mc_error err;
    static double rating = 1.0;
    (void)fixture_rating(mc, ID1, NULL);
    assert_true(fixture_rating(mc, ID1, &info) == rating);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(info.tier, MC_TIER_REDIS);
    rating += 0.25;
    assert_int_equal(mc_update_rating(mc, ID1, rating, NULL, &info, &err), MC_OK);
    assert_int_equal(info.flags & MC_FLAG_REDIS_DOWN, 0);
    assert_true(fixture_rating(mc, ID1, &info) == rating);
}

static void test_reads_and_writes(void **state)
{
    (void)state;
    tls_redis t;
    mc_client *mc = NULL;
    mc_error err;
    start(&t, "good", "no");
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    for (int i = 0; i < 2; i++) {
        if (open_on(&t, hosts[i], &mc, &err, CA, NULL) != MC_OK)
            fail_msg("%s", err.text);
        use(mc);
        assert_int_equal(mc_close(mc), MC_OK);
    }
    assert_non_null(strstr(mc_features(), "tls"));
    srv_stop(&t.redis);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *server, *text;
    } bad[] = {{"wrong-name", "is not for 127.0.0.1 but for: elsewhere.example"},
               {"self-signed", "is self-signed"},
               {"expired", "has expired: it held until"},
               {"others", "issued by an authority that is not trusted: other-ca"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tls_redis t;
        mc_client *mc = NULL;
        mc_error err;
        char where[64];
        start(&t, bad[i].server, "no");
        assert_int_equal(open_on(&t, "127.0.0.1", &mc, &err, CA, "cache.password", "canary", NULL), MC_E_TLS);
        assert_null(mc);
        snprintf(where, sizeof where, "Redis at 127.0.0.1:%d: its certificate", t.port);
        if (strstr(err.text, bad[i].text) == NULL || strstr(err.text, where) == NULL || strstr(err.text, "canary") != NULL)
            fail_msg("%s: %s", bad[i].server, err.text);
        srv_stop(&t.redis);
    }
}

/* The certificate of a server that is in use becomes a wrong one: calls go past Redis, and never in the clear. */
static void test_refused_later(void **state)
{
    (void)state;
    tls_redis t;
    mc_client *mc = NULL;
    mc_error err;
    mc_info info;
    start(&t, "good", "no");
    assert_int_equal(open_on(&t, "127.0.0.1", &mc, &err, CA, "cache.backoff_min_ms", "1", "cache.backoff_max_ms", "1", NULL),
                     MC_OK);
    use(mc);
    srv_kill(&t.redis);
    t.redis.extra[3] = certificates_path(&certs, "others.crt");
    t.redis.extra[5] = certificates_path(&certs, "others.key");
    srv_start_again(&t.redis);
    for (int i = 0; i < 20; i++) {
        assert_true(fixture_rating(mc, ID1, &info) > 0);
        assert_int_equal(info.tier, MC_TIER_STORE);
    }
    int redis_ok = 1;
    assert_int_equal(mc_ping(mc, &redis_ok, NULL, &err), MC_E_TLS);
    assert_int_equal(redis_ok, 0);
    assert_non_null(strstr(err.text, "authority that is not trusted"));
    assert_int_equal(mc_close(mc), MC_OK);
    srv_stop(&t.redis);
}

static int known_password(void *user, char *buf, size_t size)
{
    size_t n = strlen(user);
    assert_true(n < size);
    memcpy(buf, user, n);
    return (int)n;
}

static int no_password(void *user, char *buf, size_t size)
{
    (void)user;
    (void)buf;
    (void)size;
    return -1;
}

static mc_status open_with_callback(const tls_redis *t, mc_password_fn fn, const char *password, mc_client **out,
                                    mc_error *err)
{
    char uri[600];
    mc_options *o = mc_options_new();
    char *copy = strdup(password);
    snprintf(uri, sizeof uri, "rediss://127.0.0.1:%d/0?tls_ca_file=%s&tls_cert_file=%s&tls_key_file=%s", t->port,
             certificates_path(&certs, "ca.crt"), certificates_path(&certs, "locked.crt"),
             certificates_path(&certs, "locked.key"));
    assert_int_equal(mc_options_set(o, "cache.uri", uri, err), MC_OK);
    assert_int_equal(mc_options_set_key_password(o, fn, copy, err), MC_OK);
    mc_store table = memstore_table(&mem);
    mc_status st = mc_open_with_store(o, &table, out, err);
    mc_options_free(o);
    free(copy);
    return st;
}

#define CLIENT(name)                                                                                                        \
    "cache.tls_cert_file", certificates_path(&certs, name ".crt"), "cache.tls_key_file",                                    \
        certificates_path(&certs, name ".key")

static void test_client_certificates(void **state)
{
    (void)state;
    tls_redis t;
    mc_client *mc = NULL;
    mc_error err;
    start(&t, "good", "yes");
    assert_int_equal(open_on(&t, "127.0.0.1", &mc, &err, CA, NULL), MC_E_TLS);
    assert_non_null(strstr(err.text, "wants to see a client certificate"));
    assert_int_equal(open_on(&t, "127.0.0.1", &mc, &err, CA, CLIENT("stranger"), NULL), MC_E_TLS);
    assert_non_null(strstr(err.text, "client certificate (cache.tls_cert_file)"));
    assert_int_equal(open_on(&t, "127.0.0.1", &mc, &err, CA, CLIENT("client"), NULL), MC_OK);
    use(mc);
    assert_int_equal(mc_close(mc), MC_OK);
    assert_int_equal(open_on(&t, "127.0.0.1", &mc, &err, CA, CLIENT("locked"), "cache.tls_key_password_file",
                             certificates_path(&certs, "password"), NULL),
                     MC_OK);
    use(mc);
    assert_int_equal(mc_close(mc), MC_OK);
    assert_int_equal(open_with_callback(&t, known_password, "open sesame", &mc, &err), MC_OK);
    use(mc);
    assert_int_equal(mc_close(mc), MC_OK);
    srv_stop(&t.redis);
}

/* What is wrong on this side is said before any connection is made. */
static void test_settings(void **state)
{
    (void)state;
    tls_redis t = {.port = 1};
    mc_client *mc = NULL;
    mc_error err;
    const char *password = certificates_path(&certs, "wrong-password");
    const char *nothing = certificates_path(&certs, "no-certificate");
    const char *missing = certificates_path(&certs, "missing.pem");
    const struct {
        const char *options[7];
        mc_status status;
        const char *texts[2];
    } bad[] = {
        {{"cache.tls_ca_file", missing}, MC_E_TLS, {"cache.tls_ca_file", "missing.pem: No such file"}},
        {{"cache.tls_ca_file", nothing}, MC_E_TLS, {"cache.tls_ca_file", "no certificate"}},
        {{"cache.tls_ca_file", certs.dir}, MC_E_TLS, {"cache.tls_ca_file", "not a file"}},
        {{"cache.tls_ca_path", missing}, MC_E_TLS, {"cache.tls_ca_path", "No such file"}},
        {{"cache.tls_ca_path", certs.dir}, MC_E_TLS, {"cache.tls_ca_path", "openssl rehash"}},
        {{"cache.tls_cert_file", missing, "cache.tls_key_file", missing}, MC_E_TLS, {"cache.tls_cert_file", "No such file"}},
        {{"cache.tls_cert_file", missing}, MC_E_OPTION, {"cache.tls_cert_file", "given together"}},
        {{CLIENT("client"), "cache.tls_key_password_file", missing},
         MC_E_TLS,
         {"cache.tls_key_password_file", "No such file"}},
        {{CLIENT("locked"), "cache.tls_key_password_file", password},
         MC_E_TLS,
         {"cache.tls_key_file", "its password is another"}},
        {{CLIENT("locked")}, MC_E_TLS, {"cache.tls_key_file", "needs a password"}},
        {{"cache.tls_cert_file", certificates_path(&certs, "client.crt"), "cache.tls_key_file",
          certificates_path(&certs, "stranger.key")},
         MC_E_TLS,
         {"cache.tls_key_file", "not the key of cache.tls_cert_file"}},
        {{"cache.tls_key_password_file", password}, MC_E_OPTION, {"password", "cache.tls_key_file"}},
        {{"cache.uri", "redis://127.0.0.1:1", "cache.tls_ca_file", nothing},
         MC_E_OPTION,
         {"cache.tls_ca_file", "rediss://"}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *const *o = bad[i].options;
        mc_status st = open_on(&t, "127.0.0.1", &mc, &err, o[0], o[1], o[2], o[3], o[4], o[5], NULL);
        if (st != bad[i].status || strstr(err.text, bad[i].texts[0]) == NULL || strstr(err.text, bad[i].texts[1]) == NULL)
            fail_msg("case %zu: %d, %s", i, st, err.text);
        assert_null(strstr(err.text, "barley"));
    }
    assert_int_equal(open_with_callback(&t, known_password, "open barley", &mc, &err), MC_E_TLS);
    assert_non_null(strstr(err.text, "its password is another"));
    assert_int_equal(open_with_callback(&t, no_password, "", &mc, &err), MC_E_TLS);
    assert_non_null(strstr(err.text, "mc_options_set_key_password()"));
}

/* ---- verification switched off ---- */

static _Atomic int warnings;

static void heard(int level, const char *text, void *user)
{
    (void)user;
    if (level == MC_LOG_WARN && strstr(text, "WITHOUT") != NULL &&
        strstr(text, "cache.tls_insecure_skip_verification") != NULL)
        atomic_fetch_add(&warnings, 1);
}

static void test_unverified(void **state)
{
    (void)state;
    tls_redis t;
    mc_client *mc = NULL;
    mc_error err;
    start(&t, "expired", "no");
    assert_int_equal(open_on(&t, "127.0.0.1", &mc, &err, "cache.tls_insecure_skip_verification", "true", NULL), MC_OK);
    assert_int_equal(mc_set_log(mc, heard, MC_LOG_WARN, NULL), MC_OK);
    assert_int_equal(atomic_load(&warnings), 1); /* also whoever listens only now */
    use(mc);
    srv_kill(&t.redis);
    srv_start_again(&t.redis);
    while (mc_ping(mc, NULL, NULL, &err) != MC_OK)
        fixture_sleep_ms(10);
    assert_true(atomic_load(&warnings) >= 2); /* and with each connection */
    assert_int_equal(mc_close(mc), MC_OK);
    srv_stop(&t.redis);
}

/* ---- sessions, threads, signals ---- */

static void *read_on(void *arg)
{
    for (int i = 0; i < 200; i++)
        assert_true(fixture_rating(arg, ID1, NULL) > 0);
    return NULL;
}

static void run_threads(mc_client *mc)
{
    pthread_t threads[16];
    for (int i = 0; i < 16; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, mc), 0);
    for (int i = 0; i < 16; i++)
        pthread_join(threads[i], NULL);
}

static void test_sessions(void **state)
{
    (void)state;
    tls_redis t;
    mc_client *mc = NULL;
    mc_error err;
    mc_stats st;
    start(&t, "good", "no");
    assert_int_equal(open_on(&t, "127.0.0.1", &mc, &err, CA, NULL), MC_OK);
    use(mc);
    run_threads(mc);
    for (int i = 0; i < 3; i++) { /* the server ends all connections, and knows the sessions */
        redisContext *rc = redisConnectUnix(t.redis.socket);
        freeReplyObject(redisCommand(rc, "CLIENT KILL TYPE normal SKIPME yes"));
        redisFree(rc);
        use(mc);
    }
    assert_int_equal(mc_get_stats(mc, &st), MC_OK);
    assert_true(st.redis_connects >= 4);
    assert_true(st.redis_tls_resumed >= 3);
    assert_true(st.redis_tls_resumed < st.redis_connects); /* the first one */
    assert_int_equal(mc_close(mc), MC_OK);
    srv_stop(&t.redis);
}

/* Writing to a connection that is gone raises no signal, whose default action would end this program. */
static void test_signals(void **state)
{
    (void)state;
    tls_redis t;
    mc_client *mc = NULL;
    mc_error err;
    signal(SIGPIPE, SIG_DFL);
    start(&t, "good", "no");
    assert_int_equal(open_on(&t, "127.0.0.1", &mc, &err, CA, NULL), MC_OK);
    for (int i = 0; i < 5; i++) {
        use(mc);
        srv_kill(&t.redis);
        for (int k = 0; k < 5; k++)
            assert_true(fixture_rating(mc, ID1, NULL) > 0);
        srv_start_again(&t.redis);
        while (mc_ping(mc, NULL, NULL, &err) != MC_OK)
            fixture_sleep_ms(10);
    }
    assert_int_equal(mc_close(mc), MC_OK);
    srv_stop(&t.redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_and_writes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_refused_later),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_client_certificates),
        cmocka_unit_test(test_unverified),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_signals),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

#else

/* A build without TLS refuses the URI: nothing is sent in the clear. */
static void test_refused(void **state)
{
    (void)state;
    mc_error err;
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.uri", "rediss://127.0.0.1:6379/0", &err), MC_E_TLS);
    assert_non_null(strstr(err.text, "this build does not have"));
    assert_null(strstr(mc_features(), "tls"));
    mc_options_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
