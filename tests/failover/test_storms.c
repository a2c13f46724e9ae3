/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers that go back in time or change place while writers, readers and board readers are at work: nothing older than what was acknowledged is read. Each
 * storm tells how long it took until every film was written, and read from Redis, again. MFLIX_ROUNDS: more rounds of each; MFLIX_STORM=test_cut_off:
 * that one alone.
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

#include <cmocka.h>

static int rounds(int usual)
{
    const char *n = getenv("MFLIX_ROUNDS");
    return n != NULL ? atoi(n) : usual;
}

typedef enum plan_kind { ON_ONE, ON_SENTINEL, ON_CLUSTER } plan_kind;

/* What happens in a round, between hits before it and calm after it. */
typedef struct plan {
    const char *name;
    plan_kind kind;
    int slow; /* one write in twenty takes up to so many milliseconds */
    void (*round)(storm *s, topology *t, int i);
} plan;

static long carry_out(const plan *p, int n)
{
    topology t;
    storm s;
    memset(&t, 0, sizeof t);
    if (p->kind == ON_SENTINEL)
        topology_start_sentinel(&t);
    else if (p->kind == ON_CLUSTER)
        topology_start_cluster(&t);
    else
        srv_start_redis(&t.node[0], NULL);
    const char *const options[] = {"cache.uri",
                                   p->kind == ON_ONE ? t.node[0].uri : t.uri,
                                   "cache.nat_map",
                                   t.nat,
                                   "cache.backoff_max_ms",
                                   "50",
                                   "cache.connect_timeout_ms",
                                   "1000",
                                   "cache.topology_check_ms",
                                   p->kind == ON_ONE ? "1000" : "250",
                                   NULL};
    storm_start(&s, options);
    atomic_store(&s.slow, p->slow);
    for (int i = 0; i < n; i++) {
        storm_await_hits(&s, 200);
        p->round(&s, &t, i);
        storm_await_hits(&s, 200);
        if (p->kind != ON_ONE)
            topology_await_calm(&t);
    }
    long stale = storm_stop(&s, p->name);
    if (p->kind == ON_ONE)
        srv_stop(&t.node[0]);
    else
        topology_stop(&t);
    return stale;
}

static int primary(topology *t, int slot)
{
    int node = topology_primary(t, slot);
    assert_true(node >= 0);
    return node;
}

/* ---- plans -------------------------------------------------------------------------------------------------------- */

static void restart_from_dump(storm *s, topology *t, int i)
{
    (void)i;
    free(topology_ask(&t->node[0], "SAVE"));
    storm_await_writes(s, 100); /* of which the dump knows nothing */
    srv_kill(&t->node[0]);
    storm_fault(s);
    srv_start_again(&t->node[0]);
    storm_await_recovery(s);
}

/* A replica that knows nothing of the last writes takes the place of the primary, which comes back as its replica. */
static void promote_a_late_one(storm *s, topology *t, int i)
{
    int slot = t->cluster ? i % 3 * 16384 / 3 : 0;
    int old = primary(t, slot);
    topology_hold_replicas(t, old, 1);
    storm_await_writes(
        s, t->cluster ? 100
                      : 30); /* Sentinels promote none that has heard nothing for ten times as long as a primary is silent */
    srv_kill(&t->node[old]);
    storm_fault(s);
    (void)topology_await_other(t, slot, old);
    storm_await_recovery(s);
    if (t->cluster)
        topology_hold_replicas(t, old, 0);
    srv_start_again(&t->node[old]);
}

/* The primary is paused until another has its place, and goes on: it believes that it is one, and has the old values. */
static void pause_primary(storm *s, topology *t, int i)
{
    (void)i;
    int old = primary(t, 0);
    srv_pause(&t->node[old]);
    storm_fault(s);
    (void)topology_await_other(t, 0, old);
    storm_await_recovery(s);
    srv_resume(&t->node[old]);
    storm_await_writes(s, 200);
}

/* The primary is cut off from replicas and Sentinels, and serves all the time who knows where it is. Whoever does not ask who is primary goes on with it. */
static void cut_off(storm *s, topology *t, int i)
{
    (void)i;
    int old = primary(t, 0);
    topology_cut(t, old, 1);
    (void)topology_await_other(t, 0, old);
    storm_fault(s); /* until then everything went on */
    storm_await_writes(s, 200);
    storm_await_recovery(s);
    storm_await_hits(s, 500);
    topology_cut(t, old, 0);
    storm_await_writes(s, 200);
}

static const plan dump = {"one server, restarted from an old dump", ON_ONE, 0, restart_from_dump};
static const plan late = {"Sentinel, replicas that lag are promoted", ON_SENTINEL, 2000, promote_a_late_one};
static const plan paused = {"Sentinel, a paused primary goes on", ON_SENTINEL, 0, pause_primary};
static const plan cut = {"Sentinel, a primary that is cut off", ON_SENTINEL, 0, cut_off};
static const plan cut_unasked = {"the same, nobody asks who is primary", ON_SENTINEL, 0, cut_off};
static const plan late_node = {"cluster, replicas that lag are promoted", ON_CLUSTER, 0, promote_a_late_one};

static void test_restart_from_dump(void **state)
{
    (void)state;
    assert_int_equal(carry_out(&dump, rounds(3)), 0);
}

static void test_sentinel(void **state)
{
    (void)state;
    assert_int_equal(carry_out(&late, rounds(2)), 0);
}

static void test_paused_primary(void **state)
{
    (void)state;
    assert_int_equal(carry_out(&paused, rounds(2)), 0);
}

static void test_cut_off(void **state)
{
    (void)state;
    assert_int_equal(carry_out(&cut, rounds(2)), 0);
}

static void test_cut_off_unasked(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, MCI_SAFEGUARD_POLL | MCI_SAFEGUARD_CONFIRM);
    long stale = 0;
    for (int i = 0; i < 3 && stale == 0; i++)
        stale = carry_out(&cut_unasked, 1);
    assert_true(stale > 0);
}

static void test_cluster(void **state)
{
    (void)state;
    assert_int_equal(carry_out(&late_node, rounds(2)), 0);
}

/* Slots move while they are read and written. */
static void move_slots(storm *s, topology *t, int round)
{
    (void)round;
    for (int i = 0; i < STORM_IDS; i++) {
        char command[64];
        snprintf(command, sizeof command, "CLUSTER KEYSLOT {573a1390f29313caabce5%03x}", i);
        char *slot = topology_ask(&t->node[0], command);
        assert_non_null(slot);
        topology_move_slot(t, atoi(slot), (topology_primary(t, atoi(slot)) + 1) % 3);
        free(slot);
    }
    storm_await_hits(s, 500);
    assert_int_equal(atomic_load(&s->failed_reads) + atomic_load(&s->failed_writes), 0);
}

static const plan moving = {"cluster, slots move", ON_CLUSTER, 0, move_slots};

static void test_slots_move(void **state)
{
    (void)state;
    assert_int_equal(carry_out(&moving, 1), 0);
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
        cmocka_unit_test_teardown(test_restart_from_dump, restore), cmocka_unit_test_teardown(test_sentinel, restore),
        cmocka_unit_test_teardown(test_paused_primary, restore),    cmocka_unit_test_teardown(test_cluster, restore),
        cmocka_unit_test_teardown(test_cut_off, restore),           cmocka_unit_test_teardown(test_cut_off_unasked, restore),
        cmocka_unit_test_teardown(test_slots_move, restore),
    };
    cmocka_set_test_filter(getenv("MFLIX_STORM"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
