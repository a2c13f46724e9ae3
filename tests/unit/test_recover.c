/* SPDX-License-Identifier: Apache-2.0 */
/* Telling a cache that is back what was written without it: every id once, and none forgotten that it did not acknowledge. */
#include "engine/recover.h"

#include "engine_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static engine_kit k;

static size_t movies(void)
{
    return mci_coll_number(k.engine, k.movies);
}

static void push(const char *id, int unique, int unknown)
{
    int64_t until = mci_deadline_in(60000);
    if (unknown)
        (void)mci_recovery_push_unknown(&k.engine->recovery, movies(), unique, id, until);
    else
        (void)mci_recovery_push(&k.engine->recovery, movies(), unique, id, until);
}

static int recover(void)
{
    mci_call c = engine_kit_call(&k);
    return mci_recover(&c);
}

static void test_each_kind(void **state)
{
    (void)state;
    engine_kit_reset(&k);
    assert_false(recover());
    assert_string_equal(k.cache.trace, ""); /* nothing waits: nothing is asked */
    push(ID1, 0, 0);
    assert_false(recover());
    assert_string_equal(k.cache.trace, "drop+tell");
    push("One", 1, 0);
    push(ID2, 0, 1); /* it may still land: announced for longer, and its place read from the database */
    assert_false(recover());
    assert_string_equal(k.cache.trace, "drop+tell drop+announce+set_announce+tell");
    assert_true(mci_recovery_is_empty(&k.engine->recovery));
}

static void test_nothing_unacknowledged_is_forgotten(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        engine_kit_reset(&k);
        push(ID1, 0, 0);
        k.cache.fail_list = how == 0 ? 1 : 0;
        k.cache.lose_list = how == 1 ? 1 : 0;
        k.cache.refuse_list = how >= 2 ? 1 : 0;
        k.cache.refuse_op = how - 2;
        assert_true(recover());
        mci_call c = engine_kit_call(&k);
        k.cache.down = 1;
        assert_true(mci_recover_lists(&c, k.movies)); /* and no list is believed meanwhile */
        k.cache.down = 0;
        assert_false(recover());
    }
}

/* More than the queue holds: nothing is believed, and everything is invalidated. */
static void test_overflow(void **state)
{
    (void)state;
    engine_kit_reset(&k);
    push(ID1, 0, 0);
    push(ID2, 0, 0);
    push(ID3, 0, 0);
    assert_true(mci_recovery_has(&k.engine->recovery, movies(), 0, "573a1390f29313caabcd48ff"));
    k.cache.fail_list = 1;
    assert_true(recover());
    assert_true(mci_recovery_has(&k.engine->recovery, movies(), 0, "573a1390f29313caabcd48ff"));
    fake_cache_reset(&k.cache);
    assert_false(recover());
    assert_memory_equal(k.cache.trace, "raise", 5);
}

static void test_down_is_not_asked(void **state)
{
    (void)state;
    engine_kit_reset(&k);
    push(ID1, 0, 0);
    k.cache.down = 1;
    assert_true(recover());
    assert_string_equal(k.cache.trace, "");
}

static int set_up(void **state)
{
    (void)state;
    engine_kit_start(&k, "recovery.max", "2", NULL);
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
        cmocka_unit_test(test_each_kind),
        cmocka_unit_test(test_nothing_unacknowledged_is_forgotten),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_down_is_not_asked),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
