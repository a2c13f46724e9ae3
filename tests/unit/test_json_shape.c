/* SPDX-License-Identifier: Apache-2.0 */
/* What a JSON text will cost as a tree: counted outside of texts, and never less than the parser takes for it. */
#include "codec/json_shape.h"

#include <jansson.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_counts(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int depth;
        size_t objects, arrays, members, separators;
    } cases[] = {
        {"", 0, 0, 0, 0, 0},
        {"{}", 1, 1, 0, 0, 0},
        {"{\"a\":[1,2,{\"b\":{}}]}", 4, 3, 1, 2, 2},
        {"{\"{[,:\":\"}],:\\\"{\"}", 1, 1, 0, 1, 0}, /* all of that is text */
        {"{\"a\\\\\":{}}", 2, 2, 0, 1, 0},           /* the text ends behind two backslashes */
        {"\"never ends", 0, 0, 0, 0, 0},
        {"\"ends with a backslash\\", 0, 0, 0, 0, 0},
        {"]]]{}", 0, 1, 0, 0, 0}, /* not JSON: something is said of it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mci_shape s = mci_shape_measure(cases[i].json, strlen(cases[i].json), 100);
        if (s.depth != cases[i].depth || s.objects != cases[i].objects || s.arrays != cases[i].arrays ||
            s.members != cases[i].members || s.separators != cases[i].separators)
            fail_msg("%s: depth %d, %zu objects, %zu arrays, %zu members, %zu separators", cases[i].json, s.depth, s.objects,
                     s.arrays, s.members, s.separators);
    }
}

/* It ends where the limit is passed: a text of a megabyte of brackets costs as much as the limit. */
static void test_depth(void **state)
{
    (void)state;
    char *deep = malloc(1000000);
    assert_non_null(deep);
    memset(deep, '[', 1000000);
    mci_shape s = mci_shape_measure(deep, 1000000, 64);
    assert_int_equal(s.depth, 65);
    assert_int_equal(s.arrays, 65);
    free(deep);
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

/* One kind of thing many times: the estimate, which leaves the texts out, is not below what jansson really takes for the tree. */
static void test_estimate(void **state)
{
    (void)state;
    static const char *const parts[] = {"{}", "[]", "{\"a\":1}", "[1,2,3,4,5,6]", "{\"a\":{\"b\":[]}}", "null"};
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        size_t n = strlen(parts[p]), at = 0;
        char *json = malloc((n + 1) * 5000 + 3);
        assert_non_null(json);
        json[at++] = '[';
        for (int i = 0; i < 5000; i++, at += n + 1) {
            memcpy(json + at, parts[p], n);
            json[at + n] = i == 4999 ? ']' : ',';
        }
        size_t before = in_use();
        json_t *tree = json_loadb(json, at, 0, NULL);
        size_t taken = in_use() - before;
        assert_non_null(tree);
        mci_shape s = mci_shape_measure(json, at, 100);
        if (mci_shape_bytes(&s) + at < taken)
            fail_msg("%s: %zu bytes are expected, %zu are taken", parts[p], mci_shape_bytes(&s) + at, taken);
        json_decref(tree);
        free(json);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_depth),
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        cmocka_unit_test(test_estimate),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
