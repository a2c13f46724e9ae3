/* SPDX-License-Identifier: Apache-2.0 */
/* mc_get_or_load(): each tier, each loss of a tier, one load for all that ask, and races of loads with puts and removals. */
#include "actor.h"
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY "processed_data:device7:2026-01-31"
#define REDIS_KEY "mflix:kv:{" KEY "}"

static fixture f;
static char path[64];
static mc_client *file_first; /* redis,snapshot,store */
static mc_client *file_last;  /* redis,store,snapshot */

/* The caller's database: one value for every key, with faults to order. */
typedef struct source {
    _Atomic int calls;
    _Atomic int arrived; /* threads of a crowd that are about to ask */
    const char *value;
    mc_status fail;
    int slow_ms;
    int crowd; /* threads to wait for, 0: nobody */
    mc_client *reenter;
    int silent; /* says MC_OK and gives nothing */
} source;

static source src;

static mc_status load(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    source *s = user;
    (void)atomic_fetch_add(&s->calls, 1);
    assert_string_equal(key, KEY);
    assert_true(deadline_ms > 0);
    /* As long as a test wants a crowd at the door, nobody is through before all of it has come. */
    for (int i = 0; i < 6000 && s->arrived < s->crowd; i++)
        fixture_sleep_ms(10);
    if (s->slow_ms > 0)
        fixture_sleep_ms(s->slow_ms);
    if (s->reenter != NULL)
        return mc_remove(s->reenter, "x", NULL, NULL);
    if (s->fail != MC_OK || s->silent)
        return s->fail;
    return mc_value_sink_set(sink, s->value, strlen(s->value));
}

static void start(void)
{
    mutate_reset();
    fixture_reset(&f);
    (void)unlink(path);
    src = (source){.value = "{\"mean\":21.5}"};
}

/* What a read gives, as text: "" for not found, "!" and the status for an error. */
static const char *get_text(char at[256], mc_client *mc, mc_info *info)
{
    char *out = NULL;
    size_t size = 0;
    mc_error err;
    mc_status st = mc_get_or_load(mc, KEY, 60000, load, &src, &out, &size, info, &err);
    if (st == MC_OK)
        (void)snprintf(at, 256, "%s", out);
    else if (st < 0)
        (void)snprintf(at, 256, "!%s", mc_status_name(st));
    mc_free(out);
    return at;
}
#define get(mc, info) get_text((char[256]){0}, mc, info)

static void save(const char *value)
{
    mc_entry e = {KEY, value, strlen(value)};
    assert_int_equal(mc_save_snapshot(file_first, &e, 1, NULL), MC_OK);
}

/* Redis is back: wait until the handle has noticed. */
static void redis_back(mc_client *mc)
{
    int ok = 0;
    srv_start_again(&f.redis);
    for (int i = 0; i < 200 && !ok; i++) {
        (void)mc_ping(mc, &ok, NULL, NULL);
        if (!ok)
            fixture_sleep_ms(20);
    }
    assert_true(ok);
}

static void test_miss_then_hit(void **state)
{
    (void)state;
    mc_info info;
    start();
    assert_string_equal(get(f.a, &info), src.value);
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_int_equal(info.flags, MC_FLAG_FILLED);
    assert_int_equal(info.store_calls, 1);
    assert_int_equal(info.stale_bound_ms, 0);
    char *raw = fixture_redis(&f, "GET", REDIS_KEY, NULL);
    assert_string_equal(raw, src.value); /* any Redis client can read it */
    free(raw);
    long long ttl = fixture_redis_int(&f, "PTTL", REDIS_KEY, NULL);
    assert_true(ttl > 50000 && ttl <= 66000); /* with jitter */
    src.value = "changed";
    fixture_sleep_ms(3);
    assert_string_equal(get(f.b, &info), "{\"mean\":21.5}");
    assert_int_equal(info.tier, fixture_tier());
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(info.redis_round_trips, 1);
    assert_true(info.age_ms > 0);
    assert_int_equal(info.stale_bound_ms, info.age_ms);
    assert_int_equal(src.calls, 1);
    char *out = NULL;
    size_t n = 0;
    assert_int_equal(mc_get(f.b, KEY, &out, &n, &info, NULL), MC_OK);
    assert_string_equal(out, "{\"mean\":21.5}");
    assert_true(info.age_ms > 0);
    mc_free(out);
}

static void test_not_found_is_remembered(void **state)
{
    (void)state;
    mc_info info;
    start();
    src.fail = MC_NOT_FOUND;
    assert_string_equal(get(f.a, &info), "");
    assert_int_equal(info.flags, MC_FLAG_FILLED);
    assert_string_equal(get(f.a, &info), "");
    assert_true(info.flags & MC_FLAG_NEGATIVE);
    assert_int_equal(src.calls, 1);
    assert_int_equal(mc_put(f.b, KEY, "now", 3, 0, NULL, NULL), MC_OK); /* and forgotten when it comes to be */
    assert_string_equal(get(f.a, NULL), "now");
    assert_int_equal(mc_get(f.a, "other", &(char *){NULL}, NULL, NULL, NULL), MC_NOT_FOUND);
}

/* The seed of it all: Redis, then the file, then the source, then a clear error, then all is well again. */
static void test_tiers_fall_away(void **state)
{
    (void)state;
    mc_info info;
    mc_error err;
    char *out = NULL;
    start();
    save("from the file");
    assert_int_equal(mc_put(file_first, KEY, "from redis", 10, 60000, NULL, NULL), MC_OK);
    assert_string_equal(get(file_first, &info), "from redis");
    assert_int_equal(info.tier, fixture_tier());

    srv_kill(&f.redis);
    assert_string_equal(get(file_first, &info), "from the file");
    assert_int_equal(info.tier, MC_TIER_SNAPSHOT);
    assert_int_equal(info.cache, MC_CACHE_BYPASS);
    assert_int_equal(info.flags, MC_FLAG_STALE | MC_FLAG_REDIS_DOWN);
    assert_true(info.age_ms >= 0);
    assert_int_equal(info.stale_bound_ms, info.age_ms);
    assert_int_equal(src.calls, 0);

    assert_int_equal(unlink(path), 0);
    assert_string_equal(get(file_first, &info), "{\"mean\":21.5}");
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_int_equal(info.flags, MC_FLAG_REDIS_DOWN);
    assert_int_equal(src.calls, 1);

    src.fail = MC_E_STORE;
    assert_int_equal(mc_get_or_load(file_first, KEY, 0, load, &src, &out, NULL, &info, &err), MC_E_STORE);
    assert_null(out);
    assert_int_equal(err.tier, MC_TIER_STORE);
    assert_non_null(strstr(err.text, KEY));
    assert_int_equal(info.stale_bound_ms, -1);
    assert_int_equal(mc_get_or_load(file_first, KEY, 0, NULL, NULL, &out, NULL, &info, &err), MC_E_CACHE); /* no loader */

    src.fail = MC_OK;
    redis_back(file_first);
    assert_string_equal(get(file_first, &info), "{\"mean\":21.5}");
    assert_int_equal(info.flags, MC_FLAG_FILLED);
    assert_string_equal(get(file_first, &info), "{\"mean\":21.5}");
    assert_int_equal(info.tier, fixture_tier());
    assert_int_equal(src.calls, 3);
    redis_back(f.a);
    redis_back(f.b);
}

static void test_the_file_does_not_fill(void **state)
{
    (void)state;
    mc_info info;
    mc_stats stats;
    start();
    save("old");
    assert_string_equal(get(file_first, &info), "old"); /* Redis is there and has nothing: by this order the file is next */
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_int_equal(info.flags, MC_FLAG_STALE);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", REDIS_KEY, NULL), 0);
    assert_string_equal(get(file_last, &info), "{\"mean\":21.5}"); /* by that one the source */
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_string_equal(get(file_first, &info), "{\"mean\":21.5}");
    assert_int_equal(info.tier, fixture_tier());
    assert_int_equal(mc_get_stats(file_first, &stats), MC_OK);
    assert_true(stats.snapshot_hits > 0);
}

static void test_the_file_is_the_last_resort(void **state)
{
    (void)state;
    mc_info info;
    start();
    save("old");
    src.fail = MC_E_STORE;
    assert_string_equal(get(file_last, &info), "old");
    assert_int_equal(info.flags, MC_FLAG_STALE);
    src.fail = MC_NOT_FOUND; /* the source's "not found" counts more than an old file */
    assert_string_equal(get(file_last, &info), "");
    src.fail = MC_E_STORE;
    assert_int_equal(mc_remove(file_last, KEY, NULL, NULL), MC_NOT_FOUND); /* forgets that, too */
    FILE *bad = fopen(path, "w");
    assert_true(bad != NULL && fputs("{", bad) >= 0 && fclose(bad) == 0);
    assert_string_equal(get(file_last, &info), "old"); /* as it was read before */
    mc_client *fresh = fixture_open(&f, "snapshot.path", path, "read.tiers", "redis,store,snapshot", NULL);
    assert_string_equal(get(fresh, &info), "!MC_E_STORE");
    mc_stats stats;
    assert_int_equal(mc_get_stats(fresh, &stats), MC_OK);
    assert_int_equal(stats.snapshot_errors, 1);
    assert_int_equal(mc_load_snapshot(fresh, NULL, NULL, NULL), MC_E_JSON);
    mc_close(fresh);
}

static void test_too_old_a_file(void **state)
{
    (void)state;
    mc_info info;
    start();
    mc_client *mc = fixture_open(&f, "snapshot.path", path, "snapshot.max_age_ms", "60000", NULL);
    assert_int_equal(mc_set_clock(mc, 1700000000000), MC_OK);
    mc_entry e = {KEY, "old", 3};
    assert_int_equal(mc_save_snapshot(mc, &e, 1, NULL), MC_OK);
    assert_int_equal(mc_set_clock(mc, 1700000060000), MC_OK);
    assert_string_equal(get(mc, &info), "old");
    assert_int_equal(info.age_ms, 60000);
    assert_int_equal(mc_set_clock(mc, 1700000060001), MC_OK);
    assert_string_equal(get(mc, &info), "{\"mean\":21.5}");
    mc_close(mc);
}

static mc_status load_named(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    (void)deadline_ms;
    (void)atomic_fetch_add(&((source *)user)->calls, 1);
    if (strcmp(key, "none") == 0)
        return MC_NOT_FOUND;
    if (strcmp(key, "bad") == 0)
        return MC_E_STORE;
    return mc_value_sink_set(sink, key, strlen(key));
}

static void test_many_keys(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "none", "b", "bad", "a", "file"};
    char *out[6];
    size_t sizes[6];
    mc_status st[6];
    mc_info infos[6];
    mc_error err;
    start();
    mc_entry e = {"file", "old", 3};
    assert_int_equal(mc_save_snapshot(file_first, &e, 1, NULL), MC_OK);
    for (int round = 0; round < 3; round++) {
        if (round == 2)
            srv_kill(&f.redis);
        src.calls = 0;
        assert_int_equal(mc_get_many_or_load(file_first, keys, 6, 0, load_named, &src, out, sizes, st, infos, &err), MC_OK);
        const mc_status want[] = {MC_OK, MC_NOT_FOUND, MC_OK, MC_E_STORE, MC_OK, MC_OK};
        for (int i = 0; i < 6; i++) {
            assert_int_equal(st[i], want[i]);
            if (want[i] == MC_OK)
                assert_string_equal(out[i], i == 5 ? "old" : keys[i]);
            else
                assert_null(out[i]);
            assert_int_equal(sizes[i], out[i] == NULL ? 0 : strlen(out[i]));
            mc_free(out[i]);
            assert_true(round == 2 || test_in_memory() || infos[i].redis_round_trips >= 1);
        }
        assert_int_equal(err.code, MC_E_STORE);
        assert_non_null(strstr(err.text, "bad"));
        assert_int_equal(infos[5].tier, MC_TIER_SNAPSHOT);
        assert_int_equal(src.calls, round == 0 ? 4 : round == 1 ? 1 : 5); /* "a" twice: loaded once, unless Redis is away */
        if (round == 1) {
            assert_int_equal(infos[0].cache, MC_CACHE_HIT);
            assert_int_equal(infos[0].redis_round_trips, test_in_memory() ? 0 : 1);
            assert_true(infos[1].flags & MC_FLAG_NEGATIVE);
        }
        if (round == 2)
            assert_int_equal(infos[0].flags, MC_FLAG_REDIS_DOWN);
    }
    redis_back(file_first);
    redis_back(f.a);
    redis_back(f.b);
    const char *wrong[] = {"a", "b c"};
    assert_int_equal(mc_get_many_or_load(f.a, wrong, 2, 0, NULL, NULL, out, sizes, st, NULL, &err), MC_E_ARG);
    assert_non_null(strstr(err.text, "keys[1]"));
    assert_int_equal(mc_get_many_or_load(f.a, keys, 1001, 0, NULL, NULL, out, sizes, st, NULL, &err), MC_E_RANGE);
    assert_int_equal(mc_get_many_or_load(f.a, keys, 1, 0, NULL, NULL, out, NULL, st, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_get_many_or_load(f.a, keys, 1, -1, NULL, NULL, out, sizes, st, NULL, &err), MC_E_RANGE);
    assert_int_equal(mc_get_many_or_load(f.a, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, &err), MC_OK);
    assert_int_equal(mc_get_many_or_load(f.a, keys + 1, 1, 0, NULL, NULL, out, sizes, st, NULL, &err), MC_OK);
    assert_int_equal(st[0], MC_NOT_FOUND);
}

/* ---- one load for all --------------------------------------------------------------------------------------------- */

#define THREADS 100

static mc_client *crowd_on[2];
static _Atomic int right, shared, wrong;

static void *one_of_many(void *arg)
{
    mc_info info;
    (void)atomic_fetch_add(&src.arrived, 1);
    const char *got = get(arg, &info);
    (void)atomic_fetch_add(strcmp(got, "{\"mean\":21.5}") == 0 ? &right : &wrong, 1);
    if (info.flags & MC_FLAG_SHARED)
        (void)atomic_fetch_add(&shared, 1);
    return NULL;
}

static void crowd(void)
{
    pthread_t t[THREADS];
    right = wrong = shared = 0;
    src.arrived = 0;
    src.crowd = THREADS; /* then slow_ms for the last of them to reach the door */
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, one_of_many, crowd_on[i % 2]), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
    src.crowd = 0;
}

static void test_a_hundred_requests_one_query(void **state)
{
    (void)state;
    start();
    src.slow_ms = 150;
    crowd_on[0] = f.a;
    crowd_on[1] = f.b; /* two handles are two processes */
    crowd();
    assert_int_equal(src.calls, 1);
    assert_int_equal(right, THREADS);

    start(); /* the safeguard taken away: everybody is given a lease */
    src.slow_ms = 150;
    mutate_script("string_acquire", "if holder and holder ~= ARGV[1] then", "if false then");
    crowd();
    assert_breaks(src.calls <= 1);
}

static void test_a_failed_load_fails_for_all(void **state)
{
    (void)state;
    start();
    src.slow_ms = 400;
    src.fail = MC_E_STORE;
    crowd_on[0] = crowd_on[1] = f.a;
    crowd();
    assert_int_equal(wrong, THREADS);
    assert_true(src.calls < THREADS / 2); /* those who came after it had ended tried again; alone each would */
    src.fail = MC_OK;
    src.slow_ms = 0;
    assert_string_equal(get(f.a, NULL), src.value); /* and the lease is free */
}

static void test_one_query_without_redis(void **state)
{
    (void)state;
    start();
    mc_client *mc = fixture_open(&f, "read.tiers", "store", NULL);
    crowd_on[0] = crowd_on[1] = mc;
    for (int i = 0; i < 4; i++) { /* a machine that is busy may need longer for all to reach the door */
        src.calls = 0;
        src.slow_ms = 400 << i;
        crowd();
        assert_int_equal(right, THREADS);
        assert_int_equal(shared, THREADS - src.calls);
        if (src.calls < THREADS / 2)
            break;
    }
    assert_true(src.calls < THREADS / 2);
    mc_close(mc);
}

/* ---- races -------------------------------------------------------------------------------------------------------- */

static void load_a(void *arg)
{
    (void)arg;
    (void)get(f.a, NULL);
}

/* A put or a removal while a load is between source and Redis: what was loaded before may not be stored after. */
static int newer_stays(int put)
{
    actor x;
    actor_start(&x, load_a, NULL, "kv:loaded");
    assert_true(actor_wait(&x));
    src.value = "newer";
    if (put)
        assert_int_equal(mc_put(f.b, KEY, "newer", 5, 60000, NULL, NULL), MC_OK);
    else
        (void)mc_remove(f.b, KEY, NULL, NULL);
    actor_join(&x);
    return strcmp(get(f.b, NULL), "newer") == 0;
}

static void test_load_and_put(void **state)
{
    (void)state;
    for (int put = 0; put < 2; put++) {
        start();
        assert_true(newer_stays(put));
    }
    start();
    mutate_script("string_set", "if redis.call('GET', KEYS[3]) ~= ARGV[2] then", "if false then");
    assert_breaks(newer_stays(0));
}

/* Another client's own SET while a load is under way is newer than what was loaded. */
static void test_load_and_another_client(void **state)
{
    (void)state;
    start();
    actor x;
    actor_start(&x, load_a, NULL, "kv:loaded");
    assert_true(actor_wait(&x));
    free(fixture_redis(&f, "SET", REDIS_KEY, "theirs", "PX", "60000", NULL));
    actor_join(&x);
    mc_info info;
    assert_string_equal(get(f.b, &info), "theirs");
    assert_int_equal(info.stale_bound_ms, -1); /* nobody knows how old it is */
}

/* ---- what is in Redis ----------------------------------------------------------------------------------------- */

static void test_corrupt_values(void **state)
{
    (void)state;
    mc_info info;
    start();
    assert_string_equal(get(f.a, NULL), src.value);
    free(fixture_redis(&f, "SETRANGE", REDIS_KEY, "3", "X", NULL)); /* the metadata is not the value's any more */
    assert_string_equal(get(f.a, &info), src.value);
    assert_int_equal(info.flags, MC_FLAG_CORRUPT | MC_FLAG_FILLED);
    assert_string_equal(get(f.a, &info), src.value);
    assert_int_equal(info.tier, fixture_tier());
    free(fixture_redis(&f, "SET", "mfc:v:" REDIS_KEY, "rubbish", NULL));
    assert_string_equal(get(f.a, &info), src.value);
    assert_true(info.flags & MC_FLAG_CORRUPT);
    free(fixture_redis(&f, "DEL", REDIS_KEY, NULL)); /* evicted, its metadata left behind */
    assert_string_equal(get(f.a, &info), src.value);
    assert_int_equal(info.flags, MC_FLAG_FILLED);
    free(fixture_redis(&f, "DEL", REDIS_KEY, NULL));
    free(fixture_redis(&f, "LPUSH", REDIS_KEY, "a", NULL));
    free(fixture_redis(&f, "DEL", "mfc:v:" REDIS_KEY, NULL));
    free(fixture_redis(&f, "LPUSH", "mfc:v:" REDIS_KEY, "a", NULL));
    assert_string_equal(get(f.a, &info), src.value); /* keys of another type */
    assert_true(info.flags & MC_FLAG_FILLED);
    free(fixture_redis(&f, "DEL", REDIS_KEY, NULL));
    free(fixture_redis(&f, "PERSIST", "mfc:v:" REDIS_KEY, NULL));
    assert_string_equal(get(f.a, &info), src.value);
    free(fixture_redis(&f, "PERSIST", REDIS_KEY,
                       NULL)); /* another client made it immortal: the deadline is in the metadata */
    free(fixture_redis(&f, "PERSIST", "mfc:v:" REDIS_KEY, NULL));
    assert_int_equal(mc_set_clock(f.a, INT64_C(4102444800000)), MC_OK);
    assert_string_equal(get(f.a, &info), src.value);
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_int_equal(mc_set_clock(f.a, 0), MC_OK);
}

static void test_full_redis(void **state)
{
    (void)state;
    mc_info info;
    start();
    free(fixture_redis(&f, "CONFIG", "SET", "maxmemory", "1", NULL));
    assert_string_equal(get(f.a, &info), src.value);
    assert_int_equal(info.flags & MC_FLAG_FILLED, 0);
    assert_string_equal(get(f.a, &info), src.value);
    assert_int_equal(mc_put(f.a, KEY, "x", 1, 0, NULL, NULL), MC_E_CACHE);
    free(fixture_redis(&f, "CONFIG", "SET", "maxmemory", "0", NULL));
    assert_string_equal(get(f.a, &info), src.value);
    assert_true(info.flags & MC_FLAG_FILLED);
}

/* ---- the loader --------------------------------------------------------------------------------------------------- */

static mc_status load_too_much(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    static char big[1100000];
    (void)key;
    (void)deadline_ms;
    mc_status st = mc_value_sink_set(sink, big, sizeof big);
    assert_int_equal(mc_value_sink_set(sink, NULL, 1), MC_E_ARG);
    return user != NULL ? mc_value_sink_set(sink, "better", 6) : (st == MC_E_TOOBIG ? MC_OK : st);
}

static void test_loaders_that_misbehave(void **state)
{
    (void)state;
    mc_error err;
    char *out = NULL;
    size_t n = 0;
    start();
    assert_int_equal(mc_get_or_load(f.a, KEY, 0, load_too_much, NULL, &out, &n, NULL, &err), MC_E_TOOBIG);
    assert_non_null(strstr(err.text, "value.max_bytes"));
    assert_null(out);
    assert_int_equal(mc_get_or_load(f.a, KEY, 0, load_too_much, &src, &out, &n, NULL, &err), MC_OK);
    assert_string_equal(out, "better"); /* a second value replaces the first */
    mc_free(out);
    start();
    src.silent = 1;
    assert_int_equal(mc_get_or_load(f.a, KEY, 0, load, &src, &out, &n, NULL, &err), MC_E_STORE);
    assert_non_null(strstr(err.text, "gave no value"));
    src.silent = 0;
    src.fail = 77;
    assert_int_equal(mc_get_or_load(f.a, KEY, 0, load, &src, &out, &n, NULL, &err), MC_E_STORE);
    src.fail = MC_OK;
    src.reenter = f.a;
    assert_int_equal(mc_get_or_load(f.a, KEY, 0, load, &src, &out, &n, NULL, &err), MC_E_REENTRANT);
    src.reenter = NULL;
    src.value = "";
    assert_int_equal(mc_get_or_load(f.a, KEY, 0, load, &src, &out, &n, NULL, &err), MC_OK);
    assert_int_equal(n, 0);
    assert_string_equal(out, "");
    mc_free(out);
    assert_string_equal(get(f.a, NULL), "");
    assert_int_equal(src.calls, 4);
    assert_int_equal(mc_value_sink_set(NULL, "", 0), MC_E_ARG);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    mc_error err;
    char *out = NULL;
    static char big[1048577];
    start();
    assert_int_equal(mc_get_or_load(f.a, KEY, 0, load, &src, NULL, NULL, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_get_or_load(f.a, NULL, 0, load, &src, &out, NULL, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_get_or_load(f.a, "a b", 0, load, &src, &out, NULL, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_get_or_load(f.a, KEY, -1, load, &src, &out, NULL, NULL, &err), MC_E_RANGE);
    assert_int_equal(mc_get_or_load(f.a, KEY, INT64_C(31536000001), load, &src, &out, NULL, NULL, &err), MC_E_RANGE);
    mc_entry e[3] = {{"a", "1", 1}, {"b", NULL, 0}, {"c}", "", 0}};
    mc_status st[3];
    assert_int_equal(mc_put_many(f.a, e, 3, 0, st, NULL, &err), MC_E_ARG);
    assert_non_null(strstr(err.text, "entries[2]"));
    assert_int_equal(st[0], MC_E_ARG); /* none was set */
    assert_int_equal(fixture_redis_int(&f, "EXISTS", "mflix:kv:{a}", NULL), 0);
    assert_int_equal(mc_put_many(f.a, e, 0, 0, st, NULL, &err), MC_E_RANGE);
    assert_int_equal(mc_put_many(f.a, e, 1001, 0, NULL, NULL, &err), MC_E_RANGE);
    assert_int_equal(mc_put_many(f.a, NULL, 1, 0, st, NULL, &err), MC_E_ARG);
    e[2] = (mc_entry){"c", big, sizeof big};
    assert_int_equal(mc_put_many(f.a, e, 3, 0, st, NULL, &err), MC_E_TOOBIG);
    e[2] = (mc_entry){"c", NULL, 1};
    assert_int_equal(mc_put_many(f.a, e, 3, 0, st, NULL, &err), MC_E_ARG);
    mc_info info;
    assert_int_equal(mc_put_many(f.a, e, 2, 0, st, &info, &err), MC_OK);
    assert_int_equal(info.redis_round_trips - 1 <= 1, 1); /* one exchange, and one more when Redis did not know the script */
    assert_int_equal(st[0] + st[1], MC_OK);
    assert_int_equal(mc_save_snapshot(f.a, e, 2, &err), MC_E_OPTION); /* no snapshot.path */
    assert_int_equal(mc_load_snapshot(f.a, NULL, NULL, &err), MC_E_OPTION);
    assert_int_equal(mc_save_snapshot(file_first, NULL, 2, &err), MC_E_ARG);
    assert_int_equal(mc_save_snapshot(file_first, e, 1000001, &err), MC_E_RANGE);
    assert_int_equal(mc_save_snapshot(file_first, e, 3, &err), MC_E_ARG);
    assert_int_equal(mc_set_clock(f.a, -1), MC_E_RANGE);
    assert_int_equal(mc_set_clock(f.a, INT64_MAX), MC_E_RANGE); /* a TTL is added to it */
    assert_int_equal(src.calls, 0);
}

/* ---- what it is worth --------------------------------------------------------------------------------------------- */

/* An hour of one request a second, values that live for 60 s, and a producer every 5 minutes: queries of the source. */
static int queries_in_one_hour(mc_client *producer, mc_client *reader)
{
    int64_t t = INT64_C(1700000000000);
    start();
    for (int s = 0; s < 3600; s++, t += 1000) {
        assert_int_equal(mc_set_clock(producer, t), MC_OK);
        assert_int_equal(mc_set_clock(reader, t), MC_OK);
        if (s % 300 == 0) {
            char value[32];
            (void)snprintf(value, sizeof value, "run %d", s / 300);
            mc_entry e = {KEY, value, strlen(value)};
            (void)atomic_fetch_add(&src.calls, 1); /* it asks the source as well */
            assert_int_equal(mc_put_many(producer, &e, 1, 60000, NULL, NULL, NULL), MC_OK);
            assert_int_equal(mc_save_snapshot(producer, &e, 1, NULL), MC_OK);
        }
        assert_int_not_equal(get(reader, NULL)[0], '!');
    }
    assert_int_equal(mc_set_clock(producer, 0), MC_OK);
    assert_int_equal(mc_set_clock(reader, 0), MC_OK);
    return src.calls;
}

static void test_load_of_the_source(void **state)
{
    (void)state;
    int first = queries_in_one_hour(file_first, file_first);
    int last = queries_in_one_hour(file_first, file_last);
    print_message("3600 requests in an hour: %d queries with redis,snapshot,store, %d with redis,store,snapshot\n", first,
                  last);
    assert_int_equal(first, 12); /* the producer's alone */
    assert_true(last < 3600 / 20);
    mc_client *none = fixture_open(&f, "read.tiers", "store", NULL);
    assert_int_equal(queries_in_one_hour(file_first, none), 3612);
    mc_close(none);
}

int main(void)
{
    (void)snprintf(path, sizeof path, "/tmp/mflix-values-%ld.json", (long)getpid());
    /* On a busy machine a hundred threads take their time: nobody's patience with the load, or with Redis, may end before
     * the one load does. */
    fixture_start(&f, "read.lease_ms", "20000", "call.timeout_ms", "30000", "cache.timeout_ms", "20000",
                  "cache.connect_timeout_ms", "20000", NULL);
    file_first = fixture_open(&f, "snapshot.path", path, NULL);
    file_last = fixture_open(&f, "snapshot.path", path, "read.tiers", "redis,store,snapshot", NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_miss_then_hit),
        cmocka_unit_test(test_not_found_is_remembered),
        cmocka_unit_test(test_tiers_fall_away),
        cmocka_unit_test(test_the_file_does_not_fill),
        cmocka_unit_test(test_the_file_is_the_last_resort),
        cmocka_unit_test(test_too_old_a_file),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_a_hundred_requests_one_query),
        cmocka_unit_test(test_a_failed_load_fails_for_all),
        cmocka_unit_test(test_one_query_without_redis),
        cmocka_unit_test(test_load_and_put),
        cmocka_unit_test(test_load_and_another_client),
        cmocka_unit_test(test_corrupt_values),
        cmocka_unit_test(test_full_redis),
        cmocka_unit_test(test_loaders_that_misbehave),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_load_of_the_source),
    };
    int failed = cmocka_run_group_tests_name("values", tests, NULL, NULL);
    mc_close(file_first);
    mc_close(file_last);
    fixture_stop(&f);
    (void)unlink(path);
    return failed;
}
