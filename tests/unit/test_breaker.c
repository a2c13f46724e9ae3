/* SPDX-License-Identifier: Apache-2.0 */
/* The breaker: when it opens, how it probes, how long it waits. */
#include "base/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000

static mci_breaker fresh(void)
{
    return (mci_breaker){.min_ns = 10 * MS, .max_ns = 100 * MS, .threshold = 5};
}

static void test_opens_after_failures(void **state)
{
    (void)state;
    mci_breaker b = fresh();
    for (int i = 0; i < 4; i++) {
        assert_int_equal(mci_breaker_enter(&b, 1), MCI_GATE_GO);
        mci_breaker_failure(&b, MCI_GATE_GO, MC_E_TIMEOUT, 0, 1, 0);
        assert_int_equal(b.open_until_ns, 0);
    }
    mci_breaker_failure(&b, MCI_GATE_GO, MC_E_TIMEOUT, 0, 1, 0);
    assert_true(b.open_until_ns > 1);
    assert_int_equal(mci_breaker_enter(&b, 1), MCI_GATE_STOP);
}

static void test_refused_opens_at_once_and_one_probes(void **state)
{
    (void)state;
    mci_breaker b = fresh();
    mci_breaker_failure(&b, MCI_GATE_GO, MC_E_CACHE, 1, 0, UINT64_MAX);
    int64_t until = b.open_until_ns;
    assert_true(until >= 1 * MS && until <= 10 * MS);
    assert_int_equal(mci_breaker_enter(&b, until), MCI_GATE_PROBE);
    assert_int_equal(mci_breaker_enter(&b, until), MCI_GATE_STOP); /* the others wait for the probe */
    mci_breaker_failure(&b, MCI_GATE_PROBE, MC_E_CACHE, 1, until, UINT64_MAX);
    assert_true(b.open_until_ns > until);
    assert_int_equal(mci_breaker_enter(&b, b.open_until_ns), MCI_GATE_PROBE);
    mci_breaker_success(&b, MCI_GATE_PROBE);
    assert_int_equal(mci_breaker_enter(&b, until), MCI_GATE_GO);
    assert_int_equal(b.failures, 0);
}

/* With a draw of 0 the pause is a tenth of the span, which doubles from the least to the longest and begins anew after a success. */
static void test_backoff_grows_within_limits(void **state)
{
    (void)state;
    static const int64_t pauses_ms[] = {1, 2, 4, 8, 10, 10, 10};
    mci_breaker b = fresh();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
            mci_breaker_failure(&b, i == 0 ? MCI_GATE_GO : MCI_GATE_PROBE, MC_E_CACHE, 1, 0, 0);
            assert_int_equal(b.open_until_ns, pauses_ms[i] * MS);
        }
        mci_breaker_success(&b, MCI_GATE_PROBE);
        assert_int_equal(b.open_until_ns, 0);
    }
    for (int i = 0; i < 60; i++) {
        mci_breaker_failure(&b, i == 0 ? MCI_GATE_GO : MCI_GATE_PROBE, MC_E_CACHE, 1, 0, (uint64_t)i * 7919 * MS);
        assert_true(b.open_until_ns >= 1 * MS && b.open_until_ns <= 100 * MS);
    }
}

static void test_late_answers_say_nothing(void **state)
{
    (void)state;
    mci_breaker b = fresh();
    mci_breaker_failure(&b, MCI_GATE_GO, MC_E_CACHE, 1, 0, 0);
    int64_t until = b.open_until_ns;
    mci_breaker_success(&b, MCI_GATE_GO);
    assert_true(b.open_until_ns == until);
    mci_breaker_failure(&b, MCI_GATE_GO, MC_E_CACHE, 1, 0, UINT64_MAX);
    assert_true(b.open_until_ns == until);
}

static void test_refused_password_waits_long(void **state)
{
    (void)state;
    mci_breaker b = fresh();
    mci_breaker_failure(&b, MCI_GATE_GO, MC_E_AUTH, 1, 0, 0);
    assert_true(b.open_until_ns >= INT64_C(5000) * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens_after_failures), cmocka_unit_test(test_refused_opens_at_once_and_one_probes),
        cmocka_unit_test(test_backoff_grows_within_limits), cmocka_unit_test(test_late_answers_say_nothing),
        cmocka_unit_test(test_refused_password_waits_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
