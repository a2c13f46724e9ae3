/* SPDX-License-Identifier: Apache-2.0 */
/* Write-through over a scripted cache: each mode, each step, each step failing, each answer of the database. */
#include "engine/write.h"

#include "engine_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static engine_kit k;

static mc_status rate(double rating)
{
    mci_patch plan = {0};
    mci_call c = engine_kit_call(&k);
    assert_int_equal(mci_json_patch_number(&plan, "imdb.rating", rating), MC_OK);
    return mci_write_update(&c, k.movies, ID1, &plan, NULL);
}

static double stored(void)
{
    char *json = memstore_get(&k.mem, "movies", ID1);
    const char *at = json != NULL ? strstr(json, "\"rating\":") : NULL;
    double v = at != NULL ? strtod(at + 9, NULL) : -1;
    free(json);
    return v;
}

static int queued(void)
{
    return mci_recovery_has(&k.engine->recovery, mci_coll_number(k.engine, k.movies), 0, ID1);
}

static mci_op_commit last_commit;
static mci_op_set_settle last_settle;
static mci_op_announce last_announce;
static int alone = 1;

static void watch(void *user, mci_ops *ops, mci_op *op)
{
    (void)user;
    (void)ops;
    if (op->kind == MCI_OP_VALUE_COMMIT && op->u.commit.family->unique == NULL) {
        op->u.commit.stored = alone;
        last_commit = op->u.commit;
    } else if (op->kind == MCI_OP_SET_SETTLE) {
        op->u.set_settle.settled = alone;
        last_settle = op->u.set_settle;
    } else if (op->kind == MCI_OP_VALUE_ANNOUNCE) {
        last_announce = op->u.announce;
    }
}

static void start(mci_write_mode mode)
{
    engine_kit_reset(&k);
    k.engine->set.write_mode = mode;
    k.cache.answer = watch;
    alone = 1;
}

static void test_steps(void **state)
{
    (void)state;
    start(MCI_WRITE_SAFE);
    assert_int_equal(rate(5), MC_OK);
    assert_string_equal(k.cache.trace, "announce+set_announce commit+settle");
    assert_int_equal(k.cache.once_lists, 1); /* the announcement may be repeated, the end may not */
    assert_int_equal(last_commit.mode, MCI_COMMIT_POST);
    assert_int_equal(last_commit.epoch, FAKE_EPOCH);
    assert_true(last_commit.ttl_ms > 0);
    assert_true(last_settle.carried_out && last_settle.place.there && last_settle.place.x == 5.0);
    assert_string_equal(last_settle.nonce, FAKE_NONCE);
    assert_int_equal(last_settle.announced_ms, FAKE_NOW_MS);
    assert_false(queued());
    start(MCI_WRITE_FAST);
    assert_int_equal(rate(6), MC_OK);
    assert_string_equal(k.cache.trace, "commit+settle");
    assert_string_equal(last_settle.nonce, ""); /* nobody was told: the place will be read from the database */
}

static void test_new_title_is_announced(void **state)
{
    (void)state;
    const char *json = "{\"_id\":{\"$oid\":\"573a1390f29313caabcd4804\"},\"title\":\"A {new} one\"}";
    start(MCI_WRITE_SAFE);
    mci_call c = engine_kit_call(&k);
    assert_int_equal(mci_write_create(&c, k.movies, json, strlen(json), NULL), MC_OK);
    assert_string_equal(k.cache.trace, "announce+announce+set_announce commit+commit+settle");
    assert_false(last_settle.place.there); /* it has no rating */
}

/* The announcement does not get through: safe writes and remembers, strict does not touch the database. */
static void test_announcement_fails(void **state)
{
    (void)state;
    for (int how = 0; how < 5; how++) { /* away, answer lost, refused: value, place; epoch unreadable */
        for (int mode = MCI_WRITE_SAFE; mode <= MCI_WRITE_STRICT; mode += MCI_WRITE_STRICT - MCI_WRITE_SAFE) {
            start((mci_write_mode)mode);
            k.cache.fail_list = how == 0 ? 1 : 0;
            k.cache.lose_list = how == 1 ? 1 : 0;
            k.cache.refuse_list = how == 2 || how == 3 ? 1 : 0;
            k.cache.refuse_op = how == 3 ? 1 : 0;
            k.cache.epoch_unknown = how == 4;
            k.cache.down = 1;
            mc_status st = rate(5);
            if (mode == MCI_WRITE_STRICT) {
                assert_int_equal(st, MC_E_CACHE);
                assert_true(stored() == 1.0);
                assert_non_null(strstr(k.err.text, "nothing was written"));
                assert_false(queued());
            } else {
                assert_int_equal(st, MC_OK);
                assert_true(stored() == 5.0);
                assert_true(queued());
                assert_true(k.info.flags & MC_FLAG_QUEUED);
                assert_string_equal(k.cache.trace, "announce+set_announce");
            }
        }
    }
}

/* The end does not get through: the id is remembered, in every mode. */
static void test_end_fails(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        for (int mode = MCI_WRITE_SAFE; mode <= MCI_WRITE_STRICT; mode++) {
            int list = mode == MCI_WRITE_FAST ? 1 : 2;
            start((mci_write_mode)mode);
            k.cache.fail_list = how == 0 ? list : 0;
            k.cache.lose_list = how == 1 ? list : 0;
            k.cache.refuse_list = how >= 2 ? list : 0;
            k.cache.refuse_op = how - 2;
            k.cache.down = 1;
            assert_int_equal(rate(5), MC_OK); /* the write itself is done */
            assert_true(stored() == 5.0);
            assert_true(queued());
        }
    }
}

static void test_not_carried_out(void **state)
{
    (void)state;
    start(MCI_WRITE_SAFE);
    k.mem.fail_writes = MC_E_STORE;
    assert_int_equal(rate(5), MC_E_STORE);
    assert_int_equal(last_commit.mode, MCI_COMMIT_ABORT);
    assert_false(last_settle.carried_out);
    assert_false(queued());
}

/* Whether it was carried out nobody knows: announced once more, for longer; never ended. */
static void test_unknown_outcome(void **state)
{
    (void)state;
    for (int lost = 0; lost < 2; lost++) {
        start(MCI_WRITE_SAFE);
        k.mem.late_writes = 1;
        k.cache.fail_list = lost ? 2 : 0;
        k.cache.down = lost;
        assert_int_equal(rate(5), MC_E_UNKNOWN);
        assert_string_equal(k.cache.trace, "announce+set_announce announce+set_announce");
        if (!lost)
            assert_int_equal(last_announce.span_ms, k.engine->set.write_suspect_ms);
        assert_int_equal(queued(), lost);
        memstore_commit(&k.mem);
    }
}

/* Writers overlapped, and this was the last: the place is read from the database at once. */
static void test_overlapped(void **state)
{
    (void)state;
    start(MCI_WRITE_SAFE);
    alone = 0;
    assert_int_equal(rate(5), MC_OK);
    assert_string_equal(k.cache.trace, "announce+set_announce commit+settle lease repair");
    assert_int_equal(engine_kit_stats(&k).writes_contended, 1);
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
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_new_title_is_announced),
        cmocka_unit_test(test_announcement_fails),
        cmocka_unit_test(test_end_fails),
        cmocka_unit_test(test_not_carried_out),
        cmocka_unit_test(test_unknown_outcome),
        cmocka_unit_test(test_overlapped),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
