// SPDX-License-Identifier: Apache-2.0
/* Owns: the same hit over TLS and without, on one Redis, in one run (S18): what encryption costs. Its certificate is made by the openssl program. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

static mc_client *over_tls;

/* Redis speaks TLS on this port from now on, with the certificate in `crt`. */
static bool turn_tls_on(int port, const char *crt, const char *key)
{
    char number[16];
    const char *const make[] = {"openssl",  "req",
                                "-x509",    "-nodes",
                                "-newkey",  "ec",
                                "-pkeyopt", "ec_paramgen_curve:P-256",
                                "-days",    "2",
                                "-subj",    "/CN=bench",
                                "-addext",  "subjectAltName=IP:127.0.0.1",
                                "-keyout",  key,
                                "-out",     crt,
                                NULL};
    if (!run_program(make))
        return false;
    (void)snprintf(number, sizeof number, "%d", port);
    redisReply *r = redisCommand(
        bench.rc, "CONFIG SET tls-cert-file %s tls-key-file %s tls-ca-cert-file %s tls-auth-clients no tls-port %s", crt,
        key, crt, number);
    bool on = r != NULL && r->type == REDIS_REPLY_STATUS;
    freeReplyObject(r);
    return on;
}

/* A handle on the values that bench.mc has put there; NULL: not to be had. */
static mc_client *open_over_tls(void)
{
    char crt[600];
    char key[600];
    char uri[64];
    char store[600];
    mc_error err;
    mc_client *mc = NULL;
    int port = free_port();
    (void)snprintf(crt, sizeof crt, "%s/tls.crt", bench.dir);
    (void)snprintf(key, sizeof key, "%s/tls.key", bench.dir);
    (void)snprintf(uri, sizeof uri, "rediss://127.0.0.1:%d/0", port);
    (void)snprintf(store, sizeof store, "sqlite:%s/mflix.db", bench.dir);
    if (strstr(mc_features(), "tls") == NULL || !turn_tls_on(port, crt, key))
        return NULL;
    mc_options *o = mc_options_new();
    if (o == NULL || mc_options_set(o, "cache.uri", uri, &err) != MC_OK ||
        mc_options_set(o, "cache.tls_ca_file", crt, &err) != MC_OK || mc_options_set(o, "store.uri", store, &err) != MC_OK ||
        mc_options_set(o, "movies.ttl_ms", "3600000", &err) != MC_OK || mc_open(o, &mc, &err) != MC_OK)
        die("cannot open the library over TLS", err.text);
    mc_options_free(o);
    return mc;
}

static void hit(mc_client *mc, uint32_t key)
{
    const mc_movie *m = NULL;
    mc_info info;
    expect_hit(mc_get_movie(mc, bench.films[key].id, &m, &info, NULL), &info, "mc_get_movie");
    mc_movie_unref(m);
}

static void hit_over_tls(uint32_t key)
{
    hit(over_tls, key);
}

static void hit_plain(uint32_t key)
{
    hit(bench.mc, key);
}

static void warm(const uint32_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const mc_movie *m = NULL;
        (void)mc_get_movie(bench.mc, bench.films[keys[i]].id, &m, NULL, NULL);
        mc_movie_unref(m);
    }
}

void s18_tls(void)
{
    static bool tried;
    const char *what = "hit by id over TLS, 2,000 keys";
    struct contender c[] = {{.name = "mc_get_movie over TLS", .prepare = warm, .call = hit_over_tls},
                            {.name = "the same without TLS", .prepare = warm, .call = hit_plain}};
    if (!tried)
        over_tls = open_over_tls();
    tried = true;
    if (over_tls == NULL) {
        not_measured("S18", what, "the library, Redis or this machine (openssl) has no TLS");
        return;
    }
    take_turns(c, 2, bench.uniform, bench.rounds, bench.calls);
    result("S18", what, c[1].name, "us", c[0].us, c[1].us, c[1].ratio, (struct goal){AT_MOST, 1.25});
}

void end_tls(void)
{
    (void)mc_close(over_tls);
}
