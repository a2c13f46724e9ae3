/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache.key: what another tenant of the same Redis writes is a miss, whatever it is: a document, a title, a "not found", a value by key. A tenant is
 * played by a client of the library itself, without the key or with another: nobody can forge better.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY "00112233445566778899aabbccddeeff"
#define NEXT "ffeeddccbbaa99887766554433221100"

static fixture f; /* a and b have KEY */

/* A client on the same Redis whose database says what the tenant wants others to read. */
typedef struct tenant {
    memstore mem;
    mc_client *mc;
} tenant;

static void tenant_open(tenant *t, const char *key)
{
    mc_error err;
    char json[512];
    memstore_init(&t->mem);
    fixture_json(json, ID1, "One", 9.9);
    memstore_put(&t->mem, "movies", ID1, json);
    mc_store table = memstore_table(&t->mem);
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.uri", f.redis.uri, &err), MC_OK);
    assert_int_equal(mc_options_set(o, "cache.key", key, &err), MC_OK);
    if (mc_open_with_store(o, &table, &t->mc, &err) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
}

static void tenant_close(tenant *t)
{
    assert_int_equal(mc_close(t->mc), MC_OK);
    memstore_free(&t->mem);
}

static mc_status load(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    (void)key;
    (void)deadline_ms;
    return mc_value_sink_set(sink, user, strlen(user));
}

static void is_value(mc_client *mc, const char *source, const char *want)
{
    char *out = NULL;
    assert_int_equal(mc_get_or_load(mc, "k", 60000, load, (void *)(uintptr_t)source, &out, NULL, NULL, NULL), MC_OK);
    assert_string_equal(out, want);
    mc_free(out);
}

static mc_status by_title(mc_client *mc, const char *title, mc_info *info)
{
    const mc_movie *m = NULL;
    mc_status st = mc_get_movie_by_title(mc, title, &m, info, NULL);
    mc_movie_unref(m);
    return st;
}

static void test_forgeries(void **state)
{
    (void)state;
    static const char *const keys[] = {"", NEXT};
    for (int i = 0; i < 2; i++) {
        tenant t;
        mc_info info;
        char *out = NULL;
        fixture_reset(&f);
        tenant_open(&t, keys[i]);
        assert_true(fixture_rating(t.mc, ID1, NULL) == 9.9); /* a document ... */
        assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
        assert_int_equal(info.cache, MC_CACHE_MISS);
        assert_true(info.flags & MC_FLAG_CORRUPT);
        assert_true(fixture_rating(f.b, ID1, &info) == 1.0);
        assert_int_equal(info.cache, MC_CACHE_HIT);
        assert_true(fixture_rating(t.mc, ID2, NULL) == -1); /* ... that there is none ... */
        assert_true(fixture_rating(f.a, ID2, &info) == 2.0);
        assert_int_equal(by_title(t.mc, "Three", NULL), MC_NOT_FOUND); /* ... a title that nobody has ... */
        assert_int_equal(by_title(f.a, "Three", &info), MC_OK);
        assert_int_equal(info.cache, MC_CACHE_MISS);
        assert_int_equal(by_title(f.b, "Three", &info), MC_OK);
        assert_int_equal(info.cache, MC_CACHE_HIT);
        assert_int_equal(mc_put(t.mc, "k", "forged", 6, 60000, NULL, NULL), MC_OK); /* ... a value ... */
        assert_int_equal(mc_get(f.a, "k", &out, NULL, NULL, NULL), MC_NOT_FOUND);
        is_value(f.a, "true", "true");
        is_value(f.b, "other", "true");
        free(fixture_redis(&f, "DEL", "mfc:v:mflix:kv:{k}", NULL));
        free(fixture_redis(&f, "SET", "mflix:kv:{k}", "forged", NULL)); /* ... without metadata */
        assert_int_equal(mc_get(f.a, "k", &out, NULL, NULL, NULL), MC_NOT_FOUND);
        is_value(f.a, "true", "true");
        is_value(f.b, "other", "true");
        free(fixture_redis(&f, "DEL", "mfc:v:mflix:kv:{k}", NULL));
        free(fixture_redis(&f, "SET", "mflix:kv:{k}", "", NULL));
        is_value(f.a, "true", "true");
        free(
            fixture_redis(&f, "COPY", "mflix:movie:{" ID1 "}", "mflix:movie:{" ID3 "}", "REPLACE", NULL)); /* another id's */
        assert_true(fixture_rating(f.a, ID3, &info) == 3.0);
        tenant_close(&t);
    }
}

/* The key is changed while processes run: nobody misses, and when the old one is gone its values are misses. */
static void test_rotation(void **state)
{
    (void)state;
    mc_info info;
    fixture_reset(&f);
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0); /* by the old key */
    assert_int_equal(by_title(f.a, "Two", NULL), MC_OK);
    is_value(f.a, "v", "v");
    /* 1: every process learns to read the new one. */
    mc_client *reads_both = fixture_open(&f, "cache.key", KEY, "cache.key_old", NEXT, NULL);
    /* 2: every process writes the new one. */
    mc_client *writes_new = fixture_open(&f, "cache.key", NEXT, "cache.key_old", KEY, NULL);
    assert_true(fixture_rating(writes_new, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(by_title(writes_new, "Two", &info), MC_OK);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    is_value(writes_new, "other", "v");
    assert_true(fixture_rating(writes_new, ID3, &info) == 3.0);
    assert_true(fixture_rating(reads_both, ID3, &info) == 3.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    /* 3: the old one is forgotten. */
    mc_client *only_new = fixture_open(&f, "cache.key", NEXT, NULL);
    assert_true(fixture_rating(only_new, ID3, &info) == 3.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_true(fixture_rating(only_new, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_int_equal(mc_close(reads_both), MC_OK);
    assert_int_equal(mc_close(writes_new), MC_OK);
    assert_int_equal(mc_close(only_new), MC_OK);
}

static void test_options(void **state)
{
    (void)state;
    mc_error err;
    char shown[600];
    mc_client *mc = NULL;
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.key", "s3cret", &err), MC_E_OPTION);
    assert_null(strstr(err.text, "s3cret"));
    assert_non_null(strstr(err.text, "32"));
    assert_int_equal(mc_options_set(o, "cache.key", KEY, &err), MC_OK);
    (void)mc_options_get(o, "cache.key", shown, sizeof shown, &err);
    assert_null(strstr(shown, "2233"));
    assert_int_equal(mc_options_set(o, "cache.key", "", &err), MC_OK);
    assert_int_equal(mc_options_set(o, "cache.key_old", KEY, &err), MC_OK);
    assert_int_equal(mc_options_set(o, "cache.uri", f.redis.uri, &err), MC_OK);
    mc_store table = memstore_table(&f.mem);
    assert_int_equal(mc_open_with_store(o, &table, &mc, &err), MC_E_OPTION);
    assert_non_null(strstr(err.text, "cache.key_old"));
    mc_options_free(o);
}

static int start_all(void **state)
{
    (void)state;
    fixture_start(&f, "cache.key", KEY, NULL);
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forgeries), cmocka_unit_test(test_rotation),
                                       cmocka_unit_test(test_options)};
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
