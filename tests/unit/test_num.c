/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text: known values, and round trips of random ones, also where decimals have commas. */
#include "base/num.h"
#include "rnd.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
    return rnd_next(&seed);
}

static void assert_double(double v, const char *text)
{
    char out[MCI_NUM_MAX];
    assert_int_equal(mci_double_text(v, out), strlen(text));
    assert_string_equal(out, text);
}

static void check_doubles(void)
{
    assert_double(8, "8.0");
    assert_double(7.4, "7.4");
    assert_double(-93.24565, "-93.24565");
    assert_double(0.1 + 0.2, "0.30000000000000004");
    assert_double(0, "0.0");
    assert_double(-0.0, "-0.0");
    assert_double(100, "100.0");
    assert_double(1e15, "1000000000000000.0");
    assert_double(1e16, "1e+16");
    assert_double(1e300, "1e+300");
    assert_double(123456789012345680.0, "1.2345678901234568e+17");
    assert_double(0.00001, "0.00001");
    assert_double(0.000001, "1e-06");
    assert_double(5e-324, "5e-324");
    assert_double(1.7976931348623157e308, "1.7976931348623157e+308");
    assert_double(2.2250738585072014e-308, "2.2250738585072014e-308");
    assert_double((double)NAN, "NaN");
    assert_double((double)INFINITY, "Infinity");
    assert_double(-(double)INFINITY, "-Infinity");
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = rnd();
        char text[MCI_NUM_MAX];
        double v;
        double back;
        if (i % 2)
            v = (double)(int64_t)(rnd() % 2000000) / (double)(1 + rnd() % 1000); /* everyday numbers */
        else
            memcpy(&v, &bits, sizeof v);
        if (!isfinite(v))
            continue;
        size_t n = mci_double_text(v, text);
        assert_true(n < MCI_NUM_MAX && text[n] == '\0');
        assert_true(strpbrk(text, ".e") != NULL && strchr(text, ',') == NULL);
        assert_int_equal(mci_parse_double(text, n, &back), 0);
        assert_memory_equal(&v, &back, sizeof v);
    }
}

static void test_doubles(void **state)
{
    (void)state;
    check_doubles();
}

/* A host that counts with commas. */
static void test_doubles_where_decimals_have_commas(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "nl_NL.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_ALL, names[i]) != NULL) {
            double v;
            check_doubles();
            assert_int_equal(mci_parse_double("0,5", 3, &v), -1);
            assert_int_equal(mci_parse_double("12345678901234567890.5e-5", 25, &v), 0);
            assert_true(v == 12345678901234567890.5e-5);
            setlocale(LC_ALL, "C");
            return;
        }
    print_message("  (no locale with decimal commas is installed)\n");
}

static void test_parse(void **state)
{
    (void)state;
    static const char *const bad_ints[] = {"",
                                           "-",
                                           "+1",
                                           " 1",
                                           "1 ",
                                           "1.0",
                                           "0x1",
                                           "9223372036854775808",
                                           "-9223372036854775809",
                                           "99999999999999999999999",
                                           "--1",
                                           "1e3"};
    static const char *const bad_doubles[] = {"",    "-",    ".",   "e5",  "1e",    "1e+", "1.2.3",
                                              "1,5", "0x10", "nan", "inf", "1e999", "1 ",  " 1"};
    int64_t i = 0;
    double d = 0;
    for (size_t k = 0; k < sizeof bad_ints / sizeof *bad_ints; k++)
        assert_int_equal(mci_parse_int(bad_ints[k], strlen(bad_ints[k]), &i), -1);
    for (size_t k = 0; k < sizeof bad_doubles / sizeof *bad_doubles; k++)
        assert_int_equal(mci_parse_double(bad_doubles[k], strlen(bad_doubles[k]), &d), -1);
    assert_int_equal(mci_parse_int("-9223372036854775808", 20, &i), 0);
    assert_true(i == INT64_MIN);
    assert_int_equal(mci_parse_int("9223372036854775807", 19, &i), 0);
    assert_true(i == INT64_MAX);
    assert_int_equal(mci_parse_int("-0", 2, &i), 0);
    assert_int_equal(i, 0);
    assert_int_equal(mci_parse_int("12x", 2, &i), 0); /* only what was handed in */
    assert_int_equal(i, 12);
    assert_int_equal(mci_parse_double("-0", 2, &d), 0);
    assert_true(d == 0 && signbit(d));
    assert_int_equal(mci_parse_double("+1.5E2", 6, &d), 0);
    assert_true(d == 150);
    for (int k = 0; k < 100000; k++) { /* against the C library */
        char text[80];
        (void)snprintf(text, sizeof text, "%s%llu.%llue%d", rnd() % 2 ? "-" : "",
                       (unsigned long long)(rnd() >> (rnd() % 64)), (unsigned long long)(rnd() >> (rnd() % 64)),
                       (int)(rnd() % 500) - 250);
        double expected = strtod(text, NULL);
        assert_int_equal(mci_parse_double(text, strlen(text), &d), 0);
        assert_memory_equal(&d, &expected, sizeof d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_doubles),
                                       cmocka_unit_test(test_doubles_where_decimals_have_commas),
                                       cmocka_unit_test(test_parse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
