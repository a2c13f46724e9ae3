/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal128 as text: the one spelling of each number, the edges of its range, and what is none. */
#include "codec/decimal128.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_spelling(const char *text, const char *expected)
{
    mci_buf b;
    mci_buf_init(&b, MCI_DECIMAL128_MAX);
    int ok = mci_decimal128_put(&b, text);
    if (ok != (expected != NULL) || (ok && strcmp(b.data, expected) != 0))
        fail_msg("%s: %s, not %s", text, ok ? b.data : "refused", expected != NULL ? expected : "refused");
    assert_true(ok || b.len == 0);
    mci_buf_free(&b);
}

static void test_spelling(void **state)
{
    (void)state;
    static const char *const same[] = {"0",
                                       "-0",
                                       "1.20",
                                       "970",
                                       "1E+2",
                                       "-0.5",
                                       "0.000001",
                                       "1E-8",
                                       "NaN",
                                       "Infinity",
                                       "-Infinity",
                                       "1234567890123456789012345678901234",
                                       "9.999999999999999999999999999999999E+6144",
                                       "1E-6176"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_spelling(same[i], same[i]);
    assert_spelling("+1e2", "1E+2");
    assert_spelling("-.5", "-0.5");
    assert_spelling("000.00000001", "1E-8");
    assert_spelling("inf", "Infinity");
    assert_spelling("-INFINITY", "-Infinity");
    assert_spelling("nan", "NaN");
    assert_spelling("5.", "5");
    assert_spelling("12345678901234567890123456789012340", "1.234567890123456789012345678901234E+34"); /* a zero more fits */
    assert_spelling("1E6144", "1.000000000000000000000000000000000E+6144");                            /* by its digits */
    assert_spelling("0E9999", "0E+6111");
    assert_spelling("0E-9999", "0E-6176");
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",        "-",   ".",      "x",       "1x",
                                      "1e",      "1e+", "--1",    "1.2.3",   " 1",
                                      "1 ",      "0x1", "1E6145", "1E-6177", "12345678901234567890123456789012345",
                                      "infinit", "nano"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_spelling(bad[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spelling), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
