/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Redis that goes back in time: a restart from an old dump, a replica that lagged and was promoted, a primary that was paused and believes it still is one;
 * on one server, under Sentinels and in a cluster. Nothing older than what was acknowledged is read, and without the safeguards it is.
 */
#include "storm.h"
#include "topology.h"

#include "base/syncpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* More of them than in the test's usual run: MFLIX_ROUNDS. */
static int rounds(int usual)
{
    const char *n = getenv("MFLIX_ROUNDS");
    return n != NULL ? atoi(n) : usual;
}

#define QUICK "cache.backoff_max_ms", "50", "cache.connect_timeout_ms", "1000"

/* ---- step by step: an old value comes back, and a handle that knows nothing reads ---------------------------------- */

#define FILM "573a1390f29313caabcd4801"

typedef struct stage {
    int kind; /* 0 one server, 1 Sentinel, 2 cluster */
    topology t;
    memstore mem;
    mc_client *mc;
} stage;

static mc_client *open_on(stage *g)
{
    mc_error err;
    mc_client *mc = NULL;
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.uri", g->kind == 0 ? g->t.node[0].uri : g->t.uri, &err), MC_OK);
    assert_int_equal(mc_options_set(o, "cache.nat_map", g->t.nat, &err), MC_OK);
    assert_int_equal(mc_options_set(o, "cache.timeout_ms", "5000", &err), MC_OK);
    mc_store table = memstore_table(&g->mem);
    if (mc_open_with_store(o, &table, &mc, &err) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
    return mc;
}

static double rating(mc_client *mc, mc_info *info)
{
    const mc_movie *m = NULL;
    double v = -1;
    assert_int_equal(mc_get_movie(mc, FILM, &m, info, NULL), MC_OK);
    assert_int_equal(mc_movie_rating(m, &v), MC_OK);
    mc_movie_unref(m);
    return v;
}

static void set_up(stage *g, int kind)
{
    memset(g, 0, sizeof *g);
    g->kind = kind;
    if (kind == 1)
        topology_start_sentinel(&g->t);
    else if (kind == 2)
        topology_start_cluster(&g->t);
    else
        srv_start_redis(&g->t.node[0], NULL);
    memstore_init(&g->mem);
    memstore_put(&g->mem, "movies", FILM, "{\"_id\":{\"$oid\":\"" FILM "\"},\"title\":\"One\",\"imdb\":{\"rating\":1.0}}");
    g->mc = open_on(g);
}

static void take_down(stage *g)
{
    assert_int_equal(mc_close(g->mc), MC_OK);
    memstore_free(&g->mem);
    if (g->kind == 0)
        srv_stop(&g->t.node[0]);
    else
        topology_stop(&g->t);
}

/* A value is cached; the dump or the replica knows of it, and of nothing later; the film changes; the server is lost. What does a new handle read? */
static double old_value_comes_back(int kind)
{
    stage g;
    mc_info info = {0};
    int slot = 0;
    set_up(&g, kind);
    for (int i = 0; i < 1000 && info.cache != MC_CACHE_HIT; i++)
        assert_true(rating(g.mc, &info) == 1.0);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    mc_stats st;
    assert_int_equal(mc_get_stats(g.mc, &st), MC_OK);
    assert_int_equal(st.redis_up, 1);
    if (kind == 2) {
        char *text = topology_ask(&g.t.node[0], "CLUSTER KEYSLOT {" FILM "}");
        assert_non_null(text);
        slot = atoi(text);
        free(text);
    }
    int old = kind == 0 ? 0 : topology_primary(&g.t, slot);
    assert_true(old >= 0);
    if (kind == 0) {
        free(topology_ask(&g.t.node[0], "SAVE"));
    } else {
        topology_await_copies(&g.t, old);
        topology_hold_replicas(&g.t, old, 1);
    }
    assert_int_equal(mc_update_rating(g.mc, FILM, 2.0, NULL, &info, NULL), MC_OK);
    assert_true(rating(g.mc, &info) == 2.0);
    srv_kill(&g.t.node[old]);
    if (kind == 0)
        srv_start_again(&g.t.node[old]);
    else
        (void)topology_await_other(&g.t, slot, old);
    mc_client *stranger = open_on(&g);
    double seen = rating(stranger, &info);
    print_message("read %.0f, %s\n", seen, info.cache == MC_CACHE_HIT ? "from Redis" : "from the database");
    assert_int_equal(mc_close(stranger), MC_OK);
    take_down(&g);
    return seen;
}

static void test_old_values(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++)
        assert_true(old_value_comes_back(kind) == 2.0);
}

static void test_old_values_believed(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, MCI_SAFEGUARD_TERM);
    for (int kind = 0; kind < 3; kind++)
        assert_true(old_value_comes_back(kind) == 1.0);
}

/* ---- one server --------------------------------------------------------------------------------------------------- */

static long restart_from_dump(const char *name, int n)
{
    srv redis;
    storm s;
    srv_start_redis(&redis, NULL);
    const char *const options[] = {"cache.uri", redis.uri, QUICK, NULL};
    storm_start(&s, options);
    for (int i = 0; i < n; i++) {
        storm_await_hits(&s, 200);
        free(topology_ask(&redis, "SAVE"));
        storm_await_writes(&s, 100); /* of which the dump knows nothing */
        srv_kill(&redis);
        srv_start_again(&redis);
        storm_await_hits(&s, 200);
    }
    long stale = storm_stop(&s, name);
    srv_stop(&redis);
    return stale;
}

static void test_restart_from_dump(void **state)
{
    (void)state;
    assert_int_equal(restart_from_dump("restart from an old dump", rounds(3)), 0);
}

/* ---- Sentinel ----------------------------------------------------------------------------------------------------- */

/* A replica that knows nothing of the last writes takes the place of the primary, which comes back as its replica. */
static long fail_over(const char *name, int n, int slow)
{
    topology t;
    storm s;
    topology_start_sentinel(&t);
    const char *const options[] = {"cache.uri", t.uri, "cache.nat_map", t.nat, QUICK, "cache.topology_check_ms",
                                   "250",       NULL};
    storm_start(&s, options);
    atomic_store(&s.slow, slow);
    for (int i = 0; i < n; i++) {
        storm_await_hits(&s, 200);
        int old = topology_primary(&t, 0);
        assert_true(old >= 0);
        topology_hold_replicas(&t, old, 1);
        storm_await_writes(
            &s, 30); /* Sentinels promote none that has heard nothing for ten times as long as a primary is silent */
        srv_kill(&t.node[old]);
        (void)topology_await_other(&t, 0, old);
        storm_await_hits(&s, 200);
        srv_start_again(&t.node[old]);
        topology_await_calm(&t);
    }
    long stale = storm_stop(&s, name);
    topology_stop(&t);
    return stale;
}

static void test_sentinel(void **state)
{
    (void)state;
    assert_int_equal(fail_over("Sentinel, replicas that lag are promoted", rounds(2), 2000), 0);
}

/* The primary is paused until another has its place, and goes on: it believes that it is one, and has the old values. */
static long pause_primary(const char *name, int n)
{
    topology t;
    storm s;
    topology_start_sentinel(&t);
    const char *const options[] = {"cache.uri", t.uri, "cache.nat_map", t.nat, QUICK, "cache.topology_check_ms",
                                   "250",       NULL};
    storm_start(&s, options);
    for (int i = 0; i < n; i++) {
        storm_await_hits(&s, 200);
        int old = topology_primary(&t, 0);
        assert_true(old >= 0);
        srv_pause(&t.node[old]);
        (void)topology_await_other(&t, 0, old);
        storm_await_writes(&s, 50);
        srv_resume(&t.node[old]);
        storm_await_writes(&s, 200);
        storm_await_hits(&s, 200);
        topology_await_calm(&t);
    }
    long stale = storm_stop(&s, name);
    topology_stop(&t);
    return stale;
}

static void test_paused_primary(void **state)
{
    (void)state;
    assert_int_equal(pause_primary("Sentinel, a paused primary goes on", rounds(2)), 0);
}

/* The primary is cut off from replicas and Sentinels, and serves all the time who knows where it is. Whoever does not ask who is primary goes on with it. */
static long cut_off(const char *name, int n)
{
    topology t;
    storm s;
    topology_start_sentinel(&t);
    const char *const options[] = {"cache.uri", t.uri, "cache.nat_map", t.nat, QUICK, "cache.topology_check_ms",
                                   "250",       NULL};
    storm_start(&s, options);
    for (int i = 0; i < n; i++) {
        storm_await_hits(&s, 200);
        int old = topology_primary(&t, 0);
        assert_true(old >= 0);
        topology_cut(&t, old, 1);
        (void)topology_await_other(&t, 0, old);
        storm_await_writes(&s, 200);
        storm_await_hits(&s, 500);
        topology_cut(&t, old, 0);
        storm_await_writes(&s, 200);
        topology_await_calm(&t);
    }
    long stale = storm_stop(&s, name);
    topology_stop(&t);
    return stale;
}

static void test_cut_off(void **state)
{
    (void)state;
    assert_int_equal(cut_off("Sentinel, a primary that is cut off", rounds(2)), 0);
}

static void test_cut_off_unasked(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, MCI_SAFEGUARD_POLL | MCI_SAFEGUARD_CONFIRM);
    long stale = 0;
    for (int i = 0; i < 3 && stale == 0; i++)
        stale = cut_off("the same, nobody asks who is primary", 1);
    assert_true(stale > 0);
}

/* ---- cluster ------------------------------------------------------------------------------------------------------ */

static long fail_over_nodes(const char *name, int n)
{
    topology t;
    storm s;
    topology_start_cluster(&t);
    const char *const options[] = {"cache.uri", t.uri, "cache.nat_map", t.nat, QUICK, "cache.topology_check_ms",
                                   "250",       NULL};
    storm_start(&s, options);
    for (int i = 0; i < n; i++) {
        int slot = i % 3 * 16384 / 3;
        storm_await_hits(&s, 200);
        int old = topology_primary(&t, slot);
        assert_true(old >= 0);
        topology_hold_replicas(&t, old, 1);
        storm_await_writes(&s, 100);
        srv_kill(&t.node[old]);
        (void)topology_await_other(&t, slot, old);
        topology_hold_replicas(&t, old, 0);
        srv_start_again(&t.node[old]);
        storm_await_hits(&s, 200);
        topology_await_calm(&t);
    }
    long stale = storm_stop(&s, name);
    topology_stop(&t);
    return stale;
}

static void test_cluster(void **state)
{
    (void)state;
    assert_int_equal(fail_over_nodes("cluster, replicas that lag are promoted", rounds(2)), 0);
}

/* Slots move while they are read and written. */
static void test_slots_move(void **state)
{
    (void)state;
    topology t;
    storm s;
    topology_start_cluster(&t);
    const char *const options[] = {"cache.uri", t.uri, "cache.nat_map", t.nat, QUICK, NULL};
    storm_start(&s, options);
    storm_await_hits(&s, 200);
    for (int i = 0; i < STORM_IDS; i++) {
        char command[64];
        snprintf(command, sizeof command, "CLUSTER KEYSLOT {573a1390f29313caabce5%03x}", i);
        char *slot = topology_ask(&t.node[0], command);
        assert_non_null(slot);
        topology_move_slot(&t, atoi(slot), (topology_primary(&t, atoi(slot)) + 1) % 3);
        free(slot);
    }
    storm_await_hits(&s, 500);
    long failed = atomic_load(&s.failed_reads) + atomic_load(&s.failed_writes);
    assert_int_equal(storm_stop(&s, "cluster, slots move"), 0);
    assert_int_equal(failed, 0);
    topology_stop(&t);
}

static int restore(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_old_values, restore),
        cmocka_unit_test_teardown(test_old_values_believed, restore),
        cmocka_unit_test_teardown(test_restart_from_dump, restore),
        cmocka_unit_test_teardown(test_sentinel, restore),
        cmocka_unit_test_teardown(test_paused_primary, restore),
        cmocka_unit_test_teardown(test_cluster, restore),
        cmocka_unit_test_teardown(test_cut_off, restore),
        cmocka_unit_test_teardown(test_cut_off_unasked, restore),
        cmocka_unit_test_teardown(test_slots_move, restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
