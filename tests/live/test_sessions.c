/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: settings of their own over what they share, and reading what was written in another handle by a token. Two handles stand
 * for two processes: they share Redis and the database, and nothing else.
 */
#include "fixture.h"
#include "proxy.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static fixture f;
static proxy away; /* between `writer` and Redis */
static mc_client *writer;

static mc_client *session_of(mc_client *mc, const char *settings)
{
    mc_error err;
    mc_client *s = NULL;
    if (mc_session_open(mc, settings, &s, &err) != MC_OK)
        fail_msg("%s: %s", settings != NULL ? settings : "", err.text);
    assert_non_null(s);
    return s;
}

static void close_all(mc_client *a, mc_client *b)
{
    assert_int_equal(mc_close(a), MC_OK);
    assert_int_equal(mc_close(b), MC_OK);
}

static long long commands(void)
{
    return fixture_redis_stat(&f, "total_commands_processed");
}

/* ---- settings ------------------------------------------------------------------------------------------------------ */

static void test_opening_costs_no_exchange(void **state)
{
    (void)state;
    fixture_reset(&f);
    fixture_needs_one_server(&f);
    int finds = f.mem.finds;
    long long before = commands();
    for (int i = 0; i < 300; i++) /* and none is left behind: a process has 256 handles */
        assert_int_equal(mc_close(session_of(f.a, "call.timeout_ms=50 read.max_age_ms=1000 read.tiers=redis,store")), MC_OK);
    assert_int_equal(commands() - before, 2); /* the question itself, and the PING before it */
    assert_int_equal(f.mem.finds, finds);
}

static void test_own_tiers(void **state)
{
    (void)state;
    mc_info info;
    fixture_reset(&f);
    mc_client *past = session_of(f.a, "read.tiers=store");
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    assert_true(fixture_rating(past, ID1, &info) == 1.0);
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_int_equal(info.cache, MC_CACHE_NONE);
    assert_int_equal(info.redis_round_trips, 0);
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT); /* its handle is what it was */
    assert_int_equal(mc_update_rating(past, ID1, 6.0, NULL, NULL, NULL), MC_OK);
    assert_true(fixture_rating(f.b, ID1, NULL) == 6.0);         /* what it writes is coherent */
    mc_client *inner = session_of(past, "call.timeout_ms=900"); /* takes over what it does not name */
    assert_true(fixture_rating(inner, ID1, &info) == 6.0);
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_int_equal(mc_close(past), MC_OK);
    assert_true(fixture_rating(inner, ID1, NULL) == 6.0); /* it hangs on the handle, not on the session it was opened on */
    assert_int_equal(mc_close(inner), MC_OK);
}

/* Its deadline is its own: a database that stands still holds the session up for so long, not the handle's time. */
static void test_own_time_out(void **state)
{
    (void)state;
    mc_info info;
    const mc_movie *m = NULL;
    fixture_reset(&f);
    mc_client *slow = fixture_open(&f, "call.timeout_ms", "60000", NULL);
    mc_client *quick = session_of(slow, "call.timeout_ms=1 read.tiers=store");
    f.mem.slow_read_ms = 30; /* the callback does not look at its deadline; the call after it does */
    const char *ids[] = {ID1, ID2};
    const mc_movie *out[2];
    mc_status st[2];
    assert_int_equal(mc_get_movies(quick, ids, 2, out, st, NULL, NULL), MC_OK);
    assert_int_equal(st[1], MC_E_TIMEOUT);
    mc_movie_unref(out[0]);
    mc_movie_unref(out[1]);
    assert_int_equal(mc_get_movie(slow, ID2, &m, &info, NULL), MC_OK);
    mc_movie_unref(m);
    f.mem.slow_read_ms = 0;
    close_all(quick, slow);
}

static void test_greatest_age(void **state)
{
    (void)state;
    mc_info info;
    int64_t now = INT64_C(1800000000000);
    fixture_reset(&f);
    mc_client *mc = fixture_open(&f, NULL);
    mc_client *fresh = session_of(mc, "read.max_age_ms=5000");
    assert_int_equal(mc_set_clock(mc, now), MC_OK);
    assert_true(fixture_rating(mc, ID1, NULL) == 1.0);
    char json[512];
    fixture_json(json, ID1, "One", 7.0);
    memstore_put(&f.mem, "movies", ID1, json); /* by a program that knows nothing of the cache */
    assert_int_equal(mc_set_clock(mc, now + 4000), MC_OK);
    assert_true(fixture_rating(fresh, ID1, &info) == 1.0);
    assert_int_equal(info.age_ms, 4000);
    assert_int_equal(mc_set_clock(mc, now + 6000), MC_OK);
    assert_true(fixture_rating(mc, ID1, &info) == 1.0); /* the handle takes any age */
    assert_int_equal(info.age_ms, 6000);
    assert_true(fixture_rating(fresh, ID1, &info) == 7.0);
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_true(fixture_rating(mc, ID1, &info) == 7.0); /* and it was cached anew */
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(info.age_ms, 0);
    mc_client *none = session_of(mc, "read.max_age_ms=0");
    assert_true(fixture_rating(none, ID1, &info) == 7.0);
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_true(fixture_rating(mc, ID1, &info) == 7.0);
    assert_int_equal(info.cache, MC_CACHE_HIT); /* others still have it */
    assert_int_equal(mc_close(none), MC_OK);
    close_all(fresh, mc);
}

static int loads;

static mc_status load(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    (void)user;
    (void)key;
    (void)deadline_ms;
    loads++;
    return mc_value_sink_set(sink, "new", 3);
}

static void test_greatest_age_of_values(void **state)
{
    (void)state;
    char *value = NULL;
    mc_info info;
    int64_t now = INT64_C(1800000000000);
    fixture_reset(&f);
    mc_client *mc = fixture_open(&f, NULL);
    mc_client *fresh = session_of(mc, "read.max_age_ms=5000");
    assert_int_equal(mc_set_clock(mc, now), MC_OK);
    assert_int_equal(mc_put(mc, "k", "old", 3, 600000, NULL, NULL), MC_OK);
    assert_int_equal(mc_set_clock(mc, now + 6000), MC_OK);
    loads = 0;
    assert_int_equal(mc_get_or_load(mc, "k", 0, load, NULL, &value, NULL, &info, NULL), MC_OK);
    assert_string_equal(value, "old");
    mc_free(value);
    assert_int_equal(mc_get_or_load(fresh, "k", 0, NULL, NULL, &value, NULL, &info, NULL), MC_OK);
    assert_string_equal(value, "old"); /* nobody can give a newer one */
    mc_free(value);
    assert_int_equal(mc_get_or_load(fresh, "k", 0, load, NULL, &value, NULL, &info, NULL), MC_OK);
    assert_string_equal(value, "new");
    mc_free(value);
    assert_int_equal(loads, 1);
    assert_int_equal(mc_get_or_load(fresh, "k", 0, load, NULL, &value, NULL, &info, NULL), MC_OK);
    assert_string_equal(value, "new");
    mc_free(value);
    assert_int_equal(loads, 1);
    assert_int_equal(info.tier, fixture_tier());
    close_all(fresh, mc);
}

static void test_bad_settings(void **state)
{
    (void)state;
    static const struct {
        const char *settings;
        mc_status status;
        const char *named;
    } bad[] = {
        {"call.timeout_ms", MC_E_OPTION, "key=value"},
        {"call.timeout_ms=0", MC_E_RANGE, "call.timeout_ms"},
        {"call.timeout_ms=50 read.max_age_ms=-2", MC_E_RANGE, "read.max_age_ms"},
        {"read.tiers=redis", MC_E_OPTION, "read.tiers"},
        {"cache.prefix=x:", MC_E_OPTION, "cache.prefix"},
        {"nothing=1", MC_E_OPTION, "nothing"},
        {"=1", MC_E_OPTION, "call.timeout_ms"},
    };
    char longest[300];
    mc_error err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mc_client *s = f.a;
        assert_int_equal(mc_session_open(f.a, bad[i].settings, &s, &err), bad[i].status);
        assert_null(s);
        assert_non_null(strstr(err.text, bad[i].named));
    }
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    mc_client *s = NULL;
    assert_int_equal(mc_session_open(f.a, longest, &s, &err), MC_E_OPTION);
    assert_int_equal(mc_session_open(f.a, NULL, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_session_open(NULL, NULL, &s, &err), MC_E_ARG);
    close_all(session_of(f.a, NULL), session_of(f.a, "  call.timeout_ms=70   "));
}

/* ---- life ---------------------------------------------------------------------------------------------------------- */

static void test_closing(void **state)
{
    (void)state;
    mc_error err;
    const mc_movie *m = NULL;
    char *token = NULL;
    fixture_reset(&f);
    mc_client *mc = fixture_open(&f, NULL);
    mc_client *s = session_of(mc, NULL);
    mc_client *gone = session_of(mc, NULL);
    assert_int_equal(mc_close(gone), MC_OK);
    assert_int_equal(mc_close(gone), MC_E_CLOSED);
    assert_int_equal(mc_get_movie(gone, ID1, &m, NULL, &err), MC_E_CLOSED);
    assert_true(fixture_rating(mc, ID1, NULL) == 1.0); /* the handle is open */
    assert_true(fixture_rating(s, ID1, NULL) == 1.0);
    assert_int_equal(mc_close(mc), MC_OK);
    assert_int_equal(mc_get_movie(s, ID1, &m, NULL, &err), MC_E_CLOSED);
    assert_non_null(strstr(err.text, "session"));
    assert_int_equal(mc_session_token(s, &token, &err), MC_E_CLOSED);
    assert_int_equal(mc_session_open(s, NULL, &gone, &err), MC_E_CLOSED);
    mc_client *again = fixture_open(&f, NULL); /* in the same place of the table */
    assert_int_equal(mc_get_movie(s, ID1, &m, NULL, &err), MC_E_CLOSED);
    assert_int_equal(mc_close(s), MC_OK);
    assert_int_equal(mc_close(s), MC_E_CLOSED);
    assert_int_equal(mc_close(again), MC_OK);
}

static mc_client *inside_session;

static mc_status load_inside(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    const mc_movie *m = NULL;
    mc_client *s = NULL;
    (void)deadline_ms;
    (void)user;
    assert_int_equal(mc_get_movie(inside_session, ID1, &m, NULL, NULL), MC_E_REENTRANT);
    assert_int_equal(mc_get_movie(f.a, ID1, &m, NULL, NULL), MC_E_REENTRANT);
    assert_int_equal(mc_session_open(f.a, NULL, &s, NULL), MC_E_REENTRANT);
    assert_int_equal(mc_close(inside_session), MC_E_REENTRANT);
    return mc_value_sink_set(sink, key, strlen(key));
}

static void test_inside_a_callback(void **state)
{
    (void)state;
    char *value = NULL;
    fixture_reset(&f);
    inside_session = session_of(f.a, NULL);
    assert_int_equal(mc_get_or_load(inside_session, "k1", 0, load_inside, NULL, &value, NULL, NULL, NULL), MC_OK);
    mc_free(value);
    assert_int_equal(mc_get_or_load(f.a, "k2", 0, load_inside, NULL, &value, NULL, NULL, NULL), MC_OK);
    mc_free(value);
    assert_int_equal(mc_close(inside_session), MC_OK);
}

static void *come_and_go(void *user)
{
    for (int i = 0; i < 400; i++) {
        mc_client *s = NULL;
        mc_status st = mc_session_open(user, "read.max_age_ms=60000", &s, NULL);
        if (st == MC_E_CLOSED)
            break;
        assert_int_equal(st, MC_OK);
        const mc_movie *m = NULL;
        st = mc_get_movie(s, i % 2 ? ID1 : ID2, &m, NULL, NULL);
        assert_true(st == MC_OK || st == MC_E_CLOSED);
        mc_movie_unref(m);
        assert_int_equal(mc_close(s), MC_OK);
    }
    return NULL;
}

/* Threads open and close sessions while the handle is closed under them. */
static void test_many_threads(void **state)
{
    (void)state;
    pthread_t threads[6];
    fixture_reset(&f);
    mc_client *mc = fixture_open(&f, NULL);
    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, mc), 0);
    fixture_sleep_ms(20);
    assert_int_equal(mc_close(mc), MC_OK);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
}

/* ---- tokens -------------------------------------------------------------------------------------------------------- */

static void hand_over(mc_client *from, mc_client *to)
{
    char *token = NULL;
    mc_error err = {0};
    assert_int_equal(mc_session_token(from, &token, &err), MC_OK);
    assert_true(strlen(token) < MC_TOKEN_SIZE);
    if (mc_session_accept(to, token, &err) != MC_OK)
        fail_msg("%s: %s", token, err.text);
    mc_free(token);
}

static double rating_by_title(mc_client *mc, const char *title)
{
    const mc_movie *m = NULL;
    double rating = -1;
    if (mc_get_movie_by_title(mc, title, &m, NULL, NULL) == MC_OK)
        (void)mc_movie_rating(m, &rating);
    mc_movie_unref(m);
    return rating;
}

/* Redis cannot be told of a write, and shows another process the state before. With the token that process sees the write. */
static void test_what_was_written_while_redis_was_away(void **state)
{
    (void)state;
    mc_info info;
    int64_t rank = -1;
    double rating = 0;
    fixture_reset(&f);
    fixture_needs_one_server(&f);                       /* one that can be cut off */
    assert_true(fixture_rating(f.b, ID1, NULL) == 1.0); /* cached, and so is its title, and the board */
    assert_true(rating_by_title(f.b, "One") == 1.0);
    assert_true(rating_by_title(f.b, "Fresh") == -1);
    assert_true(fixture_board_rating(f.b, ID1) == 1.0);
    mc_client *here = session_of(writer, NULL);
    mc_client *there = session_of(f.b, NULL);
    mc_client *without = session_of(f.b, NULL);
    proxy_set(&away, PROXY_CUT, 0);
    assert_int_not_equal(mc_ping(writer, NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_update_rating(here, ID1, 9.0, NULL, &info, NULL), MC_OK);
    assert_true(info.flags & MC_FLAG_QUEUED);
    static const char patch[] = "{\"title\":\"Fresh\"}";
    assert_int_equal(mc_update_movie(here, ID2, patch, strlen(patch), NULL, &info, NULL), MC_OK);
    hand_over(here, there);
    fixture_sleep_ms(20);
    assert_true(fixture_rating(without, ID1, NULL) == 1.0); /* what the token is for */
    assert_true(rating_by_title(without, "Fresh") == -1);
    assert_true(fixture_board_rating(without, ID1) == 1.0);
    assert_true(fixture_rating(there, ID1, &info) == 9.0);
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_true(rating_by_title(there, "Fresh") == 2.0);
    assert_true(fixture_board_rating(there, ID1) == 9.0);
    assert_int_equal(mc_rank_movie(there, ID1, &rank, &rating, &info, NULL), MC_OK);
    assert_true(rank == 0 && rating == 9.0);
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_true(fixture_rating(there, ID3, &info) == 3.0); /* of others it asks no more than before */
    assert_true(fixture_rating(there, ID3, &info) == 3.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_true(fixture_rating(f.b, ID1, &info) == 9.0); /* what the session read is cached anew for all */
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_true(fixture_rating(there, ID1, &info) == 9.0);
    assert_int_equal(info.cache, MC_CACHE_HIT); /* and new enough for it, too */
    proxy_set(&away, PROXY_PASS, 0);
    close_all(here, there);
    assert_int_equal(mc_close(without), MC_OK);
}

/* With Redis there a token costs nothing: what is cached after a write is as new as the write. */
static void test_what_was_written_with_redis_there(void **state)
{
    (void)state;
    mc_info info;
    fixture_reset(&f);
    mc_client *here = session_of(f.a, NULL);
    mc_client *there = session_of(f.b, NULL);
    assert_int_equal(mc_update_rating(here, ID1, 8.0, NULL, NULL, NULL), MC_OK);
    hand_over(here, there);
    assert_true(fixture_rating(there, ID1, &info) == 8.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_true(fixture_board_rating(there, ID1) == 8.0);
    close_all(here, there);
}

/* What was read counts as well: nobody is shown an older state than one that he has seen. */
static void test_what_was_read(void **state)
{
    (void)state;
    mc_info info;
    char json[512];
    fixture_reset(&f);
    assert_true(fixture_rating(f.b, ID1, NULL) == 1.0);
    fixture_sleep_ms(20); /* two clocks are compared, and may differ by a few milliseconds */
    fixture_json(json, ID1, "One", 7.0);
    memstore_put(&f.mem, "movies", ID1, json); /* by a program that knows nothing of the cache */
    mc_client *here = session_of(f.a, "read.tiers=store");
    mc_client *there = session_of(f.b, NULL);
    assert_true(fixture_rating(here, ID1, NULL) == 7.0);
    fixture_sleep_ms(20);
    hand_over(here, there);
    assert_true(fixture_rating(f.b, ID1, NULL) == 1.0);
    assert_true(fixture_rating(there, ID1, &info) == 7.0);
    assert_true(fixture_rating(f.b, ID1, NULL) == 7.0);
    mc_client *third = session_of(f.a, NULL);
    hand_over(there, third); /* handed on */
    assert_true(fixture_rating(third, ID1, &info) == 7.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    close_all(here, there);
    assert_int_equal(mc_close(third), MC_OK);
}

/* More documents than a token has room for: all others have to be as new then. */
static void test_more_than_a_token_holds(void **state)
{
    (void)state;
    char id[32];
    char json[512];
    fixture_reset(&f);
    mc_client *here = session_of(f.a, "read.tiers=store");
    mc_client *there = session_of(f.b, NULL);
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof id, "573a1390f29313caabd%05x", i);
        fixture_json(json, id, "Many", 1.0);
        memstore_put(&f.mem, "movies", id, json);
        assert_true(fixture_rating(f.b, id, NULL) == 1.0);
    }
    fixture_sleep_ms(20);
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof id, "573a1390f29313caabd%05x", i);
        fixture_json(json, id, "Many", 2.0);
        memstore_put(&f.mem, "movies", id, json);
        assert_true(fixture_rating(here, id, NULL) == 2.0);
    }
    hand_over(here, there);
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof id, "573a1390f29313caabd%05x", i);
        assert_true(fixture_rating(there, id, NULL) == 2.0);
    }
    close_all(here, there);
}

static void test_bad_tokens(void **state)
{
    (void)state;
    mc_error err;
    mc_info info;
    char *token = NULL;
    fixture_reset(&f);
    mc_client *s = session_of(f.a, NULL);
    static const char *const bad[] = {"", "canary", "mcs1.1.2z", "mcs1.0.0.5.1-5z", "mcs1.0.0.0z;DROP", "mcs1.0.0.5.1-1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mc_session_accept(s, bad[i], &err), MC_E_ARG);
        assert_non_null(strstr(err.text, "token"));
    }
    assert_int_equal(mc_session_accept(s, "mcs1.1ffffffffffff.0.0z", &err),
                     MC_E_RANGE); /* would read past the cache for ever */
    assert_int_equal(mc_session_accept(s, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_session_token(s, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_session_token(f.a, &token, &err), MC_E_ARG); /* a handle has no record */
    assert_null(token);
    assert_int_equal(mc_session_accept(f.a, "mcs1.0.0.0z", &err), MC_E_ARG);
    assert_true(fixture_rating(s, ID1, NULL) == 1.0);
    assert_true(fixture_rating(s, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT); /* nothing was taken over */
    assert_int_equal(mc_close(s), MC_OK);
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    proxy_start(&away, f.redis.port);
    if (f.stand_in != NULL) /* what goes through the proxy is left out then */
        writer = fixture_open(&f, NULL);
    else
        writer = fixture_open(&f, "cache.uri", away.uri, "cache.backoff_max_ms", "20", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(mc_close(writer), MC_OK);
    proxy_stop(&away);
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening_costs_no_exchange),
        cmocka_unit_test(test_own_tiers),
        cmocka_unit_test(test_own_time_out),
        cmocka_unit_test(test_greatest_age),
        cmocka_unit_test(test_greatest_age_of_values),
        cmocka_unit_test(test_bad_settings),
        cmocka_unit_test(test_closing),
        cmocka_unit_test(test_inside_a_callback),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_what_was_written_while_redis_was_away),
        cmocka_unit_test(test_what_was_written_with_redis_there),
        cmocka_unit_test(test_what_was_read),
        cmocka_unit_test(test_more_than_a_token_holds),
        cmocka_unit_test(test_bad_tokens),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
