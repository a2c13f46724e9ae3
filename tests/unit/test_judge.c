/* SPDX-License-Identifier: Apache-2.0 */
/* Believing a derived set, over a scripted cache: every state a set can be in, and every way a repair or a build can fail. */
#include "index/judge.h"

#include "engine_kit.h"
#include "index/rank.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static engine_kit k;
static mci_set_answer says; /* what the set says until something mends it */
static int mended;          /* by this kind of operation */
static const mci_slice due[] = {{ID1, 24}};

static void set_says(void *user, mci_ops *ops, mci_op *op)
{
    (void)ops;
    if ((int)op->kind == mended)
        memset(user, 0, sizeof(mci_set_answer)); /* what follows is the default: whole */
    if (op->kind == MCI_OP_SET_READ && ((mci_set_answer *)user)->now_ms != 0)
        op->u.set_read.answer = *(mci_set_answer *)user;
    if (op->kind == MCI_OP_SET_READ) {
        static const mci_member members[] = {{{ID3, 24}, 3.0}, {{ID2, 24}, 2.0}, {{ID1, 24}, 1.0}};
        op->u.set_read.answer.members = members;
        op->u.set_read.answer.n = 3;
        op->u.set_read.answer.there = 1;
        op->u.set_read.answer.above = 2;
        op->u.set_read.answer.score = 1.0;
    }
}

static void start(mci_set_answer a, int by)
{
    engine_kit_reset(&k);
    says = a;
    says.now_ms = FAKE_NOW_MS;
    mended = by;
    k.cache.answer = set_says;
    k.cache.user = &says;
}

static int64_t rank_of(const char *id)
{
    int64_t rank = -1;
    double score = 0;
    mci_call c = engine_kit_call(&k);
    return mci_rank_place(&c, k.movies, id, &rank, &score) == MC_OK ? rank : -1;
}

static mci_set_answer whole(void)
{
    return (mci_set_answer){.nonce = FAKE_NONCE, .complete = MCI_COMPLETE};
}

static void test_whole_is_believed(void **state)
{
    (void)state;
    start(whole(), -1);
    assert_int_equal(rank_of(ID1), 2);
    assert_string_equal(k.cache.trace, "set");
    assert_int_equal(k.info.tier, MC_TIER_REDIS);
}

static void test_not_whole_is_built(void **state)
{
    (void)state;
    mci_set_answer a = whole();
    a.complete = MCI_INCOMPLETE;
    start(a, MCI_OP_BUILD_SWAP);
    assert_int_equal(rank_of(ID1), 2);
    assert_string_equal(k.cache.trace, "set build page swap set");
    a.nonce[0] = '\0'; /* keys were lost */
    start(a, MCI_OP_BUILD_SWAP);
    assert_int_equal(rank_of(ID1), 2);
    assert_string_equal(k.cache.trace, "set build page swap set");
}

/* Of another epoch: a new nonce, then built. */
static void test_old_epoch_is_raised(void **state)
{
    (void)state;
    mci_set_answer a = whole();
    memcpy(a.nonce, "4710.0123456789abcdef", 22);
    start(a, MCI_OP_BUILD_SWAP);
    assert_int_equal(rank_of(ID1), 2);
    assert_string_equal(k.cache.trace, "set set_raise build page swap set");
}

/* Built soon after a loss: believed, but not by strict; and one more build is made. */
static void test_provisional(void **state)
{
    (void)state;
    mci_set_answer a = whole();
    a.complete = MCI_COMPLETE_PROVISIONAL;
    start(a, -1);
    assert_int_equal(rank_of(ID1), 2);
    assert_string_equal(k.cache.trace, "set");
    a.build_wanted = 1;
    start(a, -1);
    assert_int_equal(rank_of(ID1), 2);
    assert_string_equal(k.cache.trace, "set build page swap");
    start(a, MCI_OP_BUILD_SWAP);
    k.engine->set.write_mode = MCI_WRITE_STRICT;
    assert_int_equal(rank_of(ID1), 2);
    assert_string_equal(k.cache.trace, "set build page swap set");
    k.engine->set.write_mode = MCI_WRITE_SAFE;
}

/* While nobody knows who writes, strict asks the store, and does not build what it could not believe: each build is a scan. */
static void test_strict_waits_for_the_second_build(void **state)
{
    (void)state;
    mci_slice many[MCI_DUE_MAX + 1];
    mci_set_answer a = whole();
    a.complete = MCI_COMPLETE_PROVISIONAL;
    k.engine->set.write_mode = MCI_WRITE_STRICT;
    start(a, -1);
    assert_int_equal(rank_of(ID1), 2);
    assert_string_equal(k.cache.trace, "set");
    assert_int_equal(k.info.tier, MC_TIER_STORE);
    for (size_t i = 0; i <= MCI_DUE_MAX; i++)
        many[i] = due[0];
    a.due = many; /* they may hide that the second build is wanted */
    a.ndue = MCI_DUE_MAX + 1;
    start(a, -1);
    assert_int_equal(rank_of(ID1), 2);
    assert_string_equal(k.cache.trace, "set lease repair");
    assert_int_equal(k.info.tier, MC_TIER_STORE);
    k.engine->set.write_mode = MCI_WRITE_SAFE;
}

static void test_due_is_repaired(void **state)
{
    (void)state;
    mci_set_answer a = whole();
    a.due = due;
    a.ndue = 1;
    start(a, MCI_OP_SET_REPAIR);
    assert_int_equal(rank_of(ID1), 2);
    assert_string_equal(k.cache.trace, "set lease repair set");
    assert_int_equal(k.info.tier, MC_TIER_REDIS);
}

static mci_op_kind fails_at;

static void one_fails(void *user, mci_ops *ops, mci_op *op)
{
    set_says(user, ops, op);
    if (op->kind != fails_at)
        return;
    memset(op->u.set_lease.granted, 0, sizeof op->u.set_lease.granted);
    if (op->kind == MCI_OP_SET_REPAIR)
        memset(op->u.set_repair.done, 0, sizeof op->u.set_repair.done);
    op->status = op->kind == MCI_OP_SET_READ ? MC_E_CACHE : op->status;
}

/* Whatever keeps it from being put right: the database answers, and nobody is told the old place. */
static void test_what_cannot_be_mended_goes_to_the_store(void **state)
{
    (void)state;
    const mci_op_kind kinds[] = {MCI_OP_SET_LEASE, MCI_OP_SET_REPAIR, MCI_OP_SET_READ};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        mci_set_answer a = whole();
        a.due = due;
        a.ndue = 1;
        start(a, -1);
        fails_at = kinds[i];
        k.cache.answer = one_fails;
        char now[512];
        fixture_json(now, ID1, "One", 9);
        memstore_put(&k.mem, "movies", ID1, now);
        assert_int_equal(rank_of(ID1), 0);
        assert_int_equal(k.info.tier, MC_TIER_STORE);
    }
    for (int list = 1; list <= 3; list++) { /* the build is cut off at each step */
        mci_set_answer a = whole();
        a.complete = MCI_INCOMPLETE;
        start(a, -1);
        k.cache.fail_list = list;
        assert_int_equal(rank_of(ID1), 2);
        assert_int_equal(k.info.tier, MC_TIER_STORE);
    }
}

static int set_up(void **state)
{
    (void)state;
    engine_kit_start(&k, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    engine_kit_stop(&k);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_is_believed),
        cmocka_unit_test(test_not_whole_is_built),
        cmocka_unit_test(test_old_epoch_is_raised),
        cmocka_unit_test(test_provisional),
        cmocka_unit_test(test_strict_waits_for_the_second_build),
        cmocka_unit_test(test_due_is_repaired),
        cmocka_unit_test(test_what_cannot_be_mended_goes_to_the_store),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
