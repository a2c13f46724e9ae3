/* SPDX-License-Identifier: Apache-2.0 */
/* The term of a server out of INFO replication. */
#include "redis/term.h"

#include "base/syncpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID1 "0123456789abcdef0123456789abcdef01234567"
#define ID2 "fedcba9876543210fedcba9876543210fedcba98"

static mci_term of(const char *text)
{
    mci_reply r = {.type = MCI_REPLY_STRING, .len = strlen(text)};
    r.u.str = text;
    return mci_term_of(&r, 42);
}

static void test_primary(void **state)
{
    (void)state;
    mci_term t =
        of("# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_replid:" ID1 "\r\nmaster_replid2:" ID2 "\r\n");
    assert_int_equal(t.kind, MCI_TERM_PRIMARY);
    assert_int_equal(t.asked_ns, 42);
    assert_true(t.tag > 0 && t.tag <= INT64_C(1) << 53);
    /* The second id is an earlier one: it neither counts nor is found in place of the first. */
    mci_term same = of("role:master\nmaster_replid2:" ID2 "\nmaster_replid:" ID1);
    assert_true(same.kind == MCI_TERM_PRIMARY && same.tag == t.tag);
    mci_term other = of("role:master\r\nmaster_replid:" ID2 "\r\n");
    assert_true(other.kind == MCI_TERM_PRIMARY && other.tag != t.tag);
}

static void test_others(void **state)
{
    (void)state;
    assert_int_equal(of("role:slave\r\nmaster_replid:" ID1 "\r\n").kind, MCI_TERM_REPLICA);
    static const char *const none[] = {"",
                                       "role:master\r\n",
                                       "master_replid:" ID1 "\r\n",
                                       "role:master\r\nmaster_replid2:" ID1 "\r\n",
                                       "role:master\r\nmaster_replid:0000000000000000000000000000000000000000\r\n",
                                       "role:master\r\nmaster_replid:\r\n",
                                       "role:master\r\nmaster_replid:" ID1 "0\r\n",
                                       "role:master\r\nmaster_replid:G123456789abcdef0123456789abcdef01234567\r\n"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(of(none[i]).kind, MCI_TERM_NONE);
    mci_reply refused = {.type = MCI_REPLY_ERROR, .len = 6};
    refused.u.str = "NOPERM";
    assert_int_equal(mci_term_of(&refused, 1).kind, MCI_TERM_NONE);
    assert_int_equal(mci_term_of(NULL, 1).kind, MCI_TERM_NONE);
}

/* Without the look at the role a replica passes for a primary. */
static void test_role_switch(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, MCI_SAFEGUARD_ROLE);
    mci_term t = of("role:slave\r\nmaster_replid:" ID1 "\r\n");
    atomic_store(&mci_mutation_off, 0);
    assert_int_equal(t.kind, MCI_TERM_PRIMARY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_primary), cmocka_unit_test(test_others),
                                       cmocka_unit_test(test_role_switch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
