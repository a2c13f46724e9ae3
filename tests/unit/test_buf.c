/* SPDX-License-Identifier: Apache-2.0 */
/* The growing buffer: what is appended, its ceiling, and a failure that stays until it is reset. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_append(void **state)
{
    (void)state;
    mci_buf b;
    size_t n = 0;
    mci_buf_init(&b, 1000);
    mci_buf_str(&b, "a");
    mci_buf_char(&b, '\0');
    mci_buf_add(&b, "bc", 2);
    mci_buf_add(&b, NULL, 0);
    mci_buf_int(&b, INT64_MIN);
    mci_buf_int(&b, 0);
    mci_buf_int(&b, INT64_MAX);
    mci_buf_fmt(&b, "<%d%s>", 7, "x");
    char *taken = mci_buf_take(&b, &n);
    assert_non_null(taken);
    assert_int_equal(n, 1 + 1 + 2 + 20 + 1 + 19 + 4);
    assert_memory_equal(taken,
                        "a\0bc-9223372036854775808"
                        "0"
                        "9223372036854775807<7x>",
                        n + 1);
    assert_int_equal(b.len, 0);
    assert_null(b.data);
    free(taken);
}

/* Any text, in pieces of any size, is the text. */
static void test_growth(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 700; piece += 61) {
        mci_buf b;
        char text[5000];
        mci_buf_init(&b, sizeof text);
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)('a' + i % 23);
        for (size_t at = 0; at < sizeof text; at += piece)
            mci_buf_add(&b, text + at, at + piece <= sizeof text ? piece : sizeof text - at);
        assert_false(b.failed);
        assert_int_equal(b.len, sizeof text);
        assert_memory_equal(b.data, text, sizeof text);
        assert_int_equal(b.data[b.len], '\0');
        mci_buf_free(&b);
    }
}

static void test_ceiling(void **state)
{
    (void)state;
    mci_buf b;
    mci_buf_init(&b, 5);
    mci_buf_str(&b, "12345"); /* just as much as is allowed */
    assert_false(b.failed);
    mci_buf_char(&b, '6');
    assert_true(b.failed && b.over);
    assert_string_equal(b.data, "12345");
    mci_buf_fmt(&b, "%s", ""); /* the failure stays, whatever follows */
    assert_int_equal(mci_buf_reserve(&b, 0), -1);
    mci_buf_reset(&b);
    assert_int_equal(mci_buf_reserve(&b, SIZE_MAX), -1); /* no sum that wraps around */
    mci_buf_reset(&b);
    mci_buf_str(&b, "ok");
    assert_string_equal(b.data, "ok");
    mci_buf_str(&b, "much more than is allowed");
    assert_null(mci_buf_take(&b, NULL)); /* and its memory is freed */
    assert_null(b.data);
}

static void test_empty_and_wiped(void **state)
{
    (void)state;
    mci_buf b;
    size_t n = 9;
    mci_buf_init(&b, 100);
    char *taken = mci_buf_take(&b, &n); /* an empty text is a text */
    assert_string_equal(taken, "");
    assert_int_equal(n, 0);
    free(taken);
    mci_buf_str(&b, "secret");
    mci_buf_wipe(&b);
    assert_int_equal(b.len, 0);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(b.data[i], 0);
    mci_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_append), cmocka_unit_test(test_growth),
                                       cmocka_unit_test(test_ceiling), cmocka_unit_test(test_empty_and_wiped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
