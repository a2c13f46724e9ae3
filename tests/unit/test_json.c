/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON codec: what is refused and with which word, the normal form, patches. */
#include "codec/json.h"
#include "data.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A "573a1390f29313caabcd42e8"
#define ID "{\"_id\":{\"$oid\":\"" A "\"}"

static mci_spec spec;

static mc_status document(const mci_spec *s, const char *json, size_t len, const char *new_id, mci_buf *out,
                          char id[MCI_ID_CAP], mc_error *err)
{
    mci_buf_init(out, 64u << 20);
    memset(err, 0, sizeof *err);
    return mci_json_document(s, json, len, new_id, out, id, NULL, err);
}

/* The caller's document `in` becomes `expected`. */
static void assert_normal(const char *in, const char *expected)
{
    mci_buf out;
    mc_error err;
    char id[MCI_ID_CAP];
    mc_status st = document(&spec, in, strlen(in), A, &out, id, &err);
    if (st != MC_OK)
        fail_msg("%s: %s %s", in, mc_status_name(st), err.text);
    assert_string_equal(out.data, expected);
    assert_string_equal(id, A);
    mci_buf_free(&out);
    mci_doc *d; /* and the normal form is its own normal form, also for stores */
    assert_int_equal(mci_json_decode(&spec, expected, strlen(expected), &d, &err), MC_OK);
    assert_string_equal(mci_doc_json(d, NULL), expected);
    mci_doc_unref(d);
}

static void assert_refused(const char *in, size_t len, mc_status wanted)
{
    mci_buf out;
    mc_error err;
    char id[MCI_ID_CAP];
    mc_status st = document(&spec, in, len, A, &out, id, &err);
    if (st != wanted)
        fail_msg("%.200s: %s, not %s: %s", in, mc_status_name(st), mc_status_name(wanted), err.text);
    assert_int_equal(err.code, wanted);
    assert_true(err.text[0] != '\0');
    mci_buf_free(&out);
}

static void test_normal_form(void **state)
{
    (void)state;
    static const char *const same[] = {
        "\"a\":5",
        "\"a\":-2147483648",
        "\"a\":3000000000",
        "\"a\":{\"$numberLong\":\"5\"}",
        "\"a\":9223372036854775807",
        "\"a\":0.1",
        "\"a\":-0.0",
        "\"a\":{\"$numberDouble\":\"NaN\"}",
        "\"a\":{\"$numberDouble\":\"-Infinity\"}",
        "\"a\":{\"$date\":\"2015-08-08T19:16:10Z\"}",
        "\"a\":{\"$date\":{\"$numberLong\":\"-1\"}}",
        "\"a\":{\"$oid\":\"" A "\"}",
        "\"a\":{\"$binary\":{\"base64\":\"\",\"subType\":\"00\"}}",
        "\"a\":{\"$symbol\":\"s\"}",
        "\"a\":{\"$undefined\":true}",
        "\"a\":{\"$minKey\":1}",
        "\"a\":{\"$maxKey\":1}",
        "\"a\":{\"$dbPointer\":{\"$ref\":\"b.c\",\"$id\":{\"$oid\":\"" A "\"}}}",
        "\"a\":{\"$ref\":\"c\",\"$id\":{\"$oid\":\"" A "\"},\"$db\":\"d\",\"x\":1}",
        "\"a\":{\"$code\":\"f()\"}",
        "\"a\":{\"$code\":\"f()\",\"$scope\":{}}",
        "\"__proto__\":{\"constructor\":1}",
        "\"a\":[[[]],{}]",
        "\"a\":\"\xe2\x80\xae\xf0\x9f\x8e\xac\"",
        "\"a\":{\"$timestamp\":{\"t\":1,\"i\":2}}",
        "\"a\":{\"$numberDecimal\":\"1.20\"}",
        "\"z\":1,\"a\":2,\"m\":3",
        "\"imdb\":{\"rating\":\"\"}",
        "\"imdb\":{\"rating\":null}",
        "\"imdb\":{\"rating\":10}",
        "\"imdb\":5",
        "\"imdb\":{\"rating\":{\"$numberLong\":\"7\"}}",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char text[400];
        (void)snprintf(text, sizeof text, ID ",%s}", same[i]);
        assert_normal(text, text);
    }
    static const char *const changed[][2] = {
        {" { \"_id\" : {\"$oid\":\"573A1390F29313CAABCD42E8\"} , \"b\" : [ 1 , 2 ] } ", ID ",\"b\":[1,2]}"},
        {"{\"b\":1,\"_id\":{\"$oid\":\"" A "\"}}", ID ",\"b\":1}"}, /* the id comes first */
        {"{\"b\":1}", ID ",\"b\":1}"},                              /* a missing one is put in */
        {"{}", ID "}"},
        {"{\"a\":{\"$numberInt\":\"5\"}}", ID ",\"a\":5}"},
        {"{\"a\":{\"$numberLong\":\"3000000000\"}}", ID ",\"a\":3000000000}"},
        {"{\"a\":{\"$numberDouble\":\"5\"}}", ID ",\"a\":5.0}"},
        {"{\"a\":{\"$numberDouble\":\"-0.0\"}}", ID ",\"a\":-0.0}"},
        {"{\"a\":1.0e2}", ID ",\"a\":100.0}"},
        {"{\"a\":{\"$date\":{\"$numberLong\":\"1439061370007\"}}}", ID ",\"a\":{\"$date\":\"2015-08-08T19:16:10.007Z\"}}"},
        {"{\"a\":{\"$date\":\"1903-12-01T00:00:00Z\"}}", ID ",\"a\":{\"$date\":{\"$numberLong\":\"-2085523200000\"}}}"},
        {"{\"a\":{\"$date\":\"2015-08-08T21:16:10.000+02:00\"}}", ID ",\"a\":{\"$date\":\"2015-08-08T19:16:10Z\"}}"},
        {"{\"a\":{\"$uuid\":\"00010203-0405-0607-0809-0a0b0c0d0e0f\"}}",
         ID ",\"a\":{\"$binary\":{\"base64\":\"AAECAwQFBgcICQoLDA0ODw==\",\"subType\":\"04\"}}}"},
        {"{\"a\":{\"$binary\":{\"subType\":\"0\",\"base64\":\"AA==\"}}}",
         ID ",\"a\":{\"$binary\":{\"base64\":\"AA==\",\"subType\":\"00\"}}}"},
        {"{\"a\":{\"$regularExpression\":{\"options\":\"mi\",\"pattern\":\"^a\"}}}",
         ID ",\"a\":{\"$regularExpression\":{\"pattern\":\"^a\",\"options\":\"im\"}}}"},
        {"{\"a\":\"\\u00e9\\/\\u0041\\ud83c\\udfac\"}", ID ",\"a\":\"\xc3\xa9/A\xf0\x9f\x8e\xac\"}"},
        {"{\"imdb\":{\"rating\":-0.0}}", ID ",\"imdb\":{\"rating\":0.0}}"},
        {"{\"imdb\":{\"rating\":{\"$numberDouble\":\"-0\"}}}", ID ",\"imdb\":{\"rating\":0.0}}"},
        {"{\"a\":{\"$numberDecimal\":\"+1e2\"}}", ID ",\"a\":{\"$numberDecimal\":\"1E+2\"}}"},
        {"{\"a\":{\"$numberDecimal\":\"-.5\"}}", ID ",\"a\":{\"$numberDecimal\":\"-0.5\"}}"},
        {"{\"a\":{\"$numberDecimal\":\"000.00000001\"}}", ID ",\"a\":{\"$numberDecimal\":\"1E-8\"}}"},
        {"{\"a\":{\"$numberDecimal\":\"infinity\"}}", ID ",\"a\":{\"$numberDecimal\":\"Infinity\"}}"},
    };
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++)
        assert_normal(changed[i][0], changed[i][1]);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mc_status status;
    } cases[] = {
        {"", MC_E_JSON},
        {" ", MC_E_JSON},
        {"[]", MC_E_JSON},
        {"5", MC_E_JSON},
        {"null", MC_E_JSON},
        {"\"x\"", MC_E_JSON},
        {"{", MC_E_JSON},
        {"{}x", MC_E_JSON},
        {"{}{}", MC_E_JSON},
        {"{\"a\":1,}", MC_E_JSON},
        {"{'a':1}", MC_E_JSON},
        {"{\"a\":NaN}", MC_E_JSON},
        {"{\"a\":1,\"a\":2}", MC_E_JSON},
        {"{\"x\":{\"a\":1,\"a\":1}}", MC_E_JSON},
        {"{\"a\":01}", MC_E_JSON},
        {"{\"a\":\"\x01\"}", MC_E_JSON},
        {"{\"a\":\"\\ud800\"}", MC_E_JSON},
        {"\xef\xbb\xbf{}", MC_E_JSON},
        {"{\"a\":\"\\u0000\"}", MC_E_ARG},
        {"{\"a\\u0000\":1}", MC_E_ARG},
        {"{\"a\":\"\xff\"}", MC_E_UTF8},
        {"{\"a\":\"\xc0\x80\"}", MC_E_UTF8},
        {"{\"\xed\xa0\x80\":1}", MC_E_UTF8},
        {"{\"a\":9223372036854775808}", MC_E_RANGE},
        {"{\"a\":-9223372036854775809}", MC_E_RANGE},
        {"{\"a\":1e999}", MC_E_RANGE},
        {"{\"a\":{\"$numberLong\":\"9223372036854775808\"}}", MC_E_RANGE},
        {"{\"a\":{\"$numberInt\":\"2147483648\"}}", MC_E_RANGE},
        {"{\"a\":{\"$numberDouble\":\"1e999\"}}", MC_E_RANGE},
        {"{\"$where\":\"1\"}", MC_E_FIELD},
        {"{\"a\":{\"$gt\":1}}", MC_E_FIELD},
        {"{\"a\":{\"x\":1,\"$oid\":\"" A "\"}}", MC_E_FIELD},
        {"{\"a\":{\"$oid\":\"" A "\",\"x\":1}}", MC_E_TYPE},
        {"{\"a\":{\"$oid\":\"12\"}}", MC_E_TYPE},
        {"{\"a\":{\"$date\":\"yesterday\"}}", MC_E_TYPE},
        {"{\"a\":{\"$binary\":{\"base64\":\"A\",\"subType\":\"00\"}}}", MC_E_TYPE},
        {"{\"a\":[{\"$set\":1}]}", MC_E_FIELD},
        {"{\"a\":{\"$code\":\"f\",\"$scope\":{\"$x\":1}}}", MC_E_TYPE},
        {"{\"a\":{\"$ref\":\"c\",\"$id\":1,\"$where\":1}}", MC_E_FIELD},
        {"{\"a\":{\"$regularExpression\":{\"pattern\":\"a\",\"options\":\"g\"}}}", MC_E_TYPE},
        {"{\"a\":{\"$undefined\":false}}", MC_E_TYPE},
        {"{\"a\":{\"$numberDecimal\":\"abc\"}}", MC_E_RANGE},
        {"{\"$oid\":\"" A "\"}", MC_E_FIELD},
        {"{\"a.b\":1}", MC_E_FIELD},
        {"{\"a\":{\"b.c\":1}}", MC_E_FIELD},
        {"{\"\":1}", MC_E_FIELD},
        {"{\"a\":{\"\":1}}", MC_E_FIELD},
        {"{\"imdb\":{\"rating\":10.01}}", MC_E_RANGE},
        {"{\"imdb\":{\"rating\":-0.1}}", MC_E_RANGE},
        {"{\"imdb\":{\"rating\":11}}", MC_E_RANGE},
        {"{\"imdb\":{\"rating\":{\"$numberDouble\":\"NaN\"}}}", MC_E_RANGE},
        {"{\"imdb\":{\"rating\":{\"$numberDouble\":\"Infinity\"}}}", MC_E_RANGE},
        {"{\"imdb\":{\"rating\":\"8.7\"}}", MC_E_TYPE},
        {"{\"imdb\":{\"rating\":[8]}}", MC_E_TYPE},
        {"{\"imdb\":{\"rating\":true}}", MC_E_TYPE},
        {"{\"imdb\":{\"rating\":{}}}", MC_E_TYPE},
        {"{\"imdb\":{\"rating\":{\"$numberDecimal\":\"11\"}}}", MC_E_RANGE},
        {"{\"imdb\":{\"rating\":{\"$numberDecimal\":\"x\"}}}", MC_E_TYPE},
        {"{\"_id\":\"" A "\"}", MC_E_TYPE},
        {"{\"_id\":5}", MC_E_TYPE},
        {"{\"_id\":null}", MC_E_TYPE},
        {"{\"_id\":{\"$ne\":1}}", MC_E_FIELD},
        {"{\"_id\":{\"$oid\":\"xyz\"}}", MC_E_TYPE},
        {"{\"_id\":[]}", MC_E_TYPE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].text, strlen(cases[i].text), cases[i].status);
    assert_refused("{\"a\":1}\0", 8, MC_E_JSON);
    assert_refused("{\"a\0\":1}", 8, MC_E_JSON);
}

/* A value that was meant to be something is told by its own name and place, not as a field name that begins with '$'. */
static void test_what_was_meant(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *begins;
    } cases[] = {
        {"{\"released\":{\"$date\":\"1954-09-01\"}}", "released: not a date"},
        {"{\"a\":[1,{\"b\":{\"$oid\":\"zz\"}}]}", "a[1].b: not an ObjectId"},
        {"{\"a\":{\"b\":[[{\"$binary\":\"AA==\",\"$type\":\"00\"}]]}}", "a.b[0][0]: not binary data"},
        {"{\"n\":{\"$numberInt\":\"x\"}}", "n: the value of '$numberInt'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mci_buf out;
        mc_error err = {0};
        char id[MCI_ID_CAP];
        mci_patch p;
        mc_status st = document(&spec, cases[i].text, strlen(cases[i].text), A, &out, id, &err);
        mci_buf_free(&out);
        assert_true(st == MC_E_TYPE || st == MC_E_RANGE);
        assert_memory_equal(err.text, cases[i].begins, strlen(cases[i].begins));
        assert_int_equal(mci_json_patch_plan(&spec, cases[i].text, strlen(cases[i].text), &p, &err), st);
        assert_memory_equal(err.text, cases[i].begins, strlen(cases[i].begins));
    }
}

/* A rating stored as Decimal128 is a number like any other. */
static void test_decimal_rating(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int number;
        double value;
    } cases[] = {{"9.7", 1, 9.7}, {"970E-2", 1, 9.7}, {"0", 1, 0}, {"NaN", 0, 0}, {"1E+6000", 0, 0}, {"1E-6000", 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[160];
        mci_doc *d = NULL;
        double v = -1;
        (void)snprintf(json, sizeof json, "{\"_id\":{\"$oid\":\"%s\"},\"imdb\":{\"rating\":{\"$numberDecimal\":\"%s\"}}}", A,
                       cases[i].text);
        assert_int_equal(mci_json_decode(&spec, json, strlen(json), &d, NULL), MC_OK);
        assert_int_equal(mci_doc_number(d, (size_t)spec.rank_field, &v), cases[i].number);
        assert_true(!cases[i].number || v == cases[i].value);
        mci_doc_unref(d);
    }
    mci_buf out;
    mc_error err;
    char id[MCI_ID_CAP];
    const char *zero = "{\"imdb\":{\"rating\":{\"$numberDecimal\":\"-0\"}}}";
    assert_int_equal(document(&spec, zero, strlen(zero), A, &out, id, &err), MC_OK);
    assert_non_null(strstr(out.data, "{\"$numberDecimal\":\"0.0\"}"));
    mci_buf_free(&out);
}

/* Texts that the parser would make much of: told before it makes anything, with the limit. */
static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *item;
        size_t n;
        mc_status status;
    } cases[] = {{"{}", 50000, MC_OK},
                 {"{}", 340000, MC_E_TOOBIG},
                 {"[]", 600000, MC_E_TOOBIG},
                 {"1", 400000, MC_OK},
                 {"\"a\"", 500000, MC_OK},
                 {"1", 5000000, MC_E_TOOBIG},
                 {"{\"x\":1.25,\"y\":-3.5}", 40000, MC_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mci_buf text;
        mci_buf out;
        mc_error err = {0};
        char id[MCI_ID_CAP];
        mci_buf_init(&text, SIZE_MAX / 4);
        mci_buf_str(&text, "{\"a\":[");
        for (size_t k = 0; k < cases[i].n; k++) {
            if (k > 0)
                mci_buf_char(&text, ',');
            mci_buf_str(&text, cases[i].item);
        }
        mci_buf_str(&text, "]}");
        mc_status st = document(&spec, text.data, text.len, A, &out, id, &err);
        if (st != cases[i].status || (st != MC_OK && strstr(err.text, "are the limit") == NULL))
            fail_msg("%zu times %s: %s: %s", cases[i].n, cases[i].item, mc_status_name(st), err.text);
        mci_buf_free(&out);
        mci_buf_free(&text);
    }
}

/* A long name before many fields: each step of the plan has it, so their sum has a limit. */
static void test_long_paths(void **state)
{
    (void)state;
    for (int many = 0; many <= 1; many++) {
        size_t n = many ? 60000 : 3000;
        mci_buf text;
        mci_patch p;
        mc_error err = {0};
        mci_buf_init(&text, SIZE_MAX / 4);
        mci_buf_str(&text, "{\"");
        for (int i = 0; i < 1000; i++)
            mci_buf_char(&text, 'k');
        mci_buf_str(&text, "\":{");
        for (size_t k = 0; k < n; k++)
            mci_buf_fmt(&text, "%s\"%zx\":1", k > 0 ? "," : "", k);
        mci_buf_str(&text, "}}");
        mc_status st = mci_json_patch_plan(&spec, text.data, text.len, &p, &err);
        assert_int_equal(st, many ? MC_E_TOOBIG : MC_OK);
        assert_true(!many || strstr(err.text, "paths") != NULL);
        mci_patch_free(&p);
        mci_buf_free(&text);
    }
}

static void test_depth_and_size(void **state)
{
    (void)state;
    static const int depths[] = {64, 65, 100000};
    for (int i = 0; i < 3; i++) {
        size_t n = (size_t)depths[i] - 1;
        char *text = malloc(2 * n + 20);
        size_t o = 0;
        memcpy(text, "{\"a\":", 5);
        o = 5;
        memset(text + o, '[', n);
        memset(text + o + n, ']', n);
        o += 2 * n;
        text[o++] = '}';
        mci_buf out;
        mc_error err;
        char id[MCI_ID_CAP];
        assert_int_equal(document(&spec, text, o, A, &out, id, &err), i == 0 ? MC_OK : MC_E_DEPTH);
        mci_buf_free(&out);
        mci_patch p;
        assert_int_equal(mci_json_patch_plan(&spec, text, o, &p, &err), i == 0 ? MC_OK : MC_E_DEPTH);
        mci_patch_free(&p);
        free(text);
    }
    assert_refused("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"", 90,
                   MC_E_JSON);
    char *big = malloc(MCI_JSON_MAX + 2);
    memset(big, ' ', MCI_JSON_MAX + 2);
    memcpy(big, "{}", 2);
    assert_refused(big, MCI_JSON_MAX + 1, MC_E_TOOBIG);
    mci_buf out;
    mc_error err;
    char id[MCI_ID_CAP];
    assert_int_equal(document(&spec, big, MCI_JSON_MAX, A, &out, id, &err), MC_OK);
    mci_buf_free(&out);
    free(big);
    /* A million keys, and nested scopes: no more time than their size asks for. */
    mci_buf keys;
    mci_buf_init(&keys, 64u << 20);
    mci_buf_char(&keys, '{');
    for (int i = 0; i < 500000; i++)
        mci_buf_fmt(&keys, "%s\"k%d\":%d", i > 0 ? "," : "", i, i % 10);
    mci_buf_char(&keys, '}');
    assert_int_equal(document(&spec, keys.data, keys.len, A, &out, id, &err), MC_OK);
    mci_buf_free(&out);
    mci_buf_reset(&keys);
    mci_buf_str(&keys, "{\"a\":");
    for (int i = 0; i < 30; i++)
        mci_buf_str(&keys, "{\"$code\":\"f\",\"$scope\":{\"x\":");
    mci_buf_str(&keys, "1");
    for (int i = 0; i < 30; i++)
        mci_buf_str(&keys, "}}");
    mci_buf_char(&keys, '}');
    assert_int_equal(document(&spec, keys.data, keys.len, A, &out, id, &err), MC_OK);
    mci_buf_free(&out);
    mci_buf_free(&keys);
}

static void test_ids(void **state)
{
    (void)state;
    char out[MCI_ID_CAP];
    mc_error err;
    static const char *const bad[] = {"", "a b", "a\r\nb", "{a}", "a}", "*", "?", "[", "]", "\\", "\x7f", "\t", "a\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mc_status st = mci_id_check(MCI_ID_STRING, bad[i], strlen(bad[i]), out, "id", &err);
        assert_int_equal(st, i == 12 ? MC_E_UTF8 : MC_E_ARG);
        assert_int_equal(mci_id_check(MCI_ID_OBJECTID, bad[i], strlen(bad[i]), out, "id", &err), MC_E_ARG);
    }
    assert_int_equal(mci_id_check(MCI_ID_STRING, "a\0b", 3, out, "id", &err), MC_E_ARG);
    char *big = malloc(257);
    memset(big, 'x', 257);
    assert_int_equal(mci_id_check(MCI_ID_STRING, big, 257, out, "id", &err), MC_E_ARG);
    assert_int_equal(mci_id_check(MCI_ID_STRING, big, 256, out, "id", &err), MC_OK);
    free(big);
    assert_int_equal(mci_id_check(MCI_ID_OBJECTID, "573A1390F29313CAABCD42E8", 24, out, "id", &err), MC_OK);
    assert_string_equal(out, A);
    assert_int_equal(mci_id_check(MCI_ID_STRING, "573A1390F29313CAABCD42E8", 24, out, "id", &err), MC_OK);
    assert_string_equal(out, "573A1390F29313CAABCD42E8");
    assert_int_equal(mci_id_check(MCI_ID_AUTO, "573A1390F29313CAABCD42E8", 24, out, "id", &err), MC_OK);
    assert_string_equal(out, A);
    mci_spec text = data_movie_spec("m", MCI_ID_STRING);
    mci_spec any = data_movie_spec("m", MCI_ID_AUTO);
    mci_buf b;
    int had = 9;
    mci_buf_init(&b, 1000);
    assert_int_equal(mci_json_document(&text, "{\"_id\":\"tt1\"}", 13, NULL, &b, out, &had, &err), MC_OK);
    assert_string_equal(b.data, "{\"_id\":\"tt1\"}");
    assert_int_equal(had, 1);
    mci_buf_reset(&b);
    assert_int_equal(mci_json_document(&text, "{}", 2, "tt2", &b, out, &had, &err), MC_OK);
    assert_string_equal(b.data, "{\"_id\":\"tt2\"}");
    assert_int_equal(had, 0);
    mci_buf_reset(&b);
    assert_int_equal(mci_json_document(&text, "{}", 2, NULL, &b, out, &had, &err), MC_E_ARG);
    assert_int_equal(mci_json_document(&text, ID "}", strlen(ID) + 1, NULL, &b, out, &had, &err), MC_E_TYPE);
    assert_int_equal(mci_json_document(&text, "{\"_id\":\"a b\"}", 13, NULL, &b, out, &had, &err), MC_E_ARG);
    assert_int_equal(mci_json_document(&any, "{\"_id\":\"" A "\"}", 34, NULL, &b, out, &had, &err), MC_E_TYPE);
    assert_int_equal(mci_json_document(&any, ID "}", strlen(ID) + 1, NULL, &b, out, &had, &err), MC_OK);
    mci_buf_free(&b);
    mci_buf_init(&b, 5); /* the ceiling is the caller's */
    assert_int_equal(mci_json_document(&any, ID "}", strlen(ID) + 1, NULL, &b, out, &had, &err), MC_E_NOMEM);
    mci_buf_free(&b);
}

static void assert_plan(const char *patch, const char *expected)
{
    mci_patch p;
    mci_buf b;
    mc_error err = {0};
    mc_status st = mci_json_patch_plan(&spec, patch, strlen(patch), &p, &err);
    if (st != MC_OK)
        fail_msg("%s: %s %s", patch, mc_status_name(st), err.text);
    mci_buf_init(&b, 10000);
    mci_buf_str(&b, "");
    for (size_t i = 0; i < p.n; i++)
        mci_buf_fmt(&b, "%s%s %s", i > 0 ? " | " : "", p.steps[i].path, p.steps[i].json != NULL ? p.steps[i].json : "-");
    assert_string_equal(b.len > 0 ? b.data : "", expected);
    mci_buf_free(&b);
    mci_patch_free(&p);
}

static void test_patch_plan(void **state)
{
    (void)state;
    assert_plan("{}", "");
    assert_plan("{\"b\":1,\"a\":null}", "a - | b 1");
    assert_plan("{\"a\":{\"c\":{\"d\":1},\"b\":[1,{\"x\":null}]},\"a0\":{}}", "a.b [1,{\"x\":null}] | a.c.d 1 | a0 {}");
    assert_plan("{\"a\":{\"$date\":\"1970-01-01T00:00:00Z\"},\"n\":{\"$numberLong\":\"5\"}}",
                "a {\"$date\":\"1970-01-01T00:00:00Z\"} | n {\"$numberLong\":\"5\"}");
    assert_plan("{\"imdb\":{\"rating\":-0.0}}", "imdb.rating 0.0");
    assert_plan("{\"imdb\":{\"rating\":null}}", "imdb.rating -");
    assert_plan("{\"imdb\":{\"rating\":\"\"}}", "imdb.rating \"\"");
    static const struct {
        const char *text;
        mc_status status;
    } cases[] = {
        {"", MC_E_JSON},
        {"[]", MC_E_JSON},
        {"{\"_id\":1}", MC_E_FIELD},
        {"{\"_id\":null}", MC_E_FIELD},
        {"{\"$set\":{\"a\":1}}", MC_E_FIELD},
        {"{\"a\":{\"$inc\":1}}", MC_E_FIELD},
        {"{\"a.b\":1}", MC_E_FIELD},
        {"{\"a\":{\"b.c\":1}}", MC_E_FIELD},
        {"{\"\":1}", MC_E_FIELD},
        {"{\"a\":{\"b\":{\"$x\":1}}}", MC_E_FIELD},
        {"{\"a\":{\"b\":1,\"$x\":1}}", MC_E_FIELD},
        {"{\"imdb\":{\"rating\":11}}", MC_E_RANGE},
        {"{\"imdb\":{\"rating\":\"9\"}}", MC_E_TYPE},
        {"{\"a\":1e999}", MC_E_RANGE},
        {"{\"a\":\"\\u0000\"}", MC_E_ARG},
        {"{\"a\":1,\"a\":1}", MC_E_JSON},
        {"{\"a\":null,\"\xff\":1}", MC_E_UTF8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mci_patch p = {.n = 7};
        mc_error err = {0};
        mc_status st = mci_json_patch_plan(&spec, cases[i].text, strlen(cases[i].text), &p, &err);
        if (st != cases[i].status)
            fail_msg("%s: %s, not %s: %s", cases[i].text, mc_status_name(st), mc_status_name(cases[i].status), err.text);
        assert_int_equal(p.n, 0);
    }
    mci_buf b;
    mci_patch p;
    mc_error err;
    mci_buf_init(&b, 10000);
    mci_buf_str(&b, "{\"");
    for (int i = 0; i < 1025; i++)
        mci_buf_char(&b, 'k');
    mci_buf_str(&b, "\":1}");
    assert_int_equal(mci_json_patch_plan(&spec, b.data, b.len, &p, &err), MC_E_TOOBIG);
    mci_buf_free(&b);
    assert_int_equal(mci_json_patch_number(&p, "imdb.rating", 8), MC_OK);
    assert_string_equal(p.steps[0].json, "8.0");
    mci_patch_free(&p);
    assert_int_equal(mci_json_patch_number(&p, "imdb.rating", -0.0), MC_OK);
    assert_string_equal(p.steps[0].json, "0.0");
    mci_patch_free(&p);
}

static mc_status apply(const char *json, const char *patch, char **out)
{
    mci_patch p;
    mc_error err = {0};
    size_t len = 0;
    assert_int_equal(mci_json_patch_plan(&spec, patch, strlen(patch), &p, &err), MC_OK);
    mc_status st = mci_json_apply(json, strlen(json), &p, out, &len, &err);
    assert_true((*out != NULL) == (st == MC_OK));
    if (*out != NULL)
        assert_int_equal(strlen(*out), len);
    mci_patch_free(&p);
    return st;
}

static void test_apply(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"{\"a\":1}", "{\"a\":2}", "{\"a\":2}"},
        {"{\"a\":1,\"b\":2,\"c\":3}", "{\"b\":null}", "{\"a\":1,\"c\":3}"},
        {"{\"a\":1,\"b\":2,\"c\":3}", "{\"b\":{}}", "{\"a\":1,\"b\":{},\"c\":3}"}, /* stays in its place */
        {"{}", "{\"z\":1,\"a\":{\"c\":1,\"b\":2}}",
         "{\"a\":{\"b\":2,\"c\":1},\"z\":1}"}, /* new ones in order of their paths */
        {"{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"d\":{\"$numberLong\":\"5\"}}}}",
         "{\"a\":{\"b\":{\"c\":1,\"d\":{\"$numberLong\":\"5\"}}}}"},
        {"{\"a\":{\"b\":1}}", "{\"a\":{\"b\":null}}", "{\"a\":{}}"},
        {"{\"a\":5}", "{\"a\":{\"b\":{\"c\":null}}}", "{\"a\":5}"},
        {"{\"a\":\"\\u0000\",\"x.y\":{\"$odd\":1}}", "{\"b\":1}", "{\"a\":\"\\u0000\",\"x.y\":{\"$odd\":1},\"b\":1}"},
        {"{\"a\":1}", "{}", "{\"a\":1}"},
    };
    char *out;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(apply(cases[i][0], cases[i][1], &out), MC_OK);
        assert_string_equal(out, cases[i][2]);
        free(out);
    }
    static const char *const conflicts[][2] = {
        {"{\"a\":1}", "{\"a\":{\"b\":1}}"},
        {"{\"a\":null}", "{\"a\":{\"b\":1}}"},
        {"{\"a\":[1]}", "{\"a\":{\"0\":1}}"},
        {"{\"a\":[1]}", "{\"a\":{\"0\":null}}"},
        {"{\"a\":{\"$date\":\"1970-01-01T00:00:00Z\"}}", "{\"a\":{\"b\":1}}"},
        {"{\"a\":{\"b\":\"x\"}}", "{\"a\":{\"b\":{\"c\":{\"d\":1}}}}"},
    };
    for (size_t i = 0; i < sizeof conflicts / sizeof *conflicts; i++)
        assert_int_equal(apply(conflicts[i][0], conflicts[i][1], &out), MC_E_CONFLICT);
    assert_int_equal(apply("{\"a\":", "{\"b\":1}", &out), MC_E_JSON);
}

/* Stored documents may hold what callers may not hand in. */
static void test_decode_lenient(void **state)
{
    (void)state;
    static const char *const fine[] = {ID ",\"imdb\":{\"rating\":\"N/A\"}}", ID ",\"a.b\":1,\"\":2,\"$x\":{\"$gt\":1}}",
                                       ID ",\"imdb\":{\"rating\":99}}", ID ",\"title\":\"a\\u0000b\"}",
                                       ID ",\"a\":{\"$oid\":\"12\"}}"};
    mc_error err;
    mci_doc *d;
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        assert_int_equal(mci_json_decode(&spec, fine[i], strlen(fine[i]), &d, &err), MC_OK);
        assert_string_equal(mci_doc_json(d, NULL), fine[i]);
        mci_doc_unref(d);
    }
    static const char *const broken[] = {"", "{}", ID, ID "}x", ID ",\"a\":1,\"a\":2}", "[1]", "{\"_id\":\"x\"}"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_true(mci_json_decode(&spec, broken[i], strlen(broken[i]), &d, &err) < 0);
        assert_null(d);
    }
}

static void test_where_decimals_have_commas(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_ALL, names[i]) != NULL) {
            assert_normal("{\"a\":7.25,\"b\":1e-7,\"c\":{\"$numberDouble\":\"123456789.123456789\"}}",
                          ID ",\"a\":7.25,\"b\":1e-07,\"c\":123456789.12345679}");
            setlocale(LC_ALL, "C");
            return;
        }
    print_message("  (no locale with decimal commas is installed)\n");
}

/* The numbers that may be ranked are the descriptor's business. */
static void test_limits_of_the_descriptor(void **state)
{
    (void)state;
    mci_buf out;
    mc_error err;
    char id[MCI_ID_CAP];
    const char *seven = "{\"imdb\":{\"rating\":7}}";
    const char *minus = "{\"imdb\":{\"rating\":-2.5}}";
    const char *nan = "{\"imdb\":{\"rating\":{\"$numberDouble\":\"NaN\"}}}";
    mci_spec other = spec;
    other.rank_min = -3;
    other.rank_max = 5;
    assert_int_equal(document(&other, minus, strlen(minus), A, &out, id, &err), MC_OK);
    mci_buf_free(&out);
    assert_int_equal(document(&other, seven, strlen(seven), A, &out, id, &err), MC_E_RANGE);
    assert_string_equal(err.text, "imdb.rating: outside -3 to 5");
    mci_buf_free(&out);
    assert_refused(minus, strlen(minus), MC_E_RANGE);
    mci_patch patch;
    assert_int_equal(mci_json_patch_plan(&other, seven, strlen(seven), &patch, &err), MC_E_RANGE);
    other.rank_min = other.rank_max = 0; /* no limits: any finite number */
    assert_int_equal(document(&other, minus, strlen(minus), A, &out, id, &err), MC_OK);
    mci_buf_free(&out);
    assert_int_equal(document(&other, nan, strlen(nan), A, &out, id, &err), MC_E_RANGE);
    assert_string_equal(err.text, "imdb.rating: must be a finite number");
    mci_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal_form),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_what_was_meant),
        cmocka_unit_test(test_decimal_rating),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_long_paths),
        cmocka_unit_test(test_depth_and_size),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_patch_plan),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_decode_lenient),
        cmocka_unit_test(test_where_decimals_have_commas),
        cmocka_unit_test(test_limits_of_the_descriptor),
    };
    spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
