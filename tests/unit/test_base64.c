/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: what is refused, and round trips. */
#include "base/base64.h"
#include "rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
    return rnd_next(&seed);
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_base64)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
