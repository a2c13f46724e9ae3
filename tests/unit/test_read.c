/* SPDX-License-Identifier: Apache-2.0 */
/* Cache-aside reads over a scripted cache: each step, and each step failing. */
#include "engine/read.h"

#include "engine_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static engine_kit k;

static double rating_of(mci_doc *d)
{
    double v = -1;
    (void)mci_doc_number(d, (size_t)k.movies->spec->rank_field, &v);
    return v;
}

/* The rating, or the status when it is none. */
static double get(const char *id)
{
    mci_call c = engine_kit_call(&k);
    mci_doc *d = NULL;
    mc_status st = mci_read_one(&c, k.movies, id, MCI_WANT_FIELDS, &d);
    double v = st == MC_OK ? rating_of(d) : st;
    mci_doc_unref(d);
    return v;
}

static mci_doc *stored; /* what the cache holds of ID1 */

static void take_stored(void)
{
    mci_call c = engine_kit_call(&k);
    (void)mci_read_one(&c, k.movies, ID1, MCI_WANT_FIELDS, &stored);
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

static mci_found_state first; /* of the value, at the first look */
static int looks;

static void value_stands(void *user, mci_ops *ops, mci_op *op)
{
    (void)user;
    (void)ops;
    if (op->kind != MCI_OP_VALUE_READ)
        return;
    op->u.value_read.found = (mci_found){.state = first, .written_ms = FAKE_NOW_MS - 5, .name = {"name", 4}};
    if (first == MCI_FOUND_VALUE)
        op->u.value_read.found.doc = mci_doc_ref(stored);
}

static char rejected[16];

static void lease_goes_to(void *user, mci_ops *ops, mci_op *op)
{
    value_stands(user, ops, op);
    if (op->kind != MCI_OP_VALUE_ACQUIRE)
        return;
    mci_op_acquire *a = &op->u.acquire;
    memcpy(rejected, a->rejected.p != NULL ? a->rejected.p : "", a->rejected.n);
    rejected[a->rejected.n] = '\0';
    a->acquired = *(const mci_acquired *)user;
    if (a->acquired == MCI_ACQUIRED_FOUND && looks++ == 0)
        a->found = (mci_found){.state = MCI_FOUND_CORRUPT, .name = {"again", 5}};
    else if (a->acquired == MCI_ACQUIRED_FOUND)
        a->found = (mci_found){.state = MCI_FOUND_VALUE, .written_ms = FAKE_NOW_MS, .doc = mci_doc_ref(stored)};
}

static void start(mci_found_state state)
{
    engine_kit_reset(&k);
    take_stored();
    fake_cache_reset(&k.cache);
    first = state;
    looks = 0;
    k.cache.answer = value_stands;
}

static void end(void)
{
    mci_doc_unref(stored);
    stored = NULL;
}

static void test_hit(void **state)
{
    (void)state;
    start(MCI_FOUND_VALUE);
    assert_true(get(ID1) == 1.0);
    assert_string_equal(k.cache.trace, "read");
    assert_int_equal(k.info.tier, MC_TIER_REDIS);
    assert_int_equal(k.info.age_ms, 5);
    first = MCI_FOUND_NEGATIVE;
    assert_true(get(ID1) == MC_NOT_FOUND);
    assert_true(k.info.flags & MC_FLAG_NEGATIVE);
    end();
}

static void test_miss_loads_and_fills(void **state)
{
    (void)state;
    const mci_found_state states[] = {MCI_FOUND_NONE, MCI_FOUND_OLD, MCI_FOUND_CORRUPT, MCI_FOUND_TOO_BIG};
    mci_acquired to = MCI_ACQUIRED_LEASE;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        start(states[i]);
        k.cache.answer = lease_goes_to;
        k.cache.user = &to;
        assert_true(get(ID1) == 1.0);
        assert_string_equal(k.cache.trace, "read acquire commit");
        assert_string_equal(rejected, "name"); /* exactly what stood there is to go */
        assert_int_equal(k.info.cache, MC_CACHE_MISS);
        assert_true(k.info.flags & MC_FLAG_FILLED);
        assert_int_equal((k.info.flags & MC_FLAG_CORRUPT) != 0, i >= 2);
        end();
    }
}

/* Every list lost, every operation refused, the epoch unreadable: the answer is the database's, and the call says so. */
static void test_each_step_fails(void **state)
{
    (void)state;
    for (int list = 1; list <= 3; list++) {
        for (int how = 0; how < 3; how++) {
            start(MCI_FOUND_NONE);
            if (how == 0)
                k.cache.fail_list = list;
            else if (how == 1)
                k.cache.lose_list = list;
            else
                k.cache.refuse_list = list;
            assert_true(get(ID1) == 1.0);
            assert_int_equal(k.info.tier, MC_TIER_STORE);
            if (how < 2)
                assert_true(k.info.flags & MC_FLAG_REDIS_DOWN);
            /* the first operation of a read that is refused alone is a miss; without a lease nothing is filled */
            assert_int_equal((k.info.flags & MC_FLAG_FILLED) != 0, how == 2 && list == 1);
            assert_int_equal(k.info.cache, list == 3 || (list == 1 && how == 2) ? MC_CACHE_MISS : MC_CACHE_BYPASS);
            end();
        }
    }
    start(MCI_FOUND_VALUE);
    k.cache.epoch_unknown = 1; /* nothing can be believed */
    assert_true(get(ID1) == 1.0);
    assert_string_equal(k.cache.trace, "read");
    assert_int_equal(k.info.cache, MC_CACHE_BYPASS);
    end();
}

static void test_who_else_loads(void **state)
{
    (void)state;
    mci_acquired to = MCI_ACQUIRED_WRITER;
    start(MCI_FOUND_NONE);
    k.cache.answer = lease_goes_to;
    k.cache.user = &to;
    assert_true(get(ID1) == 1.0);
    assert_string_equal(k.cache.trace, "read acquire"); /* a write is under way: nothing is filled */
    assert_true(k.info.flags & MC_FLAG_QUARANTINED);
    end();
    start(MCI_FOUND_CORRUPT);
    to = MCI_ACQUIRED_FOUND; /* something as bad as before, then a value */
    k.cache.answer = lease_goes_to;
    k.cache.user = &to;
    assert_true(get(ID1) == 1.0);
    assert_string_equal(k.cache.trace, "read acquire acquire");
    assert_string_equal(rejected, "again");
    assert_int_equal(k.info.tier, MC_TIER_REDIS);
    end();
}

/* The load fails: the lease is given back, and the error is the database's. */
static void test_load_fails(void **state)
{
    (void)state;
    start(MCI_FOUND_NONE);
    k.mem.fail_reads = MC_E_STORE;
    assert_true(get(ID1) == MC_E_STORE);
    assert_string_equal(k.cache.trace, "read acquire commit");
    assert_int_equal(k.err.tier, MC_TIER_STORE);
    k.mem.fail_reads = MC_E_TIMEOUT;
    k.cache.fail_list = -1;
    assert_true(get(ID1) == MC_E_TIMEOUT);
    assert_non_null(strstr(k.err.text, "the cache is away")); /* both are, and it says so */
    end();
}

static void test_batch_with_duplicates(void **state)
{
    (void)state;
    mci_item items[4] = {{.id = ID1}, {.id = ID2}, {.id = ID1}, {.id = "573a1390f29313caabcd48ff"}};
    start(MCI_FOUND_NONE);
    mci_call c = engine_kit_call(&k);
    assert_int_equal(mci_read_many(&c, k.movies, items, 4, MCI_WANT_FIELDS), MC_OK);
    assert_string_equal(k.cache.trace, "read+read+read acquire+acquire+acquire commit+commit+commit");
    assert_true(rating_of(items[0].doc) == 1.0 && rating_of(items[1].doc) == 2.0);
    assert_ptr_equal(items[0].doc, items[2].doc);
    assert_int_equal(items[3].status, MC_NOT_FOUND);
    for (int i = 0; i < 4; i++)
        mci_doc_unref(items[i].doc);
    end();
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
        cmocka_unit_test(test_hit),
        cmocka_unit_test(test_miss_loads_and_fills),
        cmocka_unit_test(test_each_step_fails),
        cmocka_unit_test(test_who_else_loads),
        cmocka_unit_test(test_load_fails),
        cmocka_unit_test(test_batch_with_duplicates),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
