/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, strings and dates as text: known values, and round trips of random ones, also where decimals have commas. */
#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
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
static void test_doubles_in_german(void **state)
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

static void test_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "abc",
                                       "\xc3\xa9",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x8e\xac",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "eight bytes and \xc3\xa9 then more than eight",
                                       "\xe2\x80\xae"};
    static const char *const bad[] = {"\xff",
                                      "\x80",
                                      "\xc3",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xe2\x82",
                                      "\xf0\x9f\x8e",
                                      "12345678\xff",
                                      "1234567\xe2\x82",
                                      "\xc3\xa9\xa9"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(mci_utf8_valid(good[i], strlen(good[i])), 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(mci_utf8_valid(bad[i], strlen(bad[i])), 0);
    assert_int_equal(mci_utf8_valid("a\0b", 3), 1);
}

static void test_json_string(void **state)
{
    (void)state;
    mci_buf b;
    mci_buf_init(&b, 1 << 20);
    mci_buf_json_string(&b, "a\"b\\c/\b\f\n\r\t\x01\x1f\x7f\0z\xc3\xa9", 18);
    assert_string_equal(b.data, "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000z\xc3\xa9\"");
    for (int i = 0; i < 20000; i++) { /* the run of plain bytes ends at each place and for each byte */
        char in[40];
        char slow[300] = "\"";
        size_t n = rnd() % sizeof in;
        for (size_t k = 0; k < n; k++)
            in[k] = (char)(rnd() % 8 ? 'a' + (int)(rnd() % 26) : (int)(rnd() % 128));
        for (size_t k = 0; k < n; k++) {
            mci_buf one;
            mci_buf_init(&one, 100);
            mci_buf_json_string(&one, in + k, 1);
            strncat(slow, one.data + 1, one.len - 2);
            mci_buf_free(&one);
        }
        strcat(slow, "\"");
        mci_buf_reset(&b);
        mci_buf_json_string(&b, in, n);
        assert_string_equal(b.data, slow);
    }
    mci_buf_free(&b);
}

static void test_objectid(void **state)
{
    (void)state;
    char out[25];
    assert_int_equal(mci_objectid_normalise("573A1390F29313CAABCD42e8", 24, out), 0);
    assert_string_equal(out, "573a1390f29313caabcd42e8");
    assert_int_equal(mci_objectid_normalise("573a1390f29313caabcd42e", 23, out), -1);
    assert_int_equal(mci_objectid_normalise("573a1390f29313caabcd42e88", 25, out), -1);
    assert_int_equal(mci_objectid_normalise("573a1390f29313caabcd42g8", 24, out), -1);
    assert_int_equal(mci_objectid_normalise("", 0, out), -1);
}

static void assert_iso(const char *text, int64_t ms)
{
    int64_t back = 1;
    if (mci_ms_from_iso(text, strlen(text), &back) != 0 || back != ms)
        fail_msg("%s: %lld, not %lld", text, (long long)back, (long long)ms);
}

static void test_dates(void **state)
{
    (void)state;
    char out[32];
    assert_int_equal(mci_iso_from_ms(0, out), 0);
    assert_string_equal(out, "1970-01-01T00:00:00Z");
    assert_int_equal(mci_iso_from_ms(INT64_C(1439061370007), out), 0);
    assert_string_equal(out, "2015-08-08T19:16:10.007Z");
    assert_int_equal(mci_iso_from_ms(INT64_C(253402300799999), out), 0);
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
    assert_int_equal(mci_iso_from_ms(INT64_C(253402300800000), out), -1);
    assert_int_equal(mci_iso_from_ms(-1, out), -1);
    assert_int_equal(mci_iso_from_ms(INT64_MIN, out), -1);
    assert_iso("1970-01-01T00:00:00.5Z", 500);
    assert_iso("1969-12-31T23:59:59.999Z", -1);
    assert_iso("1903-12-01T00:00:00Z", INT64_C(-2085523200000));
    assert_iso("2000-02-29T12:00:00.123456Z", INT64_C(951825600123));
    assert_iso("2015-08-08T21:16:10+02:00", INT64_C(1439061370000));
    assert_iso("2015-08-08T14:16:10-0500", INT64_C(1439061370000));
    assert_iso("0000-01-01T00:00:00Z", INT64_C(-62167219200000));
    static const char *const bad[] = {"",
                                      "2015",
                                      "2015-08-08",
                                      "2015-08-08T19:16:10",
                                      "2015-13-08T19:16:10Z",
                                      "2015-02-29T19:16:10Z",
                                      "1900-02-29T00:00:00Z",
                                      "2015-08-08 19:16:10Z",
                                      "2015-08-08T24:16:10Z",
                                      "2015-08-08T19:60:10Z",
                                      "2015-08-08T19:16:10Zx",
                                      "2015-08-08T19:16:10+2",
                                      "2015-00-08T19:16:10Z",
                                      "2015-04-31T19:16:10Z"};
    int64_t ms;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(mci_ms_from_iso(bad[i], strlen(bad[i]), &ms), -1);
    for (int i = 0; i < 100000; i++) { /* against the C library */
        int64_t t = (int64_t)(rnd() % UINT64_C(253402300800000));
        time_t s = (time_t)(t / 1000);
        struct tm tm;
        char expected[40];
        assert_int_equal(mci_iso_from_ms(t, out), 0);
        assert_non_null(gmtime_r(&s, &tm));
        size_t n = strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
        assert_memory_equal(out, expected, n);
        assert_iso(out, t);
    }
}

static void test_base64(void **state)
{
    (void)state;
    uint8_t raw[64];
    size_t n;
    static const char *const bad[] = {"A", "AA", "AAA", "====", "A===", "AA=A", "AB==", "AAB=", "AA=", "A A=", "AA\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(mci_base64_decode(bad[i], strlen(bad[i]), raw, &n), -1);
    assert_int_equal(mci_base64_decode("", 0, raw, &n), 0);
    assert_int_equal(n, 0);
    for (int i = 0; i < 5000; i++) {
        uint8_t in[40];
        mci_buf b;
        size_t len = rnd() % sizeof in;
        for (size_t k = 0; k < len; k++)
            in[k] = (uint8_t)rnd();
        mci_buf_init(&b, 1000);
        mci_buf_base64(&b, in, len);
        assert_int_equal(mci_base64_decode(b.len > 0 ? b.data : "", b.len, raw, &n), 0);
        assert_int_equal(n, len);
        assert_memory_equal(raw, in, len);
        mci_buf_free(&b);
    }
}

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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubles),     cmocka_unit_test(test_doubles_in_german),
        cmocka_unit_test(test_parse),       cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_json_string), cmocka_unit_test(test_objectid),
        cmocka_unit_test(test_dates),       cmocka_unit_test(test_base64),
        cmocka_unit_test(test_same_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
