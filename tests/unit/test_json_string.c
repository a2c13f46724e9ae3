/* SPDX-License-Identifier: Apache-2.0 */
/* Every byte in a JSON string, at every place of a run of plain ones. */
#include "base/json_string.h"
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
            in[k] = (char)(rnd() % 8 ? 'a' + (int)(rnd() % 26) : (int)(rnd() % 256));
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

static void test_unquote(void **state)
{
    (void)state;
    mci_buf b;
    mci_buf_init(&b, 100);
    assert_int_equal(mci_json_unquote("\"a\\\"b\\u0001\"", 12, &b), 0);
    assert_string_equal(b.data, "a\"b\x01");
    const char *bad[] = {"", "\"", "a", "\"a", "\"\\x\"", "\"\\u00\"", "\"a\"b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(mci_json_unquote(bad[i], strlen(bad[i]), &b), -1);
    mci_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_json_string), cmocka_unit_test(test_unquote)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
