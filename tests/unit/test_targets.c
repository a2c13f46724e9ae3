/* SPDX-License-Identifier: Apache-2.0 */
/* Where unique keys led: what is noted is found, the newest stays, and the table does not grow. */
#include "engine/targets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_notes(void **state)
{
    (void)state;
    mci_targets t;
    char id[MCI_ID_CAP];
    char longest[60];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(mci_targets_init(&t), 0);
    mci_targets_get(&t, "Alien", id);
    assert_string_equal(id, "");
    mci_targets_note(&t, "Alien", "1");
    mci_targets_note(&t, "Aliens", "2");
    mci_targets_get(&t, "Alien", id);
    assert_string_equal(id, "1");
    mci_targets_note(&t, "Alien", "3"); /* it leads elsewhere now */
    mci_targets_get(&t, "Alien", id);
    assert_string_equal(id, "3");
    mci_targets_note(&t, "Long", longest);
    mci_targets_get(&t, "Long", id);
    assert_string_equal(id, "");
    mci_targets_destroy(&t);
}

static void test_many(void **state)
{
    (void)state;
    mci_targets t;
    char id[MCI_ID_CAP];
    char key[32];
    int found = 0;
    assert_int_equal(mci_targets_init(&t), 0);
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(key, sizeof key, "title %d", i);
        mci_targets_note(&t, key, key + 6);
        mci_targets_get(&t, key, id);
        assert_string_equal(id, key + 6);
    }
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(key, sizeof key, "title %d", i);
        mci_targets_get(&t, key, id);
        assert_true(id[0] == '\0' || strcmp(id, key + 6) == 0);
        found += id[0] != '\0';
    }
    assert_true(found > 4000 && found <= 8192);
    mci_targets_destroy(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
