/* SPDX-License-Identifier: Apache-2.0 */
/* BSON and JSON say the same: on all sample data, on random documents of every type, and against libbson's own writer. */
#include "codec/json.h"
#include "data.h"
#include "store/mongo_bson.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID "{\"_id\":{\"$oid\":\"573a1390f29313caabcd42e8\"}"

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static mci_doc *decode(const mci_spec *spec, const char *json, size_t len)
{
    mc_error err = {0};
    mci_doc *d = NULL;
    if (mci_json_decode(spec, json, len, &d, &err) != MC_OK)
        fail_msg("%s: %s", err.text, json);
    return d;
}

/* Text -> BSON -> document is the same as text -> document; and libbson's canonical text leads to it, too. */
static void assert_same(const mci_spec *spec, const char *json, size_t len)
{
    bson_t bson;
    mc_error err = {0};
    mci_doc *a = decode(spec, json, len);
    mci_doc *b = NULL;
    size_t n;
    const char *normal = mci_doc_json(a, &n);
    if (mci_bson_from_json(normal, n, &bson, &err) != MC_OK)
        fail_msg("%s: %s", err.text, normal);
    assert_true(bson_validate(&bson, BSON_VALIDATE_UTF8 | BSON_VALIDATE_UTF8_ALLOW_NULL, NULL));
    if (mci_bson_decode(spec, &bson, &b, &err) != MC_OK)
        fail_msg("%s: %s", err.text, normal);
    assert_true(data_same(a, b));
    mci_doc_unref(b);
    size_t other_len;
    char *other = bson_as_canonical_extended_json(&bson, &other_len);
    b = decode(spec, other, other_len);
    assert_true(data_same(a, b));
    bson_free(other);
    mci_doc_unref(a);
    mci_doc_unref(b);
    bson_destroy(&bson);
}

static void all_of(const char *file, const mci_spec *spec)
{
    data_lines lines;
    if (data_load(file, &lines) != 0)
        print_message("  (%s is not there)\n", file);
    for (size_t i = 0; i < lines.n; i++)
        assert_same(spec, lines.line[i], lines.len[i]);
    data_free(&lines);
}

static void test_all_data(void **state)
{
    (void)state;
    mci_spec movies = data_movie_spec("movies", MCI_ID_OBJECTID);
    mci_spec theaters = data_theater_spec("theaters", MCI_ID_OBJECTID);
    all_of("movies.ndjson.gz", &movies);
    all_of("movie_details.ndjson.gz", &movies);
    all_of("theaters.ndjson.gz", &theaters);
}

/* ---- random documents ---- */

static void random_text(bson_t *b, const char *key)
{
    static const char *const pieces[] = {"a",  "\"",   "\\",          "\n",  "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\xac",
                                         "$x", "\x01", "plain text ", "\x7f"};
    char text[200] = "";
    for (uint64_t n = rnd() % 8; n > 0; n--)
        strcat(text, pieces[rnd() % (sizeof pieces / sizeof *pieces)]);
    BSON_APPEND_UTF8(b, key, text);
}

static double random_double(void)
{
    uint64_t bits = rnd();
    double d;
    if (rnd() % 2)
        return (double)(int64_t)(rnd() % 200000) / 100.0 - 1000.0;
    memcpy(&d, &bits, sizeof d);
    if (d != d)
        return 0.0; /* the payload of a NaN has no text */
    return d;
}

static void random_rare(bson_t *b, const char *key)
{
    uint8_t raw[20];
    bson_t scope = BSON_INITIALIZER;
    bson_oid_t oid;
    bson_decimal128_t dec;
    char text[60];
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (uint8_t)rnd();
    bson_oid_init_from_data(&oid, raw);
    switch (rnd() % 10) {
    case 0:
        BSON_APPEND_BINARY(b, key, rnd() % 2 ? BSON_SUBTYPE_USER : BSON_SUBTYPE_BINARY, raw, (uint32_t)(rnd() % sizeof raw));
        break;
    case 1:
        BSON_APPEND_REGEX(b, key, "^a.*\\\"/", rnd() % 2 ? "im" : "");
        break;
    case 2:
        bson_append_dbpointer(b, key, -1, "db.coll", &oid);
        break;
    case 3:
        BSON_APPEND_CODE(b, key, "f(\"x\")");
        break;
    case 4:
        BSON_APPEND_INT64(&scope, "n", (int64_t)rnd() >> (rnd() % 64));
        BSON_APPEND_CODE_WITH_SCOPE(b, key, "g()", &scope);
        break;
    case 5:
        BSON_APPEND_SYMBOL(b, key, "sym");
        break;
    case 6:
        BSON_APPEND_TIMESTAMP(b, key, (uint32_t)rnd(), (uint32_t)rnd());
        break;
    case 7:
        (void)snprintf(text, sizeof text, "%s%llu%s%dE%d", rnd() % 2 ? "-" : "", (unsigned long long)rnd(),
                       rnd() % 2 ? "." : "", (int)(rnd() % 1000), (int)(rnd() % 12000) - 6000);
        if (!bson_decimal128_from_string(text, &dec))
            bson_decimal128_from_string("1.50", &dec);
        BSON_APPEND_DECIMAL128(b, key, &dec);
        break;
    case 8:
        BSON_APPEND_UNDEFINED(b, key);
        break;
    default:
        if (rnd() % 2)
            BSON_APPEND_MINKEY(b, key);
        else
            BSON_APPEND_MAXKEY(b, key);
    }
    bson_destroy(&scope);
}

static void random_members(bson_t *b, int array, int depth);

static void random_value(bson_t *b, const char *key, int depth)
{
    bson_t child = BSON_INITIALIZER;
    switch (rnd() % 12) {
    case 0:
        BSON_APPEND_INT32(b, key, (int32_t)rnd());
        break;
    case 1:
        BSON_APPEND_INT64(b, key, (int64_t)rnd() >> (rnd() % 64));
        break;
    case 2:
        BSON_APPEND_DOUBLE(b, key, random_double());
        break;
    case 3:
        BSON_APPEND_BOOL(b, key, rnd() % 2 == 0);
        break;
    case 4:
        BSON_APPEND_NULL(b, key);
        break;
    case 5:
        BSON_APPEND_DATE_TIME(b, key, (int64_t)rnd() >> (rnd() % 40));
        break;
    case 6:
    case 7:
        random_rare(b, key);
        break;
    case 8:
    case 9:
        random_members(&child, 0, depth - 1);
        BSON_APPEND_DOCUMENT(b, key, &child);
        break;
    case 10:
        random_members(&child, 1, depth - 1);
        BSON_APPEND_ARRAY(b, key, &child);
        break;
    default:
        random_text(b, key);
    }
    bson_destroy(&child);
}

static void random_members(bson_t *b, int array, int depth)
{
    static const char *const names[] = {"title", "year",     "genres", "imdb",     "rating",  "votes",
                                        "cast",  "\xc3\xa9", "plot",   "released", "runtime", "0"};
    unsigned first = (unsigned)(rnd() % 12);
    unsigned n = depth <= 0 ? 0 : (unsigned)(rnd() % 8);
    for (unsigned i = 0; i < n; i++) {
        char index[12];
        (void)snprintf(index, sizeof index, "%u", i);
        random_value(b, array ? index : names[(first + i) % 12], depth);
    }
}

/* BSON -> text -> BSON gives the same bytes, and both ways of decoding agree. */
static void test_random(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    for (int i = 0; i < 20000; i++) {
        bson_t bson = BSON_INITIALIZER;
        bson_t back;
        bson_oid_t oid;
        mci_doc *a = NULL;
        mc_error err = {0};
        size_t n;
        bson_oid_init_from_string(&oid, "573a1390f29313caabcd42e8");
        BSON_APPEND_OID(&bson, "_id", &oid);
        random_members(&bson, 0, 5);
        if (mci_bson_decode(&spec, &bson, &a, &err) != MC_OK)
            fail_msg("%s", err.text);
        const char *text = mci_doc_json(a, &n);
        mci_doc *b = decode(&spec, text, n);
        assert_true(data_same(a, b));
        if (mci_bson_from_json(text, n, &back, &err) != MC_OK)
            fail_msg("%s: %s", err.text, text);
        if (!bson_equal(&bson, &back))
            fail_msg("does not come back: %s", text);
        assert_same(&spec, text, n);
        mci_doc_unref(a);
        mci_doc_unref(b);
        bson_destroy(&bson);
        bson_destroy(&back);
    }
}

/* The id may stand anywhere in old documents; it is written first. Another kind of id is refused. */
static void test_ids(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    mci_spec text = data_movie_spec("movies", MCI_ID_STRING);
    mci_spec any = data_movie_spec("movies", MCI_ID_AUTO);
    bson_t b = BSON_INITIALIZER;
    bson_oid_t oid;
    mci_doc *d;
    mc_error err;
    bson_oid_init_from_string(&oid, "573a1390f29313caabcd42e8");
    BSON_APPEND_INT32(&b, "x", 1);
    assert_int_equal(mci_bson_decode(&spec, &b, &d, &err), MC_E_TYPE); /* none at all */
    BSON_APPEND_OID(&b, "_id", &oid);
    BSON_APPEND_INT32(&b, "y", 2);
    assert_int_equal(mci_bson_decode(&spec, &b, &d, &err), MC_OK);
    assert_string_equal(mci_doc_json(d, NULL), ID ",\"x\":1,\"y\":2}");
    mci_doc_unref(d);
    assert_int_equal(mci_bson_decode(&text, &b, &d, &err), MC_E_TYPE);
    assert_null(d);
    assert_int_equal(mci_bson_decode(&any, &b, &d, &err), MC_OK);
    mci_doc_unref(d);
    bson_reinit(&b);
    BSON_APPEND_UTF8(&b, "_id", "573a1390f29313caabcd42e8");
    assert_int_equal(mci_bson_decode(&spec, &b, &d, &err), MC_E_TYPE);
    assert_int_equal(mci_bson_decode(&any, &b, &d, &err), MC_E_TYPE); /* in such a collection it stands for an ObjectId */
    assert_int_equal(mci_bson_decode(&text, &b, &d, &err), MC_OK);
    mci_doc_unref(d);
    bson_destroy(&b);
}

/* What a database may hold and we cannot show: an error, never a crash, never half a text. */
static void test_broken(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    bson_t b;
    mci_doc *d;
    mc_error err;
    const char *json = ID ",\"title\":\"abcdefgh\",\"list\":[1,{\"x\":\"y\"}],\"c\":{\"$code\":\"f\",\"$scope\":{\"z\":1}}}";
    assert_int_equal(mci_bson_from_json(json, strlen(json), &b, &err), MC_OK);
    uint32_t len = b.len;
    uint8_t *copy = malloc(len);
    int fine = 0;
    for (int round = 0; round < 200000; round++) {
        bson_t broken;
        memcpy(copy, bson_get_data(&b), len);
        for (uint64_t n = 1 + rnd() % 3; n > 0; n--)
            copy[4 + rnd() % (len - 4)] = (uint8_t)rnd();
        if (!bson_init_static(&broken, copy, len))
            continue;
        mc_status st = mci_bson_decode(&spec, &broken, &d, &err);
        if (st == MC_OK) { /* a change that makes other, sound BSON */
            size_t n;
            const char *text = mci_doc_json(d, &n);
            mci_doc *again = NULL;
            mc_status parsed = mci_json_decode(&spec, text, n, &again, &err);
            /* Twice the same name is all that BSON can have and JSON text cannot. */
            if (parsed != MC_OK && strstr(err.text, "duplicate") == NULL)
                fail_msg("%s: %s", err.text, text);
            mci_doc_unref(again);
            fine++;
        }
        mci_doc_unref(d);
    }
    assert_true(fine > 0);
    free(copy);
    bson_destroy(&b);
    bson_init(&b); /* invalid UTF-8 */
    bson_oid_t oid;
    bson_oid_init_from_string(&oid, "573a1390f29313caabcd42e8");
    BSON_APPEND_OID(&b, "_id", &oid);
    bson_append_utf8(&b, "t", 1, "\xff\xfe", 2);
    assert_int_equal(mci_bson_decode(&spec, &b, &d, &err), MC_E_UTF8);
    bson_destroy(&b);
    for (int levels = 64; levels <= 65; levels++) { /* as deep as callers may go, and deeper */
        bson_t inner = BSON_INITIALIZER;
        for (int i = 2; i < levels; i++) {
            bson_t outer = BSON_INITIALIZER;
            BSON_APPEND_DOCUMENT(&outer, "a", &inner);
            bson_destroy(&inner);
            bson_copy_to(&outer, &inner);
            bson_destroy(&outer);
        }
        bson_init(&b);
        BSON_APPEND_OID(&b, "_id", &oid);
        BSON_APPEND_DOCUMENT(&b, "a", &inner);
        assert_int_equal(mci_bson_decode(&spec, &b, &d, &err), levels == 64 ? MC_OK : MC_E_DEPTH);
        mci_doc_unref(d);
        bson_destroy(&inner);
        bson_destroy(&b);
    }
    static const char *const bad[] = {"", "{", "[]", "5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(mci_bson_from_json(bad[i], strlen(bad[i]), &b, &err), MC_E_JSON);
        bson_destroy(&b);
    }
    bson_init(&b);
    assert_int_equal(mci_bson_append_json(&b, "x", "{\"$numberLong\":\"5\"}", 19, &err), MC_OK);
    assert_int_equal(mci_bson_append_json(&b, "y", "nope", 4, &err), MC_E_JSON);
    double v = 0;
    assert_int_equal(mci_bson_number(&b, "x", &v), 1);
    assert_true(v == 5);
    bson_destroy(&b);
}

/* 15 MiB of text can be more than 16 MiB of BSON. */
static void test_too_big(void **state)
{
    (void)state;
    bson_t b;
    mc_error err;
    mci_buf text;
    mci_buf_init(&text, 32u << 20);
    mci_buf_str(&text, "{\"a\":[0");
    for (int i = 0; i < 2000000; i++)
        mci_buf_str(&text, ",0");
    mci_buf_str(&text, "]}");
    assert_int_equal(mci_bson_from_json(text.data, text.len, &b, &err), MC_E_TOOBIG);
    bson_destroy(&b);
    mci_buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_data), cmocka_unit_test(test_random),
                                       cmocka_unit_test(test_ids), cmocka_unit_test(test_broken),
                                       cmocka_unit_test(test_too_big)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
