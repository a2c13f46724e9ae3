/* SPDX-License-Identifier: Apache-2.0 */
/* TLS under a connection: whose certificates are taken, and what happens when the stream is cut, slow or silent at any byte. */
#include "redis/tls_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if MFLIXCACHE_WITH_TLS

#include "certificates.h"
#include "echo_server.h"
#include "proxy.h"
#include "tls_front.h"

#include "redis/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static certificates certs;

static int begin(void **state)
{
    (void)state;
    certificates_begin(&certs);
    certificates_make(&certs, &(certificate){.name = "ca", .is_ca = 1});
    certificates_make(&certs, &(certificate){.name = "other-ca", .is_ca = 1});
    certificates_make(&certs, &(certificate){.name = "good", .issuer = "ca", .alt = "DNS:localhost,IP:127.0.0.1"});
    certificates_make(&certs,
                      &(certificate){.name = "wrong-name", .issuer = "ca", .alt = "DNS:elsewhere.example,IP:10.9.8.7"});
    certificates_make(&certs, &(certificate){.name = "self-signed", .alt = "DNS:localhost,IP:127.0.0.1"});
    certificates_make(
        &certs, &(certificate){.name = "expired", .issuer = "ca", .alt = "IP:127.0.0.1", .from_s = -90000, .to_s = -60});
    certificates_make(&certs, &(certificate){.name = "early", .issuer = "ca", .alt = "IP:127.0.0.1", .from_s = 80000});
    certificates_make(&certs, &(certificate){.name = "others", .issuer = "other-ca", .alt = "IP:127.0.0.1"});
    return 0;
}

static int end(void **state)
{
    (void)state;
    certificates_end(&certs);
    return 0;
}

static void front_with(tls_front *front, int target, const char *name, int version)
{
    char crt[64], key[64];
    snprintf(crt, sizeof crt, "%s.crt", name);
    snprintf(key, sizeof key, "%s.key", name);
    tls_front_start(front, target, certificates_path(&certs, crt), certificates_path(&certs, key), version);
}

static mci_tls_options trusting(const char *ca)
{
    return (mci_tls_options){.ca_file = certificates_path(&certs, ca),
                             .ca_path = "",
                             .cert_file = "",
                             .key_file = "",
                             .key_password_file = "",
                             .server_name = ""};
}

static mci_tls *open_tls(const mci_tls_options *opt, mci_metrics *metrics)
{
    mci_tls *tls = NULL;
    mc_error err;
    if (mci_tls_open(opt, metrics, NULL, &tls, &err) != MC_OK)
        fail_msg("%s", err.text);
    return tls;
}

static mci_stream *dial(int port)
{
    mci_redis_addr addr = {.host = "127.0.0.1", .port = port};
    mci_addresses known = {0};
    int fd = -1;
    assert_int_equal(mci_resolve(&addr, mci_deadline_in(20000), &known), 0);
    assert_int_equal(mci_connect_any(&known, mci_deadline_in(10000), &fd), 0);
    return mci_stream_over_socket(fd);
}

static mc_status shake(mci_tls *tls, const char *host, int port, int64_t ms, mci_stream **out, mc_error *err)
{
    return mci_stream_over_tls(tls, host, port, dial(port), mci_deadline_in(ms), out, err);
}

/* One ECHO. 1: the right answer came; 0: the stream ended, or the time. */
static int echo(mci_stream *s, const char *text, int64_t ms)
{
    char out[128], want[128], have[128] = "";
    int n = snprintf(out, sizeof out, "*2\r\n$4\r\nECHO\r\n$%zu\r\n%s\r\n", strlen(text), text);
    size_t len = (size_t)snprintf(want, sizeof want, "$%zu\r\n%s\r\n", strlen(text), text);
    struct iovec piece = {out, (size_t)n};
    mci_deadline dl = mci_deadline_in(ms);
    size_t done = 0;
    int code = 0;
    if (mci_stream_send(s, &piece, 1, dl, &done) != 0)
        return 0;
    for (size_t used = 0; used < len;) {
        size_t got = 0;
        mci_received r = mci_stream_receive(s, have + used, sizeof have - used, 1, dl, &got, &code);
        if (r == MCI_RECEIVED_END || (r == MCI_RECEIVED_NOTHING && mci_deadline_left_ms(dl) == 0))
            return 0;
        used += got;
        assert_true(used <= len);
    }
    assert_memory_equal(have, want, len);
    return 1;
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *server;
        const char *host; /* asked for */
        const char *text;
    } bad[] = {{"wrong-name", "127.0.0.1", "not for 127.0.0.1 but for: elsewhere.example, 10.9.8.7"},
               {"wrong-name", "localhost", "not for localhost but for: elsewhere.example, 10.9.8.7"},
               {"good", "::1", "not for ::1 but for"},
               {"self-signed", "127.0.0.1", "self-signed"},
               {"expired", "127.0.0.1", "has expired: it held until 20"},
               {"early", "127.0.0.1", "does not hold yet"},
               {"others", "127.0.0.1", "authority that is not trusted: other-ca"}};
    mci_tls_options opt = trusting("ca.crt");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tls_front front;
        mci_tls *tls = open_tls(&opt, NULL);
        mci_stream *s = NULL;
        mc_error err = {0};
        front_with(&front, 1, bad[i].server, 0);
        assert_int_equal(shake(tls, bad[i].host, front.port, 20000, &s, &err), MC_E_TLS);
        assert_null(s);
        if (strstr(err.text, bad[i].text) == NULL)
            fail_msg("%s for %s: %s", bad[i].server, bad[i].host, err.text);
        mci_tls_free(tls);
        tls_front_stop(&front);
    }
}

static void test_acceptances(void **state)
{
    (void)state;
    static const struct {
        const char *server;
        const char *host;
        const char *server_name;
        int version;
        int insecure;
    } good[] = {{"good", "127.0.0.1", "", 0, 0},
                {"good", "localhost", "", 0, 0},
                {"good", "localhost.", "", 0, 0},
                {"good", "127.0.0.1", "", TLS1_2_VERSION, 0},
                {"wrong-name", "127.0.0.1", "elsewhere.example", 0, 0},
                {"wrong-name", "127.0.0.1", "10.9.8.7", 0, 0},
                {"expired", "127.0.0.1", "", 0, 1},
                {"others", "127.0.0.1", "", TLS1_2_VERSION, 1}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        mci_tls_options opt = trusting("ca.crt");
        echo_server server;
        tls_front front;
        mci_stream *s = NULL;
        mc_error err = {0};
        opt.server_name = good[i].server_name;
        opt.insecure = good[i].insecure;
        mci_tls *tls = open_tls(&opt, NULL);
        echo_start(&server);
        front_with(&front, server.port, good[i].server, good[i].version);
        if (shake(tls, good[i].host, front.port, 20000, &s, &err) != MC_OK)
            fail_msg("%s for %s: %s", good[i].server, good[i].host, err.text);
        assert_true(echo(s, "hello", 20000));
        mci_stream_close(s);
        mci_tls_free(tls);
        tls_front_stop(&front);
        echo_stop(&server);
    }
}

static void test_no_tls_there(void **state)
{
    (void)state;
    mci_tls_options opt = trusting("ca.crt");
    mci_tls *tls = open_tls(&opt, NULL);
    echo_server server;
    proxy p;
    mci_stream *s = NULL;
    mc_error err = {0};
    echo_start(&server);
    assert_int_equal(shake(tls, "127.0.0.1", server.port, 100, &s, &err), MC_E_TIMEOUT); /* it waits for more */
    assert_non_null(strstr(err.text, "is it a port for TLS?"));
    echo_stop(&server);
    tls_front front;
    front_with(&front, 1, "good", 0);
    proxy_start(&p, front.port);
    proxy_garbage(&p, "-ERR unknown command, for 'you'\r\n", 33);
    assert_int_equal(shake(tls, "127.0.0.1", p.port, 20000, &s, &err), MC_E_TLS);
    assert_non_null(strstr(err.text, "does not speak TLS"));
    proxy_stop(&p);
    tls_front_stop(&front);
    mci_tls_free(tls);
}

/* Cut after each byte, in both directions: an error with a text, or the right answer; never a hang, never a wrong byte. */
static void test_cut_at_every_byte(void **state)
{
    (void)state;
    mci_tls_options opt = trusting("ca.crt");
    static const proxy_mode modes[] = {PROXY_CUT, PROXY_CUT_SEND};
    static const int versions[] = {0, TLS1_2_VERSION};
    for (int k = 0; k < 4; k++) {
        echo_server server;
        tls_front front;
        proxy p;
        int whole = 0;
        int shaken = 0;
        echo_start(&server);
        front_with(&front, server.port, "good", versions[k / 2]);
        proxy_start(&p, front.port);
        for (long cut = 0; whole < 3 && cut < 20000; cut += shaken || cut < 20 ? 1 : 13) {
            mci_tls *tls = open_tls(&opt, NULL); /* no session that would make it shorter */
            mci_stream *s = NULL;
            mc_error err = {0};
            proxy_set(&p, modes[k % 2], cut);
            mc_status st = shake(tls, "127.0.0.1", p.port, 20000, &s, &err);
            assert_true(st == MC_OK || (st == MC_E_CACHE && err.text[0] != '\0'));
            shaken |= st == MC_OK;
            whole += st == MC_OK && echo(s, "cut", 20000);
            mci_stream_close(s);
            mci_tls_free(tls);
        }
        assert_int_equal(whole, 3);
        proxy_stop(&p);
        tls_front_stop(&front);
        echo_stop(&server);
    }
}

static void test_slow_and_silent(void **state)
{
    (void)state;
    mci_tls_options opt = trusting("ca.crt");
    mci_tls *tls = open_tls(&opt, NULL);
    echo_server server;
    tls_front front;
    proxy p;
    mci_stream *s = NULL;
    mc_error err = {0};
    echo_start(&server);
    front_with(&front, server.port, "good", 0);
    proxy_start(&p, front.port);
    proxy_set(&p, PROXY_SLICE, 0);
    assert_int_equal(shake(tls, "127.0.0.1", p.port, 60000, &s, &err), MC_OK);
    assert_true(echo(s, "slow", 60000));
    mci_stream_close(s);
    proxy_set(&p, PROXY_HANG, 0);
    int64_t t0 = mci_now_ns();
    assert_int_equal(shake(tls, "127.0.0.1", p.port, 100, &s, &err), MC_E_TIMEOUT);
    assert_non_null(strstr(err.text, "did not end within the deadline"));
    assert_true(mci_now_ns() - t0 < INT64_C(20000000000)); /* it ends */
    proxy_set(&p, PROXY_PASS, 0);
    assert_int_equal(shake(tls, "127.0.0.1", p.port, 20000, &s, &err), MC_OK);
    proxy_set(&p, PROXY_HANG, 0);
    assert_false(echo(s, "nobody", 50));
    mci_stream_close(s);
    proxy_stop(&p);
    tls_front_stop(&front);
    echo_stop(&server);
    mci_tls_free(tls);
}

/* ---- many bytes, of which some go out by each deadline ---- */

#define MANY ((size_t)12 << 20)

static _Atomic int may_read;
static unsigned char *arrived;
static _Atomic size_t narrived;

static void *swallow(void *arg)
{
    int fd = accept(*(int *)arg, NULL, NULL);
    while (!atomic_load(&may_read))
        mci_sleep_ms(5, MCI_NO_DEADLINE);
    for (ssize_t n = 1; n > 0 && atomic_load(&narrived) < MANY; atomic_fetch_add(&narrived, n > 0 ? (size_t)n : 0))
        n = recv(fd, arrived + atomic_load(&narrived), MANY - atomic_load(&narrived), 0);
    close(fd);
    return NULL;
}

static void test_many_bytes(void **state)
{
    (void)state;
    mci_tls_options opt = trusting("ca.crt");
    mci_tls *tls = open_tls(&opt, NULL);
    tls_front front;
    mci_stream *s = NULL;
    mc_error err = {0};
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    pthread_t thread;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    unsigned char *given = malloc(MANY);
    arrived = malloc(MANY);
    for (size_t i = 0; i < MANY; i++)
        given[i] = (unsigned char)(i * 2654435761U >> 13);
    assert_int_equal(pthread_create(&thread, NULL, swallow, &listener), 0);
    front_with(&front, ntohs(at.sin_port), "good", 0);
    assert_int_equal(shake(tls, "127.0.0.1", front.port, 20000, &s, &err), MC_OK);
    size_t sent = 0;
    int late = 0;
    for (int round = 0; sent < MANY; round++) {
        /* Pieces of all lengths, cut differently each time: what went out is what was counted. */
        struct iovec pieces[40];
        size_t from = sent, done = 0;
        int n = 0;
        for (; n < 40 && from < MANY; n++) {
            size_t l = n == 39 ? MANY - from : (size_t)(1 + (n * 7919 + round * 104729) % 30000);
            l = l < MANY - from ? l : MANY - from;
            pieces[n] = (struct iovec){given + from, l};
            from += l;
        }
        int code = mci_stream_send(s, pieces, n, mci_deadline_in(round < 5 ? 20 : 60000), &done);
        assert_true(code == 0 || code == ETIMEDOUT);
        late += code == ETIMEDOUT;
        sent += done;
        if (round == 3)
            atomic_store(&may_read, 1);
    }
    pthread_join(thread, NULL);
    assert_true(late > 0);
    assert_true(atomic_load(&narrived) == MANY);
    assert_memory_equal(arrived, given, MANY);
    mci_stream_close(s);
    tls_front_stop(&front);
    mci_tls_free(tls);
    close(listener);
    free(given);
    free(arrived);
}

static void test_new_keys(void **state)
{
    (void)state;
    mci_tls_options opt = trusting("ca.crt");
    mci_tls *tls = open_tls(&opt, NULL);
    echo_server server;
    tls_front front;
    mci_stream *s = NULL;
    mc_error err = {0};
    echo_start(&server);
    front_with(&front, server.port, "good", 0);
    atomic_store(&front.rekey, 1);
    assert_int_equal(shake(tls, "127.0.0.1", front.port, 20000, &s, &err), MC_OK);
    for (int i = 0; i < 20; i++)
        assert_true(echo(s, "key", 20000));
    mci_stream_close(s);
    tls_front_stop(&front);
    echo_stop(&server);
    mci_tls_free(tls);
}

/* The second connection to a server goes on with the session of the first; one to another server does not. */
static void test_sessions(void **state)
{
    (void)state;
    static const int versions[] = {0, TLS1_2_VERSION};
    mci_tls_options opt = trusting("ca.crt");
    for (int v = 0; v < 2; v++) {
        mci_metrics *metrics = mci_metrics_new();
        mci_tls *tls = open_tls(&opt, metrics);
        echo_server server;
        tls_front front, other;
        mc_error err = {0};
        echo_start(&server);
        front_with(&front, server.port, "good", versions[v]);
        front_with(&other, server.port, "good", versions[v]);
        for (int i = 0; i < 4; i++) {
            mci_stream *s = NULL;
            int port = i == 3 ? other.port : front.port;
            assert_int_equal(shake(tls, "127.0.0.1", port, 20000, &s, &err), MC_OK);
            assert_true(echo(s, "session", 20000));
            if (i == 1)
                mci_stream_shut(s); /* however it ends */
            mci_stream_close(s);
        }
        assert_int_equal(mci_metrics_get(metrics, MCI_C_REDIS_TLS_RESUMED), 2);
        assert_int_equal(atomic_load(&front.resumed), 2);
        assert_int_equal(atomic_load(&other.resumed), 0);
        tls_front_stop(&front);
        tls_front_stop(&other);
        echo_stop(&server);
        mci_tls_free(tls);
        mci_metrics_free(metrics);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),        cmocka_unit_test(test_acceptances),
        cmocka_unit_test(test_no_tls_there),    cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_slow_and_silent), cmocka_unit_test(test_many_bytes),
        cmocka_unit_test(test_new_keys),        cmocka_unit_test(test_sessions),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

#else

/* A build without TLS says so. */
static void test_refused(void **state)
{
    (void)state;
    const mci_tls_options opt = {.ca_file = ""};
    mci_tls *tls = NULL;
    mc_error err = {0};
    assert_int_equal(mci_tls_open(&opt, NULL, NULL, &tls, &err), MC_E_TLS);
    assert_null(tls);
    assert_non_null(strstr(err.text, "no TLS"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
