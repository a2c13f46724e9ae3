/* SPDX-License-Identifier: Apache-2.0 */
/* Names, by a name server that is silent, slow or lies: what is found, and that it ends with the deadline. */
#include "redis/conn.h"

#include "name_server.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int port_of(const mci_addresses *a, size_t i)
{
    const struct sockaddr *sa = (const struct sockaddr *)&a->at[i].sa;
    return ntohs(sa->sa_family == AF_INET6 ? ((const struct sockaddr_in6 *)&a->at[i].sa)->sin6_port
                                           : ((const struct sockaddr_in *)&a->at[i].sa)->sin_port);
}

/* Addresses in place of names ask nobody: no time is needed. */
static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        int family;
    } good[] = {{"127.0.0.1", AF_INET},
                {"10.1.2.3", AF_INET},
                {"::1", AF_INET6},
                {"2001:db8::7", AF_INET6},
                {"fe80::1%lo", AF_INET6}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        mci_redis_addr host = {.port = 6380};
        mci_addresses a = {0};
        snprintf(host.host, sizeof host.host, "%s", good[i].host);
        assert_int_equal(mci_resolve(&host, mci_deadline_in(0), &a), 0);
        assert_int_equal(a.n, 1);
        assert_int_equal(a.at[0].sa.ss_family, good[i].family);
        assert_int_equal(port_of(&a, 0), 6380);
    }
}

static void test_localhost(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        int local;
    } names[] = {
        {"localhost", 1}, {"LocalHost.", 1}, {"a.b.localhost", 1}, {"notlocalhost.invalid", 0}, {"localhost.invalid", 0}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        mci_redis_addr host = {.port = 7};
        mci_addresses a = {0};
        snprintf(host.host, sizeof host.host, "%s", names[i].host);
        int rc = mci_resolve(&host, mci_deadline_in(names[i].local ? 0 : 100), &a);
        assert_int_equal(rc == 0, names[i].local);
        if (!names[i].local)
            continue;
        assert_int_equal(a.n, 2);
        assert_int_equal(a.at[0].sa.ss_family, AF_INET);
        assert_int_equal(a.at[1].sa.ss_family, AF_INET6);
        assert_int_equal(port_of(&a, 1), 7);
    }
}

#if MFLIXCACHE_WITH_CARES

static name_server server;

static int begin(void **state)
{
    (void)state;
    name_server_start(&server);
    atomic_store(&mci_resolve_servers, server.at);
    return 0;
}

static int end(void **state)
{
    (void)state;
    atomic_store(&mci_resolve_servers, NULL);
    name_server_stop(&server);
    return 0;
}

/* The last dot: no search domain of this machine is tried. */
static int ask(mci_addresses *a, int64_t ms)
{
    const mci_redis_addr host = {.host = "redis.films.test.", .port = 6379};
    return mci_resolve(&host, mci_deadline_in(ms), a);
}

static void test_both_families(void **state)
{
    (void)state;
    mci_addresses a = {0};
    assert_int_equal(ask(&a, 20000), 0);
    assert_int_equal(a.n, 2);
    assert_int_not_equal(a.at[0].sa.ss_family, a.at[1].sa.ss_family);
    assert_int_equal(port_of(&a, 0), 6379);
    assert_int_equal(port_of(&a, 1), 6379);
    long questions = atomic_load(&server.questions);
    assert_int_equal(ask(&a, 20000), 0); /* they are kept */
    assert_int_equal(atomic_load(&server.questions), questions);
}

/* More than fit: some of each family. */
static void test_many_addresses(void **state)
{
    (void)state;
    mci_addresses a = {0};
    int v4 = 0;
    atomic_store(&server.addresses, 12);
    assert_int_equal(ask(&a, 20000), 0);
    assert_int_equal(a.n, MCI_ADDRESSES_MAX);
    for (size_t i = 0; i < a.n; i++)
        v4 += a.at[i].sa.ss_family == AF_INET;
    assert_int_equal(v4, MCI_ADDRESSES_MAX / 2);
}

/* Nobody answers about IPv6: what is known about IPv4 is used long before the deadline, and before a second question. */
static void test_one_family(void **state)
{
    (void)state;
    mci_addresses a = {0};
    atomic_store(&server.mode, NAME_ONE_FAMILY);
    int64_t t0 = mci_now_ns();
    assert_int_equal(ask(&a, 600000), 0);
    assert_int_equal(a.n, 1);
    assert_int_equal(a.at[0].sa.ss_family, AF_INET);
    assert_true(mci_now_ns() - t0 < INT64_C(60000000000));
}

static void test_silence(void **state)
{
    (void)state;
    mci_addresses a = {0};
    atomic_store(&server.mode, NAME_SILENT);
    int64_t t0 = mci_now_ns();
    assert_int_equal(ask(&a, 200), MCI_RESOLVE_LATE);
    assert_true(mci_now_ns() - t0 < INT64_C(20000000000)); /* it ends */
    assert_non_null(strstr(mci_resolve_text(MCI_RESOLVE_LATE), "within the deadline"));
    assert_true(atomic_load(&server.questions) >= 2);
    long questions = atomic_load(&server.questions);
    a.took_ns = INT64_C(
        3600000000000); /* just now, however slow this machine is: nobody is asked again, and what went wrong is known */
    assert_int_equal(ask(&a, 20000), MCI_RESOLVE_LATE);
    assert_int_equal(atomic_load(&server.questions), questions);
    atomic_store(&server.mode, NAME_ANSWER);
    a.asked_ns = 0;
    assert_int_equal(ask(&a, 20000), 0);
    assert_int_equal(a.n, 2);
    /* What is known is better than nothing. */
    atomic_store(&server.mode, NAME_SILENT);
    a.stale = 1;
    a.asked_ns = mci_now_ns() - INT64_C(100000000000);
    a.took_ns = 0;
    questions = atomic_load(&server.questions);
    assert_int_equal(ask(&a, 100), 0);
    assert_true(atomic_load(&server.questions) > questions);
    assert_int_equal(a.n, 2);
}

/* A connection says why it is not there, within its deadline. */
static void test_connection(void **state)
{
    (void)state;
    const mci_redis_addr addr = {.host = "redis.films.test.", .port = 6379};
    mci_addresses known = {0};
    mci_conn *conn = NULL;
    int64_t ms = 0;
    mc_error err = {0};
    atomic_store(&server.mode, NAME_SILENT);
    assert_int_equal(mci_conn_open(&addr, &known, NULL, mci_deadline_in(100), &conn, &ms, &err), MC_E_TIMEOUT);
    assert_null(conn);
    assert_string_equal(err.text, "Redis at redis.films.test.:6379: its name was not resolved within the deadline");
}

static void test_slow(void **state)
{
    (void)state;
    mci_addresses a = {0};
    atomic_store(&server.delay_ms, 100);
    assert_int_equal(ask(&a, 20000), 0);
    assert_true(a.n >= 1);
    assert_true(a.took_ns >= INT64_C(100000000));
}

static void test_lies(void **state)
{
    (void)state;
    static const struct {
        name_mode mode;
        int result;
    } cases[] = {{NAME_UNKNOWN, EAI_NONAME},
                 {NAME_REFUSED, EAI_AGAIN},
                 {NAME_GARBAGE, 0},
                 {NAME_STRANGER, MCI_RESOLVE_LATE},
                 {NAME_CUT, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mci_addresses a = {0};
        atomic_store(&server.mode, cases[i].mode);
        int rc = ask(&a, 200);
        if (rc == 0 || (cases[i].result != 0 && rc != cases[i].result && rc != MCI_RESOLVE_LATE))
            fail_msg("mode %d: %d, %s", cases[i].mode, rc, mci_resolve_text(rc));
        assert_int_equal(a.n, 0);
        assert_int_equal(a.error, rc);
    }
}

/* The hosts file comes first: nobody is asked. Of this machine's, a name that is not its own. */
static void test_hosts_file(void **state)
{
    (void)state;
    mci_redis_addr host = {.port = 6379};
    mci_addresses a = {0};
    char line[1024], name[256] = "";
    FILE *f = fopen("/etc/hosts", "r");
    while (f != NULL && name[0] == '\0' && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "%*u.%*u.%*u.%*u %255s", name) == 1 && strstr(name, "localhost") != NULL)
            name[0] = '\0';
    if (f != NULL)
        (void)fclose(f);
    if (name[0] == '\0') {
        print_message("the hosts file of this machine names nobody\n");
        return;
    }
    snprintf(host.host, sizeof host.host, "%s", name);
    atomic_store(&server.mode, NAME_SILENT);
    assert_int_equal(mci_resolve(&host, mci_deadline_in(20000), &a), 0);
    assert_true(a.n >= 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_localhost),
                                       TEST(test_both_families),
                                       TEST(test_many_addresses),
                                       TEST(test_one_family),
                                       TEST(test_silence),
                                       TEST(test_connection),
                                       TEST(test_slow),
                                       TEST(test_lies),
                                       TEST(test_hosts_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_localhost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
