/* SPDX-License-Identifier: Apache-2.0 */
/* Documents as hash fields: every kind comes back, and a value that is not what was written is none. */
#include "codec/hash.h"
#include "codec/json_scan.h"

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
    mci_docb_has_fields(&b, 1);
    mci_doc *d = mci_docb_finish(&b);
    assert_non_null(d);
    return d;
}

typedef struct stored {
    mci_hash_fields f;
    mci_slice slices[F_COUNT];
    mci_slice json;
    char m[MCI_ENVELOPE_MAX];
    size_t m_len;
} stored;

static void store(const mci_doc *d, stored *s)
{
    mci_envelope e = {.epoch = 1, .written_ms = 1000, .soft_ms = 2000, .hard_ms = 2000};
    mci_seal seed = mci_envelope_seal(NULL, &spec, "x", 1);
    mci_buf b;
    mci_buf_init(&b, MCI_ENVELOPE_MAX);
    assert_int_equal(mci_hash_encode(d, seed, 1u << 20, &s->f, &e), 0);
    mci_envelope_write(&e, seed, &b);
    memcpy(s->m, b.data, b.len);
    s->m_len = b.len;
    mci_buf_free(&b);
    for (size_t i = 0; i < F_COUNT; i++)
        s->slices[i] =
            s->f.field[i].there ? (mci_slice){s->f.text.data + s->f.field[i].off, s->f.field[i].len} : (mci_slice){NULL, 0};
    s->json.p = mci_doc_json(d, &s->json.n);
}

static mci_value_state decode(const stored *s, int64_t epoch, int64_t now, mci_doc **out)
{
    mci_envelope e;
    return mci_hash_decode(NULL, &spec, "x", (mci_slice){s->m, s->m_len}, s->slices, s->json, epoch, now, out, &e);
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
        assert_int_equal(decode(&s, 1, 1500, &back), MCI_VALUE_HIT);
        for (size_t k = 0; k < F_COUNT; k++)
            assert_int_equal(mci_doc_val(d, k)->kind, mci_doc_val(back, k)->kind);
        assert_string_equal(mci_doc_text(back, F_TEXT), mci_doc_text(d, F_TEXT));
        assert_true(mci_doc_val(back, F_INT)->u.i == -42 && mci_doc_val(back, F_DATE)->u.i == -2085523200000);
        double r = mci_doc_val(back, F_REAL)->u.d;
        assert_true(r == reals[i] || (isnan(r) && isnan(reals[i])));
        assert_true(signbit(r) == signbit(reals[i]));
        assert_int_equal(mci_doc_val(back, F_LIST)->len, 3);
        for (size_t k = 0; k < 3; k++)
            assert_string_equal(mci_doc_item(back, F_LIST, k), mci_doc_item(d, F_LIST, k));
        assert_string_equal(mci_doc_text(back, F_ODD), "1981");
        assert_string_equal(mci_doc_json(back, NULL), json);
        mci_doc_unref(back);
        mci_doc_unref(d);
        mci_hash_fields_free(&s.f);
    }
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
    for (size_t i = 0; i < F_COUNT; i++) { /* each field: changed, removed, added */
        mci_slice keep = s.slices[i];
        s.slices[i] = (mci_slice){"other", 5};
        assert_int_equal(decode(&s, 1, 1500, &out), MCI_VALUE_CORRUPT);
        s.slices[i] = (mci_slice){NULL, 0};
        assert_int_equal(decode(&s, 1, 1500, &out), keep.p == NULL ? MCI_VALUE_HIT : MCI_VALUE_CORRUPT);
        mci_doc_unref(out);
        s.slices[i] = keep;
    }
    mci_slice swap = s.slices[F_TEXT]; /* two fields exchanged */
    s.slices[F_TEXT] = s.slices[F_ODD];
    s.slices[F_ODD] = swap;
    assert_int_equal(decode(&s, 1, 1500, &out), MCI_VALUE_CORRUPT);
    s.slices[F_ODD] = s.slices[F_TEXT];
    s.slices[F_TEXT] = swap;
    s.json.n--;
    assert_int_equal(decode(&s, 1, 1500, &out), MCI_VALUE_CORRUPT);
    assert_null(out);
    mci_hash_fields_free(&s.f);
    mci_doc_unref(d);
}

/* What is too long for Redis costs no more than its ceiling: the work ends there, and is not begun for the JSON alone. */
static void test_ceiling(void **state)
{
    (void)state;
    mci_doc *d = make(1.5);
    mci_envelope e = {.epoch = 1};
    mci_hash_fields f = {0};
    assert_int_equal(mci_hash_encode(d, (mci_seal){NULL, 1}, 1000, &f, &e), 0);
    size_t whole = f.text.len + strlen(json);
    mci_hash_fields_free(&f);
    for (size_t max = 0; max <= whole + 1; max++) {
        assert_int_equal(mci_hash_encode(d, (mci_seal){NULL, 1}, max, &f, &e), max < whole);
        assert_true(f.text.len <= max);
        mci_hash_fields_free(&f);
    }
    mci_doc_unref(d);
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
        stored s = {0};
        mci_docb_begin(&b, &spec, 100);
        mci_docb_id(&b, "x", 1);
        mci_docb_json(&b, docs[i].json, strlen(docs[i].json));
        mci_docb_has_fields(&b, 1);
        mci_doc *d = mci_docb_finish(&b);
        store(d, &s);
        if ((decode(&s, 1, 0, &out) == MCI_VALUE_HIT) != docs[i].good)
            fail_msg("%s", docs[i].json);
        mci_doc_unref(out);
        mci_doc_unref(d);
        mci_hash_fields_free(&s.f);
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
        stored s = {0};
        mci_docb_begin(&b, &spec, 100);
        mci_docb_id(&b, "x", 1);
        if (i < 3) {
            mci_docb_str(&b, F_TEXT, texts[i], strlen(texts[i]));
        } else {
            mci_docb_list(&b, F_LIST);
            mci_docb_item(&b, texts[i - 3], strlen(texts[i - 3]));
        }
        mci_docb_json(&b, json, sizeof json - 1);
        mci_docb_has_fields(&b, 1);
        mci_doc *d = mci_docb_finish(&b);
        store(d, &s);
        assert_int_equal(decode(&s, 1, 0, &out), MCI_VALUE_CORRUPT);
        mci_doc_unref(d);
        mci_hash_fields_free(&s.f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forged), cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_what_is_no_value), cmocka_unit_test(test_ceiling),
                                       cmocka_unit_test(test_unquote)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
