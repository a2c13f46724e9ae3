/* SPDX-License-Identifier: Apache-2.0 */
/* The types of Extended JSON: each is written in one way, nearly one is none, and each says how it is written. */
#include "codec/ejson_types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *in;
    const char *strict;  /* NULL: none of the types */
    const char *lenient; /* NULL: as strict */
} values[] = {
    {"{\"$oid\":\"573A1390F29313CAABCD42E8\"}", "{\"$oid\":\"573a1390f29313caabcd42e8\"}", NULL},
    {"{\"$oid\":\"573a\"}", NULL, NULL},
    {"{\"$date\":\"2015-08-08T21:16:10+02:00\"}", "{\"$date\":\"2015-08-08T19:16:10Z\"}", NULL},
    {"{\"$date\":{\"$numberLong\":\"-1\"}}", "{\"$date\":{\"$numberLong\":\"-1\"}}", NULL},
    {"{\"$date\":\"soon\"}", NULL, NULL},
    {"{\"$binary\":{\"base64\":\"AAEC\",\"subType\":\"5\"}}", "{\"$binary\":{\"base64\":\"AAEC\",\"subType\":\"05\"}}",
     NULL},
    {"{\"$binary\":{\"base64\":\"AAE\",\"subType\":\"5\"}}", NULL, NULL},
    {"{\"$uuid\":\"00010203-0405-0607-0809-0a0b0c0d0e0f\"}",
     "{\"$binary\":{\"base64\":\"AAECAwQFBgcICQoLDA0ODw==\",\"subType\":\"04\"}}", NULL},
    {"{\"$uuid\":\"000102030405-0607-0809-0a0b0c0d0e0f00\"}", NULL, NULL},
    {"{\"$uuid\":7}", NULL, NULL},
    {"{\"$regularExpression\":{\"pattern\":\"a\",\"options\":\"xi\"}}",
     "{\"$regularExpression\":{\"pattern\":\"a\",\"options\":\"ix\"}}",
     "{\"$regularExpression\":{\"pattern\":\"a\",\"options\":\"xi\"}}"},
    {"{\"$timestamp\":{\"t\":1,\"i\":4294967295}}", "{\"$timestamp\":{\"t\":1,\"i\":4294967295}}", NULL},
    {"{\"$timestamp\":{\"t\":1,\"i\":4294967296}}", NULL, NULL},
    {"{\"$dbPointer\":{\"$ref\":\"c\",\"$id\":{\"$oid\":\"573a1390f29313caabcd42e8\"}}}",
     "{\"$dbPointer\":{\"$ref\":\"c\",\"$id\":{\"$oid\":\"573a1390f29313caabcd42e8\"}}}", NULL},
    {"{\"$code\":\"f()\"}", "{\"$code\":\"f()\"}", NULL},
    {"{\"$code\":\"f()\",\"$scope\":{}}", NULL, NULL}, /* holds a document: not one member */
    {"{\"$symbol\":\"s\"}", "{\"$symbol\":\"s\"}", NULL},
    {"{\"$symbol\":1}", NULL, NULL},
    {"{\"$undefined\":true}", "{\"$undefined\":true}", NULL},
    {"{\"$undefined\":false}", NULL, NULL},
    {"{\"$minKey\":1}", "{\"$minKey\":1}", NULL},
    {"{\"$maxKey\":1}", "{\"$maxKey\":1}", NULL},
    {"{\"$maxKey\":2}", NULL, NULL},
    {"{\"$numberInt\":\"5\"}", "5", NULL},
    {"{\"$numberInt\":\"2147483648\"}", NULL, NULL},
    {"{\"$numberLong\":\"5\"}", "{\"$numberLong\":\"5\"}", NULL},
    {"{\"$numberLong\":\"5000000000\"}", "5000000000", NULL},
    {"{\"$numberDouble\":\"0.5\"}", "0.5", NULL},
    {"{\"$numberDouble\":\"NaN\"}", "{\"$numberDouble\":\"NaN\"}", NULL},
    {"{\"$numberDecimal\":\"+1e2\"}", "{\"$numberDecimal\":\"1E+2\"}", NULL},
    {"{\"$numberDecimal\":\"x\"}", NULL, NULL},
    {"{\"$where\":\"1\"}", NULL, NULL},
    {"{\"a\":1}", NULL, NULL},
    {"{}", NULL, NULL},
};

static void assert_written(const json_t *v, const char *in, mci_strictness how, const char *expected)
{
    mci_buf b;
    mci_buf_init(&b, 10000);
    int ok = mci_ejson_put(v, how, &b);
    if (ok != (expected != NULL) || (ok && strcmp(b.data, expected) != 0))
        fail_msg("%s: %s, not %s", in, ok ? b.data : "refused", expected != NULL ? expected : "refused");
    mci_buf_free(&b);
}

static void test_one_spelling(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        json_t *v = json_loads(values[i].in, 0, NULL);
        assert_non_null(v);
        assert_written(v, values[i].in, MCI_STRICT, values[i].strict);
        assert_written(v, values[i].in, MCI_LENIENT, values[i].lenient != NULL ? values[i].lenient : values[i].strict);
        json_decref(v);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int kind;
        double value;
    } numbers[] = {{"[5]", 1, 5},
                   {"[0.5]", 2, 0.5},
                   {"[{\"$numberInt\":\"-7\"}]", 1, -7},
                   {"[{\"$numberLong\":\"5\"}]", 1, 5},
                   {"[{\"$numberDouble\":\"2\"}]", 2, 2},
                   {"[{\"$numberDecimal\":\"970E-2\"}]", 2, 9.7},
                   {"[{\"$numberDecimal\":\"1E+6000\"}]", 0, 0}, /* no double comes near it */
                   {"[{\"$numberLong\":5}]", 0, 0},
                   {"[\"5\"]", 0, 0}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_t *list = json_loads(numbers[i].in, 0, NULL);
        int64_t whole = 0;
        double real = 0;
        int kind = mci_ejson_number(json_array_get(list, 0), &whole, &real);
        assert_int_equal(kind, numbers[i].kind);
        assert_true(kind == 0 || (kind == 1 ? (double)whole : real) == numbers[i].value);
        json_decref(list);
    }
}

static void test_forms(void **state)
{
    (void)state;
    assert_non_null(strstr(mci_ejson_form("$uuid"), "36 characters"));
    assert_non_null(strstr(mci_ejson_form("$code"), "$scope"));
    assert_null(mci_ejson_form("$numberInt"));
    assert_null(mci_ejson_form("$where"));
    assert_null(mci_ejson_form(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_spelling), cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_forms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
