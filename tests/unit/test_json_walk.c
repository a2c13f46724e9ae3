/* SPDX-License-Identifier: Apache-2.0 */
/* Documents read without a tree: the same document as by the tree, for all that is taken; and nearly everything is. */
#include "codec/json_walk.h"

#include "codec/json.h"
#include "codec/json_splice.h"
#include "data.h"

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

static mci_spec movies;
static mci_spec theaters;

/* Read as a store's document both ways. 1 when the walk took it. */
static int decoded_alike(const mci_spec *spec, const char *p, size_t n)
{
    mci_doc *d;
    mci_doc *e;
    if (!mci_walk_decode(spec, p, n, &d)) {
        assert_null(d);
        return 0;
    }
    mc_error err = {0};
    if (mci_json_decode_by_tree(spec, p, n, &e, &err) != MC_OK)
        fail_msg("%.200s: the tree says %s", p, err.text);
    if (!data_same(d, e))
        fail_msg("%.200s", p);
    mci_doc_unref(d);
    mci_doc_unref(e);
    return 1;
}

/* The same of a caller's document. */
static int normalised_alike(const mci_spec *spec, const char *p, size_t n, const char *new_id)
{
    mci_buf one;
    mci_buf two;
    char id[MCI_ID_CAP];
    char id2[MCI_ID_CAP];
    int had = 0;
    int had2 = 0;
    mc_error err = {0};
    mci_buf_init(&one, 64u << 20);
    mci_buf_init(&two, 64u << 20);
    mci_buf_str(&one, "kept");
    mci_buf_str(&two, "kept");
    int taken = mci_walk_normalise(spec, p, n, new_id, &one, id, &had);
    if (!taken) {
        assert_string_equal(one.data, "kept");
    } else {
        if (mci_json_document_by_tree(spec, p, n, new_id, &two, id2, &had2, &err) != MC_OK)
            fail_msg("%.200s: the tree says %s", p, err.text);
        assert_string_equal(one.data, two.data);
        assert_string_equal(id, id2);
        assert_int_equal(had, had2);
    }
    mci_buf_free(&one);
    mci_buf_free(&two);
    return taken;
}

/* Both at once give what one gives after the other, and refuse the same. */
static void read_once_alike(const mci_spec *spec, const char *p, size_t n)
{
    mci_buf text;
    mci_doc *d = NULL;
    mci_doc *e = NULL;
    char id[MCI_ID_CAP];
    int had = 0;
    mc_error err = {0};
    mci_buf_init(&text, 64u << 20);
    int taken = mci_walk_take(spec, p, n, &d);
    assert_int_equal(taken, mci_walk_normalise(spec, p, n, NULL, &text, id, &had));
    if (taken) {
        if (mci_json_decode_by_tree(spec, text.data, text.len, &e, &err) != MC_OK)
            fail_msg("%.200s: the tree says %s", p, err.text);
        if (!data_same(d, e))
            fail_msg("%.200s", p);
        mci_doc_unref(d);
        mci_doc_unref(e);
    }
    mci_buf_free(&text);
}

static void test_taken(void **state)
{
    (void)state;
    static const char *const inside[] = {
        "",
        ",\"title\":\"A\",\"year\":1999,\"imdb\":{\"rating\":8.5,\"votes\":{\"$numberLong\":\"7\"}}",
        ",\"title\":\"q\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\"",
        ",\"title\":\"\\u00e9\\ud83d\\ude00\\/ \\u0041\\u001F\"",
        ",\"cast\":[\"a\",\"b\\n\",null,1,{\"x\":1},[\"c\"],\"d\"],\"genres\":[]",
        ",\"cast\":\"one\",\"genres\":{\"a\":[\"b\"]},\"year\":\"1981e\",\"runtime\":null",
        ",\"released\":{\"$date\":\"1999-03-31T00:00:00Z\"},\"x\":{\"$date\":{\"$numberLong\":\"-1000\"}}",
        ",\"released\":{\"$date\":{\"$numberLong\":\"-1000\"}}",
        ",\"released\":\"1999\",\"x\":{\"$oid\":\"" A "\"}",
        ",\"n\":[0,-1,123456789012345678,0.5,-0.0,0.0,100.0,0.00001,0.000012,123456789.123456]",
        ",\"n\":[1.50,0.10,1e5,1E-7,0.0000001,1.0e0,12345678901234567890.0,0.1234567890123456789,100.00,1e22,5e-324]",
        ",\"a\":true,\"b\":false,\"c\":null,\"d\":{},\"e\":[],\"f\":[[[[{}]]]],\"\xc3\xa9\":1",
        ",\"imdb\":{\"rating\":10,\"votes\":3000000000}",
        ",\"imdb\":{\"rating\":\"\"}",
        ",\"imdb\":5,\"year\":1.5,\"runtime\":true",
    };
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text, ID "%s}", inside[i]);
        if (!decoded_alike(&movies, text, strlen(text)))
            fail_msg("not read: %s", text);
        if (!normalised_alike(&movies, text, strlen(text), NULL))
            fail_msg("not normalised: %s", text);
        read_once_alike(&movies, text, strlen(text));
        (void)snprintf(text, sizeof text, " { %s }", inside[i] + (inside[i][0] == ','));
        if (!normalised_alike(&movies, text, strlen(text), A))
            fail_msg("not normalised: %s", text);
    }
    static const char spaced[] = "\r\n{ \"_id\" : {\"$oid\" : \"" A "\" } ,\t\"year\" : 5 , \"cast\" : [ \"a\" , \"b\" ] ,"
                                 "\"imdb\" : { \"rating\" : 1.0 , \"x\" : { } , \"y\" : [ ] } } \n";
    assert_true(decoded_alike(&movies, spaced, sizeof spaced - 1));
    assert_true(normalised_alike(&movies, spaced, sizeof spaced - 1, NULL));
    read_once_alike(&movies, spaced, sizeof spaced - 1);
}

/* `n` times `part` in an array. 1 when it was taken both ways: as a caller's document and as a stored one. */
static int many_taken(const char *part, size_t n)
{
    mci_buf text;
    mci_buf_init(&text, 64u << 20);
    mci_buf_str(&text, ID ",\"more\":[");
    for (size_t i = 0; i < n; i++) {
        mci_buf_str(&text, i > 0 ? "," : "");
        mci_buf_str(&text, part);
    }
    mci_buf_str(&text, "]}");
    assert_false(text.failed);
    int normalised = normalised_alike(&movies, text.data, text.len, NULL);
    int decoded = decoded_alike(&movies, text.data, text.len);
    mci_buf_free(&text);
    return normalised && decoded;
}

/* However long: up to what the tree refuses for the memory that it would take. A longer array costs more, but not more for each item. */
static void test_long_arrays(void **state)
{
    (void)state;
    assert_true(many_taken("{\"x\":1,\"y\":-2.5}", 1000));
    assert_true(many_taken("{\"x\":1,\"y\":-2.5}", 50000));
    assert_true(many_taken("{\"$numberLong\":\"7\"}", 100000));
    assert_true(many_taken("{\"$date\":{\"$numberLong\":\"-1000\"}}", 30000));
    assert_true(many_taken("[]", 80000));
    /* Where the tree begins to refuse the caller's, nothing is taken that it refuses. */
    static const char *const parts[] = {"{}", "[]", "{\"a\":1}", "{\"$numberLong\":\"7\"}", "{\"a\":{\"b\":[]}}"};
    static const size_t limits[] = {58254, 87381, 55188, 149796, 21845};
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        size_t taken = 0;
        size_t low = limits[p] - limits[p] / 8;
        for (size_t n = low; n < low + limits[p] / 4; n += limits[p] / 16)
            taken += (size_t)many_taken(parts[p], n);
        assert_in_range(taken, 1, 3);
    }
}

/* What is an error, or of a rarer form: whoever reads it, the answer is the tree's. */
static void test_left_to_the_tree(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "{",
                                        "{}",
                                        "[]",
                                        "5",
                                        ID,
                                        ID "}x",
                                        ID ",}",
                                        ID ",\"a\":}",
                                        ID ",\"a\":1,}",
                                        ID ",\"a\" 1}",
                                        ID ",\"a\":01}",
                                        ID ",\"a\":1.}",
                                        ID ",\"a\":.5}",
                                        ID ",\"a\":1e}",
                                        ID ",\"a\":1e999}",
                                        ID ",\"a\":-}",
                                        ID ",\"a\":-0}",
                                        ID ",\"a\":+1}",
                                        ID ",\"a\":9223372036854775808}",
                                        ID ",\"a\":tru}",
                                        ID ",\"a\":[1,]}",
                                        ID ",\"a\":[1 2]}",
                                        ID ",\"a\":\"\x01\"}",
                                        ID ",\"a\":\"\\x\"}",
                                        ID ",\"a\":\"\\u12\"}",
                                        ID ",\"a\":\"\\ud800\"}",
                                        ID ",\"a\":\"\\u0000\"}",
                                        ID ",\"a\":\"\xff\"}",
                                        ID ",\"a\":1,\"a\":2}",
                                        ID ",\"a\":1,\"\\u0061\":2}",
                                        ID ",\"_id\":1}",
                                        "{\"a\":1,"
                                        "\"_id\":\"x\"}",
                                        ID ",\"a\":{\"$oid\":\"zz\"}}",
                                        ID ",\"a\":{\"$oid\":\"" A "\",\"b\":1}}",
                                        ID ",\"a\":{\"$x\":1}}",
                                        ID ",\"a\":{\"$date\":\"1999\"}}",
                                        ID ",\"a\":{\"$date\":\"1999-03-31T00:00:00.000Z\"}}",
                                        ID ",\"a\":{\"$date\":{\"$numberLong\":\"5\"}}}",
                                        ID ",\"a\":{\"$numberLong\":\"3000000000\"}}",
                                        ID ",\"a\":{\"$numberLong\":\"05\"}}",
                                        ID ",\"a\":{\"$numberLong\":\"-0\"}}",
                                        ID ",\"a\":{\"$numberInt\":\"5\"}}",
                                        ID ",\"a\":{\"$numberDecimal\":\"1.5\"}}",
                                        ID ",\"imdb\":{\"$date\":\"1999-03-31T00:00:00Z\"}}",
                                        "{\"_id\":\"" A "\"}",
                                        "{\"_id\":5}",
                                        "{\"_id\":{\"$oid\":\""
                                        "573A1390F29313CAABCD42E8"
                                        "\"}}",
                                        "{\"_id\":\"a b\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mci_doc *d = NULL;
        size_t n = strlen(texts[i]);
        assert_false(normalised_alike(&movies, texts[i], n, NULL));
        if (decoded_alike(&movies, texts[i], n))
            fail_msg("read: %s", texts[i]);
        mci_doc_unref(d);
    }
    static const char *const strict[] = {ID ",\"a.b\":1}",
                                         ID ",\"$a\":1}",
                                         ID ",\"\":1}",
                                         ID ",\"x\":{\"a.b\":1}}",
                                         ID ",\"imdb\":{\"rating\":11}}",
                                         ID ",\"imdb\":{\"rating\":-0.0}}",
                                         ID ",\"imdb\":{\"rating\":\"8\"}}",
                                         ID ",\"imdb\":{\"rating\":[]}}",
                                         ID ",\"imdb\":{\"rating\":{}}}",
                                         ID ",\"imdb\":{\"rating\":true}}"};
    for (size_t i = 0; i < sizeof strict / sizeof *strict; i++) {
        if (normalised_alike(&movies, strict[i], strlen(strict[i]), NULL))
            fail_msg("normalised: %s", strict[i]);
        assert_true(decoded_alike(&movies, strict[i], strlen(strict[i])));
    }
}

/* Every prefix, and every byte changed: no two answers. */
static void test_damaged(void **state)
{
    (void)state;
    static const char whole[] = ID ",\"title\":\"a\\u00e9\\n\",\"year\":19.50,\"cast\":[\"b\",1],\"imdb\":{\"rating\":8.5,"
                                   "\"votes\":{\"$numberLong\":\"7\"}},\"released\":{\"$date\":\"1999-03-31T00:00:00Z\"}}";
    static const char bytes[] = "\"\\{}[]:,0129.-+eEutf \x01\xc3\xa9$_a";
    char text[sizeof whole];
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        (void)decoded_alike(&movies, whole, n);
        (void)normalised_alike(&movies, whole, n, A);
        for (size_t k = 0; k < sizeof bytes - 1; k++) {
            memcpy(text, whole, sizeof text);
            text[n] = bytes[k];
            (void)decoded_alike(&movies, text, sizeof text - 1);
            (void)normalised_alike(&movies, text, sizeof text - 1, A);
        }
    }
}

/* A patch applied in the text and to the tree. `spliced`: without a tree. */
static void assert_patched(const char *json, const char *path, const char *value, const char *expected, int spliced)
{
    mci_patch plan = {0};
    mci_buf out;
    char *one;
    char *two;
    size_t n;
    size_t m;
    assert_int_equal(mci_patch_add(&plan, path, value, value != NULL ? strlen(value) : 0), 0);
    mc_status st = mci_json_apply(json, strlen(json), &plan, &one, &n, NULL);
    assert_int_equal(st, mci_json_apply_by_tree(json, strlen(json), &plan, &two, &m, NULL));
    if (expected == NULL) {
        assert_int_not_equal(st, MC_OK);
    } else {
        assert_string_equal(one, expected);
        assert_string_equal(two, expected);
    }
    free(one);
    free(two);
    mci_buf_init(&out, 1u << 20);
    assert_int_equal(mci_json_splice(json, strlen(json), &plan.steps[0], &out), spliced);
    mci_buf_free(&out);
    mci_patch_free(&plan);
}

static void test_patches(void **state)
{
    (void)state;
    assert_patched(ID "}", "a", "5", ID ",\"a\":5}", 1);
    assert_patched(ID ",\"a\":1}", "a", "5", ID ",\"a\":5}", 1);
    assert_patched(ID ",\"a\":{\"x\":[{\"b\":1},\"}\\\"\"]},\"b\":2,\"c\":3}", "b", "\"t\"",
                   ID ",\"a\":{\"x\":[{\"b\":1},\"}\\\"\"]},\"b\":\"t\",\"c\":3}", 1);
    assert_patched(ID ",\"imdb\":{\"rating\":1.0,\"votes\":2}}", "imdb.rating", "8.7",
                   ID ",\"imdb\":{\"rating\":8.7,\"votes\":2}}", 1);
    assert_patched(ID ",\"imdb\":{\"votes\":2}}", "imdb.rating", "8.7", ID ",\"imdb\":{\"votes\":2,\"rating\":8.7}}", 1);
    assert_patched(ID ",\"imdb\":{}}", "imdb.rating", "8.7", ID ",\"imdb\":{\"rating\":8.7}}", 1);
    assert_patched(ID "}", "a.b.c", "[]", ID ",\"a\":{\"b\":{\"c\":[]}}}", 1);
    assert_patched(ID ",\"a\":{\"$numberLong\":\"5\"}}", "a", "1", ID ",\"a\":1}", 1);
    assert_patched(ID ",\"a\":{\"$date\":\"1999-03-31T00:00:00Z\"}}", "a.b", "1", NULL, 0);
    assert_patched(ID ",\"a\":5}", "a.b", "1", NULL, 0);
    assert_patched(ID ",\"a\":[1]}", "a.0", "1", NULL, 0);
    assert_patched(ID ",\"a\":1,\"b\":2}", "a", NULL, ID ",\"b\":2}", 0);
}

static void patched_alike(const char *json, size_t len)
{
    mci_patch plan;
    char *one;
    char *two;
    size_t n;
    size_t m;
    assert_int_equal(mci_json_patch_number(&plan, "imdb.rating", 7.25), MC_OK);
    mc_status st = mci_json_apply(json, len, &plan, &one, &n, NULL);
    assert_int_equal(st, mci_json_apply_by_tree(json, len, &plan, &two, &m, NULL));
    if (st == MC_OK)
        assert_string_equal(one, two);
    free(one);
    free(two);
    mci_patch_free(&plan);
}

static void all_of(const char *file, const mci_spec *spec)
{
    data_lines lines;
    size_t taken = 0;
    if (data_load(file, &lines) != 0)
        return;
    for (size_t i = 0; i < lines.n; i++) {
        mci_doc *d;
        assert_int_equal(mci_json_decode_by_tree(spec, lines.line[i], lines.len[i], &d, NULL), MC_OK);
        size_t n;
        const char *normal = mci_doc_json(d, &n);
        if (!decoded_alike(spec, normal, n))
            fail_msg("%s:%zu: not read: %.300s", file, i + 1, normal);
        taken += (size_t)decoded_alike(spec, lines.line[i], lines.len[i]);
        (void)normalised_alike(spec, lines.line[i], lines.len[i], NULL);
        patched_alike(normal, n);
        mci_doc_unref(d);
    }
    assert_true(lines.n == 0 || taken * 10 >= lines.n * 9);
    data_free(&lines);
}

static void test_sample_data(void **state)
{
    (void)state;
    all_of("movies.ndjson.gz", &movies);
    all_of("movie_details.ndjson.gz", &movies);
    all_of("theaters.ndjson.gz", &theaters);
}

int main(void)
{
    movies = data_movie_spec("movies", MCI_ID_AUTO);
    theaters = data_theater_spec("theaters", MCI_ID_OBJECTID);
    movies.rank_max = 10;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),   cmocka_unit_test(test_long_arrays), cmocka_unit_test(test_left_to_the_tree),
        cmocka_unit_test(test_damaged), cmocka_unit_test(test_patches),     cmocka_unit_test(test_sample_data)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
