/* SPDX-License-Identifier: Apache-2.0 */
/* Words that differ in case only. */
#include "base/ascii.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The case of a to z only, whatever the locale; never past the end of the shorter one. */
static void test_same_word(void **state)
{
    (void)state;
    assert_true(mci_same_word("REDIS://h", "redis", 5));
    assert_true(mci_same_word("nAn", "NaN", 4));
    assert_true(mci_same_word("", "", 1));
    assert_false(mci_same_word("redi", "redis", 5));
    assert_false(mci_same_word("redis", "redi", 5));
    assert_false(mci_same_word("[\\]", "{|}", 3)); /* 32 apart, as letters are, but none */
    assert_false(mci_same_word("\xc4", "\xe4", 1));
    assert_false(mci_same_word("@", "`", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_word)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
