/* SPDX-License-Identifier: Apache-2.0 */
/* What is put into the cache by choice: answers of the snapshot (snapshot.fill), and written documents only where one was (write.fill). */
#include "actor.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY "price_list"
#define REDIS_KEY "mflix:kv:{" KEY "}"

static fixture f;
static char path[64];
static mc_client *mc; /* fills from the snapshot */
static mc_client *newer;

static mc_status load(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    (void)key;
    (void)deadline_ms;
    if (newer != NULL) /* while this load is under way another handle asks, and has the file alone */
        assert_int_equal(mc_get_or_load(newer, KEY, 0, NULL, NULL, (char **)user, NULL, NULL, NULL), MC_OK);
    return mc_value_sink_set(sink, "loaded", 6);
}

static const char *get_text(char at[128], mc_client *on, mc_load_fn fn, mc_info *info)
{
    char *out = NULL;
    char *seen = NULL;
    mc_status st = mc_get_or_load(on, KEY, 60000, fn, &seen, &out, NULL, info, NULL);
    (void)snprintf(at, 128, "%s", st == MC_OK ? out : st == MC_NOT_FOUND ? "" : mc_status_name(st));
    mc_free(out);
    mc_free(seen);
    return at;
}
#define get(on, fn, info) get_text((char[128]){0}, on, fn, info)

static void save(const char *value)
{
    mc_entry e = {KEY, value, strlen(value)};
    assert_int_equal(mc_save_snapshot(mc, &e, 1, NULL), MC_OK);
}

static void test_the_file_fills(void **state)
{
    (void)state;
    mc_info info;
    fixture_reset(&f);
    save("old");
    assert_string_equal(get(mc, NULL, &info), "old");
    assert_int_equal(info.tier, MC_TIER_SNAPSHOT);
    assert_int_equal(info.flags, MC_FLAG_STALE | MC_FLAG_FILLED);
    fixture_sleep_ms(5);
    assert_string_equal(get(f.a, load, &info), "old"); /* any handle: from Redis, and marked */
    assert_int_equal(info.tier, fixture_tier());
    assert_int_equal(info.flags, MC_FLAG_STALE);
    assert_true(info.age_ms >= 5); /* the file's age, not that of the fill */
    assert_int_equal(info.stale_bound_ms, info.age_ms);
    char *out = NULL;
    assert_int_equal(mc_get(f.a, KEY, &out, NULL, &info, NULL), MC_OK);
    mc_free(out);
    assert_int_equal(info.flags, MC_FLAG_STALE);
    if (!test_in_memory()) {
        long long ttl = fixture_redis_int(&f, "PTTL", REDIS_KEY, NULL);
        assert_true(ttl > 0 && ttl <= 33000); /* snapshot.fill_ttl_ms with jitter */
    }
    assert_int_equal(mc_put(f.a, KEY, "new", 3, 60000, NULL, NULL), MC_OK);
    assert_string_equal(get(mc, NULL, &info), "new");
    assert_int_equal(info.flags, 0);
}

/* Nothing is replaced: neither a value nor what a load under way is about to bring. */
static void test_the_file_replaces_nothing(void **state)
{
    (void)state;
    mc_info info;
    fixture_reset(&f);
    save("old");
    newer = mc;
    assert_string_equal(get(f.a, load, &info), "loaded");
    newer = NULL;
    assert_true(info.flags & MC_FLAG_FILLED);
    assert_string_equal(get(mc, NULL, &info), "loaded");
    assert_int_equal(info.flags, 0);
}

/* ---- write.fill --------------------------------------------------------------------------------------------------- */

static int is_filled(mc_client *on, double rating)
{
    mc_info info;
    mc_error err;
    assert_int_equal(mc_update_rating(on, ID1, rating, NULL, &info, &err), MC_OK);
    return (info.flags & MC_FLAG_FILLED) != 0;
}

static void refresh_only(const char *mode)
{
    mc_info info;
    fixture_reset(&f);
    mc_client *on = fixture_open(&f, "write.fill", "if_cached", "write.mode", mode, NULL);
    assert_int_equal(is_filled(on, 5.5), 0); /* nobody has read it */
    assert_true(fixture_rating(f.a, ID1, &info) == 5.5);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_int_equal(is_filled(on, 6.5), 1);
    assert_true(fixture_rating(f.a, ID1, &info) == 6.5);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_true(fixture_board_rating(f.a, ID1) == 6.5); /* the list is coherent either way */
    assert_int_equal(mc_invalidate(on, ID1, NULL, NULL), MC_OK);
    assert_int_equal(is_filled(on, 7.5), 0);
    assert_true(fixture_rating(f.b, ID1, &info) == 7.5);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    mc_close(on);
}

static void test_a_write_refreshes_what_is_cached(void **state)
{
    (void)state;
    refresh_only("safe");
    refresh_only("strict");
    fixture_reset(&f);
    assert_int_equal(is_filled(f.a, 5.5), 1); /* always, unless told otherwise */
}

static int start(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/mflix-fill-%d.json", (int)getpid());
    fixture_start(&f, NULL);
    mc = fixture_open(&f, "snapshot.path", path, "snapshot.fill", "true", "snapshot.fill_ttl_ms", "30000", NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mc_close(mc);
    fixture_stop(&f);
    (void)unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_file_fills),
        cmocka_unit_test(test_the_file_replaces_nothing),
        cmocka_unit_test(test_a_write_refreshes_what_is_cached),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
