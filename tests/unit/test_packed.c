/* SPDX-License-Identifier: Apache-2.0 */
/* Packed fields: each kind of value comes back, and bytes that were not written for this collection, whole and unchanged in shape, are none. */
#include "base/packed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { F_TEXT, F_INT, F_REAL, F_LIST, F_DATE, F_GONE, F_ODD, F_COUNT };
static const mci_field fields[F_COUNT] = {
    {"text", "text", MCI_STR},  {"int", "int", MCI_INT},   {"real", "a.real", MCI_REAL}, {"list", "list", MCI_LIST},
    {"date", "date", MCI_DATE}, {"gone", "gone", MCI_STR}, {"odd", "odd", MCI_INT},
};
#define NONE_OF_THESE .alias_field = -1, .rank_field = -1, .lon_field = -1, .lat_field = -1
static const mci_spec spec = {.name = "things", .key = "thing", .fields = fields, .nfields = F_COUNT, NONE_OF_THESE};
static const char json[] = "{\"_id\":\"x\"}";

/* Where things are in what is written for `spec`: 7 fields have 4 bytes of kinds. */
enum { AT_VERSION = 0, AT_PRINT = 1, AT_KINDS = 5, AT_ITEMS = 9, AT_BYTES = 10, AT_NUMBERS = 11 };

static mci_doc *make(int64_t whole, double real, int64_t date)
{
    mci_docb b;
    mci_docb_begin(&b, &spec, 100);
    mci_docb_id(&b, "x", 1);
    mci_docb_str(&b, F_ODD, "1981", 4); /* a text of digits stays a text; and fields may be put in any order */
    mci_docb_str(&b, F_TEXT, "\xc3\xa9t\xc3\xa9", 5);
    mci_docb_int(&b, F_INT, whole);
    mci_docb_real(&b, F_REAL, real);
    mci_docb_list(&b, F_LIST);
    mci_docb_item(&b, "one", 3);
    mci_docb_item(&b, "", 0);
    mci_docb_item(&b, "three", 5);
    mci_docb_int(&b, F_DATE, date);
    mci_doc *d = mci_docb_finish(&b);
    assert_non_null(d);
    return d;
}

static void pack(const mci_doc *d, mci_buf *out)
{
    mci_buf_init(out, 1 << 20);
    mci_packed_encode(d, out);
    assert_int_equal(out->failed, 0);
}

/* In memory of just that size, so that a read past its end is seen. */
static int decode_as(const mci_spec *of, const char *p, size_t n, mci_doc **out)
{
    char *exact = malloc(n > 0 ? n : 1);
    assert_non_null(exact);
    memcpy(exact, p, n);
    int rc = mci_packed_decode(of, exact, n, "x", 1, NULL, 0, out);
    assert_true((rc == 0) == (*out != NULL));
    free(exact);
    return rc;
}

static int decode(const char *p, size_t n)
{
    mci_doc *d = NULL;
    int rc = decode_as(&spec, p, n, &d);
    mci_doc_unref(d);
    return rc;
}

static void test_round_trip(void **state)
{
    (void)state;
    const int64_t wholes[] = {0, 1, -1, 63, -64, 64, 300, INT32_MIN, INT64_MAX, INT64_MIN};
    const double reals[] = {0.1 + 0.2, -0.0, 1e300, (double)NAN, (double)INFINITY, -8.0};
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        mci_doc *d = make(wholes[i], reals[i % (sizeof reals / sizeof *reals)], -wholes[i] / 2);
        mci_doc *back = NULL;
        mci_buf b;
        size_t n = 0;
        pack(d, &b);
        assert_int_equal(mci_packed_decode(&spec, b.data, b.len, "x", 1, json, sizeof json - 1, &back), 0);
        assert_true(mci_doc_same_fields(d, back));
        assert_true(mci_doc_has_fields(back));
        assert_string_equal(mci_doc_id(back, &n), "x");
        assert_int_equal(n, 1);
        assert_string_equal(mci_doc_json(back, &n), json);
        assert_int_equal(n, sizeof json - 1);
        assert_string_equal(mci_doc_text(back, F_ODD), "1981");
        assert_null(mci_doc_item(back, F_LIST, 3));
        mci_doc_unref(back);
        assert_int_equal(mci_packed_decode(&spec, b.data, b.len, "x", 1, NULL, 0, &back), 0);
        assert_null(mci_doc_json(back, NULL));
        mci_doc_unref(back);
        mci_buf_free(&b);
        mci_doc_unref(d);
    }
}

/* What fields may hold that is not what they are declared as, and a document without any. */
static void test_odd_kinds(void **state)
{
    (void)state;
    mci_docb b;
    mci_buf bytes;
    mci_doc *back = NULL;
    mci_docb_begin(&b, &spec, 0);
    for (size_t i = F_TEXT; i < F_COUNT; i++)
        mci_docb_str(&b, i, "a longer text", i);
    mci_docb_real(&b, F_INT, 1.5);
    mci_docb_list(&b, F_LIST); /* empty, and the last thing that is put */
    mci_doc *d = mci_docb_finish(&b);
    pack(d, &bytes);
    assert_int_equal(decode_as(&spec, bytes.data, bytes.len, &back), 0);
    assert_true(mci_doc_same_fields(d, back));
    assert_int_equal(mci_doc_val(back, F_INT)->kind, MCI_REAL);
    assert_int_equal(mci_doc_val(back, F_LIST)->kind, MCI_LIST);
    mci_doc_unref(back);
    mci_doc_unref(d);
    mci_buf_free(&bytes);
    mci_docb_begin(&b, &spec, 0);
    d = mci_docb_finish(&b);
    pack(d, &bytes);
    assert_int_equal(bytes.len, AT_NUMBERS);
    assert_int_equal(decode_as(&spec, bytes.data, bytes.len, &back), 0);
    assert_true(mci_doc_same_fields(d, back));
    mci_doc_unref(back);
    mci_doc_unref(d);
    mci_buf_free(&bytes);
}

static void test_long_list(void **state)
{
    (void)state;
    enum { N = 100000 };
    mci_docb b;
    mci_buf bytes;
    mci_doc *back = NULL;
    mci_docb_begin(&b, &spec, 0);
    mci_docb_list(&b, F_LIST);
    for (int i = 0; i < N; i++)
        mci_docb_item(&b, "abc", (size_t)i % 4);
    mci_doc *d = mci_docb_finish(&b);
    pack(d, &bytes);
    assert_int_equal(decode_as(&spec, bytes.data, bytes.len, &back), 0);
    assert_true(mci_doc_same_fields(d, back));
    assert_string_equal(mci_doc_item(back, F_LIST, N - 1), "abc");
    mci_doc_unref(back);
    mci_doc_unref(d);
    mci_buf_free(&bytes);
}

/* One of the fields has another name, path or kind, or there is one more or less: another collection. */
static void test_of_another_collection(void **state)
{
    (void)state;
    mci_doc *d = make(1, 2, 3);
    mci_buf b;
    pack(d, &b);
    mci_field other[F_COUNT + 1];
    mci_doc *out = NULL;
    for (int what = 0; what < 6; what++) {
        mci_spec s = spec;
        memcpy(other, fields, sizeof fields);
        other[F_COUNT] = (mci_field){"more", "more", MCI_STR};
        s.fields = other;
        if (what == 1)
            other[F_GONE].name = "left";
        else if (what == 2)
            other[F_GONE].path = "left";
        else if (what == 3)
            other[F_GONE].kind = MCI_DATE;
        else if (what == 4)
            s.nfields++;
        else if (what == 5)
            s.nfields--;
        assert_int_equal(decode_as(&s, b.data, b.len, &out), what == 0 ? 0 : -1);
        mci_doc_unref(out);
        assert_true((mci_packed_fingerprint(&s) == mci_packed_fingerprint(&spec)) == (what == 0));
    }
    mci_spec known = spec; /* one that was worked out before is taken as it is */
    known.fingerprint = mci_packed_fingerprint(&spec);
    assert_int_equal(decode_as(&known, b.data, b.len, &out), 0);
    mci_doc_unref(out);
    known.fingerprint++;
    assert_int_equal(decode_as(&known, b.data, b.len, &out), -1);
    mci_buf_free(&b);
    mci_doc_unref(d);
}

static void test_cut_and_longer(void **state)
{
    (void)state;
    mci_doc *d = make(123456, 0.5, -1);
    mci_buf b;
    pack(d, &b);
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(decode(b.data, n), -1);
    assert_int_equal(decode(b.data, b.len), 0);
    mci_buf_add(&b, "", 1);
    assert_int_equal(decode(b.data, b.len), -1); /* one text more than fields */
    b.data[b.len - 1] = 'x';
    assert_int_equal(decode(b.data, b.len), -1);
    mci_buf_free(&b);
    mci_doc_unref(d);
}

/* Each byte set to each value: what decodes has texts that end, in well-formed UTF-8, and no more of them than there are. */
static void test_every_byte(void **state)
{
    (void)state;
    mci_doc *d = make(5, 0.5, -1);
    mci_buf b;
    pack(d, &b);
    for (size_t at = 0; at < b.len; at++) {
        char keep = b.data[at];
        for (int v = 0; v < 256; v++) {
            mci_doc *out = NULL;
            b.data[at] = (char)v;
            int rc = decode_as(&spec, b.data, b.len, &out);
            if (at < AT_KINDS && b.data[at] != keep)
                assert_int_equal(rc, -1);
            for (size_t f = 0; out != NULL && f < F_COUNT; f++) {
                const mci_val *val = mci_doc_val(out, f);
                if (val->kind == MCI_STR)
                    assert_int_equal(strlen(mci_doc_text(out, f)), val->len);
                for (uint32_t k = 0; val->kind == MCI_LIST && k < val->len; k++)
                    assert_true(strlen(mci_doc_item(out, f, k)) < b.len);
            }
            mci_doc_unref(out);
        }
        b.data[at] = keep;
    }
    mci_buf_free(&b);
    mci_doc_unref(d);
}

static void set(mci_buf *b, size_t at, const char *what, size_t n)
{
    assert_true(at + n <= b->len);
    memcpy(b->data + at, what, n);
}

static void test_hostile(void **state)
{
    (void)state;
    mci_doc *d =
        make(5, 0.5, -1); /* items and bytes: 03, 16; numbers: 0a, 8 bytes, 03, 01; then 6 + 4 + 1 + 6 + 5 bytes of texts */
    mci_buf whole;
    pack(d, &whole);
    static const struct {
        size_t at;
        const char *bytes;
        size_t n;
    } edits[] = {
        {AT_VERSION, "\x02", 1},
        {AT_PRINT, "\0\0\0\0", 4},
        {AT_KINDS, "\x24", 1},                                      /* a list where a text is declared */
        {AT_KINDS, "\x61", 1},                                      /* a kind that there is not */
        {AT_KINDS + 1, "\x45", 1},                                  /* a date where a real is declared */
        {AT_KINDS + 2, "\x02", 1},                                  /* an integer where a date is declared */
        {AT_KINDS + 3, "\x11", 1},                                  /* something beside the last field */
        {AT_KINDS + 2, "\x15", 1},                                  /* one text more than there are */
        {AT_KINDS + 2, "\x00", 1},                                  /* a number more than there are fields for */
        {AT_ITEMS, "\x04", 1},                                      /* more items than the lists have */
        {AT_ITEMS, "\x02", 1},                                      /* fewer */
        {AT_BYTES, "\x15", 1},                                      /* a text that begins too late */
        {AT_BYTES, "\x17", 1},                                      /* one that begins too early, in the numbers */
        {AT_BYTES, "\x7f", 1},                                      /* more than all */
        {AT_ITEMS, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10}, /* 2^64-1 of them */
        {AT_ITEMS, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10}, /* more than 64 bits */
        {AT_ITEMS, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 10}, /* a number without an end */
        {AT_NUMBERS + 9, "\x04", 1},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        mci_buf b;
        pack(d, &b);
        set(&b, edits[i].at, edits[i].bytes, edits[i].n);
        if (decode(b.data, b.len) != -1)
            fail_msg("edit %zu decodes", i);
        mci_buf_free(&b);
    }
    /* Texts: not UTF-8, also where it would go on behind the NUL; no NUL at the end; a NUL within, which makes one text more. */
    const size_t text = whole.len - 22;
    const size_t last = whole.len - 1;
    static const char *const odd[] = {"\xff", "\xc3", "\xe2\x82", "\xed\xa0\x80"};
    assert_memory_equal(whole.data + text, "\xc3\xa9t\xc3\xa9", 6);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        mci_buf b;
        pack(d, &b);
        set(&b, text + 5 - strlen(odd[i]), odd[i], strlen(odd[i]));
        assert_int_equal(decode(b.data, b.len), -1);
        mci_buf_free(&b);
    }
    char keep = whole.data[last];
    whole.data[last] = 'x';
    assert_int_equal(decode(whole.data, whole.len), -1);
    whole.data[last] = keep;
    whole.data[text + 2] = '\0';
    assert_int_equal(decode(whole.data, whole.len), -1);
    mci_buf_free(&whole);
    mci_doc_unref(d);
}

/* A hundred million items in a few bytes cost nothing, and a buffer that is full says so. */
static void test_limits(void **state)
{
    (void)state;
    mci_doc *d = make(5, 0.5, -1);
    mci_buf b;
    mci_buf_init(&b, 20);
    mci_packed_encode(d, &b);
    assert_int_equal(b.failed, 1);
    assert_int_equal(b.over, 1);
    mci_buf_free(&b);
    pack(d, &b);
    mci_buf many;
    mci_buf_init(&many, 100);
    mci_buf_add(&many, b.data, AT_KINDS);
    mci_buf_add(&many, "\x00\x40\x00\x00\x80\xc2\xd7\x2f\x04\x80\xc2\xd7\x2f\0\0\0\0", 17);
    assert_int_equal(decode(many.data, many.len), -1);
    mci_buf_free(&many);
    mci_buf_free(&b);
    mci_doc_unref(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_odd_kinds),
                                       cmocka_unit_test(test_long_list),      cmocka_unit_test(test_of_another_collection),
                                       cmocka_unit_test(test_cut_and_longer), cmocka_unit_test(test_every_byte),
                                       cmocka_unit_test(test_hostile),        cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
