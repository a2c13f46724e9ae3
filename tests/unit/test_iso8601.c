/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as text: known ones, and random ones against the C library. */
#include "base/iso8601.h"
#include "rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
    return rnd_next(&seed);
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
