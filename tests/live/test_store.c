/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One suite for every store: SQLite in memory and in a file, SecantusDB, the server of MONGO_URL when that is set, and callbacks
 * over a table in memory. What it asks for is what store/store.h promises; a store that cannot is a store that is wrong.
 */
#include "base/json_string.h"
#include "store/callback.h"
#include "store_kit.h"

#include <pthread.h>
#include <unistd.h>

static int is_secantus;

/* ---- tests ---- */

static void test_ping_and_prepare(void **state)
{
    (void)state;
    mci_spec a = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    const mci_spec *specs[] = {&a};
    ok(kit_store->ops->ping(kit_store, kit_soon(), err));
    ok(kit_store->ops->prepare(kit_store, specs, 1, kit_soon(), err));
    ok(kit_store->ops->prepare(kit_store, specs, 1, kit_soon(), err)); /* twice is harmless */
    kit_put(&a, A, OID(A) ",\"title\":\"x\"}");
    mci_doc_unref(kit_get(&a, A));
}

static void test_insert_find_remove(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    const char *json =
        OID(A) ",\"title\":\"Am\xc3\xa9lie \xf0\x9f\x8e\xac\",\"year\":2001,\"imdb\":{\"rating\":8.3,\"votes\":5}}";
    mci_doc *d = NULL;
    mci_doc *stored = NULL;
    gives(MC_NOT_FOUND, kit_store->ops->find(kit_store, &spec, A, kit_soon(), &d, err));
    assert_null(d);
    ok(kit_store->ops->insert(kit_store, &spec, A, json, strlen(json), kit_soon(), &stored, err));
    gives(MC_E_EXISTS, kit_store->ops->insert(kit_store, &spec, A, json, strlen(json), kit_soon(), NULL, err));
    gives(MC_E_EXISTS, kit_store->ops->insert(kit_store, &spec, A, json, strlen(json), kit_soon(), &d, err));
    assert_null(d);
    d = kit_get(&spec, A);
    assert_true(data_same(d, stored));
    kit_assert_json(d, json);
    assert_string_equal(mci_doc_text(d, F_TITLE), "Am\xc3\xa9lie \xf0\x9f\x8e\xac");
    assert_true(mci_doc_val(d, F_RATING)->u.d == 8.3);
    mci_doc_unref(d);
    int64_t count;
    ok(kit_store->ops->count(kit_store, &spec, kit_soon(), &count, err));
    assert_int_equal(count, 1);
    ok(kit_store->ops->remove(kit_store, &spec, A, kit_soon(), &d, err));
    assert_true(data_same(d, stored));
    mci_doc_unref(d);
    mci_doc_unref(stored);
    gives(MC_NOT_FOUND, kit_store->ops->remove(kit_store, &spec, A, kit_soon(), &d, err));
    assert_null(d);
    gives(MC_NOT_FOUND, kit_store->ops->remove(kit_store, &spec, A, kit_soon(), NULL, err));
    gives(MC_NOT_FOUND, kit_store->ops->find(kit_store, &spec, A, kit_soon(), &d, err));
    kit_put(&spec, A, json);
    ok(kit_store->ops->remove(kit_store, &spec, A, kit_soon(), NULL, err));
}

static void test_find_many(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    kit_put(&spec, A, OID(A) ",\"title\":\"a\"}");
    kit_put(&spec, C, OID(C) ",\"title\":\"c\"}");
    const char *ids[] = {C, B, A};
    mci_doc *out[3];
    ok(kit_store->ops->find_many(kit_store, &spec, ids, 3, kit_soon(), out, err));
    assert_string_equal(mci_doc_id(out[0], NULL), C);
    assert_null(out[1]);
    assert_string_equal(mci_doc_id(out[2], NULL), A);
    mci_doc_unref(out[0]);
    mci_doc_unref(out[2]);
    ok(kit_store->ops->find_many(kit_store, &spec, ids + 1, 1, kit_soon(), out, err));
    assert_null(out[0]);
    ok(kit_store->ops->find_many(kit_store, &spec, ids, 0, kit_soon(), out, err));
}

static void test_alias(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    const char *titles[] = {"The Lost World", "Les Mis\xc3\xa9rables", "It's \"quoted\" \\ $where {x}", "$ne",
                            "1981\xc3\xa8"};
    mci_doc *d = NULL;
    kit_put(&spec, C, OID(C) ",\"title\":\"The Lost World\",\"year\":1925}");
    kit_put(&spec, B, OID(B) ",\"title\":\"The Lost World\",\"year\":1960}"); /* the same title, a lower id, stored later */
    kit_put(&spec, A, OID(A) ",\"title\":[\"The Lost World\"]}");             /* an array is not a title */
    ok(kit_store->ops->find_alias(kit_store, &spec, titles[0], strlen(titles[0]), kit_soon(), &d, err));
    assert_string_equal(mci_doc_id(d, NULL), B);
    mci_doc_unref(d);
    for (int i = 1; i < 5; i++) {
        mci_buf b;
        char id[40];
        mci_buf_init(&b, 1000);
        (void)snprintf(id, sizeof id, "573a1392f29313caabcd%04d", i);
        mci_buf_fmt(&b, "{\"_id\":{\"$oid\":\"%s\"},\"title\":", id);
        mci_buf_json_string(&b, titles[i], strlen(titles[i]));
        mci_buf_char(&b, '}');
        kit_put(&spec, id, b.data);
        mci_buf_free(&b);
        ok(kit_store->ops->find_alias(kit_store, &spec, titles[i], strlen(titles[i]), kit_soon(), &d, err));
        assert_string_equal(mci_doc_id(d, NULL), id);
        mci_doc_unref(d);
    }
    const char *none[] = {"the lost world",       "The Lost World ", "Les Mise\xcc\x81rables", "",
                          "[\"The Lost World\"]", "{\"$ne\":1}"};
    for (int i = 0; i < 6; i++) {
        gives(MC_NOT_FOUND, kit_store->ops->find_alias(kit_store, &spec, none[i], strlen(none[i]), kit_soon(), &d, err));
        assert_null(d);
    }
}

static void test_update(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    mci_doc *d = NULL;
    kit_put(&spec, A,
            OID(A) ",\"title\":\"t\",\"year\":1999,\"imdb\":{\"rating\":7.5,\"votes\":10},\"genres\":[\"a\",\"b\"]}");
    ok(kit_patch(&spec, A, "{\"imdb\":{\"rating\":9.0}}", &d, err));
    kit_assert_json(
        d, OID(A) ",\"title\":\"t\",\"year\":1999,\"imdb\":{\"rating\":9.0,\"votes\":10},\"genres\":[\"a\",\"b\"]}");
    mci_doc_unref(d);
    ok(kit_patch(&spec, A,
                 "{\"year\":null,\"gone\":null,\"genres\":[\"c\"],\"imdb\":{\"votes\":null,\"deep\":{\"er\":{\"x\":1}}}}",
                 &d, err));
    kit_assert_json(d, OID(A) ",\"title\":\"t\",\"imdb\":{\"rating\":9.0,\"deep\":{\"er\":{\"x\":1}}},\"genres\":[\"c\"]}");
    mci_doc_unref(d);
    ok(kit_patch(&spec, A, "{\"awards\":{\"wins\":1},\"genres\":[],\"imdb\":{\"deep\":{}}}", &d, err));
    kit_assert_json(d,
                    OID(A) ",\"title\":\"t\",\"imdb\":{\"rating\":9.0,\"deep\":{}},\"genres\":[],\"awards\":{\"wins\":1}}");
    mci_doc_unref(d);
    ok(kit_patch(&spec, A, "{}", &d, err)); /* nothing to change: the document as it is */
    kit_assert_json(d,
                    OID(A) ",\"title\":\"t\",\"imdb\":{\"rating\":9.0,\"deep\":{}},\"genres\":[],\"awards\":{\"wins\":1}}");
    mci_doc *again = kit_get(&spec, A);
    assert_true(data_same(d, again));
    mci_doc_unref(again);
    mci_doc_unref(d);
    d = NULL;
    ok(kit_patch(&spec, A, "{\"released\":{\"$date\":\"1925-02-02T00:00:00Z\"},\"n\":{\"$numberLong\":\"5\"}}", NULL, err));
    d = kit_get(&spec, A);
    assert_int_equal(mci_doc_val(d, F_RELEASED)->kind, MCI_DATE);
    assert_non_null(strstr(mci_doc_json(d, NULL), "\"n\":{\"$numberLong\":\"5\"}"));
    mci_doc_unref(d);
    d = NULL;
    gives(MC_NOT_FOUND, kit_patch(&spec, B, "{\"year\":1}", &d, err));
    gives(MC_NOT_FOUND, kit_patch(&spec, B, "{}", &d, err));
    assert_null(d);
}

static void test_conflicts(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    const char *json =
        OID(A) ",\"title\":\"t\",\"list\":[1,{\"x\":1}],\"none\":null,\"when\":{\"$date\":\"2001-01-01T00:00:00Z\"},"
               "\"obj\":{\"0\":\"zero\"}}";
    mci_doc *d = NULL;
    kit_put(&spec, A, json);
    gives(MC_E_CONFLICT, kit_patch(&spec, A, "{\"title\":{\"x\":1}}", &d, err));
    gives(MC_E_CONFLICT, kit_patch(&spec, A, "{\"list\":{\"x\":1}}", &d, err));
    gives(MC_E_CONFLICT, kit_patch(&spec, A, "{\"list\":{\"0\":2}}", &d, err)); /* no way to an element of an array */
    gives(MC_E_CONFLICT, kit_patch(&spec, A, "{\"list\":{\"0\":null}}", &d, err));
    gives(MC_E_CONFLICT, kit_patch(&spec, A, "{\"none\":{\"x\":1}}", &d, err));
    gives(MC_E_CONFLICT, kit_patch(&spec, A, "{\"when\":{\"x\":1}}", &d, err));
    assert_null(d);
    d = kit_get(&spec, A);
    kit_assert_json(d, json); /* nothing of it was done */
    mci_doc_unref(d);
    ok(kit_patch(&spec, A, "{\"title\":{\"x\":null},\"none\":{\"x\":{\"y\":null}},\"missing\":{\"x\":null}}", &d, err));
    kit_assert_json(d, json); /* nothing to remove there */
    mci_doc_unref(d);
    ok(kit_patch(&spec, A, "{\"obj\":{\"0\":\"null\",\"1\":true}}", &d, err)); /* numbers may be names */
    assert_non_null(strstr(mci_doc_json(d, NULL), "\"obj\":{\"0\":\"null\",\"1\":true}"));
    mci_doc_unref(d);
}

static void assert_top(const mci_spec *spec, int64_t offset, size_t limit, size_t n, const char *const *ids,
                       const double *scores)
{
    mci_ranked_id rows[16];
    size_t got = 99;
    ok(kit_store->ops->top(kit_store, spec, offset, limit, kit_soon(), rows, &got, err));
    if (got != n)
        for (size_t i = 0; i < got; i++)
            print_message("  %s %g\n", rows[i].id, rows[i].score);
    assert_int_equal(got, n);
    for (size_t i = 0; i < n; i++) {
        int64_t rank = -1;
        double score = -1;
        assert_string_equal(rows[i].id, ids[i]);
        assert_true(rows[i].score == scores[i]);
        free(rows[i].id);
        ok(kit_store->ops->rank(kit_store, spec, ids[i], kit_soon(), &rank, &score, err)); /* each place by itself, too */
        assert_int_equal(rank, offset + (int64_t)i);
        assert_true(score == scores[i]);
    }
}

static void test_top(void **state)
{
    (void)state;
    if (kit_ferretdb_lacks("ratings that are NaN"))
        return;
    static const char *const ratings[] = {"9.5",   "\"\"", "8",          "{\"$numberLong\":\"9\"}",     "null",
                                          "\"9\"", "[10]", "9.5",        "{\"$numberDouble\":\"NaN\"}", "{\"x\":10}",
                                          "0.0",   "true", "3000000000", "{\"$numberDecimal\":\"10\"}"};
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    char id[14][40];
    for (int i = 0; i < 14; i++) {
        char json[200];
        (void)snprintf(id[i], sizeof id[i], "573a1392f29313caabcd%04d", i);
        (void)snprintf(json, sizeof json, "{\"_id\":{\"$oid\":\"%s\"},\"imdb\":{\"rating\":%s}}", id[i], ratings[i]);
        kit_put(&spec, id[i], json);
    }
    kit_put(&spec, A, OID(A) ",\"title\":\"no rating\"}");
    kit_put(&spec, B, OID(B) ",\"imdb\":7}");
    const char *ids[] = {id[12], id[13], id[7], id[0], id[3], id[2], id[10]};
    const double scores[] = {3e9, 10, 9.5, 9.5, 9, 8, 0};
    assert_top(&spec, 0, 16, 7, ids, scores);
    assert_top(&spec, 0, 2, 2, ids, scores);
    assert_top(&spec, 1, 3, 3, ids + 1, scores + 1);
    assert_top(&spec, 6, 3, 1, ids + 6, scores + 6);
    assert_top(&spec, 7, 3, 0, NULL, NULL);
    double decimal = 0;
    mci_doc *d = kit_get(&spec, id[13]); /* whatever it is stored as, it is the number on the board */
    assert_int_equal(mci_doc_number(d, (size_t)spec.rank_field, &decimal), 1);
    assert_true(decimal == 10);
    mci_doc_unref(d);
    assert_top(&spec, 1000000, 3, 0, NULL, NULL);
    assert_top(&spec, 0, 0, 0, NULL, NULL);
    mci_spec theaters = data_theater_spec(kit_fresh(), MCI_ID_OBJECTID);
    mci_ranked_id rows[1];
    size_t n;
    int64_t rank;
    double score;
    for (int i = 0; i < 14; i++) /* no rank, no place */
        if (i == 1 || i == 4 || i == 5 || i == 6 || i == 8 || i == 9 || i == 11)
            gives(MC_NOT_FOUND, kit_store->ops->rank(kit_store, &spec, id[i], kit_soon(), &rank, &score, err));
    gives(MC_NOT_FOUND, kit_store->ops->rank(kit_store, &spec, A, kit_soon(), &rank, &score, err));
    gives(MC_E_UNSUPPORTED, kit_store->ops->rank(kit_store, &theaters, A, kit_soon(), &rank, &score, err));
    gives(MC_E_UNSUPPORTED, kit_store->ops->top(kit_store, &theaters, 0, 1, kit_soon(), rows, &n, err));
}

static void test_string_ids(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_STRING);
    mci_doc *d = NULL;
    kit_put(&spec, A, "{\"_id\":\"" A "\",\"title\":\"a text that looks like an ObjectId\"}");
    kit_put(&spec, "tt0064116", "{\"_id\":\"tt0064116\",\"title\":\"x\"}");
    kit_put(&spec, "\xc3\xa9t\xc3\xa9", "{\"_id\":\"\xc3\xa9t\xc3\xa9\",\"title\":\"x\"}");
    d = kit_get(&spec, A);
    kit_assert_json(d, "{\"_id\":\"" A "\",\"title\":\"a text that looks like an ObjectId\"}");
    mci_doc_unref(d);
    ok(kit_patch(&spec, "tt0064116", "{\"title\":\"y\"}", &d, err));
    mci_doc_unref(d);
    char *ids[8];
    size_t n;
    ok(kit_store->ops->scan_ids(kit_store, &spec, NULL, 8, kit_soon(), ids, &n, err));
    assert_int_equal(n, 3);
    assert_string_equal(ids[0], A);
    assert_string_equal(ids[1], "tt0064116");
    assert_string_equal(ids[2], "\xc3\xa9t\xc3\xa9");
    for (size_t i = 0; i < n; i++)
        free(ids[i]);
    /* Another kind of id in the same collection does not exist. */
    mci_spec oids = spec;
    oids.id_kind = MCI_ID_OBJECTID;
    gives(MC_NOT_FOUND, kit_store->ops->find(kit_store, &oids, A, kit_soon(), &d, err));
    ok(kit_store->ops->remove(kit_store, &spec, "\xc3\xa9t\xc3\xa9", kit_soon(), NULL, err));
}

static void test_auto_ids(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_AUTO);
    static const char *const sorted[] = {"1st", "57", A,      "573a1390f29313caabcd42e8x", "573a1390f29313caabcd42f",
                                         C,     "5z", "hello"};
    for (int i = 0; i < 8; i++) {
        char json[200];
        (void)snprintf(json, sizeof json,
                       strlen(sorted[i]) == 24 ? "{\"_id\":{\"$oid\":\"%s\"},\"title\":\"t\"}"
                                               : "{\"_id\":\"%s\",\"title\":\"t\"}",
                       sorted[i]);
        kit_put(&spec, sorted[i], json);
    }
    for (int from = -1; from < 8; from++) { /* after each of them, in pages of three */
        char *ids[3];
        size_t n = 3;
        char *after = from < 0 ? NULL : strdup(sorted[from]);
        for (int at = from + 1; n == 3; at += (int)n) {
            ok(kit_store->ops->scan_ids(kit_store, &spec, after, 3, kit_soon(), ids, &n, err));
            for (size_t i = 0; i < n; i++) {
                assert_true(at + (int)i < 8);
                assert_string_equal(ids[i], sorted[at + (int)i]);
                free(after);
                after = ids[i];
            }
            if (n < 3)
                assert_int_equal(at + (int)n, 8);
        }
        free(after);
    }
    mci_doc *d = NULL;
    ok(kit_store->ops->find_alias(kit_store, &spec, "t", 1, kit_soon(), &d, err));
    assert_string_equal(mci_doc_id(d, NULL), "1st");
    mci_doc_unref(d);
    const char *both[] = {"hello", C, "none", A};
    mci_doc *docs[4];
    ok(kit_store->ops->find_many(kit_store, &spec, both, 4, kit_soon(), docs, err));
    assert_true(docs[0] != NULL && docs[1] != NULL && docs[2] == NULL && docs[3] != NULL);
    for (int i = 0; i < 4; i++)
        mci_doc_unref(docs[i]);
}

static void test_put_many(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    const char *ids[] = {A, B, C};
    const char *json[] = {OID(A) ",\"title\":\"1\"}", OID(B) ",\"title\":\"2\"}", OID(C) ",\"title\":\"3\"}"};
    const size_t lens[] = {strlen(json[0]), strlen(json[1]), strlen(json[2])};
    mc_status st[3] = {9, 9, 9};
    kit_put(&spec, B, OID(B) ",\"title\":\"old\",\"year\":1}");
    ok(kit_store->ops->put_many(kit_store, &spec, ids, json, lens, NULL, 3, 0, kit_soon(), st, err));
    assert_int_equal(st[0], MC_OK);
    assert_int_equal(st[1], MC_E_EXISTS);
    assert_int_equal(st[2], MC_OK);
    mci_doc *d = kit_get(&spec, B);
    assert_string_equal(mci_doc_text(d, F_TITLE), "old");
    mci_doc_unref(d);
    ok(kit_store->ops->put_many(kit_store, &spec, ids, json, lens, NULL, 3, 1, kit_soon(), st, err));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(st[i], MC_OK);
        d = kit_get(&spec, ids[i]);
        kit_assert_json(d, json[i]);
        mci_doc_unref(d);
    }
    ok(kit_store->ops->put_many(kit_store, &spec, ids, json, lens, NULL, 0, 1, kit_soon(), st, err));
}

static void test_scan(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    char json[100][120];
    const char *ids[100];
    const char *texts[100];
    size_t lens[100];
    mc_status st[100];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(json[i], sizeof json[i], "{\"_id\":{\"$oid\":\"573a1392f29313caabcd%04d\"},\"year\":%d}", i, i);
        ids[i] = strndup(json[i] + 16, 24);
        texts[i] = json[i];
        lens[i] = strlen(json[i]);
    }
    mci_doc *docs[40];
    char *last = NULL;
    size_t n = 9;
    ok(kit_store->ops->scan(kit_store, &spec, NULL, 40, kit_soon(), docs, &n, &last,
                            err)); /* a collection that is not there yet */
    assert_int_equal(n, 0);
    assert_null(last);
    ok(kit_store->ops->put_many(kit_store, &spec, ids, texts, lens, NULL, 100, 0, kit_soon(), st, err));
    char *after = NULL;
    int at = 0;
    do {
        ok(kit_store->ops->scan(kit_store, &spec, after, 40, kit_soon(), docs, &n, &last, err));
        for (size_t i = 0; i < n; i++, at++) {
            assert_string_equal(mci_doc_id(docs[i], NULL), ids[at]);
            kit_assert_json(docs[i], json[at]);
            mci_doc_unref(docs[i]);
        }
        free(after);
        after = last;
    } while (after != NULL);
    assert_int_equal(at, 100);
    char *got[100];
    ok(kit_store->ops->scan_ids(kit_store, &spec, ids[97], 100, kit_soon(), got, &n, err));
    assert_int_equal(n, 2);
    assert_string_equal(got[1], ids[99]);
    free(got[0]);
    free(got[1]);
    ok(kit_store->ops->scan_ids(kit_store, &spec, ids[99], 100, kit_soon(), got, &n, err));
    assert_int_equal(n, 0);
    for (int i = 0; i < 100; i++)
        free((void *)(uintptr_t)ids[i]);
}

/* Every type there is, bit for bit. */
static void test_types(void **state)
{
    (void)state;
    if (kit_ferretdb_lacks("every BSON type"))
        return;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    static const char json[] = OID(
        A) ",\"title\":\"t\",\"i32\":5,\"i32min\":-2147483648,\"i64\":{\"$numberLong\":\"5\"},\"big\":9223372036854775807,"
           "\"small\":-9223372036854775808,\"d\":0.1,\"whole\":8.0,\"tiny\":5e-324,\"huge\":1.7976931348623157e+308,"
           "\"neg0\":-0.0,"
           "\"nan\":{\"$numberDouble\":\"NaN\"},\"inf\":{\"$numberDouble\":\"Infinity\"},\"ninf\":{\"$numberDouble\":\"-"
           "Infinity\"},"
           "\"dec\":{\"$numberDecimal\":\"1.20\"},\"t\":true,\"f\":false,\"n\":null,"
           "\"old\":{\"$date\":{\"$numberLong\":\"-2085523200000\"}},\"now\":{\"$date\":\"2015-08-08T19:16:10Z\"},"
           "\"ms\":{\"$date\":\"2015-08-08T19:16:10.007Z\"},"
           "\"bin\":{\"$binary\":{\"base64\":\"AAH/"
           "\",\"subType\":\"80\"}},\"uuid\":{\"$binary\":{\"base64\":\"AAECAwQFBgcICQoLDA0ODw==\",\"subType\":\"04\"}},"
           "\"oid\":{\"$oid\":\"" B "\"},\"re\":{\"$regularExpression\":{\"pattern\":\"^a\\\\.b\",\"options\":\"im\"}},"
           "\"ts\":{\"$timestamp\":{\"t\":4294967295,\"i\":1}},\"code\":{\"$code\":\"f()\"},"
           "\"scope\":{\"$code\":\"f()\",\"$scope\":{\"x\":1,\"y\":{\"$numberLong\":\"2\"}}},"
           "\"min\":{\"$minKey\":1},\"max\":{\"$maxKey\":1},\"empty\":{},\"none\":[],\"esc\":"
           "\"\\u0001\\b\\f\\n\\r\\t\\\"\\\\/\","
           "\"deep\":[[{\"a\":[{}]}]],\"__proto__\":{\"x\":1}}";
    mci_doc *expected = kit_decode(&spec, json);
    kit_assert_json(expected, json); /* it is in normal form already */
    kit_put(&spec, A, json);
    mci_doc *d = kit_get(&spec, A);
    assert_true(data_same(d, expected));
    mci_doc_unref(d);
    ok(kit_patch(&spec, A, "{\"title\":\"t\"}", &d, err)); /* and it survives a change elsewhere */
    assert_true(data_same(d, expected));
    mci_doc_unref(d);
    mci_doc_unref(expected);
}

static void test_far_dates(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    static const char json[] = OID(A) ",\"far\":{\"$date\":{\"$numberLong\":\"253402300800000\"}},"
                                      "\"past\":{\"$date\":{\"$numberLong\":\"-9223372036854775808\"}}}";
    mc_error err = {0};
    mc_status st = kit_store->ops->insert(kit_store, &spec, A, json, strlen(json), kit_soon(), NULL, &err);
    if (st == MC_E_STORE && is_secantus) {
        print_message("  (this server refuses years above 9999)\n");
        return;
    }
    assert_int_equal(st, MC_OK);
    mci_doc *d = kit_get(&spec, A);
    kit_assert_json(d, json);
    mci_doc_unref(d);
}

static void test_values_of_unexpected_types(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    mci_doc *d = NULL;
    kit_put(
        &spec, A,
        OID(A) ",\"title\":\"t\",\"year\":\"1981\xc3\xa8\",\"imdb\":{\"rating\":\"\",\"votes\":\"\"},\"genres\":[\"a\",1,"
               "null,\"b\"]}");
    d = kit_get(&spec, A);
    assert_int_equal(mci_doc_val(d, F_YEAR)->kind, MCI_STR);
    assert_string_equal(mci_doc_text(d, F_YEAR), "1981\xc3\xa8");
    assert_int_equal(mci_doc_val(d, F_RATING)->kind, MCI_STR);
    assert_int_equal(mci_doc_val(d, F_GENRES)->len, 2);
    assert_string_equal(mci_doc_item(d, F_GENRES, 1), "b");
    assert_int_equal(mci_doc_val(d, F_PLOT)->kind, MCI_ABSENT);
    mci_doc_unref(d);
    kit_put(&spec, B,
            OID(B) ",\"year\":1981.5,\"imdb\":{\"rating\":8,\"votes\":{\"$numberLong\":\"7\"}},\"title\":300,\"plot\":\"nul "
                   "\\u0000 inside\"}");
    d = kit_get(&spec, B);
    assert_int_equal(mci_doc_val(d, F_YEAR)->kind, MCI_REAL);
    assert_int_equal(mci_doc_val(d, F_RATING)->kind, MCI_REAL);
    assert_int_equal(mci_doc_val(d, F_VOTES)->kind, MCI_INT);
    assert_int_equal(mci_doc_val(d, F_TITLE)->kind, MCI_ABSENT);
    assert_int_equal(mci_doc_val(d, F_PLOT)->kind, MCI_ABSENT);
    assert_non_null(strstr(mci_doc_json(d, NULL), "nul \\u0000 inside"));
    mci_doc_unref(d);
}

static void test_all_data(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    kit_same_data("movies.ndjson.gz", &spec);
    mci_spec details = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    kit_same_data("movie_details.ndjson.gz", &details);
    mci_spec theaters = data_theater_spec(kit_fresh(), MCI_ID_OBJECTID);
    kit_same_data("theaters.ndjson.gz", &theaters);
}

static void test_deadline_passed(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    mci_doc *d = NULL;
    const char *json = OID(A) "}";
    mci_deadline past = mci_now_ns() - 1;
    gives(MC_E_TIMEOUT, kit_store->ops->find(kit_store, &spec, A, past, &d, err));
    gives(MC_E_TIMEOUT, kit_store->ops->insert(kit_store, &spec, A, json, strlen(json), past, NULL, err));
    gives(MC_E_TIMEOUT, kit_store->ops->remove(kit_store, &spec, A, past, NULL, err));
    gives(MC_NOT_FOUND, kit_store->ops->find(kit_store, &spec, A, kit_soon(), &d, err)); /* nothing was done */
}

#define WRITERS 8
#define WRITES 25

static void *writer(void *arg)
{
    int me = (int)(intptr_t)arg;
    mci_spec spec = data_movie_spec(kit_collection, MCI_ID_OBJECTID);
    for (int i = 0; i < WRITES; i++) {
        char json[100];
        mci_doc *d = NULL;
        mc_error err = {0};
        (void)snprintf(json, sizeof json, "{\"w\":{\"n%d_%d\":%d}}", me, i, i);
        mc_status st = kit_patch(&spec, A, json, &d, &err);
        if (st != MC_OK) {
            fprintf(stderr, "writer %d: %s: %s\n", me, mc_status_name(st), err.text);
            return (void *)1;
        }
        mci_doc_unref(d);
        if (kit_store->ops->find(kit_store, &spec, A, kit_soon(), &d, &err) != MC_OK)
            return (void *)1;
        mci_doc_unref(d);
    }
    return NULL;
}

/* Every patch of every thread is there at the end. */
static void test_no_lost_patch(void **state)
{
    (void)state;
    if (kit_ferretdb_lacks("changes by several writers at once"))
        return;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    pthread_t threads[WRITERS];
    kit_put(&spec, A, OID(A) ",\"w\":{}}");
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, writer, (void *)(intptr_t)i), 0);
    for (int i = 0; i < WRITERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    mci_doc *d = kit_get(&spec, A);
    for (int i = 0; i < WRITERS; i++)
        for (int k = 0; k < WRITES; k++) {
            char name[40];
            (void)snprintf(name, sizeof name, "\"n%d_%d\":%d", i, k, k);
            assert_non_null(strstr(mci_doc_json(d, NULL), name));
        }
    mci_doc_unref(d);
}

static void test_big_document(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    mci_buf b;
    mci_buf_init(&b, 32u << 20);
    mci_buf_str(&b, OID(A) ",\"plot\":\"");
    for (int i = 0; i < 40000; i++)
        mci_buf_str(&b, "0123456789012345678901234567890123456789012345678");
    mci_buf_str(&b, "\"}");
    kit_put(&spec, A, b.data);
    mci_doc *d = kit_get(&spec, A);
    kit_assert_json(d, b.data);
    mci_doc_unref(d);
    mci_buf_free(&b);
}

static const struct CMUnitTest common[] = {
    cmocka_unit_test(test_ping_and_prepare),
    cmocka_unit_test(test_insert_find_remove),
    cmocka_unit_test(test_find_many),
    cmocka_unit_test(test_alias),
    cmocka_unit_test(test_update),
    cmocka_unit_test(test_conflicts),
    cmocka_unit_test(test_top),
    cmocka_unit_test(test_string_ids),
    cmocka_unit_test(test_auto_ids),
    cmocka_unit_test(test_put_many),
    cmocka_unit_test(test_scan),
    cmocka_unit_test(test_types),
    cmocka_unit_test(test_values_of_unexpected_types),
    cmocka_unit_test(test_far_dates),
    cmocka_unit_test(test_all_data),
    cmocka_unit_test(test_deadline_passed),
    cmocka_unit_test(test_no_lost_patch),
    cmocka_unit_test(test_big_document),
};

static int run(const char *name)
{
    print_message("== store: %s\n", name);
    int failed = cmocka_run_group_tests_name(name, common, NULL, NULL);
    kit_store->ops->close(kit_store);
    kit_store = NULL;
    return failed;
}

static int run_uri(const char *uri, const char *name)
{
    mc_error err = {0};
    if (kit_open(uri, KIT_OP_MS, &kit_store, &err) == MC_OK)
        return run(name);
    print_error("%s: %s\n", name, err.text);
    return 1;
}

static int run_sqlite(void)
{
    char dir[] = "/tmp/mflixstore-XXXXXX";
    char text[200];
    if (mkdtemp(dir) == NULL)
        return 1;
    int failed = run_uri("sqlite::memory:", "sqlite::memory:");
    (void)snprintf(text, sizeof text, "sqlite:%s/store.db", dir);
    failed += run_uri(text, "sqlite file");
    (void)snprintf(text, sizeof text, "rm -rf %s", dir);
    return failed + (system(text) != 0);
}

static int run_callback(void)
{
    mc_store cb = kit_callbacks();
    mc_error err;
    if (mci_store_callback_open(&cb, NULL, &kit_env, &kit_store, &err) != MC_OK)
        return 1;
    int failed = run("callback");
    if (!kit_callbacks_closed()) {
        print_error("the close callback was not called\n");
        failed++;
    }
    return failed;
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : getenv("MFLIX_STORE"); /* sqlite, callback, secantus, url: one of them alone */
    int failed = 0;
    if (MFLIXCACHE_WITH_SQLITE && (only == NULL || strcmp(only, "sqlite") == 0))
        failed += run_sqlite();
    if (only == NULL || strcmp(only, "callback") == 0)
        failed += run_callback();
    char url[2048];
    const char *server_name = getenv("MFLIX_SERVER");
    if (MFLIXCACHE_WITH_MONGODB && (only == NULL || strcmp(only, "url") == 0) && srv_mongo_url(url, sizeof url))
        failed += run_uri(url, server_name != NULL ? server_name : "the server of MONGO_URL");
    if (MFLIXCACHE_WITH_MONGODB && (only == NULL || strcmp(only, "secantus") == 0)) {
        if (failed > 0) /* a skip must not hide it, and the rest is tested all the same */
            (void)setenv("MFLIX_NO_SKIP", "1", 1);
        srv server;
        srv_start_mongo(&server, NULL);
        is_secantus = 1;
        failed += run_uri(server.uri, server.name);
        srv_stop(&server);
    }
    return failed > 0;
}
