/* SPDX-License-Identifier: Apache-2.0 */
/* What is an ObjectId. */
#include "base/objectid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_objectid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
