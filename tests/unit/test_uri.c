/* SPDX-License-Identifier: Apache-2.0 */
/* redis/uri.c: what is read, what is refused, and that no error text shows any part of the URI. */
#include "redis/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *uri;
    const char *host;
    int port;
    const char *path;
    const char *user;
    const char *password;
    int db;
} good[] = {
    {"redis://h", "h", 6379, "", "", "", 0},
    {"redis://h/", "h", 6379, "", "", "", 0},
    {"REDIS://Host.Example:6380/3", "Host.Example", 6380, "", "", "", 3},
    {"redis://127.0.0.1:1/65535", "127.0.0.1", 1, "", "", "", 65535},
    {"redis://h:65535?db=7", "h", 65535, "", "", "", 7},
    {"redis://h/?db=7", "h", 6379, "", "", "", 7},
    {"redis://:secret@h", "h", 6379, "", "", "secret", 0},
    {"redis://user:p%40ss%2F%3A%25@h", "h", 6379, "", "user", "p@ss/:%", 0},
    {"redis://user:a:b@h", "h", 6379, "", "user", "a:b", 0},
    {"redis://user@h", "h", 6379, "", "user", "", 0},
    {"redis://[::1]", "::1", 6379, "", "", "", 0},
    {"redis://[2001:db8::7]:7000/2", "2001:db8::7", 7000, "", "", "", 2},
    {"redis://u:p@[fe80::1%25eth0]:7000", "fe80::1%eth0", 7000, "", "u", "p", 0},
    {"unix:///run/redis.sock", "", 0, "/run/redis.sock", "", "", 0},
    {"unix:///run/my%20redis.sock?db=4", "", 0, "/run/my redis.sock", "", "", 4},
    {"unix://u:p@/run/redis.sock", "", 0, "/run/redis.sock", "u", "p", 0},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        mci_redis_addr a;
        mc_error err = {0};
        mc_status st = mci_redis_uri_parse(good[i].uri, &a, NULL, NULL, &err);
        if (st != MC_OK)
            fail_msg("%s: %s", good[i].uri, err.text);
        assert_string_equal(a.host, good[i].host);
        assert_int_equal(a.port, good[i].port);
        assert_string_equal(a.path, good[i].path);
        assert_string_equal(a.user, good[i].user);
        assert_string_equal(a.password, good[i].password);
        assert_int_equal(a.db, good[i].db);
    }
}

static const struct {
    const char *uri;
    mci_topology topology;
    const char *seeds;
    const char *service;
    int db;
} many[] = {
    {"redis+sentinel://a/films", MCI_SENTINEL, "a:26379", "films", 0},
    {"redis+sentinel://u:p@a:1,b,[::1]:3/my%20films/4", MCI_SENTINEL, "a:1,b:26379,[::1]:3", "my films", 4},
    {"redis+sentinel://a/films?db=2", MCI_SENTINEL, "a:26379", "films", 2},
    {"redis+cluster://a:7000", MCI_CLUSTER, "a:7000", "", 0},
    {"REDIS+CLUSTER://a,b:2,c/0", MCI_CLUSTER, "a:6379,b:2,c:6379", "", 0},
    {"redis+cluster://[fe80::1]", MCI_CLUSTER, "[fe80::1]:6379", "", 0},
};

static void test_many_hosts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof many / sizeof many[0]; i++) {
        mci_redis_addr a;
        mc_error err = {0};
        if (mci_redis_uri_parse(many[i].uri, &a, NULL, NULL, &err) != MC_OK)
            fail_msg("%s: %s", many[i].uri, err.text);
        assert_int_equal(a.topology, many[i].topology);
        assert_string_equal(a.seeds, many[i].seeds);
        assert_string_equal(a.service, many[i].service);
        assert_int_equal(a.db, many[i].db);
        char again[600] = "";
        for (const char *seed = a.seeds; seed != NULL;) {
            char host[256];
            int port = 0;
            seed = mci_redis_seed(seed, host, &port);
            size_t n = strlen(again);
            snprintf(again + n, sizeof again - n, strchr(host, ':') != NULL ? "%s[%s]:%d" : "%s%s:%d", n > 0 ? "," : "",
                     host, port);
        }
        assert_string_equal(again, many[i].seeds);
    }
    static const char *const bad[] = {"redis+sentinel://a",
                                      "redis+sentinel://a/",
                                      "redis+sentinel://a,/films",
                                      "redis+sentinel://a/films/x",
                                      "redis+sentinel:///films",
                                      "redis+cluster://",
                                      "redis+cluster://a/1",
                                      "redis+cluster://a,,b",
                                      "redis+cluster://a:0",
                                      "redis+cluster://a:70000,b",
                                      "redis+unix://a",
                                      "redis+cluster://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q",
                                      "redis+sentinel://a/films/1?db=2"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mci_redis_addr a;
        mc_error err = {0};
        if (mci_redis_uri_parse(bad[i], &a, NULL, NULL, &err) == MC_OK)
            fail_msg("taken: %s", bad[i]);
        assert_true(err.text[0] != '\0');
    }
}

#if MFLIXCACHE_WITH_TLS
static void test_tls(void **state)
{
    (void)state;
    mci_redis_addr a;
    assert_int_equal(mci_redis_uri_parse("rediss://u:p@h:7/2", &a, NULL, NULL, NULL), MC_OK);
    assert_true(a.tls && a.port == 7 && a.db == 2);
    assert_int_equal(mci_redis_uri_parse("REDISS://[::1]", &a, NULL, NULL, NULL), MC_OK);
    assert_true(a.tls && a.port == 6379);
    assert_int_equal(mci_redis_uri_parse("rediss+sentinel://s1,s2:7/films", &a, NULL, NULL, NULL), MC_OK);
    assert_true(a.tls && a.topology == MCI_SENTINEL);
    assert_int_equal(mci_redis_uri_parse("Rediss+Cluster://n1:1,n2:2", &a, NULL, NULL, NULL), MC_OK);
    assert_true(a.tls && a.topology == MCI_CLUSTER);
    static const char *const plain[] = {"redis://h", "redis+sentinel://h/s", "redis+cluster://h", "unix:///s"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mci_redis_uri_parse(plain[i], &a, NULL, NULL, NULL), MC_OK);
        assert_false(a.tls);
    }
    assert_int_equal(mci_redis_uri_parse("redissx://h", &a, NULL, NULL, NULL), MC_E_URI);
    assert_int_equal(mci_redis_uri_parse("rediss+sentinelx://h/s", &a, NULL, NULL, NULL), MC_E_URI);
}
#endif

static const struct {
    const char *uri;
    mc_status status;
} bad[] = {
    {NULL, MC_E_URI},
    {"", MC_E_URI},
    {"127.0.0.1:6379", MC_E_URI}, /* bad input 77 */
    {"://h", MC_E_URI},
    {"http://h", MC_E_URI},
    {"redis:h", MC_E_URI},
#if MFLIXCACHE_WITH_TLS
    {"rediss://canary#@h", MC_E_URI}, /* 82 */
    {"rediss:///run/redis.sock", MC_E_URI},
#else
    {"rediss://canary@h", MC_E_TLS}, /* 82 */
    {"REDISS://h:6379/0", MC_E_TLS},
#endif
    {"redis://:canary@canary@h", MC_E_URI}, /* 78 */
    {"redis://:canary/x@h", MC_E_URI},
    {"redis://:canary#x@h", MC_E_URI},
    {"redis://h:0", MC_E_URI}, /* 79 */
    {"redis://h:65536", MC_E_URI},
    {"redis://h:", MC_E_URI},
    {"redis://h:-1", MC_E_URI},
    {"redis://h:6379x", MC_E_URI},
    {"redis://h:99999999999", MC_E_URI},
    {"redis://", MC_E_URI},
    {"redis:///0", MC_E_URI},
    {"redis://user@", MC_E_URI},
    {"redis://a,b", MC_E_URI},
    {"redis://a b", MC_E_URI},
    {"redis://a\r\nFLUSHALL", MC_E_URI},
    {"redis://h\xc3\xa9", MC_E_URI},
    {"redis://%68", MC_E_URI},
    {"redis://[::1", MC_E_URI},
    {"redis://[::1]x", MC_E_URI},
    {"redis://[]", MC_E_URI},
    {"redis://[12345::1]", MC_E_URI},
    {"redis://[127.0.0.1]", MC_E_URI},
    {"redis://[fe80::1%25]", MC_E_URI},
    {"redis://::1", MC_E_URI},
    {"redis://h/canary", MC_E_URI},
    {"redis://h/-1", MC_E_URI},
    {"redis://h/65536", MC_E_URI},
    {"redis://h/1/2", MC_E_URI},
    {"redis://h/1?db=1", MC_E_URI},
    {"redis://h?db=", MC_E_URI},
    {"redis://h?db=1&db=2", MC_E_URI},
    {"redis://h?canary=1", MC_E_URI},
    {"redis://h?", MC_E_URI},
    {"redis://u:%zz@h", MC_E_URI},
    {"redis://u:%4@h", MC_E_URI},
    {"redis://u:canary%00@h", MC_E_URI},
    {"unix://", MC_E_URI},
    {"unix:///", MC_E_URI},
    {"unix://run/redis.sock", MC_E_URI},
    {"unix:///run/a%00b", MC_E_URI},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mci_redis_addr a;
        mc_error err = {0};
        mc_status st = mci_redis_uri_parse(bad[i].uri, &a, NULL, NULL, &err);
        if (st != bad[i].status)
            fail_msg("%s: %d instead of %d", bad[i].uri == NULL ? "NULL" : bad[i].uri, st, bad[i].status);
        assert_int_equal(err.code, st);
        assert_true(strlen(err.text) > 10);
        assert_null(strstr(err.text, "canary"));
        static const mci_redis_addr zero;
        assert_memory_equal(&a, &zero, sizeof a); /* nothing half-read stays */
        assert_int_equal(mci_redis_uri_parse(bad[i].uri, &a, NULL, NULL, NULL), st);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *after;
        size_t longest;
    } part[] = {
        {"redis://", ":1", 255},
        {"redis://", "@h", 255},
        {"redis://:", "@h", 511},
        {"unix:///", "", 106},
    };
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        for (size_t extra = 0; extra < 2; extra++) {
            char fill[600];
            memset(fill, 'a', sizeof fill);
            fill[part[i].longest + extra] = '\0';
            char uri[700];
            (void)snprintf(uri, sizeof uri, "%s%s%s", part[i].before, fill, part[i].after);
            mci_redis_addr a;
            assert_int_equal(mci_redis_uri_parse(uri, &a, NULL, NULL, NULL), extra == 0 ? MC_OK : MC_E_URI);
        }
}

/* ---- what a query names besides the database ---- */

static char told[256];

static mc_status tell(void *user, const char *name, const char *value, mc_error *err)
{
    (void)err;
    assert_ptr_equal(user, told);
    size_t n = strlen(told);
    (void)snprintf(told + n, sizeof told - n, "%s=%s;", name, value);
    return strcmp(name, "bad") == 0 ? MC_E_RANGE : MC_OK;
}

static void test_parameters(void **state)
{
    (void)state;
    mci_redis_addr a;
    static const struct {
        const char *uri;
        mc_status status;
        const char *told;
        int db;
    } cases[] = {
        {"redis://h?timeout_ms=5&db=3&prefix=x%3A%26", MC_OK, "timeout_ms=5;prefix=x:&;", 3},
        {"unix:///s?a=", MC_OK, "a=;", 0},
        {"redis://h?a=1&bad=2&c=3", MC_E_RANGE, "a=1;bad=2;", 0}, /* the first that is refused is the last one told */
        {"redis://h?", MC_E_URI, "", 0},
        {"redis://h?a=1&", MC_E_URI, "a=1;", 0},
        {"redis://h?=1", MC_E_URI, "", 0},
        {"redis://h?a=%0", MC_E_URI, "", 0},
        {"redis://h/1?db=2", MC_E_URI, "", 0},
        {"redis://h?db=1&db=2", MC_E_URI, "", 0},
        {"redis://h:0?a=1", MC_E_URI, "", 0}, /* a wrong address: nobody is told anything */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        told[0] = '\0';
        mc_status st = mci_redis_uri_parse(cases[i].uri, &a, tell, told, NULL);
        if (st != cases[i].status || strcmp(told, cases[i].told) != 0 || a.db != cases[i].db)
            fail_msg("%s: %d, told %s, database %d", cases[i].uri, st, told, a.db);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_many_hosts),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_lengths),
#if MFLIXCACHE_WITH_TLS
        cmocka_unit_test(test_tls),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
