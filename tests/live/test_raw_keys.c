/* SPDX-License-Identifier: Apache-2.0 */
/* values.raw_keys: the keys are Redis' own names, and what any other client writes under them is the newest value there is. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY "processed_data:device7:2026-01-31"
#define METADATA "mfc:v:raw:{" KEY "}"

static fixture f;
static int loads;
static const char *loaded;
static const char *foreign; /* what another client sets while the load is under way */

static mc_status load(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    (void)user;
    (void)deadline_ms;
    loads++;
    if (foreign != NULL)
        free(fixture_redis(&f, "SET", key, foreign, NULL));
    return loaded != NULL ? mc_value_sink_set(sink, loaded, strlen(loaded)) : MC_NOT_FOUND;
}

static void begin(void)
{
    fixture_reset(&f);
    loads = 0;
    loaded = "ours";
    foreign = NULL;
}

/* What a read gives, "" for not found, "!" and the status for an error. */
static const char *get_text(char at[128], mc_client *mc, const char *key, mc_load_fn fn, mc_info *info)
{
    char *out = NULL;
    mc_status st = mc_get_or_load(mc, key, 60000, fn, NULL, &out, NULL, info, NULL);
    (void)snprintf(at, 128, "%s%s", st < 0 ? "!" : "", st == MC_OK ? out : st < 0 ? mc_status_name(st) : "");
    mc_free(out);
    return at;
}
#define get(fn, info) get_text((char[128]){0}, f.a, KEY, fn, info)

static void set(const char *key, const char *value)
{
    free(fixture_redis(&f, "SET", key, value, NULL));
}

static void test_names_to_the_letter(void **state)
{
    (void)state;
    char *out = NULL;
    begin();
    assert_int_equal(mc_put(f.a, KEY, "v", 1, 60000, NULL, NULL), MC_OK);
    char *raw = fixture_redis(&f, "GET", KEY, NULL);
    assert_string_equal(raw, "v");
    free(raw);
    long long ttl = fixture_redis_int(&f, "PTTL", KEY, NULL);
    assert_true(ttl > 0 && ttl <= 60000);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", METADATA, NULL), 1);
    set("theirs", "t");
    assert_int_equal(mc_get(f.a, "theirs", &out, NULL, NULL, NULL), MC_OK);
    assert_string_equal(out, "t");
    mc_free(out);
    assert_int_equal(mc_remove(f.a, KEY, NULL, NULL), MC_OK);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", KEY, METADATA, NULL), 0);
}

/* Of every key and of what is kept beside it Redis Cluster has to say the same slot. */
static void test_one_slot(void **state)
{
    (void)state;
    static const char *const keys[][2] = {{"plain", "mfc:v:raw:{plain}"},
                                          {"a:{tag}:b", "mfc:v:tag:a:{tag}:b"},
                                          {"{t}", "mfc:v:tag:{t}"},
                                          {"open{", "mfc:v:raw:{open{}"},
                                          {"t", "mfc:v:raw:{t}"}};
    begin();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_int_equal(mc_put(f.a, keys[i][0], "v", 1, 60000, NULL, NULL), MC_OK);
        assert_int_equal(fixture_redis_int(&f, "EXISTS", keys[i][0], keys[i][1], NULL), 2);
    }
}

/* Titles are keys, too, with any braces in any place: none is another's, and all keys of one lie in one slot. */
static void test_titles_with_braces(void **state)
{
    (void)state;
    static const char *const titles[] = {"}", "}x", "%}x", "%%}x", "{}", "{}x", "%", "x}", "{x}", "%7D"};
    const size_t n = sizeof titles / sizeof titles[0];
    begin();
    for (size_t i = 0; i < n; i++) {
        char json[200];
        snprintf(json, sizeof json, "{\"_id\":{\"$oid\":\"573a1390f29313caabce00%02zx\"},\"title\":\"%s\"}", i, titles[i]);
        assert_int_equal(mc_create_movie(f.a, json, strlen(json), NULL, NULL, NULL), MC_OK);
    }
    for (size_t i = 0; i < 2 * n; i++) {
        char id[25];
        mc_info info;
        const mc_movie *m = NULL;
        snprintf(id, sizeof id, "573a1390f29313caabce00%02zx", i % n);
        assert_int_equal(mc_get_movie_by_title(f.b, titles[i % n], &m, &info, NULL), MC_OK);
        assert_string_equal(mc_movie_id(m), id);
        mc_movie_unref(m);
        if (info.flags != 0 || (i >= n && info.cache != MC_CACHE_HIT))
            fail_msg("%s: flags %x, cache %d", titles[i % n], (unsigned)info.flags, (int)info.cache);
        if (i >= n)
            assert_int_equal(mc_delete_movie(f.b, id, &info, NULL), MC_OK);
        assert_int_equal(info.flags, 0);
    }
}

static void test_refused_keys(void **state)
{
    (void)state;
    static const char *const keys[] = {"a}b", "{}x", "mfc:v:x", "mflix:movie:x", "a b", "x{}y{z}"};
    mc_error err;
    begin();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_int_equal(mc_put(f.a, keys[i], "v", 1, 0, NULL, &err), MC_E_ARG);
    mc_client *usual = fixture_open(&f, NULL);
    assert_int_equal(mc_put(usual, "a{b}", "v", 1, 0, NULL, &err), MC_E_ARG);
    mc_close(usual);
    mc_options *o = mc_options_new();
    mc_client *mc = NULL;
    assert_int_equal(mc_options_set(o, "values.raw_keys", "true", &err), MC_OK);
    assert_int_equal(mc_options_set(o, "cache.key", "00112233445566778899aabbccddeeff", &err), MC_OK);
    assert_int_equal(mc_open(o, &mc, &err), MC_E_OPTION);
    assert_non_null(strstr(err.text, "values.raw_keys"));
    mc_options_free(o);
}

static void test_a_foreign_overwrite_is_the_newest_value(void **state)
{
    (void)state;
    mc_info info;
    for (int with = 0; with < 2; with++) {
        mc_load_fn fn = with ? load : NULL;
        begin();
        assert_int_equal(mc_put(f.a, KEY, "of ours", 7, 60000, NULL, NULL), MC_OK);
        set(KEY, "of another");
        assert_string_equal(get(fn, &info), "of another");
        assert_int_equal(info.cache, MC_CACHE_HIT);
        assert_int_equal(info.flags, 0);
        assert_int_equal(info.stale_bound_ms, -1);
        assert_int_equal(fixture_redis_int(&f, "PTTL", KEY, NULL), -1); /* its own TTL: none */
        assert_int_equal(mc_put(f.a, KEY, "of ours", 7, 60000, NULL, NULL), MC_OK);
        assert_string_equal(get(fn, &info), "of ours");
        assert_true(info.stale_bound_ms >= 0);
        set(KEY, ""); /* nothing at all is a value too */
        assert_string_equal(get(fn, &info), "");
        assert_int_equal(info.cache, MC_CACHE_HIT);
        assert_int_equal(loads, 0);
    }
}

/* What Redis remembered as not there has come to be; and what another client took away is gone. */
static void test_foreign_creation_and_removal(void **state)
{
    (void)state;
    mc_info info;
    begin();
    loaded = NULL;
    assert_string_equal(get(load, &info), "");
    assert_string_equal(get(NULL, &info), "");
    assert_true(info.flags & MC_FLAG_NEGATIVE);
    set(KEY, "now");
    assert_string_equal(get(NULL, &info), "now");
    assert_int_equal(fixture_redis_int(&f, "DEL", KEY, NULL), 1);
    loaded = "again";
    assert_int_equal(mc_put(f.a, KEY, "ours", 4, 60000, NULL, NULL), MC_OK);
    assert_int_equal(fixture_redis_int(&f, "DEL", KEY, NULL), 1);
    assert_string_equal(get(load, &info), "again");
    assert_true(info.flags & MC_FLAG_FILLED);
    assert_string_equal(get(load, &info), "again");
    assert_true(info.stale_bound_ms >= 0);
    assert_int_equal(loads, 2);
}

/* Metadata of another value's deadline or of no sense at all does not speak against what stands there. */
static void test_old_metadata_is_no_damage(void **state)
{
    (void)state;
    mc_info info;
    begin();
    assert_int_equal(mc_put(f.a, KEY, "same", 4, 5, NULL, NULL), MC_OK);
    set(KEY, "same"); /* the same bytes, and for ever */
    free(fixture_redis(&f, "PERSIST", METADATA, NULL));
    fixture_sleep_ms(30);
    assert_string_equal(get(NULL, &info), "same");
    set(METADATA, "no metadata");
    assert_string_equal(get(load, &info), "same");
    assert_int_equal(info.stale_bound_ms, -1);
    assert_int_equal(loads, 0);
}

/* A value of another client comes while ours is loaded: it stays. */
static void test_a_load_does_not_replace_a_newer_value(void **state)
{
    (void)state;
    begin();
    foreign = "newer";
    assert_string_equal(get(load, NULL), "ours"); /* its load began before */
    assert_string_equal(get(load, NULL), "newer");
    assert_int_equal(loads, 1);
}

/* Too old for the reader: loaded anew and cached; but not at the price of what another client has written meanwhile. */
static void test_too_old(void **state)
{
    (void)state;
    mc_info info;
    begin();
    mc_client *mc = fixture_open(&f, "values.raw_keys", "true", "read.max_age_ms", "10", NULL);
    assert_int_equal(mc_put(mc, KEY, "old", 3, 60000, NULL, NULL), MC_OK);
    fixture_sleep_ms(30);
    assert_string_equal(get_text((char[128]){0}, mc, KEY, load, &info), "ours");
    assert_true(info.flags & MC_FLAG_FILLED);
    char *raw = fixture_redis(&f, "GET", KEY, NULL);
    assert_string_equal(raw, "ours");
    free(raw);
    fixture_sleep_ms(30);
    foreign = "newer";
    assert_string_equal(get_text((char[128]){0}, mc, KEY, load, &info), "ours");
    foreign = NULL;
    assert_string_equal(get_text((char[128]){0}, mc, KEY, load, &info), "newer");
    assert_int_equal(loads, 2);
    mc_close(mc);
}

/* A key of another type is somebody's: answered past it, and left as it is. */
static void test_another_type_is_left_alone(void **state)
{
    (void)state;
    begin();
    free(fixture_redis(&f, "RPUSH", KEY, "a", "b", NULL));
    assert_string_equal(get(load, NULL), "ours");
    assert_int_equal(fixture_redis_int(&f, "LLEN", KEY, NULL), 2);
    assert_int_equal(loads, 1);
}

static int start(void **state)
{
    (void)state;
    fixture_start(&f, "values.raw_keys", "true", NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_to_the_letter),
        cmocka_unit_test(test_one_slot),
        cmocka_unit_test(test_titles_with_braces),
        cmocka_unit_test(test_refused_keys),
        cmocka_unit_test(test_a_foreign_overwrite_is_the_newest_value),
        cmocka_unit_test(test_foreign_creation_and_removal),
        cmocka_unit_test(test_old_metadata_is_no_damage),
        cmocka_unit_test(test_a_load_does_not_replace_a_newer_value),
        cmocka_unit_test(test_too_old),
        cmocka_unit_test(test_another_type_is_left_alone),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
