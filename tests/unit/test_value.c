/* SPDX-License-Identifier: Apache-2.0 */
/* Documents as a cache keeps them: they come back, and a value that is not what was written is none. Their readable fields beside them. */
#include "codec/value.h"

#include "base/endian.h"
#include "base/random.h"
#include "codec/json_scan.h"
#include "codec/plain.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { F_TEXT, F_INT, F_REAL, F_LIST, F_DATE, F_GONE, F_ODD, F_COUNT };
static const mci_field fields[F_COUNT] = {
    {"text", "text", MCI_STR},  {"int", "int", MCI_INT},   {"real", "real", MCI_REAL}, {"list", "list", MCI_LIST},
    {"date", "date", MCI_DATE}, {"gone", "gone", MCI_STR}, {"odd", "odd", MCI_INT},
};
static const mci_spec spec = {.name = "things",
                              .key = "thing",
                              .fields = fields,
                              .nfields = F_COUNT,
                              .alias_field = -1,
                              .rank_field = -1,
                              .lon_field = -1,
                              .lat_field = -1};
static const char json[] = "{\"_id\":\"x\"}";

static mci_doc *make(double real)
{
    mci_docb b;
    mci_docb_begin(&b, &spec, 100);
    mci_docb_id(&b, "x", 1);
    mci_docb_str(&b, F_TEXT, "\xc3\xa9 \"quoted\"", 11);
    mci_docb_int(&b, F_INT, -42);
    mci_docb_real(&b, F_REAL, real);
    mci_docb_list(&b, F_LIST);
    mci_docb_item(&b, "a \"b\" \\ c", 9);
    mci_docb_item(&b, "", 0);
    mci_docb_item(&b, "line\nbreak\x01", 11);
    mci_docb_int(&b, F_DATE, -2085523200000);
    mci_docb_str(&b, F_ODD, "1981", 4); /* a text of digits stays a text */
    mci_docb_json(&b, json, sizeof json - 1);
    mci_doc *d = mci_docb_finish(&b);
    assert_non_null(d);
    return d;
}

typedef struct stored {
    mci_buf packed;
    mci_slice json;
} stored;

static void store(const mci_doc *d, stored *s)
{
    mci_metadata m = {.epoch = 1, .written_ms = 1000, .hard_ms = 2000};
    assert_int_equal(mci_value_encode(d, mci_seal_of(NULL, &spec, "x", 1), 1u << 20, &m, &s->packed), 0);
    s->json = (mci_slice){NULL, 0};
    if (d != NULL)
        s->json.p = mci_doc_json(d, &s->json.n);
}

/* Anybody can make a sum who knows the layout. */
static void seal_again(stored *s)
{
    mci_metadata_seal(mci_seal_of(NULL, &spec, "x", 1), &s->packed, 0);
}

static mci_value_state decode_part(const stored *s, int with_doc, int64_t epoch, int64_t now, mci_doc **out)
{
    mci_metadata m;
    const mci_value_parts parts = {{s->packed.data, s->packed.len}, s->json, with_doc};
    mci_value_state st = mci_value_decode(NULL, &spec, "x", &parts, epoch, now, out, &m);
    assert_true((st == MCI_VALUE_HIT) == (*out != NULL));
    return st;
}

static mci_value_state decode(const stored *s, int64_t epoch, int64_t now, mci_doc **out)
{
    return decode_part(s, 1, epoch, now, out);
}

static void test_round_trip(void **state)
{
    (void)state;
    const double reals[] = {0.1 + 0.2, -0.0, 1e300, NAN, INFINITY, 8.0};
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        mci_doc *d = make(reals[i]);
        mci_doc *back = NULL;
        stored s;
        store(d, &s);
        for (int with_doc = 0; with_doc < 2; with_doc++) {
            assert_int_equal(decode_part(&s, with_doc, 1, 1500, &back), MCI_VALUE_HIT);
            assert_true(mci_doc_same_fields(d, back));
            assert_string_equal(mci_doc_id(back, NULL), "x");
            if (with_doc)
                assert_string_equal(mci_doc_json(back, NULL), json);
            else
                assert_null(mci_doc_json(back, NULL));
            mci_doc_unref(back);
        }
        mci_doc_unref(d);
        mci_buf_free(&s.packed);
    }
}

static void test_not_found(void **state)
{
    (void)state;
    mci_doc *out = NULL;
    stored s;
    store(NULL, &s);
    assert_int_equal(s.packed.len, MCI_METADATA_SIZE);
    assert_int_equal(decode_part(&s, 0, 1, 1500, &out), MCI_VALUE_NEGATIVE);
    assert_int_equal(decode_part(&s, 1, 1, 1500, &out), MCI_VALUE_NEGATIVE);
    assert_int_equal(decode_part(&s, 1, 2, 1500, &out), MCI_VALUE_OLD);
    assert_int_equal(decode_part(&s, 1, 1, 2001, &out), MCI_VALUE_OLD);
    mci_buf_add(&s.packed, "x", 1);
    assert_int_equal(decode_part(&s, 0, 1, 1500, &out), MCI_VALUE_CORRUPT);
    seal_again(&s);
    assert_int_equal(decode_part(&s, 0, 1, 1500, &out), MCI_VALUE_CORRUPT);
    mci_buf_free(&s.packed);
    s.packed.data = NULL;
    assert_int_equal(decode_part(&s, 0, 1, 1500, &out), MCI_VALUE_NONE);
}

static void test_what_is_no_value(void **state)
{
    (void)state;
    mci_doc *d = make(1.5);
    mci_doc *out = NULL;
    stored s;
    store(d, &s);
    assert_int_equal(decode(&s, 2, 1500, &out), MCI_VALUE_OLD); /* another epoch */
    assert_int_equal(decode(&s, 1, 2001, &out), MCI_VALUE_OLD); /* past its deadline */
    assert_int_equal(decode(&s, 1, 0, &out), MCI_VALUE_HIT);    /* clock not known: the TTL has to do */
    mci_doc_unref(out);
    for (size_t i = 0; i < s.packed.len; i++) { /* each byte changed, and each cut */
        s.packed.data[i] ^= 1;
        assert_int_equal(decode_part(&s, 0, 1, 1500, &out), MCI_VALUE_CORRUPT);
        s.packed.data[i] ^= 1;
    }
    for (size_t n = s.packed.len; n > 0; n--) {
        const mci_value_parts parts = {{s.packed.data, n - 1}, {NULL, 0}, 0};
        mci_metadata m;
        assert_int_equal(mci_value_decode(NULL, &spec, "x", &parts, 1, 1500, &out, &m), MCI_VALUE_CORRUPT);
    }
    /* The document's text: another, a part, none. A read of the fields does not ask for it. */
    mci_slice keep = s.json;
    s.json = (mci_slice){"{\"_id\":\"y\"}", keep.n};
    assert_int_equal(decode(&s, 1, 1500, &out), MCI_VALUE_CORRUPT);
    s.json = (mci_slice){keep.p, keep.n - 1};
    assert_int_equal(decode(&s, 1, 1500, &out), MCI_VALUE_CORRUPT);
    s.json = (mci_slice){NULL, 0};
    assert_int_equal(decode(&s, 1, 1500, &out), MCI_VALUE_CORRUPT);
    assert_int_equal(decode_part(&s, 0, 1, 1500, &out), MCI_VALUE_HIT);
    mci_doc_unref(out);
    mci_buf_free(&s.packed);
    mci_doc_unref(d);
}

/* Written without its text: a read of the document cannot be answered by it, even when the sum of a text would fit. */
static void test_without_text(void **state)
{
    (void)state;
    mci_docb b;
    mci_doc *out = NULL;
    stored s;
    mci_docb_begin(&b, &spec, 0);
    mci_docb_id(&b, "x", 1);
    mci_doc *d = mci_docb_finish(&b);
    store(d, &s);
    assert_int_equal(decode_part(&s, 0, 1, 1500, &out), MCI_VALUE_HIT);
    mci_doc_unref(out);
    assert_int_equal(decode(&s, 1, 1500, &out), MCI_VALUE_CORRUPT);
    s.json = (mci_slice){json, sizeof json - 1};
    mci_store64(s.packed.data + 34, mci_seal_text(mci_seal_of(NULL, &spec, "x", 1), json, sizeof json - 1));
    seal_again(&s);
    assert_int_equal(decode(&s, 1, 1500, &out), MCI_VALUE_CORRUPT);
    mci_buf_free(&s.packed);
    mci_doc_unref(d);
}

/* What other clients may read: texts as they are, numbers and lists as JSON has them. */
static void test_plain_fields(void **state)
{
    (void)state;
    static const char *const texts[F_COUNT] = {
        "\xc3\xa9 \"quoted\"", "-42", "1.5", "[\"a \\\"b\\\" \\\\ c\",\"\",\"line\\nbreak\\u0001\"]",
        "-2085523200000",      "",    "1981"};
    mci_doc *d = make(1.5);
    mci_buf b;
    mci_buf_init(&b, 1000);
    for (size_t i = 0; i < F_COUNT; i++) {
        mci_buf_reset(&b);
        mci_buf_add(&b, "", 0);
        mci_plain_add(d, i, &b);
        assert_string_equal(b.data, texts[i]);
    }
    mci_buf_free(&b);
    mci_doc_unref(d);
}

/* What is too long for Redis costs no more than its ceiling: the work ends there, and is not begun for the JSON alone. */
static void test_ceiling(void **state)
{
    (void)state;
    mci_doc *d = make(1.5);
    mci_metadata m = {.epoch = 1};
    mci_buf b;
    assert_int_equal(mci_value_encode(d, (mci_seal){NULL, 1}, 1000, &m, &b), 0);
    size_t whole = b.len - MCI_METADATA_SIZE + strlen(json);
    mci_buf_free(&b);
    for (size_t max = 0; max <= whole + 1; max++) {
        assert_int_equal(mci_value_encode(d, (mci_seal){NULL, 1}, max, &m, &b), max < whole);
        assert_true(b.cap <= 2 * (max + MCI_METADATA_SIZE) + 64);
        mci_buf_free(&b);
    }
    mci_doc_unref(d);
}

/* With sums that fit, which anybody can make who knows the layout: a document that is not JSON, a text that is not UTF-8. */
static void test_forged(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int good;
    } docs[] = {{"{\"_id\":\"x\"}", 1},
                {"{\"a\":[1,-2.5e+10,[],{}],\"b\":{\"c\":[{\"d\":null}]},\"e\":true,\"f\":\"\\u00e9\\n\xc3\xa9\"}", 1},
                {"{}", 1},
                {"", 0},
                {"[]", 0},
                {"null", 0},
                {"{\"a\":1", 0},
                {"{\"a\":1}}", 0},
                {"{\"a\":1},\"answer\":{\"tier\":\"store\"", 0},
                {"{\"movie\":0},\"answer\":{}", 0},
                {"{\"a\":01}", 0},
                {"{\"a\":1.}", 0},
                {"{\"a\":.5}", 0},
                {"{\"a\":-}", 0},
                {"{\"a\":1e}", 0},
                {"{\"a\":tru}", 0},
                {"{\"a\":1,}", 0},
                {"{,}", 0},
                {"{\"a\"}", 0},
                {"{a:1}", 0},
                {"{\"a\":[1,]}", 0},
                {"{\"a\":[1}]", 0},
                {"{\"a\":\"x\ny\"}", 0},
                {"{\"a\":\"\\x\"}", 0},
                {"{\"a\":\"\\u12g4\"}", 0},
                {"{\"a\":\"\xff\"}", 0},
                {"{\"a\": 1}", 0},
                {"{\"a\":NaN}", 0}};
    for (size_t i = 0; i < sizeof docs / sizeof docs[0]; i++) {
        mci_docb b;
        mci_doc *out = NULL;
        stored s;
        mci_docb_begin(&b, &spec, 100);
        mci_docb_id(&b, "x", 1);
        mci_docb_json(&b, docs[i].json, strlen(docs[i].json));
        mci_doc *d = mci_docb_finish(&b);
        store(d, &s);
        if ((decode(&s, 1, 0, &out) == MCI_VALUE_HIT) != docs[i].good)
            fail_msg("%s", docs[i].json);
        mci_doc_unref(out);
        mci_doc_unref(d);
        mci_buf_free(&s.packed);
    }
    char deep[2000] = "{\"a\":";
    memset(deep + 5, '[', 600);
    memset(deep + 605, ']', 600);
    memcpy(deep + 1205, "}", 2);
    assert_false(mci_json_scan(deep, strlen(deep)));
    static const char *const texts[] = {"\xff", "caf\xc3", "\xed\xa0\x80"};
    for (int i = 0; i < 6; i++) {
        mci_docb b;
        mci_doc *out = NULL;
        stored s;
        mci_docb_begin(&b, &spec, 100);
        mci_docb_id(&b, "x", 1);
        if (i < 3) {
            mci_docb_str(&b, F_TEXT, texts[i], strlen(texts[i]));
        } else {
            mci_docb_list(&b, F_LIST);
            mci_docb_item(&b, texts[i - 3], strlen(texts[i - 3]));
        }
        mci_docb_json(&b, json, sizeof json - 1);
        mci_doc *d = mci_docb_finish(&b);
        store(d, &s);
        assert_int_equal(decode(&s, 1, 0, &out), MCI_VALUE_CORRUPT);
        mci_doc_unref(d);
        mci_buf_free(&s.packed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forged),       cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_not_found),    cmocka_unit_test(test_what_is_no_value),
                                       cmocka_unit_test(test_without_text), cmocka_unit_test(test_plain_fields),
                                       cmocka_unit_test(test_ceiling)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
