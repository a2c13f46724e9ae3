/* SPDX-License-Identifier: Apache-2.0 */
/* Derived sets and counters in this process: what may be asked of them, and each step of writers, repairs and builders once. */
#include "ops_kit.h"

#include "base/sphere.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- sets --------------------------------------------------------------------------------------------------------- */

static void build(ops_kit *k, const mci_set *s, const char *const *ids, const mci_place *places, size_t n)
{
    char nonce[MCI_NONCE_CAP];
    ops_kit_op(k, MCI_OP_BUILD_BEGIN)->u.build_begin =
        (mci_op_build_begin){.set = s, .token = A, .hold_ms = 1000, .fresh = "1.a"};
    assert_true(ops_kit_run(k)->u.build_begin.ours);
    memcpy(nonce, k->ops.op[0].u.build_begin.nonce, sizeof nonce);
    ops_kit_op(k, MCI_OP_BUILD_PAGE)->u.build_page = (mci_op_build_page){
        .set = s, .token = A, .nonce = nonce, .hold_ms = 1000, .cursor = ids[n - 1], .ids = ids, .places = places, .n = n};
    assert_true(ops_kit_run(k)->u.build_page.added);
    ops_kit_op(k, MCI_OP_BUILD_SWAP)->u.build_swap =
        (mci_op_build_swap){.set = s, .token = A, .nonce = nonce, .ttl_ms = 60000};
    assert_true(ops_kit_run(k)->u.build_swap.swapped);
}

static const mci_set_answer *ask(ops_kit *k, const mci_op_set_read *question)
{
    ops_kit_op(k, MCI_OP_SET_READ)->u.set_read = *question;
    return &ops_kit_run(k)->u.set_read.answer;
}

static const char *const four[] = {"a", "b", "c", "d"};
static const mci_place ranks[] = {{1, 1, 0}, {1, 2, 0}, {1, 2, 0}, {1, 3, 0}};

static void test_ranks(void **state)
{
    (void)state;
    ops_kit k;
    ops_kit_open(&k, "", 1 << 20);
    mci_op_set_read all = {.set = &k.rank, .query = MCI_QUERY_PAGE, .count = 10};
    assert_int_equal(ask(&k, &all)->complete, MCI_INCOMPLETE);
    build(&k, &k.rank, four, ranks, 4);
    const mci_set_answer *a = ask(&k, &(mci_op_set_read){.set = &k.rank, .query = MCI_QUERY_PAGE, .offset = 1, .count = 2});
    assert_int_equal(a->complete, MCI_COMPLETE);
    assert_string_equal(a->nonce, "1.a");
    assert_int_equal(a->n, 2);
    assert_string_equal(a->members[0].id.p, "c");
    assert_string_equal(a->members[1].id.p, "b");
    assert_int_equal(ask(&k, &(mci_op_set_read){.set = &k.rank, .query = MCI_QUERY_PAGE, .offset = 9, .count = 2})->n, 0);
    a = ask(&k, &(mci_op_set_read){.set = &k.rank, .query = MCI_QUERY_PLACE, .id = "b"});
    assert_true(a->there && a->score == 2 && a->above == 2);
    assert_false(ask(&k, &(mci_op_set_read){.set = &k.rank, .query = MCI_QUERY_PLACE, .id = "x"})->there);
    /* Another nonce, or too old: not whole. */
    ops_kit_op(&k, MCI_OP_SET_RAISE)->u.set_raise = (mci_op_set_raise){.set = &k.rank, .nonce = "1.x", .fresh = "2.a"};
    (void)ops_kit_run(&k);
    assert_int_equal(ask(&k, &all)->complete, MCI_COMPLETE);
    ops_kit_clock += 60000;
    assert_int_equal(ask(&k, &all)->complete, MCI_INCOMPLETE);
    build(&k, &k.rank, four, ranks, 4);
    ops_kit_op(&k, MCI_OP_SET_RAISE)->u.set_raise = (mci_op_set_raise){.set = &k.rank, .nonce = "1.a", .fresh = "2.a"};
    (void)ops_kit_run(&k);
    a = ask(&k, &all);
    assert_int_equal(a->complete, MCI_INCOMPLETE);
    assert_string_equal(a->nonce, "2.a");
    ops_kit_close(&k);
}

static void test_writes_and_repairs(void **state)
{
    (void)state;
    ops_kit k;
    ops_kit_open(&k, "", 1 << 20);
    mci_op_set_read all = {.set = &k.rank, .query = MCI_QUERY_PAGE, .count = 10};
    build(&k, &k.rank, four, ranks, 4);
    const mci_set_answer *a;
    /* A write: announced, due after a while, settled. */
    ops_kit_op(&k, MCI_OP_SET_ANNOUNCE)->u.set_announce =
        (mci_op_set_announce){.set = &k.rank, .id = "a", .token = A, .span_ms = 10000, .fresh = "1.b"};
    assert_string_equal(ops_kit_run(&k)->u.set_announce.nonce, "1.a");
    int64_t announced = ops_kit_clock;
    assert_int_equal(ask(&k, &all)->ndue, 0);
    ops_kit_clock += 1000;
    assert_int_equal(ask(&k, &all)->ndue, 1);
    ops_kit_op(&k, MCI_OP_SET_SETTLE)->u.set_settle = (mci_op_set_settle){.set = &k.rank,
                                                                          .id = "a",
                                                                          .token = A,
                                                                          .nonce = "1.a",
                                                                          .announced_ms = announced,
                                                                          .carried_out = 1,
                                                                          .place = {1, 9, 0},
                                                                          .fresh = "1.b"};
    assert_true(ops_kit_run(&k)->u.set_settle.settled);
    a = ask(&k, &all);
    assert_int_equal(a->ndue, 0);
    assert_string_equal(a->members[0].id.p, "a");
    /* A settlement that comes when its time is over is a doubt, although the announcement stands (it was made once more). */
    ops_kit_op(&k, MCI_OP_SET_ANNOUNCE)->u.set_announce =
        (mci_op_set_announce){.set = &k.rank, .id = "a", .token = A, .span_ms = 10000, .fresh = "1.b"};
    (void)ops_kit_run(&k);
    ops_kit_op(&k, MCI_OP_SET_SETTLE)->u.set_settle = (mci_op_set_settle){.set = &k.rank,
                                                                          .id = "a",
                                                                          .token = A,
                                                                          .nonce = "1.a",
                                                                          .announced_ms = ops_kit_clock - 10000,
                                                                          .carried_out = 1,
                                                                          .place = {1, 1, 0},
                                                                          .fresh = "1.b"};
    assert_false(ops_kit_run(&k)->u.set_settle.settled);
    assert_int_equal(ask(&k, &all)->ndue, 1);
    /* What is told is due, and repaired under a lease. */
    ops_kit_op(&k, MCI_OP_SET_TELL)->u.set_tell = (mci_op_set_tell){.set = &k.rank, .ids = four, .n = 2, .fresh = "1.b"};
    (void)ops_kit_run(&k);
    assert_int_equal(ask(&k, &all)->ndue, 2);
    ops_kit_op(&k, MCI_OP_SET_LEASE)->u.set_lease = (mci_op_set_lease){.set = &k.rank, .ids = four, .n = 3, .token = A};
    const mci_op_set_lease *l = &ops_kit_run(&k)->u.set_lease;
    assert_true(l->granted[0] && l->granted[1] && !l->granted[2]);
    ops_kit_op(&k, MCI_OP_SET_LEASE)->u.set_lease = (mci_op_set_lease){.set = &k.rank, .ids = four, .n = 1, .token = B};
    assert_false(ops_kit_run(&k)->u.set_lease.granted[0]);
    static const mci_place read[] = {{1, 5, 0}, {0, 0, 0}};
    ops_kit_op(&k, MCI_OP_SET_REPAIR)->u.set_repair =
        (mci_op_set_repair){.set = &k.rank, .ids = four, .places = read, .n = 2, .token = A, .nonce = "1.a"};
    const mci_op_set_repair *r = &ops_kit_run(&k)->u.set_repair;
    assert_true(r->done[0] && r->done[1]);
    a = ask(&k, &all);
    assert_true(a->ndue == 0 && a->n == 3 && a->members[0].score == 5);
    ops_kit_close(&k);
}

static void test_places(void **state)
{
    (void)state;
    ops_kit k;
    enum { N = 400 };
    static char names[N][8];
    static const char *ids[N];
    static mci_place places[N];
    unsigned seed = 3;
    ops_kit_open(&k, "", 1 << 22);
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "%d", i);
        seed = seed * 1103515245u + 12345u;
        double x = (seed >> 8) % 36000 / 100.0 - 180;
        seed = seed * 1103515245u + 12345u;
        double y = (seed >> 8) % 17000 / 100.0 - 85;
        assert_true(mci_sphere_hold(&x, &y));
        places[i] = (mci_place){1, x, y};
        ids[i] = names[i];
        double lon = 0;
        double lat = 0;
        assert_int_equal(mci_sphere_decode(mci_slot_score(MCI_SET_GEO, &places[i]), &lon, &lat), 0);
        assert_true(mci_sphere_distance(x, y, lon, lat) < 1.0);
    }
    build(&k, &k.geo, ids, places, N);
    for (int i = 0; i < 60; i++) {
        double x = places[i].x > 0 ? places[i].x - 1 : places[i].x + 1;
        double y = places[i].y / 2;
        double radius = 100000.0 * (1 + i % 60);
        const mci_set_answer *a = ask(
            &k,
            &(mci_op_set_read){.set = &k.geo, .query = MCI_QUERY_NEAR, .lon = x, .lat = y, .radius_m = radius, .count = 5});
        /* The same by looking at all of them. */
        size_t within = 0;
        double farthest = 0;
        for (size_t n = 0; n < a->n; n++) {
            double lon = 0;
            double lat = 0;
            (void)mci_sphere_decode(a->members[n].score, &lon, &lat);
            double d = mci_sphere_distance(x, y, lon, lat);
            assert_true(d >= farthest && d <= radius);
            farthest = d;
        }
        size_t nearer = 0;
        for (int p = 0; p < N; p++) {
            double d = mci_sphere_distance(x, y, places[p].x, places[p].y);
            within += d <= radius - 2;
            nearer += d < farthest - 2;
        }
        assert_true(a->n >= (within < 5 ? within : 5));
        assert_true(nearer < 5);
    }
    mci_score_range range[] = {{0, 1e15}, {1e15, 5e15}, {9e15, 1e16}};
    const mci_set_answer *a =
        ask(&k, &(mci_op_set_read){.set = &k.geo, .query = MCI_QUERY_COUNTS, .ranges = range, .nranges = 3});
    assert_int_equal(a->ncounts, 3);
    assert_int_equal(a->counts[0] + a->counts[1] + a->counts[2], N);
    int64_t first = a->counts[0];
    a = ask(&k, &(mci_op_set_read){.set = &k.geo, .query = MCI_QUERY_RANGES, .ranges = range, .nranges = 3, .count = 10});
    assert_true(first > 10 && a->n == 20);
    assert_true(a->members[0].score <= a->members[9].score && a->members[9].score < a->members[10].score);
    ops_kit_close(&k);
}

static void test_counters(void **state)
{
    (void)state;
    ops_kit k;
    ops_kit_open(&k, "", 1 << 20);
    for (int i = 0; i < 6; i++) {
        ops_kit_op(&k, MCI_OP_COUNTER_ADD)->u.counter_add =
            (mci_op_counter_add){.set = &k.views, .id = i % 3 ? "much" : "little"};
        (void)ops_kit_run(&k);
    }
    assert_true(k.ops.op[0].u.counter_add.total == 4);
    ops_kit_op(&k, MCI_OP_COUNTER_PAGE)->u.counter_page = (mci_op_counter_page){.set = &k.views, .count = 5};
    const mci_op_counter_page *p = &ops_kit_run(&k)->u.counter_page;
    assert_int_equal(p->n, 2);
    assert_string_equal(p->members[0].id.p, "much");
    assert_true(p->members[1].score == 2);
    ops_kit_op(&k, MCI_OP_COUNTER_CLEAR)->u.counter_clear.set = &k.views;
    (void)ops_kit_run(&k);
    ops_kit_op(&k, MCI_OP_COUNTER_PAGE)->u.counter_page = (mci_op_counter_page){.set = &k.views, .count = 5};
    assert_int_equal(ops_kit_run(&k)->u.counter_page.n, 0);
    ops_kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_writes_and_repairs),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
