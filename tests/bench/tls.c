// SPDX-License-Identifier: Apache-2.0
/*
 * Owns: the same hit over TLS and without, on one Redis, in one run (S18), and a GET by hand over OpenSSL and without (S18b): what encryption
 * costs. Its certificate is made by the openssl program.
 */
#include "bench.h"

#if MFLIXCACHE_WITH_TLS
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mc_client *over_tls;
static int tls_port;

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
    tls_port = port;
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

/* ---- the least that it can cost: OpenSSL on a socket, and the same socket without */

#if MFLIXCACHE_WITH_TLS
static int hand_fd[2]; /* encrypted, and not */
static SSL *hand_ssl;

static int connected(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof at) == 0, "a socket");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* One GET of a film's JSON, until all of the reply is there. */
static void get_by_hand(uint32_t key, bool encrypted)
{
    static char reply[1 << 16];
    char command[100];
    size_t got = 0;
    size_t all = 0;
    int n = snprintf(command, sizeof command, "*2\r\n$3\r\nGET\r\n$30\r\nplain:%s\r\n", bench.films[key].id);
    check((encrypted ? SSL_write(hand_ssl, command, n) : (int)write(hand_fd[1], command, (size_t)n)) == n,
          "a command by hand");
    do {
        int m = encrypted ? SSL_read(hand_ssl, reply + got, (int)(sizeof reply - got - 1))
                          : (int)read(hand_fd[1], reply + got, sizeof reply - got - 1);
        check(m > 0, "a reply by hand");
        got += (size_t)m;
        reply[got] = '\0';
        const char *end = strstr(reply, "\r\n");
        if (all == 0 && reply[0] == '$' && end != NULL)
            all = (size_t)(end + 2 - reply) + strtoul(reply + 1, NULL, 10) + 2;
    } while (all == 0 || got < all);
}

static void get_encrypted(uint32_t key)
{
    get_by_hand(key, true);
}

static void get_plain(uint32_t key)
{
    get_by_hand(key, false);
}

static void by_hand(void)
{
    struct contender c[] = {{.name = "over OpenSSL", .call = get_encrypted},
                            {.name = "the same socket without TLS", .call = get_plain}};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    hand_fd[0] = connected(tls_port);
    hand_fd[1] = connected(bench.redis.port);
    hand_ssl = ctx != NULL ? SSL_new(ctx) : NULL;
    if (hand_ssl == NULL || SSL_set_fd(hand_ssl, hand_fd[0]) != 1 || SSL_connect(hand_ssl) != 1)
        die("OpenSSL", "no connection by hand");
    SSL_set_read_ahead(hand_ssl, 1);
    take_turns(c, 2, bench.uniform, bench.rounds, bench.calls);
    result("S18b", "GET of the document as JSON over OpenSSL, by hand", c[1].name, "us", c[0].us, c[1].us, c[1].ratio,
           (struct goal){AT_MOST, 0});
    SSL_free(hand_ssl);
    SSL_CTX_free(ctx);
    (void)close(hand_fd[0]);
    (void)close(hand_fd[1]);
}
#else
static void by_hand(void)
{
    not_measured("S18b", "GET of the document as JSON over OpenSSL, by hand", "the library was built without OpenSSL");
}
#endif

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
    by_hand();
}

void end_tls(void)
{
    (void)mc_close(over_tls);
}
