/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broken Redis, a broken store, a broken value: an answer or a clean error, never a crash, a hang or a wrong value. Real servers
 * behind a proxy that injects the faults.
 */
#include "actor.h"
#include "fixture.h"
#include "proxy.h"

#include "base/clock.h"
#include "base/syncpoint.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static fixture f;
static proxy p;
static mc_client *via; /* through the proxy */

static void start(void)
{
    mutate_reset();
    proxy_set(&p, PROXY_PASS, 0);
    fixture_reset(&f);
    /* Wait until the breaker lets calls through again. */
    for (int i = 0; i < 200 && mc_ping(via, NULL, NULL, NULL) != MC_OK; i++)
        fixture_sleep_ms(10);
    fixture_sleep_ms(10); /* what was read past Redis before lies clearly before what is loaded now */
}

/* A13: the reply to a counted view is lost; it must not be counted twice. */
static int counted_once(void)
{
    int64_t views = 0;
    assert_int_equal(mc_record_view(via, ID1, &views, NULL, NULL), MC_OK);
    proxy_set(&p, PROXY_DROP_REPLY, 0);
    mc_status st = mc_record_view(via, ID1, &views, NULL, NULL);
    assert_true(st == MC_E_UNKNOWN || st == MC_OK);
    return fixture_redis_int(&f, "ZSCORE", "mflix:counter:{movies:views}", ID1, NULL) == 2;
}

static void test_a13_double_count(void **state)
{
    (void)state;
    start();
    assert_true(counted_once());
    start();
    mutate_safeguard(MCI_SAFEGUARD_VIEW_ONCE);
    assert_false(counted_once());
}

static void test_redis_refused(void **state)
{
    (void)state;
    start();
    mc_info info;
    assert_true(fixture_rating(via, ID1, NULL) == 1.0);
    proxy_set(&p, PROXY_REFUSE, 0);
    proxy_set(&p, PROXY_CUT, 0); /* cut what is open, too */
    for (int i = 0; i < 50; i++) {
        assert_true(fixture_rating(via, ID1, &info) == 1.0);
        assert_int_equal(info.tier, MC_TIER_STORE);
        assert_int_equal(info.cache, MC_CACHE_BYPASS);
        assert_true(info.flags & MC_FLAG_REDIS_DOWN);
    }
    mc_list *rows = NULL;
    assert_int_equal(mc_top_movies(via, 0, 5, &rows, &info, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 3);
    assert_int_equal(info.tier, MC_TIER_STORE);
    mc_list_free(rows);
    proxy_set(&p, PROXY_PASS, 0);
    for (int i = 0; i < 500; i++) { /* comes back by itself */
        (void)fixture_rating(via, ID1, &info);
        if (info.cache == MC_CACHE_HIT)
            break;
        fixture_sleep_ms(10);
    }
    assert_int_equal(info.cache, MC_CACHE_HIT);
}

static void test_both_down(void **state)
{
    (void)state;
    start();
    mc_error err;
    const mc_movie *m = NULL;
    proxy_set(&p, PROXY_CUT, 0);
    f.mem.fail_reads = MC_E_STORE;
    assert_int_equal(mc_get_movie(via, ID2, &m, NULL, &err), MC_E_STORE);
    assert_null(m);
    assert_int_equal(err.code, MC_E_STORE);
    assert_int_equal(err.tier, MC_TIER_STORE);
    assert_non_null(strstr(err.text, "Redis")); /* both are named */
    assert_true(err.retriable);
}

/* A hung Redis costs its time-out once or a few times, then the breaker is open; no call passes its deadline by much. */
static void test_redis_hangs(void **state)
{
    (void)state;
    start();
    mc_info info;
    assert_true(fixture_rating(via, ID1, NULL) == 1.0);
    proxy_set(&p, PROXY_HANG, 0);
    for (int i = 0; i < 20; i++) {
        assert_true(fixture_rating(via, ID1, &info) == 1.0);
        assert_int_equal(info.cache, MC_CACHE_BYPASS);
    }
    mc_stats st;
    assert_int_equal(mc_get_stats(via, &st), MC_OK);
    assert_int_equal(st.redis_up, 0);
}

static void test_stopped_server(void **state)
{
    (void)state;
    start();
    mc_info info;
    srv_pause(&f.redis);
    assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_BYPASS);
    srv_resume(&f.redis);
    for (int i = 0; i < 500 && info.cache != MC_CACHE_HIT; i++) {
        (void)fixture_rating(f.a, ID1, &info);
        fixture_sleep_ms(5);
    }
    assert_int_equal(info.cache, MC_CACHE_HIT);
}

/* One session: a miss, a hit, a write, a board. Whatever happens, no wrong value. */
static void session(void)
{
    double r = fixture_rating(via, ID1, NULL);
    assert_true(r == fixture_stored_rating(&f, ID1));
    r = fixture_rating(via, ID1, NULL);
    assert_true(r == fixture_stored_rating(&f, ID1));
    mc_status st = mc_update_rating(via, ID1, 4.0, NULL, NULL, NULL);
    assert_int_equal(st, MC_OK);
    r = fixture_rating(via, ID1, NULL);
    assert_true(r == 4.0);
    r = fixture_board_rating(via, ID1);
    assert_true(r == 4.0);
}

/* The connection is cut after every possible number of bytes, in both directions. */
static void cut_everywhere(proxy_mode mode, long upto, long step)
{
    for (long limit = 0; limit < upto; limit += step) {
        fixture_reset(&f);
        proxy_set(&p, mode, limit);
        session();
        proxy_set(&p, PROXY_PASS, 0);
        for (int i = 0; i < 500 && mc_ping(via, NULL, NULL, NULL) != MC_OK; i++)
            fixture_sleep_ms(2);
        /* Healed: what was written while Redis was away is announced now. */
        assert_true(fixture_rating(via, ID1, NULL) == 4.0);
        assert_true(fixture_rating(f.b, ID1, NULL) == 4.0 || fixture_redis_int(&f, "DBSIZE", NULL) < 0);
    }
}

static void test_cut_at_any_byte(void **state)
{
    (void)state;
    start();
    cut_everywhere(PROXY_CUT, 700, 3);
    cut_everywhere(PROXY_CUT_SEND, 3000, 37);
}

static void test_replies_in_slices(void **state)
{
    (void)state;
    start();
    proxy_set(&p, PROXY_SLICE, 0);
    session();
}

/* Replies that are not RESP, or are out of bounds. */
static void test_hostile_replies(void **state)
{
    (void)state;
    static const char *const hostile[] = {
        "$-2\r\n",
        "*2147483647\r\n",
        "*-5\r\n",
        "hello\r\n",
        ":12x\r\n",
        "$5\r\nab\r\n+OK\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        "+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
        "-ERR no\r\n-ERR no\r\n",
        ":1\r\n:2\r\n",
        "$536870913\r\n",
        "*2\r\n:1\r\n",
    };
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        start();
        assert_true(fixture_rating(via, ID1, NULL) == 1.0);
        proxy_garbage(&p, hostile[i], (long)strlen(hostile[i]));
        assert_true(fixture_rating(via, ID1, NULL) == 1.0);
        proxy_set(&p, PROXY_PASS, 0);
        for (int k = 0; k < 500 && mc_ping(via, NULL, NULL, NULL) != MC_OK; k++)
            fixture_sleep_ms(5);
        assert_true(fixture_rating(via, ID1, NULL) == 1.0);
        assert_true(fixture_rating(via, ID2, NULL) == 2.0); /* and no reply of another id */
    }
}

static void test_scripts_forgotten(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 20; i++) {
        free(fixture_redis(&f, "SCRIPT", "FLUSH", NULL));
        assert_int_equal(mc_update_rating(via, ID1, 1.0 + i % 9, NULL, NULL, NULL), MC_OK);
        assert_true(fixture_rating(via, ID1, NULL) == 1.0 + i % 9);
    }
    mc_stats st;
    assert_int_equal(mc_get_stats(via, &st), MC_OK);
    assert_true(st.redis_scripts_resent >= 20);
    assert_int_equal(st.redis_up, 1);
}

/* Writes while Redis is away: safe mode writes and remembers, strict mode refuses and writes nothing. */
static void test_write_modes(void **state)
{
    (void)state;
    start();
    mc_info info;
    mc_error err;
    mc_client *strict = NULL;
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.uri", p.uri, NULL), MC_OK);
    assert_int_equal(mc_options_set(o, "write.mode", "strict", NULL), MC_OK);
    mc_store table = memstore_table(&f.mem);
    assert_int_equal(mc_open_with_store(o, &table, &strict, &err), MC_OK);
    mc_options_free(o);
    assert_true(fixture_rating(f.b, ID1, NULL) == 1.0); /* cached by another process */
    assert_true(fixture_rating(via, ID1, NULL) == 1.0);
    proxy_set(&p, PROXY_CUT, 0);
    assert_int_equal(mc_update_rating(strict, ID1, 6.0, NULL, NULL, &err), MC_E_CACHE);
    assert_non_null(strstr(err.text, "nothing was written"));
    assert_true(fixture_stored_rating(&f, ID1) == 1.0);
    assert_int_equal(mc_update_rating(via, ID1, 7.0, NULL, &info, &err), MC_OK);
    assert_true(info.flags & MC_FLAG_QUEUED);
    assert_true(fixture_rating(via, ID1, NULL) == 7.0); /* the writer sees its own write */
    mc_stats st;
    assert_int_equal(mc_get_stats(via, &st), MC_OK);
    assert_int_equal(st.recovery_pending, 1);
    proxy_set(&p, PROXY_PASS, 0);
    for (int i = 0; i < 500 && st.recovery_pending > 0; i++) {
        assert_true(fixture_rating(via, ID1, NULL) == 7.0); /* at every moment of the recovery */
        fixture_sleep_ms(5);
        assert_int_equal(mc_get_stats(via, &st), MC_OK);
    }
    assert_int_equal(st.recovery_pending, 0);
    assert_true(fixture_rating(f.b, ID1, NULL) == 7.0); /* and so do the others now */
    assert_int_equal(mc_close(strict), MC_OK);
}

/* The packed part of a value, edited: `v` is what it was. */
static void packed_becomes(const char *key, const char *expression)
{
    char script[300];
    snprintf(script, sizeof script,
             "local v = redis.call('HGET', KEYS[1], '_p') return redis.call('HSET', KEYS[1], '_p', %s)", expression);
    assert_int_equal(fixture_redis_int(&f, "EVAL", script, "1", key, NULL), 0);
}

/* Values that another client put there, or that are corrupt: dropped, counted, never returned. */
static void test_corrupt_values(void **state)
{
    (void)state;
    static const char *const key = "mflix:movie:{" ID1 "}";
    static const char *const gone = "573a1390f29313caabcd48ff";
    mc_info info;
    for (int i = 0; i < 11; i++) {
        start();
        assert_true(fixture_rating(via, ID1, NULL) == 1.0);
        assert_true(fixture_rating(via, ID2, NULL) == 2.0);
        assert_int_equal(mc_ping(via, NULL, NULL, NULL), MC_OK); /* the fill, which nobody waits for, has arrived */
        switch (i) {
        case 0: /* wrong types */
            free(fixture_redis(&f, "SET", key, "text", NULL));
            break;
        case 1:
            free(fixture_redis(&f, "DEL", key, NULL));
            free(fixture_redis(&f, "LPUSH", key, "x", NULL));
            break;
        case 2: /* a byte changed, one too many, some missing */
            packed_becomes(key, "string.sub(v, 1, 60) .. string.char((string.byte(v, 61) + 1) % 256) .. string.sub(v, 62)");
            break;
        case 3:
            packed_becomes(key, "v .. 'x'");
            break;
        case 4:
            packed_becomes(key, "string.sub(v, 1, #v - 9)");
            break;
        case 5: /* another movie's value */
            free(fixture_redis(&f, "COPY", "mflix:movie:{" ID2 "}", key, "REPLACE", NULL));
            break;
        case 6: /* metadata: cut, of another layout, of the negative entry that another id has, none */
            packed_becomes(key, "string.sub(v, 1, 20)");
            break;
        case 7:
            free(fixture_redis(&f, "HSET", key, "_p", "M1 D 0 1 2 3 0 S 0000000000000000 0000000000000000 0000000000000000",
                               NULL));
            break;
        case 8:
            assert_true(fixture_rating(via, gone, NULL) == -1);
            free(fixture_redis(&f, "COPY", "mflix:movie:{573a1390f29313caabcd48ff}", key, "REPLACE", NULL));
            break;
        case 9:
            packed_becomes(key, "''");
            break;
        default:
            free(fixture_redis(&f, "HDEL", key, "_p", NULL));
            break;
        }
        assert_true(fixture_rating(via, ID1, &info) == 1.0);
        assert_int_equal(info.cache, MC_CACHE_MISS);
        assert_true(fixture_rating(via, ID1, &info) == 1.0);
        assert_int_equal(info.cache, MC_CACHE_HIT);
    }
    /* the document's text */
    start();
    const mc_movie *m = NULL;
    mc_bytes json;
    assert_int_equal(mc_get_movie_document(via, ID1, &m, NULL, NULL), MC_OK);
    mc_movie_unref(m);
    assert_int_equal(mc_ping(via, NULL, NULL, NULL), MC_OK);
    free(fixture_redis(&f, "HSET", key, "_doc", "{\"title\":\"cut", NULL));
    assert_int_equal(mc_get_movie_document(via, ID1, &m, &info, NULL), MC_OK);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_true(info.flags & MC_FLAG_CORRUPT);
    assert_int_equal(mc_movie_json(m, &json), MC_OK);
    assert_non_null(strstr(json.data, "\"votes\":7"));
    mc_movie_unref(m);
}

static void test_corrupt_sets(void **state)
{
    (void)state;
    start();
    assert_true(fixture_board_rating(via, ID3) == 3.0);
    free(fixture_redis(&f, "SET", "mflix:board:{movies:rating}", "text", NULL));
    assert_true(fixture_board_rating(via, ID3) == 3.0);
    assert_true(fixture_board_rating(via, ID3) == 3.0);
    /* a member without a document is left out, and the page is still full */
    free(fixture_redis(&f, "ZADD", "mflix:board:{movies:rating}", "9.9", "573a1390f29313caabcd48aa", NULL));
    mc_list *rows = NULL;
    assert_int_equal(mc_top_movies(via, 0, 3, &rows, NULL, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 3);
    assert_string_equal(mc_movie_id(mc_list_movie(rows, 0)), ID3);
    mc_list_free(rows);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", "mflix:board:{movies:rating}", NULL), 1);
    free(fixture_redis(&f, "SET", "mflix:geo:{theaters:place}", "text", NULL));
    mc_list *near = NULL;
    assert_int_equal(mc_nearby_theaters(via, 1, 1, 1000, 3, &near, NULL, NULL), MC_OK);
    assert_int_equal(mc_list_size(near), 0);
    mc_list_free(near);
}

/* Redis has no memory left: no old value may stay readable after a write. */
static void test_out_of_memory(void **state)
{
    (void)state;
    start();
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    free(fixture_redis(&f, "CONFIG", "SET", "maxmemory", "1", NULL));
    assert_int_equal(mc_update_rating(f.b, ID1, 8.0, NULL, NULL, NULL), MC_OK);
    assert_true(fixture_rating(f.b, ID1, NULL) == 8.0);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", "mflix:movie:{" ID1 "}", NULL), 0); /* and Redis' limit is kept */
    assert_true(fixture_rating(f.b, ID2, NULL) == 2.0);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", "mflix:movie:{" ID2 "}", NULL), 0);
    free(fixture_redis(&f, "CONFIG", "SET", "maxmemory", "0", NULL));
    for (int i = 0; i < 20; i++)
        assert_true(fixture_rating(f.b, ID1, NULL) == 8.0);
    assert_true(fixture_rating(f.a, ID1, NULL) == 8.0);
}

/* SIGPIPE keeps its default action here: a write to a closed connection must not kill the process. */
static void test_no_sigpipe(void **state)
{
    (void)state;
    start();
    struct sigaction sa;
    assert_int_equal(sigaction(SIGPIPE, NULL, &sa), 0);
    assert_true(sa.sa_handler == SIG_DFL);
    char *big = malloc(1000000);
    memset(big, 'x', 1000000);
    for (int i = 0; i < 30; i++) {
        (void)mc_put(via, "big", big, 1000000, 0, NULL, NULL);
        free(fixture_redis(&f, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", NULL));
    }
    proxy_set(&p, PROXY_CUT_SEND, 100);
    for (int i = 0; i < 5; i++)
        (void)mc_put(via, "big", big, 1000000, 0, NULL, NULL);
    free(big);
}

static void test_idle_close_is_repaired(void **state)
{
    (void)state;
    start();
    mc_info info;
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    for (int i = 0; i < 10; i++) {
        free(fixture_redis(&f, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", NULL));
        assert_true(fixture_rating(f.a, ID1, &info) == 1.0);
        assert_int_equal(info.cache, MC_CACHE_HIT); /* the dead connection was replaced, nobody noticed */
    }
}

/* After fork() the child gets a status of its own; the parent's handle is unharmed. */
static void test_fork(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            const mc_movie *m = NULL;
            _exit(mc_get_movie(f.a, ID1, &m, NULL, NULL) == MC_E_FORKED && mc_close(f.a) == MC_E_FORKED ? 0 : 1);
        }
        assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_true(fixture_rating(f.a, ID2, NULL) == 2.0);
}

static void test_restart(void **state)
{
    (void)state;
    start();
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    srv_kill(&f.redis);
    for (int i = 0; i < 10; i++)
        assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    assert_int_equal(mc_update_rating(f.a, ID1, 3.5, NULL, NULL, NULL), MC_OK);
    srv_start_again(&f.redis);
    mc_info info = {0};
    for (int i = 0; i < 500 && info.cache != MC_CACHE_HIT; i++) {
        assert_true(fixture_rating(f.a, ID1, &info) == 3.5);
        fixture_sleep_ms(5);
    }
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_true(fixture_board_rating(f.a, ID1) == 3.5);
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, "cache.timeout_ms", "100", "cache.backoff_max_ms", "50", "write.quarantine_ms", "2000",
                  "store.timeout_ms", "900", NULL);
    proxy_start(&p, f.redis.port);
    mc_error err;
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.uri", p.uri, &err), MC_OK);
    assert_int_equal(mc_options_set(o, "cache.timeout_ms", "100", &err), MC_OK);
    assert_int_equal(mc_options_set(o, "cache.backoff_max_ms", "50", &err), MC_OK);
    mc_store table = memstore_table(&f.mem);
    assert_int_equal(mc_open_with_store(o, &table, &via, &err), MC_OK);
    mc_options_free(o);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mutate_reset();
    assert_int_equal(mc_close(via), MC_OK);
    proxy_stop(&p);
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a13_double_count),
        cmocka_unit_test(test_redis_refused),
        cmocka_unit_test(test_both_down),
        cmocka_unit_test(test_redis_hangs),
        cmocka_unit_test(test_stopped_server),
        cmocka_unit_test(test_cut_at_any_byte),
        cmocka_unit_test(test_replies_in_slices),
        cmocka_unit_test(test_hostile_replies),
        cmocka_unit_test(test_scripts_forgotten),
        cmocka_unit_test(test_write_modes),
        cmocka_unit_test(test_corrupt_values),
        cmocka_unit_test(test_corrupt_sets),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_no_sigpipe),
        cmocka_unit_test(test_idle_close_is_repaired),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_restart),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
