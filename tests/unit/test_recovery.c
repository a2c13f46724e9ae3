/* SPDX-License-Identifier: Apache-2.0 */
/* The recovery queue: bounded, newest wins, forgotten only when acknowledged. */
#include "engine/recovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int64_t later(void)
{
    return mci_deadline_in(60000);
}

static void test_push_and_replay(void **state)
{
    (void)state;
    mci_recovery r;
    mci_recovery_copy c[10];
    assert_int_equal(mci_recovery_init(&r, 100), 0);
    assert_int_equal(mci_recovery_has(&r, 0, 0, "a"), 0);
    assert_int_equal(mci_recovery_push(&r, 0, 0, "a", later()), 0);
    assert_int_equal(mci_recovery_push(&r, 0, 1, "a", later()), 0); /* an alias is another thing */
    assert_int_equal(mci_recovery_push(&r, 1, 0, "a", later()), 0); /* so is another collection */
    assert_int_equal(mci_recovery_push(&r, 0, 0, "a", later()), 0); /* the same once more: one entry */
    assert_int_equal(atomic_load(&r.count), 3);
    assert_int_equal(mci_recovery_begin(&r, c, 10), 3);
    assert_int_equal(mci_recovery_begin(&r, c + 3, 7), 0);          /* one replays at a time */
    assert_int_equal(mci_recovery_push(&r, 0, 0, "a", later()), 0); /* written again meanwhile */
    assert_int_equal(mci_recovery_has(&r, 0, 0, "a"), 1);           /* still waits while it is replayed */
    assert_int_equal(mci_recovery_finish(&r, c, 3, 1), 2);
    assert_int_equal(mci_recovery_has(&r, 0, 0, "a"), 1);
    assert_int_equal(mci_recovery_begin(&r, c, 10), 1);
    assert_int_equal(mci_recovery_finish(&r, c, 1, 0), 0); /* Redis did not answer */
    assert_int_equal(mci_recovery_has(&r, 0, 0, "a"), 1);
    mci_recovery_destroy(&r);
}

static void test_bounds(void **state)
{
    (void)state;
    mci_recovery r;
    char id[16];
    assert_int_equal(mci_recovery_init(&r, 50), 0);
    int lost = 0;
    for (int i = 0; i < 80; i++) {
        snprintf(id, sizeof id, "%d", i);
        lost += mci_recovery_push(&r, 0, 0, id, later());
    }
    assert_int_equal(lost, 30);
    assert_int_equal(atomic_load(&r.count), 50);
    /* The oldest went; which those are nobody knows, so none is believed until everything was dropped. */
    assert_int_equal(mci_recovery_has(&r, 0, 0, "0"), 1);
    assert_int_equal(mci_recovery_has(&r, 3, 1, "never written"), 1);
    assert_int_equal(mci_recovery_has_any(&r, 3), 1);
    uint64_t all = mci_recovery_all(&r);
    assert_true(all > 0);
    assert_int_equal(mci_recovery_push(&r, 1, 0, "later", later()), 1); /* pushed while everything is dropped */
    assert_int_equal(mci_recovery_all_done(&r, all), 49);
    assert_int_equal(mci_recovery_has(&r, 0, 0, "0"), 1); /* one was lost since */
    all = mci_recovery_all(&r);
    assert_int_equal(mci_recovery_all_done(&r, all), 1);
    assert_true(mci_recovery_is_empty(&r));
    assert_int_equal(mci_recovery_has(&r, 0, 0, "0"), 0);
    mci_recovery_destroy(&r);
    assert_int_equal(mci_recovery_init(&r, 0), 0);
    assert_int_equal(mci_recovery_push(&r, 0, 0, "x", later()), 1);
    assert_int_equal(mci_recovery_has(&r, 0, 0, "x"), 1);
    mci_recovery_destroy(&r);
}

/* Lists are believed again when no id of their collection waits; aliases stand on no list. */
static void test_lists(void **state)
{
    (void)state;
    mci_recovery r;
    mci_recovery_copy c[4];
    assert_int_equal(mci_recovery_init(&r, 10), 0);
    assert_int_equal(mci_recovery_push(&r, 0, 1, "title", later()), 0);
    assert_int_equal(mci_recovery_has_any(&r, 0), 0);
    assert_int_equal(mci_recovery_push(&r, 0, 0, "id", later()), 0);
    assert_int_equal(mci_recovery_has_any(&r, 0), 1);
    assert_int_equal(mci_recovery_has_any(&r, 1), 0);
    assert_int_equal(mci_recovery_begin(&r, c, 4), 2);
    assert_int_equal(mci_recovery_finish(&r, c, 2, 1), 2);
    assert_int_equal(mci_recovery_has_any(&r, 0), 0);
    assert_true(mci_recovery_is_empty(&r));
    mci_recovery_destroy(&r);
}

static void test_expired_are_forgotten(void **state)
{
    (void)state;
    mci_recovery r;
    mci_recovery_copy c[2];
    assert_int_equal(mci_recovery_init(&r, 50), 0);
    assert_int_equal(mci_recovery_push(&r, 0, 0, "x", mci_now_ns() - 1), 0);
    assert_int_equal(mci_recovery_begin(&r, c, 2), 0);
    assert_int_equal(atomic_load(&r.count), 0);
    mci_recovery_destroy(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_push_and_replay), cmocka_unit_test(test_bounds),
                                       cmocka_unit_test(test_lists), cmocka_unit_test(test_expired_are_forgotten)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
