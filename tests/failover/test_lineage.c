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

static void test_restart_trusted(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, MCI_SAFEGUARD_TERM);
    long stale = 0;
    for (int i = 0; i < 5 && stale == 0; i++)
        stale = restart_from_dump("the same, values of an earlier life believed", 2);
    assert_true(stale > 0);
}

/* ---- Sentinel ----------------------------------------------------------------------------------------------------- */

/* A replica that knows nothing of the last writes takes the place of the primary, which comes back as its replica. */
static long fail_over(const char *name, int n, int slow)
{
    topology t;
    storm s;
    topology_start_sentinel(&t);
    const char *const options[] = {"cache.uri", t.uri, QUICK, "cache.topology_check_ms", "250", NULL};
    storm_start(&s, options);
    atomic_store(&s.slow, slow);
    for (int i = 0; i < n; i++) {
        storm_await_hits(&s, 200);
        int old = topology_primary(&t, 0);
        assert_true(old >= 0);
        topology_hold_replicas(&t, old, 1);
        storm_await_writes(&s, 100);
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

static void test_sentinel_trusted(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, MCI_SAFEGUARD_TERM);
    long stale = 0;
    for (int i = 0; i < 5 && stale == 0; i++)
        stale = fail_over("the same, values of an earlier life believed", 1, 0);
    assert_true(stale > 0);
}

/* The primary is paused until another has its place, and goes on: it believes that it is one, and has the old values. */
static long pause_primary(const char *name, int n)
{
    topology t;
    storm s;
    topology_start_sentinel(&t);
    const char *const options[] = {"cache.uri", t.uri, QUICK, "cache.topology_check_ms", "250", NULL};
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

static void test_cluster_trusted(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, MCI_SAFEGUARD_TERM);
    long stale = 0;
    for (int i = 0; i < 5 && stale == 0; i++)
        stale = fail_over_nodes("the same, values of an earlier life believed", 1);
    assert_true(stale > 0);
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
        cmocka_unit_test_teardown(test_restart_from_dump, restore),
        cmocka_unit_test_teardown(test_restart_trusted, restore),
        cmocka_unit_test_teardown(test_sentinel, restore),
        cmocka_unit_test_teardown(test_sentinel_trusted, restore),
        cmocka_unit_test_teardown(test_paused_primary, restore),
        cmocka_unit_test_teardown(test_cluster, restore),
        cmocka_unit_test_teardown(test_cluster_trusted, restore),
        cmocka_unit_test_teardown(test_slots_move, restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
