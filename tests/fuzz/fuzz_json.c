/* SPDX-License-Identifier: Apache-2.0 */
/* Documents and patches as text: the normal form is its own normal form, and applying a patch twice is applying it once. */
#include "fuzz.h"

#include "codec/json.h"
#include "codec/json_scan.h"
#include "codec/json_walk.h"

#include <stdlib.h>
#include <string.h>

#define ID "{\"_id\":{\"$oid\":\"573a1390f29313caabcd42e8\"}"

const fuzz_seed fuzz_seeds[] = {
    SEED(ID ",\"title\":\"A \\u00e9 \\\"b\\\"\",\"year\":1999,\"imdb\":{\"rating\":8.5,\"votes\":{\"$numberLong\":\"7\"}}}"),
    SEED(ID ",\"cast\":[\"a\",\"b\",null,1],\"released\":{\"$date\":\"1999-03-31T00:00:00Z\"}}"),
    SEED(ID ",\"x\":{\"$numberDecimal\":\"1.50\"},\"b\":{\"$binary\":{\"base64\":\"AQID\",\"subType\":\"00\"}}}"),
    SEED("{\"title\":null,\"imdb\":{\"rating\":9.1},\"tags\":[[],{}],\"deep\":{\"a\":{\"b\":1e22}}}"),
    SEED("{\"_id\":\"text\",\"a\":[[[[[[1]]]]]],\"b\":-0.0,\"c\":12345678901234567890}"),
    SEED("{ \"_id\" : {\"$oid\": \"573a1390f29313caabcd42e8\"},\n\"year\": 1.50, \"cast\": [ \"\\u00e9\\n\", \"\\/\"], "
         "\"imdb\": {\"rating\": 7.10}} "),
    SEED(ID ",\"released\":{\"$date\":{\"$numberLong\":\"-1000\"}},\"n\":[0.1,1e5,0.00001,0.000001,123456789012345678,-0.0,"
            "100.0]}"),
    SEED("{}"),
    {NULL, 0}};

static const mci_field fields[] = {{"title", "title", MCI_STR},
                                   {"year", "year", MCI_INT},
                                   {"cast", "cast", MCI_LIST},
                                   {"rating", "imdb.rating", MCI_REAL},
                                   {"released", "released", MCI_DATE}};
static const mci_spec spec = {.name = "movies",
                              .key = "movie",
                              .fields = fields,
                              .nfields = sizeof fields / sizeof fields[0],
                              .id_kind = MCI_ID_AUTO,
                              .alias_field = 0,
                              .rank_field = 3,
                              .rank_max = 10,
                              .lon_field = -1,
                              .lat_field = -1};

static void document(const char *p, size_t n)
{
    mci_buf one;
    mci_buf two;
    char id[MCI_ID_CAP];
    mc_error err;
    mci_buf_init(&one, (size_t)1 << 24);
    mci_buf_init(&two, (size_t)1 << 24);
    if (mci_json_document(&spec, p, n, "573a1390f29313caabcd42e8", &one, id, NULL, &err) == MC_OK) {
        FUZZ_CHECK(mci_json_document(&spec, one.data, one.len, NULL, &two, id, NULL, &err) == MC_OK);
        FUZZ_CHECK(mci_json_scan(one.data, one.len));
        FUZZ_CHECK(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);
    }
    mci_buf_free(&one);
    mci_buf_free(&two);
}

/* Applying in the text is applying to the tree. */
static void apply(const char *json, size_t len, const mci_patch *plan)
{
    char *first = NULL;
    char *second = NULL;
    size_t n = 0;
    size_t m = 0;
    mc_status st = mci_json_apply(json, len, plan, &first, &n, NULL);
    FUZZ_CHECK(st == mci_json_apply_by_tree(json, len, plan, &second, &m, NULL));
    FUZZ_CHECK(st != MC_OK || (n == m && memcmp(first, second, n) == 0));
    free(first);
    free(second);
}

static void patch(const char *p, size_t n)
{
    static const char base[] = ID ",\"title\":\"t\",\"imdb\":{\"rating\":1.0},\"deep\":5}";
    mci_patch plan;
    mc_error err;
    char *first = NULL;
    char *second = NULL;
    size_t len = 0;
    size_t len2 = 0;
    if (mci_json_patch_plan(&spec, p, n, &plan, &err) != MC_OK)
        return;
    apply(base, sizeof base - 1, &plan);
    if (mci_json_apply(base, sizeof base - 1, &plan, &first, &len, &err) == MC_OK) {
        FUZZ_CHECK(mci_json_apply(first, len, &plan, &second, &len2, &err) == MC_OK);
        FUZZ_CHECK(len == len2 && memcmp(first, second, len) == 0);
    }
    free(first);
    free(second);
    mci_patch_free(&plan);
}

/* What the walk takes, the tree takes, with the same result. */
static void walk(const char *p, size_t n)
{
    static const char new_id[] = "573a1390f29313caabcd42e8";
    mci_doc *d = NULL;
    mci_doc *e = NULL;
    mci_buf one;
    mci_buf two;
    char id[MCI_ID_CAP];
    char id2[MCI_ID_CAP];
    int had;
    int had2;
    if (mci_walk_decode(&spec, p, n, &d)) {
        size_t a;
        size_t b;
        FUZZ_CHECK(mci_json_decode_by_tree(&spec, p, n, &e, NULL) == MC_OK);
        const char *text = mci_doc_json(d, &a);
        const char *same = mci_doc_json(e, &b);
        FUZZ_CHECK(a == b && memcmp(text, same, a) == 0 && strcmp(mci_doc_id(d, NULL), mci_doc_id(e, NULL)) == 0);
        FUZZ_CHECK(mci_doc_same_fields(d, e));
        mci_doc_unref(e);
    }
    mci_doc_unref(d);
    mci_buf_init(&one, (size_t)1 << 24);
    mci_buf_init(&two, (size_t)1 << 24);
    if (mci_walk_normalise(&spec, p, n, new_id, &one, id, &had)) {
        FUZZ_CHECK(mci_json_document_by_tree(&spec, p, n, new_id, &two, id2, &had2, NULL) == MC_OK);
        FUZZ_CHECK(one.len == two.len && memcmp(one.data, two.data, one.len) == 0 && strcmp(id, id2) == 0 && had == had2);
    }
    mci_buf_free(&one);
    mci_buf_free(&two);
}

/* A caller's document read at once is what it is when it is checked first, and then read. */
static void at_once(const char *p, size_t n)
{
    mci_doc *d = NULL;
    mci_doc *e = NULL;
    mci_buf text;
    char id[MCI_ID_CAP];
    if (!mci_walk_take(&spec, p, n, &d))
        return;
    mci_buf_init(&text, (size_t)1 << 24);
    FUZZ_CHECK(mci_json_document_by_tree(&spec, p, n, NULL, &text, id, NULL, NULL) == MC_OK);
    FUZZ_CHECK(mci_json_decode_by_tree(&spec, text.data, text.len, &e, NULL) == MC_OK);
    size_t a;
    size_t b;
    const char *one = mci_doc_json(d, &a);
    const char *two = mci_doc_json(e, &b);
    FUZZ_CHECK(a == b && memcmp(one, two, a) == 0 && strcmp(mci_doc_id(d, NULL), id) == 0 && mci_doc_same_fields(d, e));
    mci_doc_unref(d);
    mci_doc_unref(e);
    mci_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data;
    mci_doc *d = NULL;
    mci_doc *e = NULL;
    mc_error err;
    document(p, size);
    walk(p, size);
    at_once(p, size);
    patch(p, size);
    if (mci_json_decode(&spec, p, size, &d, &err) == MC_OK) {
        size_t n = 0;
        size_t m = 0;
        const char *normal = mci_doc_json(d, &n);
        FUZZ_CHECK(mci_json_scan(normal, n));
        mci_patch rating;
        if (mci_json_patch_number(&rating, "imdb.rating", 7.5) == MC_OK)
            apply(normal, n, &rating);
        mci_patch_free(&rating);
        FUZZ_CHECK(mci_json_decode(&spec, normal, n, &e, &err) == MC_OK);
        const char *same = mci_doc_json(e, &m);
        FUZZ_CHECK(n == m && memcmp(normal, same, n) == 0);
        mci_doc_unref(e);
    }
    mci_doc_unref(d);
    return 0;
}
