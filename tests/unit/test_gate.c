/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the store is asked: which outcomes count against it, who may try again, and what is said meanwhile. */
#include "store/gate.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LONG_MS 3600000 /* no pause ends by itself within a test */

static mci_store_gate gate;
static mci_metrics *metrics;
static int lines; /* written into the log */

static void count_line(int level, const char *line, void *user)
{
    (void)level;
    (void)user;
    lines += strstr(line, "database") != NULL;
}

static mci_log log_;

static int set_up(void **state)
{
    (void)state;
    lines = 0;
    metrics = mci_metrics_new();
    return metrics == NULL || mci_log_init(&log_) != 0 || mci_log_set(&log_, count_line, MC_LOG_INFO, NULL) != MC_OK ||
           mci_store_gate_init(&gate) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    mci_store_gate_destroy(&gate);
    mci_log_destroy(&log_);
    mci_metrics_free(metrics);
    return 0;
}

static mc_status enter(int seen, int force, mci_pass *pass, mc_error *err)
{
    *err = (mc_error){0};
    return mci_store_gate_enter(&gate, seen, force, pass, err);
}

/* One operation that is let in and ends so. */
static void operation(mci_verdict v, mc_status code, const char *text)
{
    mci_pass pass;
    mc_error err;
    mc_error why = {0};
    if (text != NULL)
        (void)mci_fail(&why, code, MC_TIER_STORE, "%s", text);
    assert_int_equal(enter(0, 0, &pass, &err), MC_OK);
    mci_store_gate_leave(&gate, pass, v, text != NULL ? &why : NULL);
}

static void test_not_in_use_until_bound(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        operation(MCI_STORE_SILENT, MC_E_TIMEOUT, "nothing came");
    mci_store_gate_bind(&gate, LONG_MS, LONG_MS, 3, metrics, &log_);
    operation(MCI_STORE_ANSWERS, MC_OK, NULL);
    assert_int_equal(lines, 0);
}

static void test_failures_in_a_row(void **state)
{
    (void)state;
    mci_pass pass;
    mc_error err;
    mc_stats st;
    mci_store_gate_bind(&gate, LONG_MS, LONG_MS, 3, metrics, &log_);
    for (int i = 0; i < 5; i++) { /* never three in a row; what was not asked does not count */
        operation(MCI_STORE_SILENT, MC_E_TIMEOUT, "nothing came");
        operation(MCI_STORE_NOT_ASKED, MC_E_ARG, "no matter of the database");
        operation(MCI_STORE_SILENT, MC_E_TIMEOUT, "nothing came");
        operation(MCI_STORE_ANSWERS, MC_OK, NULL);
    }
    assert_int_equal(mci_store_gate_state(&gate, &err), MC_OK);
    for (int i = 0; i < 3; i++)
        operation(MCI_STORE_SILENT, MC_E_TIMEOUT, i < 2 ? "earlier" : "nothing came");
    assert_int_equal(enter(0, 0, &pass, &err), MC_E_STORE);
    assert_non_null(strstr(err.text, "last: nothing came"));
    assert_int_equal(mci_store_gate_state(&gate, &err), MC_E_STORE);
    mci_metrics_stats(metrics, &st);
    assert_int_equal(st.store_refused, 1);
    assert_int_equal(st.store_up, 0);
    assert_int_equal(lines, 1);
}

static void test_nobody_there_opens_at_once(void **state)
{
    (void)state;
    mci_pass first;
    mci_pass second;
    mc_error err;
    mci_store_gate_bind(&gate, LONG_MS, LONG_MS, 3, metrics, &log_);
    operation(MCI_STORE_AWAY, MC_E_AUTH, "wrong password");
    assert_int_equal(enter(0, 0, &first, &err), MC_E_AUTH); /* by its own status */
    /* A server is known again: one call tries, the others wait for it. */
    assert_int_equal(enter(1, 0, &first, &err), MC_OK);
    assert_int_equal(enter(1, 0, &second, &err), MC_E_AUTH);
    mci_store_gate_leave(&gate, first, MCI_STORE_NOT_ASKED, NULL); /* it did not come to that: another one may */
    assert_int_equal(enter(1, 0, &second, &err), MC_OK);
    mci_store_gate_leave(&gate, second, MCI_STORE_ANSWERS, NULL);
    assert_int_equal(enter(0, 0, &first, &err), MC_OK);
    assert_int_equal(lines, 2); /* away, and back */
}

static void test_a_forced_operation(void **state)
{
    (void)state;
    mci_pass pass;
    mc_error err;
    mc_error why = {0};
    mci_store_gate_bind(&gate, LONG_MS, LONG_MS, 3, metrics, &log_);
    operation(MCI_STORE_AWAY, MC_E_STORE, "refused");
    assert_int_equal(enter(0, 1, &pass, &err), MC_OK); /* a ping asks in any case */
    (void)mci_fail(&why, MC_E_STORE, MC_TIER_STORE, "still refused");
    mci_store_gate_leave(&gate, pass, MCI_STORE_AWAY, &why);
    assert_int_equal(enter(0, 0, &pass, &err), MC_E_STORE);
    assert_non_null(strstr(err.text, "still refused"));
    assert_int_equal(enter(0, 1, &pass, &err), MC_OK);
    mci_store_gate_leave(&gate, pass, MCI_STORE_ANSWERS, NULL); /* its success is everybody's */
    assert_int_equal(enter(0, 0, &pass, &err), MC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_not_in_use_until_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failures_in_a_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_there_opens_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_forced_operation, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
