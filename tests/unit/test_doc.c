/* SPDX-License-Identifier: Apache-2.0 */
/* Documents: what is put in comes out, whatever the order and the sizes; patches keep their copies. */
#include "base/doc.h"
#include "base/patch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const mci_field fields[] = {
    {"s", "s", MCI_STR},  {"i", "i", MCI_INT},  {"r", "r", MCI_REAL},
    {"l", "l", MCI_LIST}, {"d", "d", MCI_DATE}, {"x", "x", MCI_STR},
};
static const mci_spec spec = {.name = "c", .key = "c", .fields = fields, .nfields = 6, .alias_field = 0, .rank_field = 2};

static void test_build(void **state)
{
    (void)state;
    for (size_t hint = 0; hint < 3000; hint += 100) { /* also when it has to grow */
        mci_docb b;
        mci_docb_begin(&b, &spec, hint);
        mci_docb_str(&b, 0, "title", 5);
        mci_docb_list(&b, 3);
        mci_docb_item(&b, "one", 3);
        mci_docb_item(&b, "", 0);
        mci_docb_item(&b, "three", 5);
        mci_docb_int(&b, 1, INT64_MIN);
        mci_docb_item(&b, "late", 4); /* no list is open any more */
        mci_docb_int(&b, 2, 7);
        mci_docb_int(&b, 4, -5);
        char big[2000];
        memset(big, 'j', sizeof big);
        mci_docb_json(&b, big, sizeof big);
        mci_docb_id(&b, "id-1", 4);
        mci_doc *d = mci_docb_finish(&b);
        assert_non_null(d);
        size_t n;
        assert_string_equal(mci_doc_id(d, &n), "id-1");
        assert_int_equal(n, 4);
        assert_ptr_equal(mci_doc_spec(d), &spec);
        assert_string_equal(mci_doc_text(d, 0), "title");
        assert_int_equal(mci_doc_val(d, 0)->len, 5);
        assert_true(mci_doc_val(d, 1)->kind == MCI_INT && mci_doc_val(d, 1)->u.i == INT64_MIN);
        assert_true(mci_doc_val(d, 2)->kind == MCI_REAL && mci_doc_val(d, 2)->u.d == 7.0);
        assert_true(mci_doc_val(d, 4)->kind == MCI_DATE && mci_doc_val(d, 4)->u.i == -5);
        assert_int_equal(mci_doc_val(d, 3)->len, 3);
        assert_string_equal(mci_doc_item(d, 3, 0), "one");
        assert_string_equal(mci_doc_item(d, 3, 1), "");
        assert_string_equal(mci_doc_item(d, 3, 2), "three");
        assert_null(mci_doc_item(d, 3, 3));
        assert_null(mci_doc_item(d, 0, 0));
        assert_null(mci_doc_text(d, 1));
        assert_int_equal(mci_doc_val(d, 5)->kind, MCI_ABSENT);
        assert_int_equal(mci_doc_val(d, 99)->kind, MCI_ABSENT);
        assert_memory_equal(mci_doc_json(d, &n), big, sizeof big);
        assert_int_equal(n, sizeof big);
        assert_int_equal(mci_doc_json(d, NULL)[n], '\0');
        assert_int_equal(mci_doc_has_fields(d), 1);
        double v;
        assert_int_equal(mci_doc_number(d, 1, &v), 1);
        assert_int_equal(mci_doc_number(d, 0, &v), 0);
        mci_doc *again = mci_doc_ref(d);
        mci_doc_unref(d);
        assert_string_equal(mci_doc_id(again, NULL), "id-1");
        mci_doc_unref(again);
    }
    mci_doc_unref(NULL);
}

static void test_edges(void **state)
{
    (void)state;
    mci_docb b;
    mci_docb_begin(&b, &spec, 0);
    mci_docb_real(&b, 2, (double)NAN);
    mci_docb_str(&b, 99, "no such field", 13);
    mci_docb_has_fields(&b, 0);
    mci_doc *d = mci_docb_finish(&b);
    double v = 1;
    size_t n = 1;
    assert_int_equal(mci_doc_number(d, 2, &v), 0);
    assert_string_equal(mci_doc_id(d, &n), "");
    assert_int_equal(n, 0);
    assert_null(mci_doc_json(d, &n));
    assert_int_equal(mci_doc_has_fields(d), 0);
    mci_doc_unref(d);
    mci_docb_begin(&b, &spec, 10);
    mci_docb_str(&b, 0, "x", 1);
    mci_docb_drop(&b);
    mci_docb_drop(&b); /* twice is harmless */
    mci_docb_begin(&b, &spec, 10);
    mci_docb_str(&b, 0, "", SIZE_MAX); /* a length that cannot be: sticky */
    mci_docb_id(&b, "x", 1);
    assert_null(mci_docb_finish(&b));
}

/* A million items: reading them by their numbers would take a quarter of an hour if each were found by walking to it. */
static void test_long_list(void **state)
{
    (void)state;
    enum { N = 1000000 };
    mci_docb b;
    char text[16];
    mci_docb_begin(&b, &spec, 0);
    mci_docb_str(&b, 0, "x", 1); /* the table does not begin at a round place */
    mci_docb_list(&b, 3);
    for (int i = 0; i < N; i++)
        mci_docb_item(&b, text, (size_t)snprintf(text, sizeof text, "%x", (unsigned)i));
    mci_docb_id(&b, "id", 2);
    mci_docb_item(&b, "late", 4);
    mci_doc *d = mci_docb_finish(&b);
    assert_non_null(d);
    assert_int_equal(mci_doc_val(d, 3)->len, N);
    clock_t begin = clock();
    for (int i = N - 1; i >= 0; i--) {
        (void)snprintf(text, sizeof text, "%x", (unsigned)i);
        if (strcmp(mci_doc_item(d, 3, (size_t)i), text) != 0)
            fail_msg("item %d is %s", i, mci_doc_item(d, 3, (size_t)i));
        if (clock() - begin > 60 * (clock_t)CLOCKS_PER_SEC)
            fail_msg("60 s of CPU time, and %d items to go", i);
    }
    assert_null(mci_doc_item(d, 3, N));
    assert_string_equal(mci_doc_id(d, NULL), "id");
    mci_doc_unref(d);
}

static void test_list_alone(void **state)
{
    (void)state;
    mci_docb b;
    mci_docb_begin(&b, &spec, 0);
    mci_docb_list(&b, 3); /* empty, and the last thing that is put */
    mci_doc *d = mci_docb_finish(&b);
    assert_int_equal(mci_doc_val(d, 3)->kind, MCI_LIST);
    assert_int_equal(mci_doc_val(d, 3)->len, 0);
    assert_null(mci_doc_item(d, 3, 0));
    mci_doc_unref(d);
    mci_docb_begin(&b, &spec, 0);
    mci_docb_list(&b, 3);
    mci_docb_item(&b, "a", 1);
    mci_docb_json(&b, "{}", 2);
    mci_docb_list(&b, 3); /* once more: the last one counts */
    mci_docb_item(&b, "b", 1);
    d = mci_docb_finish(&b);
    assert_int_equal(mci_doc_val(d, 3)->len, 1);
    assert_string_equal(mci_doc_item(d, 3, 0), "b");
    assert_string_equal(mci_doc_json(d, NULL), "{}");
    mci_doc_unref(d);
}

static void test_patch(void **state)
{
    (void)state;
    mci_patch p = {0};
    for (int i = 0; i < 100; i++) {
        char path[20];
        (void)snprintf(path, sizeof path, "f%d", i);
        assert_int_equal(mci_patch_add(&p, path, i % 3 ? path : NULL, 2), 0);
    }
    assert_int_equal(p.n, 100);
    for (int i = 0; i < 100; i++) {
        char path[20];
        (void)snprintf(path, sizeof path, "f%d", i);
        assert_string_equal(p.steps[i].path, path);
        if (i % 3 == 0) {
            assert_null(p.steps[i].json);
            assert_int_equal(p.steps[i].len, 0);
        } else {
            assert_memory_equal(p.steps[i].json, path, 2);
            assert_int_equal(p.steps[i].len, 2);
        }
    }
    mci_patch_free(&p);
    assert_int_equal(p.n, 0);
    mci_patch_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_build), cmocka_unit_test(test_edges),
                                       cmocka_unit_test(test_long_list), cmocka_unit_test(test_list_alone),
                                       cmocka_unit_test(test_patch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
