/* SPDX-License-Identifier: Apache-2.0 */
/* api/options*.c, codec/options_json.c: the table, its limits, environment, files, and that no password ever shows. */
#include "api/options.h"

#include <ctype.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = mc_options_new();
    return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    mc_options_free(*state);
    return 0;
}

static void assert_option(const mc_options *o, const char *key, const char *want)
{
    char buf[2048];
    assert_int_equal(mc_options_get(o, key, buf, sizeof buf, NULL), MC_OK);
    if (strcmp(buf, want) != 0)
        fail_msg("%s is \"%s\", not \"%s\"", key, buf, want);
}

static void test_table(void **state)
{
    const mc_options *o = *state;
    mc_option_info row;
    size_t n = 0;
    for (; mc_option_at(n, &row) == MC_OK; n++) {
        assert_option(o, row.key, row.default_value);
        assert_true(strlen(row.help) > 10);
        assert_int_equal(row.help[strlen(row.help) - 1], '.');
        char env[128] = "MFLIXCACHE_";
        size_t used = strlen(env);
        for (const char *p = row.key; *p != '\0' && used + 1 < sizeof env; p++)
            env[used++] = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
        env[used] = '\0';
        assert_string_equal(row.env, env);
        for (size_t i = 0; i < n; i++) {
            mc_option_info other;
            assert_int_equal(mc_option_at(i, &other), MC_OK);
            assert_string_not_equal(other.key, row.key);
        }
    }
    assert_int_equal(n, 65);
    assert_int_equal(mc_option_at(n, &row), MC_NOT_FOUND);
    assert_int_equal(mc_option_at(SIZE_MAX, &row), MC_NOT_FOUND);
    assert_int_equal(mc_option_at(0, NULL), MC_E_ARG);
}

/* Every text of the table fits what it is copied into, and offsets do not overlap. */
static void test_table_and_settings(void **state)
{
    (void)state;
    size_t n;
    const mci_option *table = mci_option_table(&n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            if (i == k)
                continue;
            size_t size = table[i].type <= MCI_OPT_URI ? table[i].max_len + 1 : sizeof(int64_t);
            assert_true(table[k].offset < table[i].offset || table[k].offset >= table[i].offset + size);
        }
    mci_settings s;
    assert_true(sizeof s.cache_prefix > 48 && sizeof s.store_database > 63 && sizeof s.cache_password > 511);
}

static void test_every_int_has_its_limits(void **state)
{
    mc_options *o = *state;
    size_t n;
    const mci_option *table = mci_option_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (table[i].type != MCI_OPT_INT)
            continue;
        const char *key = table[i].info.key;
        char text[64];
        mc_error err = {0};
        (void)snprintf(text, sizeof text, "%lld", (long long)table[i].min);
        assert_int_equal(mc_options_set(o, key, text, &err), MC_OK);
        (void)snprintf(text, sizeof text, "%lld", (long long)table[i].max);
        assert_int_equal(mc_options_set(o, key, text, &err), MC_OK);
        assert_option(o, key, text);
        char outside[3][64];
        (void)snprintf(outside[0], 64, "%lld", (long long)table[i].min - 1);
        (void)snprintf(outside[1], 64, "%lld", (long long)table[i].max + 1);
        (void)snprintf(outside[2], 64, "99999999999999999999999999");
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(mc_options_set(o, key, outside[k], &err), MC_E_RANGE);
            assert_non_null(strstr(err.text, key)); /* names the option and its limit */
            assert_non_null(strstr(err.text, table[i].info.range));
        }
        assert_option(o, key, text); /* kept */
    }
}

static const struct {
    const char *key;
    const char *value;
    mc_status status;
} bad[] = {
    {"cache.url", "x", MC_E_OPTION}, /* bad input 81 */
    {"", "x", MC_E_OPTION},
    {"CACHE.URI", "redis://h", MC_E_OPTION},
    {"movies.ttl_ms", "0", MC_E_RANGE},                /* 52 */
    {"movies.ttl_ms", "-1", MC_E_RANGE},               /* 53 */
    {"movies.ttl_ms", "9223372036854776", MC_E_RANGE}, /* 54: above INT64_MAX / 1000 */
    {"movies.ttl_ms", "9223372036854775808", MC_E_RANGE},
    {"movies.ttl_ms", "", MC_E_OPTION},
    {"movies.ttl_ms", "-", MC_E_OPTION},
    {"movies.ttl_ms", " 5", MC_E_OPTION},
    {"movies.ttl_ms", "5 ", MC_E_OPTION},
    {"movies.ttl_ms", "5s", MC_E_OPTION},
    {"movies.ttl_ms", "5.0", MC_E_OPTION},
    {"movies.ttl_ms", "1e3", MC_E_OPTION},
    {"movies.ttl_ms", "0x10", MC_E_OPTION},
    {"movies.ttl_ms", "nan", MC_E_OPTION},
    {"store.init_driver", "", MC_E_OPTION},
    {"store.init_driver", "maybe", MC_E_OPTION},
    {"write.mode", "", MC_E_OPTION},
    {"write.mode", "SAFE", MC_E_OPTION},
    {"write.mode", "safe|fast", MC_E_OPTION},
    {"write.mode", "saf", MC_E_OPTION},
    {"movies.id", "oid", MC_E_OPTION},
    {"cache.prefix", "a b", MC_E_OPTION},
    {"cache.prefix", "{a}", MC_E_OPTION},
    {"cache.prefix", "a*", MC_E_OPTION},
    {"cache.prefix", "a\r\nFLUSHALL", MC_E_OPTION},
    {"cache.prefix", "caf\xc3\xa9", MC_E_OPTION},
    {"cache.prefix", "1234567890123456789012345678901234567890123456789", MC_E_RANGE},
    {"cache.uri", "h:6379", MC_E_URI},          /* 77 */
    {"cache.uri", "redis://:p@ss@h", MC_E_URI}, /* 78 */
    {"cache.uri", "redis://h:0", MC_E_URI},     /* 79 */
    {"cache.uri", "redis://h:65536", MC_E_URI},
    {"cache.uri", "rediss://", MFLIXCACHE_WITH_TLS ? MC_E_URI : MC_E_TLS}, /* 82 */
    {"cache.uri", "redis://h?nothing=1", MC_E_OPTION},
    {"cache.uri", "redis://h?uri=redis:", MC_E_OPTION},
    {"cache.uri", "redis://h?timeout_ms", MC_E_URI},
    {"cache.uri", "redis://h?=5", MC_E_URI},
    {"cache.uri", "redis://h?", MC_E_URI},
    {"cache.uri", "redis://h?timeout_ms=5&", MC_E_URI},
    {"cache.uri", "redis://h?timeout_ms=0", MC_E_RANGE},
    {"cache.uri", "redis://h?prefix=a%2", MC_E_URI},
    {"cache.uri", "redis://h?prefix=a%00", MC_E_URI},
    {"cache.uri", "redis://h?db=1&db=2", MC_E_URI},
    {"store.uri", "", MC_E_URI},
    {"store.uri", "127.0.0.1", MC_E_URI},
    {"store.uri", "http://h", MC_E_URI},
    {"store.uri", "mongodb://", MC_E_URI},
    {"store.uri", "mongodb://u:p@", MC_E_URI},
    {"store.uri", "mongodb://u:p@ss@h", MC_E_URI},
    {"store.uri", "mongodb://u:p/x@h", MC_E_URI},
    {"store.uri", "mongodb://u:p?x@h", MC_E_URI},
    {"store.uri", "mongodb://h/db\n", MC_E_URI},
    {"store.uri", "sqlite:", MC_E_URI},
    {"store.database", "", MC_E_OPTION},
    {"store.database", "a.b", MC_E_OPTION},
    {"store.database", "a$b", MC_E_OPTION},
    {"store.database", "\xff", MC_E_OPTION},
};

static void test_bad(void **state)
{
    mc_options *o = *state;
    mci_settings before = *mci_options_settings(o);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mc_error err = {0};
        mc_status st = mc_options_set(o, bad[i].key, bad[i].value, &err);
        if (st != bad[i].status)
            fail_msg("%s=%s: %d instead of %d (%s)", bad[i].key, bad[i].value, st, bad[i].status, err.text);
        assert_int_equal(err.code, st);
        assert_non_null(strstr(err.text, bad[i].key)); /* the text names the option */
        assert_memory_equal(&before, mci_options_settings(o), sizeof before);
        assert_int_equal(mc_options_set(o, bad[i].key, bad[i].value, NULL), st);
    }
}

static void test_bad_arguments(void **state)
{
    mc_options *o = *state;
    char buf[8] = "x";
    mc_error err;
    assert_int_equal(mc_options_set(NULL, "a", "b", &err), MC_E_ARG);
    assert_int_equal(mc_options_set(o, NULL, "b", &err), MC_E_ARG);
    assert_int_equal(mc_options_set(o, "a", NULL, &err), MC_E_ARG);
    assert_int_equal(mc_options_get(NULL, "a", buf, sizeof buf, &err), MC_E_ARG);
    assert_string_equal(buf, "");
    assert_int_equal(mc_options_get(o, NULL, buf, sizeof buf, &err), MC_E_ARG);
    assert_int_equal(mc_options_get(o, "cache.uri", NULL, 1, &err), MC_E_ARG);
    assert_int_equal(mc_options_get(o, "cache.uri", buf, 0, &err), MC_E_ARG);
    assert_int_equal(mc_options_get(o, "nothing", buf, sizeof buf, &err), MC_E_OPTION);
    assert_int_equal(mc_options_get(o, "cache.uri", buf, sizeof buf, &err), MC_OK); /* cut to fit */
    assert_string_equal(buf, "redis:/");
    assert_int_equal(mc_options_load_env(NULL, &err), MC_E_ARG);
    assert_int_equal(mc_options_load_file(NULL, "x", &err), MC_E_ARG);
    assert_int_equal(mc_options_load_file(o, NULL, &err), MC_E_ARG);
    mc_options_free(NULL);
}

static void test_good(void **state)
{
    mc_options *o = *state;
    mc_error err = {.code = 7, .text = "old"};
    assert_int_equal(mc_options_set(o, "movies.ttl_ms", "1", &err), MC_OK); /* bad input 55 is a good one */
    assert_int_equal(err.code, MC_OK);
    assert_string_equal(err.text, "");
    assert_int_equal(mc_options_set(o, "movies.ttl_ms", "+0700", &err), MC_OK);
    assert_option(o, "movies.ttl_ms", "700");
    assert_int_equal(mc_options_set(o, "store.init_driver", "0", &err), MC_OK);
    assert_option(o, "store.init_driver", "false");
    assert_int_equal(mc_options_set(o, "write.mode", "strict", &err), MC_OK);
    assert_option(o, "write.mode", "strict");
    assert_int_equal(mci_options_settings(o)->write_mode, MCI_WRITE_STRICT);
    assert_int_equal(mc_options_set(o, "cache.prefix", "", &err), MC_OK);
    assert_option(o, "cache.prefix", "");
    assert_int_equal(mc_options_set(o, "cache.uri", "redis://[::1]:7000/2", &err), MC_OK); /* 80 */
    assert_option(o, "cache.uri", "redis://[::1]:7000/2");
    assert_int_equal(mc_options_set(o, "store.uri", "mongodb://a,b:27018/x?replicaSet=r&appname=%40", &err), MC_OK);
    assert_option(o, "store.uri", "mongodb://a,b:27018/x?replicaSet=r&appname=%40");
    assert_int_equal(mc_options_set(o, "store.uri", "sqlite:/tmp/a?b.db", &err), MC_OK);
    assert_option(o, "store.uri", "sqlite:/tmp/a?b.db");
}

static void test_query(void **state)
{
    mc_options *o = *state;
    assert_int_equal(mc_options_set(o, "cache.uri", "redis://h/0?timeout_ms=50&prefix=x%3A", NULL), MC_OK);
    assert_option(o, "cache.uri", "redis://h/0");
    assert_option(o, "cache.timeout_ms", "50");
    assert_option(o, "cache.prefix", "x:");
    assert_int_equal(mc_options_set(o, "cache.uri", "unix:///s?connections=3&db=9&password=canary", NULL), MC_OK);
    assert_option(o, "cache.uri", "unix:///s?db=9");
    assert_string_equal(mci_options_settings(o)->cache_addr.path, "/s"); /* parsed once, and kept so */
    assert_int_equal(mci_options_settings(o)->cache_addr.db, 9);
    assert_option(o, "cache.connections", "3");
    assert_option(o, "cache.password", "***");
    /* All or nothing: the first parameter is fine, the second is not. */
    assert_int_equal(mc_options_set(o, "cache.uri", "redis://g?timeout_ms=60&connections=0", NULL), MC_E_RANGE);
    assert_option(o, "cache.timeout_ms", "50");
    assert_option(o, "cache.uri", "unix:///s?db=9");
}

static void test_no_password_shows(void **state)
{
    mc_options *o = *state;
    static const struct {
        const char *key;
        const char *value;
        const char *shown;
    } secret[] = {
        {"cache.password", "canary", "***"},
        {"cache.password", "", ""},
        {"cache.uri", "redis://:canary@h/1", "redis://:***@h/1"},
        {"cache.uri", "redis://user:canary@h", "redis://user:***@h"},
        {"cache.uri", "redis://user:c:canary%40@[::1]:7", "redis://user:***@[::1]:7"},
        {"cache.uri", "unix://u:canary@/s?db=1", "unix://u:***@/s?db=1"},
        {"store.uri", "mongodb://u:canary@a,b/db?w=1", "mongodb://u:***@a,b/db?w=1"},
        {"store.uri", "mongodb+srv://u:canary@a/?authSource=x", "mongodb+srv://u:***@a/?authSource=x"},
        {"store.uri", "mongodb://h/?w=1&tlscertificatekeyfilepassword=canary&x=2",
         "mongodb://h/?w=1&tlscertificatekeyfilepassword=***&x=2"},
        {"store.uri", "mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:canary",
         "mongodb://h/?authMechanismProperties=***"},
        {"store.uri", "mongodb://user@h", "mongodb://user@h"},
    };
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
        assert_int_equal(mc_options_set(o, secret[i].key, secret[i].value, NULL), MC_OK);
        assert_option(o, secret[i].key, secret[i].shown);
        char small[12]; /* cutting must not cut the mask off the secret */
        for (size_t size = 1; size <= sizeof small; size++) {
            assert_int_equal(mc_options_get(o, secret[i].key, small, size, NULL), MC_OK);
            assert_null(strstr(small, "can"));
        }
    }
    /* Nor in an error's text. */
    static const char *const keys[] = {"cache.uri",  "store.uri",        "cache.password",
                                       "cache.user", "cache.timeout_ms", "write.mode"};
    static const char *const values[] = {"redis://:canary@canary@h",   "canary",
                                         "rediss://u:canary@h",        "redis://h?canary=canary",
                                         "redis://h?password=canary%", "mongodb://u:canary/x@h",
                                         "redis://u:canary@h:0"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
            mc_error err = {0};
            (void)mc_options_set(o, keys[i], values[k], &err);
            assert_null(strstr(err.text, "canary"));
        }
    char longer[600];
    memset(longer, 'q', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    mc_error err = {0};
    assert_int_equal(mc_options_set(o, "cache.password", longer, &err), MC_E_RANGE);
    assert_null(strstr(err.text, "qq"));
}

static void test_between_options(void **state)
{
    mc_options *o = *state;
    mc_error err = {0};
    assert_int_equal(mci_options_check(mci_options_settings(o), &err), MC_OK);
    assert_int_equal(mc_options_set(o, "store.timeout_ms", "5000", NULL), MC_OK);
    assert_int_equal(mci_options_check(mci_options_settings(o), &err), MC_E_OPTION);
    assert_non_null(strstr(err.text, "store.timeout_ms"));
    assert_non_null(strstr(err.text, "write.quarantine_ms"));
    assert_int_equal(mc_options_set(o, "write.quarantine_ms", "10002", NULL), MC_OK);
    assert_int_equal(mci_options_check(mci_options_settings(o), &err), MC_OK);
    assert_int_equal(mc_options_set(o, "cache.backoff_min_ms", "2001", NULL), MC_OK);
    assert_int_equal(mci_options_check(mci_options_settings(o), &err), MC_E_OPTION);
}

static void clear_env(void)
{
    static const char *const names[] = {"MONGO_URL", "REDIS_HOST", "REDIS_PORT"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(unsetenv(names[i]), 0);
    mc_option_info row;
    for (size_t i = 0; mc_option_at(i, &row) == MC_OK; i++)
        assert_int_equal(unsetenv(row.env), 0);
}

static void test_env(void **state)
{
    mc_options *o = *state;
    clear_env();
    assert_int_equal(mc_options_load_env(o, NULL), MC_OK);
    assert_option(o, "cache.uri", "redis://127.0.0.1:6379/0");

    assert_int_equal(mc_options_set(o, "cache.uri", "redis://u:p%40x@old:1/5", NULL), MC_OK);
    setenv("REDIS_HOST", "new.example", 1);
    setenv("REDIS_PORT", "7001", 1);
    setenv("MONGO_URL", "mongodb://h/db", 1);
    setenv("MFLIXCACHE_MOVIES_TTL_MS", "77", 1);
    setenv("MFLIXCACHE_WRITE_MODE", "", 1); /* empty: as if unset */
    assert_int_equal(mc_options_load_env(o, NULL), MC_OK);
    assert_string_equal(mci_options_settings(o)->cache_uri, "redis://u:p%40x@new.example:7001/5");
    assert_option(o, "store.uri", "mongodb://h/db");
    assert_option(o, "movies.ttl_ms", "77");
    assert_option(o, "write.mode", "safe");

    setenv("REDIS_HOST", "::1", 1);
    unsetenv("REDIS_PORT");
    assert_int_equal(mc_options_load_env(o, NULL), MC_OK);
    assert_string_equal(mci_options_settings(o)->cache_uri, "redis://u:p%40x@[::1]:7001/5");

    /* The specific form wins. */
    setenv("MFLIXCACHE_CACHE_URI", "unix:///s", 1);
    setenv("MFLIXCACHE_STORE_URI", "sqlite:x", 1);
    assert_int_equal(mc_options_load_env(o, NULL), MC_OK);
    assert_option(o, "cache.uri", "unix:///s");
    assert_option(o, "store.uri", "sqlite:x");
    clear_env();
}

/* What is overridden need not be right, and what Kubernetes sets for a service named "redis" is not a setting. */
static void test_env_overridden(void **state)
{
    mc_options *o = *state;
    clear_env();
    setenv("REDIS_PORT", "tcp://10.96.0.5:6379", 1);
    assert_int_equal(mc_options_load_env(o, NULL), MC_OK);
    assert_option(o, "cache.uri", "redis://127.0.0.1:6379/0");
    setenv("REDIS_HOST", "redis.example", 1);
    assert_int_equal(mc_options_load_env(o, NULL), MC_OK);
    assert_option(o, "cache.uri", "redis://redis.example:6379/0");
    setenv("REDIS_PORT", "nonsense", 1);
    setenv("REDIS_HOST", "a b", 1);
    setenv("MONGO_URL", "h", 1);
    assert_int_equal(mc_options_load_env(o, NULL), MC_E_URI);
    setenv("MFLIXCACHE_CACHE_URI", "redis://right:7/0", 1);
    assert_int_equal(mc_options_load_env(o, NULL), MC_E_URI); /* MONGO_URL */
    setenv("MFLIXCACHE_STORE_URI", "sqlite:x", 1);
    assert_int_equal(mc_options_load_env(o, NULL), MC_OK);
    assert_option(o, "cache.uri", "redis://right:7/0");
    assert_option(o, "store.uri", "sqlite:x");
    clear_env();
}

static void test_env_empty(void **state)
{
    mc_options *o = *state;
    mc_option_info row;
    clear_env();
    setenv("REDIS_HOST", "", 1);
    setenv("REDIS_PORT", "", 1);
    setenv("MONGO_URL", "", 1);
    for (size_t i = 0; mc_option_at(i, &row) == MC_OK; i++)
        setenv(row.env, "", 1);
    mc_error err;
    assert_int_equal(mc_options_load_env(o, &err), MC_OK);
    assert_string_equal(err.text, "");
    for (size_t i = 0; mc_option_at(i, &row) == MC_OK; i++)
        assert_option(o, row.key, row.default_value);
    setenv("MFLIXCACHE_CACHE_URI", "redis://h:1/0?prefix=", 1);
    assert_int_equal(mc_options_load_env(o, NULL), MC_OK);
    assert_option(o, "cache.prefix", "");
    clear_env();
}

static void test_env_misspelt(void **state)
{
    mc_options *o = *state;
    mc_error err;
    clear_env();
    setenv("MFLIXCACHE_CACH_URI", "redis://u:canary@h", 1);
    setenv("MFLIXCACHE_MOVIES_TTL", "5", 1);
    setenv("MFLIXCACHE_LIBRARY", "x", 1);
    setenv("MFLIXCACHE_SERVICE_HOST", "10.0.0.1", 1);
    setenv("MFLIXCACHE_PORT_6379_TCP_ADDR", "10.0.0.1", 1);
    assert_int_equal(mc_options_load_env(o, &err), MC_OK);
    assert_int_equal(err.code, MC_OK);
    assert_non_null(strstr(err.text, "MFLIXCACHE_CACH_URI"));
    assert_non_null(strstr(err.text, "MFLIXCACHE_MOVIES_TTL"));
    assert_null(strstr(err.text, "LIBRARY"));
    assert_null(strstr(err.text, "SERVICE"));
    assert_null(strstr(err.text, "PORT"));
    assert_null(strstr(err.text, "canary"));
    for (int i = 0; i < 40; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "MFLIXCACHE_NOT_THERE_%d", i);
        setenv(name, "1", 1);
    }
    assert_int_equal(mc_options_load_env(o, &err), MC_OK); /* as many as fit */
    assert_true(strlen(err.text) < sizeof err.text);
    assert_int_equal(mc_options_load_env(o, NULL), MC_OK);
    for (int i = 0; i < 40; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "MFLIXCACHE_NOT_THERE_%d", i);
        unsetenv(name);
    }
    static const char *const names[] = {"MFLIXCACHE_CACH_URI", "MFLIXCACHE_MOVIES_TTL", "MFLIXCACHE_LIBRARY",
                                        "MFLIXCACHE_SERVICE_HOST", "MFLIXCACHE_PORT_6379_TCP_ADDR"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    assert_int_equal(mc_options_load_env(o, &err), MC_OK);
    assert_string_equal(err.text, "");
}

static void test_env_bad(void **state)
{
    mc_options *o = *state;
    static const struct {
        const char *name;
        const char *value;
        mc_status status;
    } row[] = {
        {"REDIS_PORT", "0", MC_E_URI},
        {"REDIS_PORT", "65536", MC_E_URI},
        {"REDIS_PORT", "x", MC_E_URI},
        {"REDIS_PORT", "1/2?db=3", MC_E_URI},
        {"REDIS_HOST", "a b", MC_E_URI},
        {"REDIS_HOST", "redis://h", MC_E_URI},
        {"REDIS_HOST", "u:canary@h", MC_E_URI},
        {"REDIS_HOST", ":::", MC_E_URI},
        {"MONGO_URL", "h", MC_E_URI},
        {"MONGO_URL", "mongodb://u:canary@x@h", MC_E_URI},
        {"MFLIXCACHE_MOVIES_TTL_MS", "0", MC_E_RANGE},
        {"MFLIXCACHE_CACHE_URI", "rediss://canary@", MFLIXCACHE_WITH_TLS ? MC_E_URI : MC_E_TLS},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        clear_env();
        setenv(row[i].name, row[i].value, 1);
        mc_error err = {0};
        mc_status st = mc_options_load_env(o, &err);
        if (st != row[i].status)
            fail_msg("%s=%s: %d (%s)", row[i].name, row[i].value, st, err.text);
        assert_int_equal(err.code, st);
        assert_non_null(strstr(err.text, row[i].name));
        assert_null(strstr(err.text, "canary"));
        assert_int_equal(mc_options_load_env(o, NULL), row[i].status);
    }
    clear_env();
}

static mc_status load_text(mc_options *o, const char *text, mc_error *err)
{
    char path[] = "/tmp/mflixcache-options-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    mc_status st = mc_options_load_file(o, path, err);
    assert_int_equal(unlink(path), 0);
    return st;
}

static void test_file(void **state)
{
    mc_options *o = *state;
    mc_error err = {0};
    mc_status st = load_text(o,
                             "{\"cache.prefix\":\"a:\",\"cache\":{\"timeout_ms\":70,\"uri\":\"redis://h?connections=5\"},"
                             "\"store\":{\"init_driver\":false},\"write\":{\"mode\":\"fast\"},\"movies.ttl_ms\":\"9\"}",
                             &err);
    if (st != MC_OK)
        fail_msg("%s", err.text);
    assert_option(o, "cache.prefix", "a:");
    assert_option(o, "cache.timeout_ms", "70");
    assert_option(o, "cache.connections", "5");
    assert_option(o, "store.init_driver", "false");
    assert_option(o, "write.mode", "fast");
    assert_option(o, "movies.ttl_ms", "9");
}

static void test_file_bad(void **state)
{
    mc_options *o = *state;
    mci_settings before = *mci_options_settings(o);
    static const struct {
        const char *text;
        mc_status status;
    } row[] = {
        {"", MC_E_JSON},
        {"[]", MC_E_JSON},
        {"5", MC_E_JSON},
        {"{\"cache.password\":\"canary", MC_E_JSON},
        {"{\"write.mode\":\"fast\",\"write.mode\":\"safe\"}", MC_E_JSON},
        {"{} {}", MC_E_JSON},
        {"{\"cache.password\":\"\xff\"}", MC_E_JSON},
        {"{\"write.mode\":\"fast\",\"nothing\":1}", MC_E_OPTION}, /* and the first is not taken */
        {"{\"write\":{\"nothing\":1}}", MC_E_OPTION},
        {"{\"movies.ttl_ms\":1.5}", MC_E_OPTION},
        {"{\"movies.ttl_ms\":null}", MC_E_OPTION},
        {"{\"movies.ttl_ms\":[1]}", MC_E_OPTION},
        {"{\"movies.ttl_ms\":0}", MC_E_RANGE},
        {"{\"store.init_driver\":2}", MC_E_OPTION},
        {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}", MC_E_OPTION},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        mc_error err = {0};
        mc_status st = load_text(o, row[i].text, &err);
        if (st != row[i].status)
            fail_msg("%s: %d (%s)", row[i].text, st, err.text);
        assert_null(strstr(err.text, "canary"));
        assert_memory_equal(&before, mci_options_settings(o), sizeof before);
    }
    mc_error err = {0};
    assert_int_equal(mc_options_load_file(o, "/nowhere/at/all", &err), MC_E_FILE);
    assert_int_equal(err.backend_code, 2); /* ENOENT */
    assert_int_equal(mc_options_load_file(o, "/tmp", &err), MC_E_FILE);
    assert_int_equal(mc_options_load_file(o, "/dev/zero", &err), MC_E_FILE);
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/mflixcache-fifo-%ld", (long)getpid());
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(mc_options_load_file(o, path, &err), MC_E_FILE); /* and does not hang */
    assert_int_equal(unlink(path), 0);
    size_t big = 1024 * 1024 + 1;
    char *text = malloc(big + 1);
    assert_non_null(text);
    memset(text, ' ', big);
    memcpy(text, "{}", 2);
    text[big] = '\0';
    assert_int_equal(load_text(o, text, &err), MC_E_FILE);
    text[big - 1] = '\0';
    assert_int_equal(load_text(o, text, &err), MC_OK);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table, setup, teardown),
        cmocka_unit_test(test_table_and_settings),
        cmocka_unit_test_setup_teardown(test_every_int_has_its_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_good, setup, teardown),
        cmocka_unit_test_setup_teardown(test_query, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_password_shows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_between_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_env, setup, teardown),
        cmocka_unit_test_setup_teardown(test_env_overridden, setup, teardown),
        cmocka_unit_test_setup_teardown(test_env_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_env_misspelt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_env_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_bad, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
