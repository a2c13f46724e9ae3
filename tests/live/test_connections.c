/* SPDX-License-Identifier: Apache-2.0 */
/* The way to Redis: unix socket, passwords, databases, the bounded pool, deadlines, cluster nodes. */
#include "calls.h"
#include "fixture.h"
#include "proxy.h"

#include "base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static fixture f;

/* Open on `uri` with further options as key, value, ... NULL. */
static mc_status open_on(const char *uri, mc_client **out, mc_error *err, ...)
{
    va_list ap;
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.uri", uri, err), MC_OK);
    va_start(ap, err);
    for (const char *key = va_arg(ap, const char *); key != NULL; key = va_arg(ap, const char *))
        assert_int_equal(mc_options_set(o, key, va_arg(ap, const char *), err), MC_OK);
    va_end(ap);
    mc_store table = memstore_table(&f.mem);
    mc_status st = mc_open_with_store(o, &table, out, err);
    mc_options_free(o);
    return st;
}

static void test_unix_socket_and_database(void **state)
{
    (void)state;
    char uri[400];
    mc_client *mc = NULL;
    mc_error err;
    mc_info info;
    snprintf(uri, sizeof uri, "unix://%s?db=3", f.redis.socket);
    assert_int_equal(open_on(uri, &mc, &err, NULL), MC_OK);
    (void)fixture_rating(mc, ID1, NULL);
    assert_true(fixture_rating(mc, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(fixture_redis_int(&f, "EXISTS", "mflix:movie:{" ID1 "}", NULL), 0); /* not in database 0 */
    assert_int_equal(mc_close(mc), MC_OK);
    snprintf(uri, sizeof uri, "redis://127.0.0.1:%d/3", f.redis.port);
    assert_int_equal(open_on(uri, &mc, &err, NULL), MC_OK);
    assert_true(fixture_rating(mc, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT); /* but here */
    assert_int_equal(mc_close(mc), MC_OK);
}

static void test_passwords(void **state)
{
    (void)state;
    char uri[400];
    mc_client *mc = NULL;
    mc_error err;
    mc_info info;
    /* A small account; live.acl has the least one. */
    free(fixture_redis(&f, "ACL", "SETUSER", "films", "on", ">s3cr:t@/", "resetkeys", "~mflix:*", "~mfc:*", "resetchannels",
                       "-@all", "+@connection", "+@read", "+@write", "+@scripting", "+@transaction", "+time", "-@dangerous", "+info", NULL));
    snprintf(uri, sizeof uri, "redis://films:s3cr%%3At%%40%%2F@127.0.0.1:%d/0", f.redis.port);
    assert_int_equal(open_on(uri, &mc, &err, NULL), MC_OK); /* a small account is enough */
    (void)fixture_rating(mc, ID2, NULL);
    assert_true(fixture_rating(mc, ID2, &info) == 2.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(mc_update_rating(mc, ID2, 2.5, NULL, NULL, &err), MC_OK);
    assert_true(fixture_board_rating(mc, ID2) == 2.5);
    mc_list *near = NULL;
    assert_int_equal(mc_nearby_theaters(mc, 1, 1, 1000, 1, &near, &info, &err), MC_OK);
    assert_int_equal(info.tier, MC_TIER_REDIS);
    mc_list_free(near);
    assert_int_equal(mc_record_view(mc, ID2, NULL, NULL, &err), MC_OK);
    assert_int_equal(mc_put(mc, "k", "v", 1, 0, NULL, &err), MC_OK);
    assert_int_equal(mc_invalidate_all(mc, NULL, &err), MC_OK);
    assert_int_equal(mc_close(mc), MC_OK);
    snprintf(uri, sizeof uri, "redis://127.0.0.1:%d/0", f.redis.port);
    assert_int_equal(open_on(uri, &mc, &err, "cache.user", "films", "cache.password", "s3cr:t@/", NULL), MC_OK);
    assert_int_equal(mc_close(mc), MC_OK);
    snprintf(uri, sizeof uri, "redis://films:wr0ng-secret@127.0.0.1:%d/0", f.redis.port);
    assert_int_equal(open_on(uri, &mc, &err, NULL), MC_E_AUTH);
    assert_null(mc);
    assert_null(strstr(err.text, "wr0ng")); /* named, without the password */
}

/* A password changed under way: one attempt, then silence for a while, answered by the store meanwhile. */
static void test_password_changed(void **state)
{
    (void)state;
    char uri[400];
    mc_client *mc = NULL;
    mc_error err;
    mc_info info;
    free(fixture_redis(&f, "ACL", "SETUSER", "turn", "on", "resetpass", ">one", "~*", "+@all", NULL));
    snprintf(uri, sizeof uri, "redis://turn:one@127.0.0.1:%d/0", f.redis.port);
    assert_int_equal(open_on(uri, &mc, &err, NULL), MC_OK);
    assert_true(fixture_rating(mc, ID1, NULL) == 1.0);
    free(fixture_redis(&f, "ACL", "SETUSER", "turn", "resetpass", ">two", NULL));
    free(fixture_redis(&f, "CLIENT", "KILL", "USER", "turn", NULL));
    for (int i = 0; i < 50; i++) {
        assert_true(fixture_rating(mc, ID1, &info) == 1.0);
        assert_int_equal(info.cache, MC_CACHE_BYPASS);
    }
    mc_stats st;
    assert_int_equal(mc_get_stats(mc, &st), MC_OK);
    assert_true(st.redis_errors <= 3); /* no storm of attempts */
    assert_int_equal(mc_record_view(mc, ID1, NULL, NULL, &err), MC_E_AUTH);
    assert_int_equal(mc_close(mc), MC_OK);
}

/* The server has closed every connection (a restart, a failover, CLIENT KILL): the first call of each kind does not notice. A view is not sent
 * twice, so its connection is looked at before. */
static void test_lost_connections(void **state)
{
    (void)state;
    fixture_reset(&f);
    for (size_t i = 0; i < ncalls; i++) { /* what a healthy server answers, values and lists in place */
        mc_info info;
        mc_error err = {0};
        (void)calls[i].run(f.a, &info, &err);
    }
    for (size_t i = 0; i < ncalls; i++) {
        mc_info info;
        mc_error err = {0};
        mc_stats before;
        mc_stats after;
        assert_int_equal(mc_ping(f.a, NULL, NULL, NULL), MC_OK);
        assert_int_equal(mc_get_stats(f.a, &before), MC_OK);
        free(fixture_redis(&f, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes", NULL));
        mc_status st = calls[i].run(f.a, &info, &err);
        if (st < 0)
            fail_msg("%s on a lost connection: %s, %s", calls[i].name, mc_status_name(st), err.text);
        assert_int_equal(mc_get_stats(f.a, &after), MC_OK);
        assert_true(after.redis_connects > before.redis_connects);
        assert_int_equal(after.bypasses, before.bypasses);
        assert_int_equal(after.writes_unknown, before.writes_unknown);
    }
}

static _Atomic long failed;

static void *read_often(void *arg)
{
    for (int i = 0; i < 200; i++)
        if (fixture_rating(arg, i % 2 ? ID1 : ID3, NULL) < 0)
            atomic_fetch_add(&failed, 1);
    return NULL;
}

/* Sixteen threads, three connections: everybody is served, and never more than three are open. */
static void test_pool_is_bounded(void **state)
{
    (void)state;
    mc_client *mc = NULL;
    mc_error err;
    pthread_t t[16];
    assert_int_equal(
        open_on(f.redis.uri, &mc, &err, "cache.connections", "3", "cache.timeout_ms", "5000", "call.timeout_ms", "20000", NULL),
        MC_OK);
    for (int i = 0; i < 16; i++)
        assert_int_equal(pthread_create(&t[i], NULL, read_often, mc), 0);
    for (int i = 0; i < 16; i++)
        pthread_join(t[i], NULL);
    mc_stats st;
    assert_int_equal(mc_get_stats(mc, &st), MC_OK);
    assert_int_equal(atomic_load(&failed), 0);
    assert_true(st.redis_connects >= 1 && st.redis_connects <= 3);
    assert_true(st.redis_connections <= 3);
    assert_int_equal(mc_close(mc), MC_OK);
}

/* The server takes no more clients: answered by the store, no crash, and back when there is room. */
static void test_maxclients(void **state)
{
    (void)state;
    mc_client *mc = NULL;
    mc_error err;
    mc_info info;
    free(fixture_redis(&f, "CONFIG", "SET", "maxclients", "1", NULL));
    assert_int_equal(open_on(f.redis.uri, &mc, &err, "cache.backoff_max_ms", "20", NULL), MC_OK);
    assert_true(fixture_rating(mc, ID1, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_BYPASS);
    free(fixture_redis(&f, "CONFIG", "SET", "maxclients", "1000", NULL));
    for (int i = 0; i < 300 && info.cache != MC_CACHE_HIT; i++) {
        (void)fixture_rating(mc, ID1, &info);
        fixture_sleep_ms(5);
    }
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(mc_close(mc), MC_OK);
}

/* No call passes its deadline by much, whatever Redis does. (The margin is for a busy machine; a hang would be for ever.) */
static void test_deadlines(void **state)
{
    (void)state;
    proxy p;
    mc_client *mc = NULL;
    mc_error err;
    proxy_start(&p, f.redis.port);
    assert_int_equal(
        open_on(p.uri, &mc, &err, "cache.timeout_ms", "60000", "call.timeout_ms", "300", "store.timeout_ms", "200", NULL),
        MC_OK);
    assert_true(fixture_rating(mc, ID1, NULL) == 1.0);
    proxy_set(&p, PROXY_HANG, 0);
    for (int i = 0; i < 4; i++) {
        int64_t t0 = mci_now_ns();
        (void)fixture_rating(mc, ID1, NULL);
        assert_true(mci_now_ns() - t0 < INT64_C(5000000000));
    }
    assert_int_equal(mc_close(mc), MC_OK);
    proxy_stop(&p);
}

static void test_cluster_node(void **state)
{
    (void)state;
    srv node;
    mc_client *mc = NULL;
    mc_error err;
    srv_start_redis(&node, "--cluster-enabled", "yes", NULL);
    mc_status st = open_on(node.uri, &mc, &err, NULL);
    if (st == MC_OK) { /* PING says nothing; the first real command does */
        assert_int_equal(mc_record_view(mc, ID1, NULL, NULL, &err), MC_E_CLUSTER);
        assert_true(fixture_rating(mc, ID1, NULL) == 1.0); /* never a silent miss for ever: the store answers, flagged */
        mc_info info;
        (void)fixture_rating(mc, ID1, &info);
        assert_int_equal(info.cache, MC_CACHE_BYPASS);
        assert_int_equal(mc_close(mc), MC_OK);
    } else {
        assert_int_equal(st, MC_E_CLUSTER);
    }
    srv_stop(&node);
}

static void test_nobody_there(void **state)
{
    (void)state;
    mc_client *mc = NULL;
    mc_error err;
    int redis_ok = 1;
    int store_ok = 0;
    char uri[64];
    snprintf(uri, sizeof uri, "redis://127.0.0.1:%d/0", srv_free_port());
    assert_int_equal(open_on(uri, &mc, &err, NULL), MC_OK); /* no error: reads go to the store */
    assert_true(fixture_rating(mc, ID1, NULL) == 1.0);
    assert_int_equal(mc_ping(mc, &redis_ok, &store_ok, &err), MC_E_CACHE);
    assert_true(!redis_ok);
    assert_non_null(strstr(err.text, "127.0.0.1"));
    assert_int_equal(mc_close(mc), MC_OK);
    assert_int_equal(open_on(uri, &mc, &err, "write.mode", "strict", NULL), MC_E_CACHE);
    assert_int_equal(open_on("unix:///nowhere/redis.sock", &mc, &err, NULL), MC_OK);
    assert_int_equal(mc_record_view(mc, ID1, NULL, NULL, &err), MC_E_CACHE);
    assert_int_equal(mc_close(mc), MC_OK);
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    fixture_reset(&f);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unix_socket_and_database),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_password_changed),
        cmocka_unit_test(test_lost_connections),
        cmocka_unit_test(test_pool_is_bounded),
        cmocka_unit_test(test_maxclients),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_cluster_node),
        cmocka_unit_test(test_nobody_there),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
