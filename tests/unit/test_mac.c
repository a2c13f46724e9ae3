/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed sums: the published vectors of SipHash-2-4, and what hangs on key, domain, seed, prefix and every bit. */
#include "codec/mac.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Key 00 01 .. 0f, message 00 01 ..: the first sixteen bytes of the message are our domain and seed. */
static void test_vectors(void **state)
{
    (void)state;
    static const uint64_t want[] = {UINT64_C(0x3f2acc7f57c29bdb), UINT64_C(0x699ae9f52cbe4794),
                                    UINT64_C(0x4bc1b3f0968dd39c)};
    mci_mac m;
    char text[] = {0x10, 0x11};
    assert_int_equal(mci_mac_init(&m, "000102030405060708090a0b0c0d0e0f", ""), 0);
    for (size_t n = 0; n < 3; n++)
        assert_true(mci_mac_sum(&m, UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908), text, n) == want[n]);
}

static void test_everything_counts(void **state)
{
    (void)state;
    mci_mac a;
    mci_mac b;
    mci_mac c;
    char text[64];
    assert_int_equal(mci_mac_init(&a, "000102030405060708090a0b0c0d0e0f", "mflix:"), 0);
    assert_int_equal(mci_mac_init(&b, "000102030405060708090A0B0C0D0E0E", "mflix:"), 0);
    assert_int_equal(mci_mac_init(&c, "000102030405060708090a0b0c0d0e0f", "other:"), 0);
    assert_true(a.base != c.base);
    memset(text, 'x', sizeof text);
    for (size_t n = 0; n < sizeof text; n++) {
        uint64_t sum = mci_mac_sum(&a, 'F', 5, text, n);
        assert_true(sum != mci_mac_sum(&b, 'F', 5, text, n) && sum != mci_mac_sum(&a, 'D', 5, text, n) &&
                    sum != mci_mac_sum(&a, 'F', 6, text, n) && sum != mci_mac_sum(&a, 'F', 5, text, n + 1));
        for (size_t bit = 0; bit < n * 8; bit++) {
            text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
            assert_true(mci_mac_sum(&a, 'F', 5, text, n) != sum);
            text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
        }
    }
    assert_true(mci_mac_sum(NULL, 'F', 5, text, 9) == mci_checksum(5, text, 9)); /* without a key, as ever */
}

static void test_what_is_no_key(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "00",
                                      "000102030405060708090a0b0c0d0e0",
                                      "000102030405060708090a0b0c0d0e0f0",
                                      "000102030405060708090a0b0c0d0e0g",
                                      " 00102030405060708090a0b0c0d0e0f"};
    mci_mac m;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(mci_mac_init(&m, bad[i], ""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_everything_counts),
                                       cmocka_unit_test(test_what_is_no_key)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
