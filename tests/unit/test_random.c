/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens and ids do not repeat; the checksum is the same everywhere and sees every bit. */
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_tokens(void **state)
{
    (void)state;
    mci_random a;
    mci_random b;
    char x[33];
    char y[33];
    char id[25];
    char before[25] = "";
    assert_int_equal(mci_random_init(&a), 0);
    assert_int_equal(mci_random_init(&b), 0);
    for (int i = 0; i < 1000; i++) {
        mci_random_token(&a, x);
        mci_random_token(&b, y);
        assert_int_equal(strlen(x), 32);
        assert_int_equal(strspn(x, "0123456789abcdef"), 32);
        assert_string_not_equal(x, y);
        mci_random_objectid(&a, id);
        assert_int_equal(strspn(id, "0123456789abcdef"), 24);
        assert_string_not_equal(id, before);
        memcpy(before, id, sizeof before);
        assert_true(mci_random_below(&a, 10) < 10);
    }
}

static void test_checksum(void **state)
{
    (void)state;
    unsigned char data[100];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 7);
    /* Values in Redis are shared by versions and machines: this number may not change. */
    assert_true(mci_checksum(1, "abc", 3) == UINT64_C(0x5ada7f56ded095f6));
    for (size_t n = 0; n <= sizeof data; n++) {
        uint64_t sum = mci_checksum(9, data, n);
        assert_true(sum != mci_checksum(8, data, n));
        for (size_t bit = 0; bit < n * 8; bit++) {
            data[bit / 8] = (unsigned char)(data[bit / 8] ^ 1 << bit % 8);
            assert_true(mci_checksum(9, data, n) != sum);
            data[bit / 8] = (unsigned char)(data[bit / 8] ^ 1 << bit % 8);
        }
        if (n > 0)
            assert_true(mci_checksum(9, data, n - 1) != sum);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tokens), cmocka_unit_test(test_checksum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
