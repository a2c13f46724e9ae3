/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One suite for every store: SQLite in memory and in a file, SecantusDB, the server of MONGO_URL when that is set, and callbacks
 * over a table in memory. What it asks for is what store/store.h promises; a store that cannot is a store that is wrong.
 */
#include "base/error.h"
#include "base/text.h"
#include "codec/json.h"
#include "data.h"
#include "servers.h"
#include "store/store.h"

#include <pthread.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define OP_MS 8000

static const mci_store_env env = {.decode = mci_json_decode, .patch = mci_json_apply};

/* ---- a store over a table in memory, through the public callbacks ---- */

typedef struct row {
    char collection[64];
    char *id;
    char *json;
    size_t len;
} row;

typedef struct table {
    pthread_mutex_t lock;
    row *rows; /* ascending by id */
    size_t n;
    int closed;
} table;

static row *table_find(table *t, const char *collection, const char *id)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->rows[i].collection, collection) == 0 && strcmp(t->rows[i].id, id) == 0)
            return &t->rows[i];
    return NULL;
}

static mc_status cb_find(void *user, const char *collection, const char *id, int64_t ms, mc_sink *sink)
{
    table *t = user;
    (void)ms;
    pthread_mutex_lock(&t->lock);
    row *r = table_find(t, collection, id);
    mc_status st = r != NULL ? mc_sink_document(sink, r->json, r->len) : MC_NOT_FOUND;
    pthread_mutex_unlock(&t->lock);
    return st;
}

static mc_status cb_title(void *user, const char *collection, const char *title, int64_t ms, mc_sink *sink)
{
    table *t = user;
    mc_status st = MC_NOT_FOUND;
    mci_spec spec = data_movie_spec(collection, MCI_ID_AUTO);
    (void)ms;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->n && st == MC_NOT_FOUND; i++) {
        mci_doc *d = NULL;
        if (strcmp(t->rows[i].collection, collection) != 0 ||
            (mci_json_decode(&spec, t->rows[i].json, t->rows[i].len, &d, NULL) != MC_OK))
            continue;
        const char *text = mci_doc_text(d, F_TITLE);
        if (text != NULL && strcmp(text, title) == 0)
            st = mc_sink_document(sink, t->rows[i].json, t->rows[i].len);
        mci_doc_unref(d);
    }
    pthread_mutex_unlock(&t->lock);
    return st;
}

static mc_status cb_insert(void *user, const char *collection, const char *id, const char *json, size_t size, int64_t ms)
{
    table *t = user;
    mc_status st = MC_E_EXISTS;
    (void)ms;
    pthread_mutex_lock(&t->lock);
    if (table_find(t, collection, id) == NULL) {
        t->rows = realloc(t->rows, (t->n + 1) * sizeof *t->rows);
        size_t at = t->n;
        while (at > 0 && strcmp(t->rows[at - 1].id, id) > 0)
            at--;
        memmove(t->rows + at + 1, t->rows + at, (t->n - at) * sizeof *t->rows);
        row *r = &t->rows[at];
        (void)snprintf(r->collection, sizeof r->collection, "%s", collection);
        r->id = strdup(id);
        r->json = malloc(size + 1);
        memcpy(r->json, json, size);
        r->json[size] = '\0';
        r->len = size;
        t->n++;
        st = MC_OK;
    }
    pthread_mutex_unlock(&t->lock);
    return st;
}

static mc_status cb_replace(void *user, const char *collection, const char *id, const char *expected, size_t expected_size,
                            const char *json, size_t size, int64_t ms)
{
    table *t = user;
    mc_status st = MC_NOT_FOUND;
    (void)ms;
    pthread_mutex_lock(&t->lock);
    row *r = table_find(t, collection, id);
    if (r != NULL && (r->len != expected_size || memcmp(r->json, expected, expected_size) != 0)) {
        st = MC_E_CONFLICT;
    } else if (r != NULL) {
        free(r->json);
        r->json = malloc(size + 1);
        memcpy(r->json, json, size);
        r->json[size] = '\0';
        r->len = size;
        st = MC_OK;
    }
    pthread_mutex_unlock(&t->lock);
    return st;
}

static mc_status cb_remove(void *user, const char *collection, const char *id, int64_t ms)
{
    table *t = user;
    mc_status st = MC_NOT_FOUND;
    (void)ms;
    pthread_mutex_lock(&t->lock);
    row *r = table_find(t, collection, id);
    if (r != NULL) {
        free(r->id);
        free(r->json);
        memmove(r, r + 1, (size_t)(t->rows + t->n - r - 1) * sizeof *r);
        t->n--;
        st = MC_OK;
    }
    pthread_mutex_unlock(&t->lock);
    return st;
}

static mc_status cb_scan(void *user, const char *collection, const char *after, size_t limit, int64_t ms, mc_sink *sink)
{
    table *t = user;
    (void)ms;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0, given = 0; i < t->n && given < limit; i++)
        if (strcmp(t->rows[i].collection, collection) == 0 && strcmp(t->rows[i].id, after) > 0) {
            (void)mc_sink_document(sink, t->rows[i].json, t->rows[i].len);
            given++;
        }
    pthread_mutex_unlock(&t->lock);
    return MC_OK;
}

static void cb_close(void *user)
{
    table *t = user;
    for (size_t i = 0; i < t->n; i++) {
        free(t->rows[i].id);
        free(t->rows[i].json);
    }
    free(t->rows);
    *t = (table){.lock = PTHREAD_MUTEX_INITIALIZER, .closed = 1};
}

static table memory_table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static mc_store memory_callbacks(void)
{
    mc_store cb;
    mc_store_init(&cb, sizeof cb);
    cb.user = &memory_table;
    cb.find = cb_find;
    cb.find_by_title = cb_title;
    cb.insert = cb_insert;
    cb.replace = cb_replace;
    cb.remove = cb_remove;
    cb.scan = cb_scan;
    cb.close = cb_close;
    return cb;
}

/* ---- the store under test ---- */

static mci_store *store;
static int is_secantus;

/* FerretDB 1.24 closes the connection on a NaN and on rarer types, and its findAndModify is not atomic: what it cannot do is
 * said aloud, not counted as skipped. */
static int ferretdb_lacks(const char *what)
{
    const char *server = getenv("MFLIX_SERVER");
    if (server == NULL || strcmp(server, "ferretdb") != 0)
        return 0;
    print_message("not on FerretDB: %s\n", what);
    return 1;
}
static int collection_number;
static char collection_name[64];

/* A collection of its own for each test: nothing has to be cleaned up in between. */
static const char *fresh(void)
{
    (void)snprintf(collection_name, sizeof collection_name, "t%d_%d", (int)getpid(), ++collection_number);
    return collection_name;
}

static mci_deadline soon(void)
{
    return mci_deadline_in(OP_MS);
}

static mci_doc *decode(const mci_spec *spec, const char *json)
{
    mc_error err;
    mci_doc *d = NULL;
    mc_status st = mci_json_decode(spec, json, strlen(json), &d, &err);
    if (st != MC_OK)
        fail_msg("decode: %d %s: %s", st, err.text, json);
    return d;
}

#define ok(call)                                                                                                            \
    do {                                                                                                                    \
        mc_error err_ = {0};                                                                                                \
        mc_error *err = &err_;                                                                                              \
        mc_status st_ = (call);                                                                                             \
        if (st_ != MC_OK)                                                                                                   \
            fail_msg("%s: %s: %s", #call, mc_status_name(st_), err_.text);                                                  \
    } while (0)

/* The expected code, with an error record that is filled as the rules want. */
#define gives(wanted, call)                                                                                                 \
    do {                                                                                                                    \
        mc_error err_ = {0};                                                                                                \
        mc_error *err = &err_;                                                                                              \
        mc_status st_ = (call);                                                                                             \
        if (st_ != (wanted))                                                                                                \
            fail_msg("%s: %s, not %s: %s", #call, mc_status_name(st_), mc_status_name(wanted), err_.text);                  \
        if (st_ < 0) {                                                                                                      \
            assert_int_equal(err_.code, st_);                                                                               \
            assert_true(err_.text[0] != '\0');                                                                              \
        }                                                                                                                   \
    } while (0)

static void put(const mci_spec *spec, const char *id, const char *json)
{
    mci_doc *d = decode(spec, json); /* into normal form */
    size_t len;
    const char *text = mci_doc_json(d, &len);
    ok(store->ops->insert(store, spec, id, text, len, soon(), NULL, err));
    mci_doc_unref(d);
}

static mci_doc *get(const mci_spec *spec, const char *id)
{
    mci_doc *d = NULL;
    ok(store->ops->find(store, spec, id, soon(), &d, err));
    assert_non_null(d);
    return d;
}

static mc_status patch(const mci_spec *spec, const char *id, const char *json, mci_doc **out, mc_error *err)
{
    mci_patch p;
    mc_status st = mci_json_patch_plan(spec, json, strlen(json), &p, err);
    if (st == MC_OK)
        st = store->ops->update(store, spec, id, &p, soon(), out, err);
    mci_patch_free(&p);
    return st;
}

static void assert_json(const mci_doc *d, const char *expected)
{
    assert_string_equal(mci_doc_json(d, NULL), expected);
}

#define A "573a1390f29313caabcd42e8"
#define B "573a1390f29313caabcd42e9"
#define C "573a1391f29313caabcd0000"
#define OID(x) "{\"_id\":{\"$oid\":\"" x "\"}"

/* ---- tests ---- */

static void test_ping_and_prepare(void **state)
{
    (void)state;
    mci_spec a = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    const mci_spec *specs[] = {&a};
    ok(store->ops->ping(store, soon(), err));
    ok(store->ops->prepare(store, specs, 1, soon(), err));
    ok(store->ops->prepare(store, specs, 1, soon(), err)); /* twice is harmless */
    put(&a, A, OID(A) ",\"title\":\"x\"}");
    mci_doc_unref(get(&a, A));
}

static void test_insert_find_remove(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    const char *json =
        OID(A) ",\"title\":\"Am\xc3\xa9lie \xf0\x9f\x8e\xac\",\"year\":2001,\"imdb\":{\"rating\":8.3,\"votes\":5}}";
    mci_doc *d = NULL;
    mci_doc *stored = NULL;
    gives(MC_NOT_FOUND, store->ops->find(store, &spec, A, soon(), &d, err));
    assert_null(d);
    ok(store->ops->insert(store, &spec, A, json, strlen(json), soon(), &stored, err));
    gives(MC_E_EXISTS, store->ops->insert(store, &spec, A, json, strlen(json), soon(), NULL, err));
    gives(MC_E_EXISTS, store->ops->insert(store, &spec, A, json, strlen(json), soon(), &d, err));
    assert_null(d);
    d = get(&spec, A);
    assert_true(data_same(d, stored));
    assert_json(d, json);
    assert_string_equal(mci_doc_text(d, F_TITLE), "Am\xc3\xa9lie \xf0\x9f\x8e\xac");
    assert_true(mci_doc_val(d, F_RATING)->u.d == 8.3);
    mci_doc_unref(d);
    int64_t count;
    ok(store->ops->count(store, &spec, soon(), &count, err));
    assert_int_equal(count, 1);
    ok(store->ops->remove(store, &spec, A, soon(), &d, err));
    assert_true(data_same(d, stored));
    mci_doc_unref(d);
    mci_doc_unref(stored);
    gives(MC_NOT_FOUND, store->ops->remove(store, &spec, A, soon(), &d, err));
    assert_null(d);
    gives(MC_NOT_FOUND, store->ops->remove(store, &spec, A, soon(), NULL, err));
    gives(MC_NOT_FOUND, store->ops->find(store, &spec, A, soon(), &d, err));
    put(&spec, A, json);
    ok(store->ops->remove(store, &spec, A, soon(), NULL, err));
}

static void test_find_many(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    put(&spec, A, OID(A) ",\"title\":\"a\"}");
    put(&spec, C, OID(C) ",\"title\":\"c\"}");
    const char *ids[] = {C, B, A};
    mci_doc *out[3];
    ok(store->ops->find_many(store, &spec, ids, 3, soon(), out, err));
    assert_string_equal(mci_doc_id(out[0], NULL), C);
    assert_null(out[1]);
    assert_string_equal(mci_doc_id(out[2], NULL), A);
    mci_doc_unref(out[0]);
    mci_doc_unref(out[2]);
    ok(store->ops->find_many(store, &spec, ids + 1, 1, soon(), out, err));
    assert_null(out[0]);
    ok(store->ops->find_many(store, &spec, ids, 0, soon(), out, err));
}

static void test_alias(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    const char *titles[] = {"The Lost World", "Les Mis\xc3\xa9rables", "It's \"quoted\" \\ $where {x}", "$ne",
                            "1981\xc3\xa8"};
    mci_doc *d = NULL;
    put(&spec, C, OID(C) ",\"title\":\"The Lost World\",\"year\":1925}");
    put(&spec, B, OID(B) ",\"title\":\"The Lost World\",\"year\":1960}"); /* the same title, a lower id, stored later */
    put(&spec, A, OID(A) ",\"title\":[\"The Lost World\"]}");             /* an array is no title */
    ok(store->ops->find_alias(store, &spec, titles[0], strlen(titles[0]), soon(), &d, err));
    assert_string_equal(mci_doc_id(d, NULL), B);
    mci_doc_unref(d);
    for (int i = 1; i < 5; i++) {
        mci_buf b;
        char id[25];
        mci_buf_init(&b, 1000);
        (void)snprintf(id, sizeof id, "573a1392f29313caabcd%04d", i);
        mci_buf_fmt(&b, "{\"_id\":{\"$oid\":\"%s\"},\"title\":", id);
        mci_buf_json_string(&b, titles[i], strlen(titles[i]));
        mci_buf_char(&b, '}');
        put(&spec, id, b.data);
        mci_buf_free(&b);
        ok(store->ops->find_alias(store, &spec, titles[i], strlen(titles[i]), soon(), &d, err));
        assert_string_equal(mci_doc_id(d, NULL), id);
        mci_doc_unref(d);
    }
    const char *none[] = {"the lost world",       "The Lost World ", "Les Mise\xcc\x81rables", "",
                          "[\"The Lost World\"]", "{\"$ne\":1}"};
    for (int i = 0; i < 6; i++) {
        gives(MC_NOT_FOUND, store->ops->find_alias(store, &spec, none[i], strlen(none[i]), soon(), &d, err));
        assert_null(d);
    }
}

static void test_update(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    mci_doc *d = NULL;
    put(&spec, A, OID(A) ",\"title\":\"t\",\"year\":1999,\"imdb\":{\"rating\":7.5,\"votes\":10},\"genres\":[\"a\",\"b\"]}");
    ok(patch(&spec, A, "{\"imdb\":{\"rating\":9.0}}", &d, err));
    assert_json(d, OID(A) ",\"title\":\"t\",\"year\":1999,\"imdb\":{\"rating\":9.0,\"votes\":10},\"genres\":[\"a\",\"b\"]}");
    mci_doc_unref(d);
    ok(patch(&spec, A,
             "{\"year\":null,\"gone\":null,\"genres\":[\"c\"],\"imdb\":{\"votes\":null,\"deep\":{\"er\":{\"x\":1}}}}", &d,
             err));
    assert_json(d, OID(A) ",\"title\":\"t\",\"imdb\":{\"rating\":9.0,\"deep\":{\"er\":{\"x\":1}}},\"genres\":[\"c\"]}");
    mci_doc_unref(d);
    ok(patch(&spec, A, "{\"awards\":{\"wins\":1},\"genres\":[],\"imdb\":{\"deep\":{}}}", &d, err));
    assert_json(d, OID(A) ",\"title\":\"t\",\"imdb\":{\"rating\":9.0,\"deep\":{}},\"genres\":[],\"awards\":{\"wins\":1}}");
    mci_doc_unref(d);
    ok(patch(&spec, A, "{}", &d, err)); /* nothing to change: the document as it is */
    assert_json(d, OID(A) ",\"title\":\"t\",\"imdb\":{\"rating\":9.0,\"deep\":{}},\"genres\":[],\"awards\":{\"wins\":1}}");
    mci_doc *again = get(&spec, A);
    assert_true(data_same(d, again));
    mci_doc_unref(again);
    mci_doc_unref(d);
    d = NULL;
    ok(patch(&spec, A, "{\"released\":{\"$date\":\"1925-02-02T00:00:00Z\"},\"n\":{\"$numberLong\":\"5\"}}", NULL, err));
    d = get(&spec, A);
    assert_int_equal(mci_doc_val(d, F_RELEASED)->kind, MCI_DATE);
    assert_non_null(strstr(mci_doc_json(d, NULL), "\"n\":{\"$numberLong\":\"5\"}"));
    mci_doc_unref(d);
    d = NULL;
    gives(MC_NOT_FOUND, patch(&spec, B, "{\"year\":1}", &d, err));
    gives(MC_NOT_FOUND, patch(&spec, B, "{}", &d, err));
    assert_null(d);
}

static void test_conflicts(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    const char *json =
        OID(A) ",\"title\":\"t\",\"list\":[1,{\"x\":1}],\"none\":null,\"when\":{\"$date\":\"2001-01-01T00:00:00Z\"},"
               "\"obj\":{\"0\":\"zero\"}}";
    mci_doc *d = NULL;
    put(&spec, A, json);
    gives(MC_E_CONFLICT, patch(&spec, A, "{\"title\":{\"x\":1}}", &d, err));
    gives(MC_E_CONFLICT, patch(&spec, A, "{\"list\":{\"x\":1}}", &d, err));
    gives(MC_E_CONFLICT, patch(&spec, A, "{\"list\":{\"0\":2}}", &d, err)); /* no way to an element of an array */
    gives(MC_E_CONFLICT, patch(&spec, A, "{\"list\":{\"0\":null}}", &d, err));
    gives(MC_E_CONFLICT, patch(&spec, A, "{\"none\":{\"x\":1}}", &d, err));
    gives(MC_E_CONFLICT, patch(&spec, A, "{\"when\":{\"x\":1}}", &d, err));
    assert_null(d);
    d = get(&spec, A);
    assert_json(d, json); /* nothing of it was done */
    mci_doc_unref(d);
    ok(patch(&spec, A, "{\"title\":{\"x\":null},\"none\":{\"x\":{\"y\":null}},\"missing\":{\"x\":null}}", &d, err));
    assert_json(d, json); /* nothing to remove there */
    mci_doc_unref(d);
    ok(patch(&spec, A, "{\"obj\":{\"0\":\"null\",\"1\":true}}", &d, err)); /* numbers may be names */
    assert_non_null(strstr(mci_doc_json(d, NULL), "\"obj\":{\"0\":\"null\",\"1\":true}"));
    mci_doc_unref(d);
}

static void assert_top(const mci_spec *spec, int64_t offset, size_t limit, size_t n, const char *const *ids,
                       const double *scores)
{
    mci_ranked_id rows[16];
    size_t got = 99;
    ok(store->ops->top(store, spec, offset, limit, soon(), rows, &got, err));
    if (got != n)
        for (size_t i = 0; i < got; i++)
            print_message("  %s %g\n", rows[i].id, rows[i].score);
    assert_int_equal(got, n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(rows[i].id, ids[i]);
        assert_true(rows[i].score == scores[i]);
        free(rows[i].id);
    }
}

static void test_top(void **state)
{
    (void)state;
    if (ferretdb_lacks("ratings that are NaN"))
        return;
    static const char *const ratings[] = {"9.5",   "\"\"", "8",          "{\"$numberLong\":\"9\"}",     "null",
                                          "\"9\"", "[10]", "9.5",        "{\"$numberDouble\":\"NaN\"}", "{\"x\":10}",
                                          "0.0",   "true", "3000000000", "{\"$numberDecimal\":\"10\"}"};
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    char id[14][25];
    for (int i = 0; i < 14; i++) {
        char json[200];
        (void)snprintf(id[i], sizeof id[i], "573a1392f29313caabcd%04d", i);
        (void)snprintf(json, sizeof json, "{\"_id\":{\"$oid\":\"%s\"},\"imdb\":{\"rating\":%s}}", id[i], ratings[i]);
        put(&spec, id[i], json);
    }
    put(&spec, A, OID(A) ",\"title\":\"no rating\"}");
    put(&spec, B, OID(B) ",\"imdb\":7}");
    const char *ids[] = {id[12], id[7], id[0], id[3], id[2], id[10]};
    const double scores[] = {3e9, 9.5, 9.5, 9, 8, 0};
    assert_top(&spec, 0, 16, 6, ids, scores);
    assert_top(&spec, 0, 2, 2, ids, scores);
    assert_top(&spec, 1, 3, 3, ids + 1, scores + 1);
    assert_top(&spec, 5, 3, 1, ids + 5, scores + 5);
    assert_top(&spec, 6, 3, 0, NULL, NULL);
    assert_top(&spec, 1000000, 3, 0, NULL, NULL);
    assert_top(&spec, 0, 0, 0, NULL, NULL);
    mci_spec theaters = data_theater_spec(fresh(), MCI_ID_OBJECTID);
    mci_ranked_id rows[1];
    size_t n;
    gives(MC_E_UNSUPPORTED, store->ops->top(store, &theaters, 0, 1, soon(), rows, &n, err));
}

static void test_string_ids(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_STRING);
    mci_doc *d = NULL;
    put(&spec, A, "{\"_id\":\"" A "\",\"title\":\"a text that looks like an ObjectId\"}");
    put(&spec, "tt0064116", "{\"_id\":\"tt0064116\",\"title\":\"x\"}");
    put(&spec, "\xc3\xa9t\xc3\xa9", "{\"_id\":\"\xc3\xa9t\xc3\xa9\",\"title\":\"x\"}");
    d = get(&spec, A);
    assert_json(d, "{\"_id\":\"" A "\",\"title\":\"a text that looks like an ObjectId\"}");
    mci_doc_unref(d);
    ok(patch(&spec, "tt0064116", "{\"title\":\"y\"}", &d, err));
    mci_doc_unref(d);
    char *ids[8];
    size_t n;
    ok(store->ops->scan_ids(store, &spec, NULL, 8, soon(), ids, &n, err));
    assert_int_equal(n, 3);
    assert_string_equal(ids[0], A);
    assert_string_equal(ids[1], "tt0064116");
    assert_string_equal(ids[2], "\xc3\xa9t\xc3\xa9");
    for (size_t i = 0; i < n; i++)
        free(ids[i]);
    /* Another kind of id in the same collection does not exist. */
    mci_spec oids = spec;
    oids.id_kind = MCI_ID_OBJECTID;
    gives(MC_NOT_FOUND, store->ops->find(store, &oids, A, soon(), &d, err));
    ok(store->ops->remove(store, &spec, "\xc3\xa9t\xc3\xa9", soon(), NULL, err));
}

static void test_auto_ids(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_AUTO);
    static const char *const sorted[] = {"1st", "57", A,      "573a1390f29313caabcd42e8x", "573a1390f29313caabcd42f",
                                         C,     "5z", "hello"};
    for (int i = 0; i < 8; i++) {
        char json[200];
        (void)snprintf(json, sizeof json,
                       strlen(sorted[i]) == 24 ? "{\"_id\":{\"$oid\":\"%s\"},\"title\":\"t\"}"
                                               : "{\"_id\":\"%s\",\"title\":\"t\"}",
                       sorted[i]);
        put(&spec, sorted[i], json);
    }
    for (int from = -1; from < 8; from++) { /* after each of them, in pages of three */
        char *ids[3];
        size_t n = 3;
        char *after = from < 0 ? NULL : strdup(sorted[from]);
        for (int at = from + 1; n == 3; at += (int)n) {
            ok(store->ops->scan_ids(store, &spec, after, 3, soon(), ids, &n, err));
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
    ok(store->ops->find_alias(store, &spec, "t", 1, soon(), &d, err));
    assert_string_equal(mci_doc_id(d, NULL), "1st");
    mci_doc_unref(d);
    const char *both[] = {"hello", C, "none", A};
    mci_doc *docs[4];
    ok(store->ops->find_many(store, &spec, both, 4, soon(), docs, err));
    assert_true(docs[0] != NULL && docs[1] != NULL && docs[2] == NULL && docs[3] != NULL);
    for (int i = 0; i < 4; i++)
        mci_doc_unref(docs[i]);
}

static void test_put_many(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    const char *ids[] = {A, B, C};
    const char *json[] = {OID(A) ",\"title\":\"1\"}", OID(B) ",\"title\":\"2\"}", OID(C) ",\"title\":\"3\"}"};
    const size_t lens[] = {strlen(json[0]), strlen(json[1]), strlen(json[2])};
    mc_status st[3] = {9, 9, 9};
    put(&spec, B, OID(B) ",\"title\":\"old\",\"year\":1}");
    ok(store->ops->put_many(store, &spec, ids, json, lens, 3, 0, soon(), st, err));
    assert_int_equal(st[0], MC_OK);
    assert_int_equal(st[1], MC_E_EXISTS);
    assert_int_equal(st[2], MC_OK);
    mci_doc *d = get(&spec, B);
    assert_string_equal(mci_doc_text(d, F_TITLE), "old");
    mci_doc_unref(d);
    ok(store->ops->put_many(store, &spec, ids, json, lens, 3, 1, soon(), st, err));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(st[i], MC_OK);
        d = get(&spec, ids[i]);
        assert_json(d, json[i]);
        mci_doc_unref(d);
    }
    ok(store->ops->put_many(store, &spec, ids, json, lens, 0, 1, soon(), st, err));
}

static void test_scan(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
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
    ok(store->ops->scan(store, &spec, NULL, 40, soon(), docs, &n, &last, err)); /* a collection that is not there yet */
    assert_int_equal(n, 0);
    assert_null(last);
    ok(store->ops->put_many(store, &spec, ids, texts, lens, 100, 0, soon(), st, err));
    char *after = NULL;
    int at = 0;
    do {
        ok(store->ops->scan(store, &spec, after, 40, soon(), docs, &n, &last, err));
        for (size_t i = 0; i < n; i++, at++) {
            assert_string_equal(mci_doc_id(docs[i], NULL), ids[at]);
            assert_json(docs[i], json[at]);
            mci_doc_unref(docs[i]);
        }
        free(after);
        after = last;
    } while (after != NULL);
    assert_int_equal(at, 100);
    char *got[100];
    ok(store->ops->scan_ids(store, &spec, ids[97], 100, soon(), got, &n, err));
    assert_int_equal(n, 2);
    assert_string_equal(got[1], ids[99]);
    free(got[0]);
    free(got[1]);
    ok(store->ops->scan_ids(store, &spec, ids[99], 100, soon(), got, &n, err));
    assert_int_equal(n, 0);
    for (int i = 0; i < 100; i++)
        free((void *)(uintptr_t)ids[i]);
}

/* Every type there is, bit for bit. */
static void test_types(void **state)
{
    (void)state;
    if (ferretdb_lacks("every BSON type"))
        return;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
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
    mci_doc *expected = decode(&spec, json);
    assert_json(expected, json); /* it is in normal form already */
    put(&spec, A, json);
    mci_doc *d = get(&spec, A);
    assert_true(data_same(d, expected));
    mci_doc_unref(d);
    ok(patch(&spec, A, "{\"title\":\"t\"}", &d, err)); /* and it survives a change elsewhere */
    assert_true(data_same(d, expected));
    mci_doc_unref(d);
    mci_doc_unref(expected);
}

static void test_far_dates(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    static const char json[] = OID(A) ",\"far\":{\"$date\":{\"$numberLong\":\"253402300800000\"}},"
                                      "\"past\":{\"$date\":{\"$numberLong\":\"-9223372036854775808\"}}}";
    mc_error err = {0};
    mc_status st = store->ops->insert(store, &spec, A, json, strlen(json), soon(), NULL, &err);
    if (st == MC_E_STORE && is_secantus) {
        print_message("  (this server refuses years above 9999)\n");
        return;
    }
    assert_int_equal(st, MC_OK);
    mci_doc *d = get(&spec, A);
    assert_json(d, json);
    mci_doc_unref(d);
}

static void test_traps(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    mci_doc *d = NULL;
    put(&spec, A,
        OID(A) ",\"title\":\"t\",\"year\":\"1981\xc3\xa8\",\"imdb\":{\"rating\":\"\",\"votes\":\"\"},\"genres\":[\"a\",1,"
               "null,\"b\"]}");
    d = get(&spec, A);
    assert_int_equal(mci_doc_val(d, F_YEAR)->kind, MCI_STR);
    assert_string_equal(mci_doc_text(d, F_YEAR), "1981\xc3\xa8");
    assert_int_equal(mci_doc_val(d, F_RATING)->kind, MCI_STR);
    assert_int_equal(mci_doc_val(d, F_GENRES)->len, 2);
    assert_string_equal(mci_doc_item(d, F_GENRES, 1), "b");
    assert_int_equal(mci_doc_val(d, F_PLOT)->kind, MCI_ABSENT);
    mci_doc_unref(d);
    put(&spec, B,
        OID(B) ",\"year\":1981.5,\"imdb\":{\"rating\":8,\"votes\":{\"$numberLong\":\"7\"}},\"title\":300,\"plot\":\"nul "
               "\\u0000 inside\"}");
    d = get(&spec, B);
    assert_int_equal(mci_doc_val(d, F_YEAR)->kind, MCI_REAL);
    assert_int_equal(mci_doc_val(d, F_RATING)->kind, MCI_REAL);
    assert_int_equal(mci_doc_val(d, F_VOTES)->kind, MCI_INT);
    assert_int_equal(mci_doc_val(d, F_TITLE)->kind, MCI_ABSENT);
    assert_int_equal(mci_doc_val(d, F_PLOT)->kind, MCI_ABSENT);
    assert_non_null(strstr(mci_doc_json(d, NULL), "nul \\u0000 inside"));
    mci_doc_unref(d);
}

static void load_and_compare(const char *file, const mci_spec *spec)
{
    data_lines lines;
    if (data_load(file, &lines) != 0) {
        print_message("  (%s is not there)\n", file);
        return;
    }
    mci_doc **docs = calloc(lines.n, sizeof *docs);
    const char **ids = calloc(lines.n, sizeof *ids);
    const char **json = calloc(lines.n, sizeof *json);
    size_t *lens = calloc(lines.n, sizeof *lens);
    mc_status *st = calloc(lines.n, sizeof *st);
    for (size_t i = 0; i < lines.n; i++) {
        docs[i] = decode(spec, lines.line[i]);
        assert_string_equal(mci_doc_json(docs[i], NULL), lines.line[i]); /* mongoexport's text is our normal form */
        ids[i] = mci_doc_id(docs[i], NULL);
        json[i] = mci_doc_json(docs[i], &lens[i]);
    }
    ok(store->ops->put_many(store, spec, ids, json, lens, lines.n, 0, mci_deadline_in(60000), st, err));
    for (size_t i = 0; i < lines.n; i++)
        assert_int_equal(st[i], MC_OK);
    for (size_t i = 0; i < lines.n; i += 500) {
        mci_doc *got[500];
        size_t n = lines.n - i < 500 ? lines.n - i : 500;
        ok(store->ops->find_many(store, spec, ids + i, n, soon(), got, err));
        for (size_t k = 0; k < n; k++) {
            assert_non_null(got[k]);
            assert_true(data_same(got[k], docs[i + k]));
            mci_doc_unref(got[k]);
        }
    }
    int64_t count;
    ok(store->ops->count(store, spec, soon(), &count, err));
    assert_int_equal(count, lines.n);
    if (spec->rank_field >= 0) { /* the board against a sort of our own: each row below the one before */
        mci_ranked_id *rows = calloc(lines.n, sizeof *rows);
        size_t n;
        size_t rated = 0;
        double score;
        for (size_t i = 0; i < lines.n; i++)
            rated += (size_t)mci_doc_number(docs[i], (size_t)spec->rank_field, &score);
        ok(store->ops->top(store, spec, 0, lines.n, soon(), rows, &n, err));
        assert_int_equal(n, rated);
        for (size_t i = 1; i < n; i++)
            assert_true(rows[i].score < rows[i - 1].score ||
                        (rows[i].score == rows[i - 1].score && strcmp(rows[i].id, rows[i - 1].id) < 0));
        for (size_t i = 0; i < n; i++)
            free(rows[i].id);
        free(rows);
    }
    for (size_t i = 0; i < lines.n; i++)
        mci_doc_unref(docs[i]);
    free(docs);
    free(ids);
    free(json);
    free(lens);
    free(st);
    print_message("  %s: %zu documents, bit for bit\n", file, lines.n);
    data_free(&lines);
}

static void test_all_data(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    load_and_compare("movies.ndjson.gz", &spec);
    mci_spec details = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    load_and_compare("movie_details.ndjson.gz", &details);
    mci_spec theaters = data_theater_spec(fresh(), MCI_ID_OBJECTID);
    load_and_compare("theaters.ndjson.gz", &theaters);
}

static void test_deadline_passed(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    mci_doc *d = NULL;
    const char *json = OID(A) "}";
    mci_deadline past = mci_now_ns() - 1;
    gives(MC_E_TIMEOUT, store->ops->find(store, &spec, A, past, &d, err));
    gives(MC_E_TIMEOUT, store->ops->insert(store, &spec, A, json, strlen(json), past, NULL, err));
    gives(MC_E_TIMEOUT, store->ops->remove(store, &spec, A, past, NULL, err));
    gives(MC_NOT_FOUND, store->ops->find(store, &spec, A, soon(), &d, err)); /* nothing was done */
}

#define WRITERS 8
#define WRITES 25

static void *writer(void *arg)
{
    int me = (int)(intptr_t)arg;
    mci_spec spec = data_movie_spec(collection_name, MCI_ID_OBJECTID);
    for (int i = 0; i < WRITES; i++) {
        char json[100];
        mci_doc *d = NULL;
        mc_error err = {0};
        (void)snprintf(json, sizeof json, "{\"w\":{\"n%d_%d\":%d}}", me, i, i);
        mc_status st = patch(&spec, A, json, &d, &err);
        if (st != MC_OK) {
            fprintf(stderr, "writer %d: %s: %s\n", me, mc_status_name(st), err.text);
            return (void *)1;
        }
        mci_doc_unref(d);
        if (store->ops->find(store, &spec, A, soon(), &d, &err) != MC_OK)
            return (void *)1;
        mci_doc_unref(d);
    }
    return NULL;
}

/* Every patch of every thread is there at the end. */
static void test_no_lost_patch(void **state)
{
    (void)state;
    if (ferretdb_lacks("changes by several writers at once"))
        return;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    pthread_t threads[WRITERS];
    put(&spec, A, OID(A) ",\"w\":{}}");
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, writer, (void *)(intptr_t)i), 0);
    for (int i = 0; i < WRITERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    mci_doc *d = get(&spec, A);
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
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    mci_buf b;
    mci_buf_init(&b, 32u << 20);
    mci_buf_str(&b, OID(A) ",\"plot\":\"");
    for (int i = 0; i < 40000; i++)
        mci_buf_str(&b, "0123456789012345678901234567890123456789012345678");
    mci_buf_str(&b, "\"}");
    put(&spec, A, b.data);
    mci_doc *d = get(&spec, A);
    assert_json(d, b.data);
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
    cmocka_unit_test(test_traps),
    cmocka_unit_test(test_far_dates),
    cmocka_unit_test(test_all_data),
    cmocka_unit_test(test_deadline_passed),
    cmocka_unit_test(test_no_lost_patch),
    cmocka_unit_test(test_big_document),
};

static mc_status open_uri(const char *uri, int64_t timeout_ms, mci_store **out, mc_error *err)
{
    mci_store_options opt = {
        .uri = uri, .database = "mflixcache_test", .timeout_ms = timeout_ms, .pool_max = 8, .init_driver = 1};
    return mci_store_open(&opt, &env, out, err);
}

static int run_common(const char *name)
{
    print_message("== store: %s\n", name);
    int failed = cmocka_run_group_tests_name(name, common, NULL, NULL);
    store->ops->close(store);
    store = NULL;
    return failed;
}

/* ---- SQLite alone ---- */

static char temp_dir[] = "/tmp/mflixstore-XXXXXX";

static void test_sqlite_addresses(void **state)
{
    (void)state;
    char uri[200];
    mci_store *s = NULL;
    gives(MC_E_URI, open_uri("sqlite:", 1000, &s, err));
    gives(MC_E_URI, open_uri("sqlite::other:", 1000, &s, err));
    gives(MC_E_URI, open_uri("", 1000, &s, err));
    gives(MC_E_URI, open_uri("http://x", 1000, &s, err));
    (void)snprintf(uri, sizeof uri, "sqlite:%s", temp_dir);
    gives(MC_E_FILE, open_uri(uri, 1000, &s, err)); /* a directory */
    (void)snprintf(uri, sizeof uri, "sqlite:%s/no/such/place", temp_dir);
    gives(MC_E_FILE, open_uri(uri, 1000, &s, err));
    (void)snprintf(uri, sizeof uri, "%s/garbage", temp_dir);
    FILE *f = fopen(uri, "w");
    for (int i = 0; i < 500; i++)
        fputs("this is no database ", f);
    fclose(f);
    (void)snprintf(uri, sizeof uri, "sqlite:%s/garbage", temp_dir);
    gives(MC_E_FILE, open_uri(uri, 1000, &s, err));
    assert_null(s);
}

static void test_sqlite_two_handles(void **state)
{
    (void)state;
    char uri[200];
    mci_store *one;
    mci_store *two;
    mci_spec spec = data_movie_spec("shared", MCI_ID_OBJECTID);
    (void)snprintf(uri, sizeof uri, "sqlite:%s/two.db", temp_dir);
    ok(open_uri(uri, 2000, &one, err));
    ok(open_uri(uri, 2000, &two, err));
    mci_store *kept = store;
    store = one;
    put(&spec, A, OID(A) ",\"title\":\"t\"}");
    store = two;
    mci_doc_unref(get(&spec, A));
    /* A file whose table was made for other fields is left alone. */
    mci_field other_fields[] = {{"name", "name", MCI_STR}};
    mci_spec other = {
        .name = "shared", .key = "x", .fields = other_fields, .nfields = 1, .alias_field = 0, .rank_field = -1};
    mci_doc *d = NULL;
    two->ops->close(two);
    ok(open_uri(uri, 2000, &two, err));
    gives(MC_E_STORE, two->ops->find(two, &other, A, soon(), &d, err));
    mci_spec reserved = data_movie_spec("sqlite_x", MCI_ID_OBJECTID);
    gives(MC_E_ARG, two->ops->find(two, &reserved, A, soon(), &d, err));
    mci_spec quoted = data_movie_spec("we\"ird; DROP TABLE shared; --", MCI_ID_OBJECTID);
    store = two;
    put(&quoted, A, OID(A) ",\"title\":\"t\"}");
    mci_doc_unref(get(&quoted, A));
    store = kept;
    one->ops->close(one);
    two->ops->close(two);
}

static void test_sqlite_read_only(void **state)
{
    (void)state;
    char path[200];
    char uri[220];
    mci_store *s;
    mci_store *kept = store;
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    if (geteuid() == 0) {
        print_message("  (as root every file can be written)\n");
        return;
    }
    (void)snprintf(path, sizeof path, "%s/ro.db", temp_dir);
    (void)snprintf(uri, sizeof uri, "sqlite:%s", path);
    ok(open_uri(uri, 2000, &store, err));
    put(&spec, A, OID(A) "}");
    store->ops->close(store);
    assert_int_equal(chmod(path, 0400), 0);
    ok(open_uri(uri, 2000, &s, err));
    const char *json = OID(B) "}";
    gives(MC_E_STORE, s->ops->insert(s, &spec, B, json, strlen(json), soon(), NULL, err));
    s->ops->close(s);
    store = kept;
}

static void test_sqlite_corrupt(void **state)
{
    (void)state;
    char path[200];
    char uri[220];
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    mci_store *kept = store;
    (void)snprintf(path, sizeof path, "%s/corrupt.db", temp_dir);
    (void)snprintf(uri, sizeof uri, "sqlite:%s", path);
    ok(open_uri(uri, 2000, &store, err));
    for (int i = 0; i < 200; i++) {
        char id[25];
        char json[300];
        (void)snprintf(id, sizeof id, "573a1392f29313caabcd%04d", i);
        (void)snprintf(json, sizeof json, "{\"_id\":{\"$oid\":\"%s\"},\"title\":\"t\",\"plot\":\"%0200d\"}", id, i);
        put(&spec, id, json);
    }
    store->ops->close(store);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    char junk[4096];
    memset(junk, 0xA5, sizeof junk);
    for (int page = 2; page < 12; page++) {
        (void)fseek(f, page * 4096L, SEEK_SET);
        (void)fwrite(junk, 1, sizeof junk, f);
    }
    fclose(f);
    mc_error err = {0};
    mci_store *s = NULL;
    mc_status st = open_uri(uri, 2000, &s, &err);
    if (st == MC_OK) {
        mci_doc *docs[300];
        size_t n;
        char *last;
        st = s->ops->scan(s, &spec, NULL, 300, soon(), docs, &n, &last, &err);
        for (size_t i = 0; st == MC_OK && i < n; i++)
            mci_doc_unref(docs[i]);
        if (st == MC_OK)
            free(last);
        s->ops->close(s);
    }
    assert_true(st == MC_E_STORE || st == MC_E_FILE);
    store = kept;
}

/* Somebody else holds the write lock: the deadline is kept, reads go on. */
static void test_sqlite_locked(void **state)
{
    (void)state;
    char path[200];
    char uri[220];
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    mci_store *kept = store;
    mc_error err = {0};
    sqlite3 *other;
    const char *json = OID(B) "}";
    (void)snprintf(path, sizeof path, "%s/locked.db", temp_dir);
    (void)snprintf(uri, sizeof uri, "sqlite:%s", path);
    assert_int_equal(open_uri(uri, 5000, &store, &err), MC_OK);
    put(&spec, A, OID(A) "}");
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    int64_t before = mci_now_ns();
    assert_int_equal(store->ops->insert(store, &spec, B, json, strlen(json), mci_deadline_in(300), NULL, &err),
                     MC_E_TIMEOUT);
    assert_true(mci_now_ns() - before < INT64_C(4000000000)); /* far below the store's own limit */
    mci_doc_unref(get(&spec, A));
    sqlite3_close(other);
    put(&spec, B, json);
    store->ops->close(store);
    store = kept;
}

/* A long query ends at its deadline. */
static void test_sqlite_interrupted(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    mci_store *kept = store;
    mc_error err = {0};
    enum { N = 20000 };
    char(*json)[120] = calloc(N, sizeof *json);
    const char **texts = calloc(N, sizeof *texts);
    size_t *lens = calloc(N, sizeof *lens);
    mc_status *st = calloc(N, sizeof *st);
    assert_int_equal(open_uri("sqlite::memory:", 60000, &store, &err), MC_OK);
    for (int i = 0; i < N; i++) {
        (void)snprintf(json[i], sizeof json[i], "{\"_id\":{\"$oid\":\"573a1392f29313caab%06d\"},\"imdb\":{\"rating\":5.0}}",
                       i);
        texts[i] = json[i];
        lens[i] = strlen(json[i]);
    }
    assert_int_equal(store->ops->put_many(store, &spec, texts, texts, lens, N, 0, mci_deadline_in(60000), st, &err), MC_OK);
    mci_ranked_id *rows = calloc(N, sizeof *rows);
    size_t n = 1;
    mc_status got = MC_OK; /* 1 ms is far too short for 20,000 rows; should a machine be that fast, it is no failure */
    got = store->ops->top(store, &spec, 0, N, mci_deadline_in(1), rows, &n, &err);
    assert_true(got == MC_E_TIMEOUT || (got == MC_OK && n == N));
    assert_true(got == MC_OK || n == 0);
    for (size_t i = 0; i < n; i++)
        free(rows[i].id);
    int64_t count;
    assert_int_equal(store->ops->count(store, &spec, soon(), &count, &err), MC_OK); /* the connection is fine */
    assert_int_equal(count, N);
    free(rows);
    free(json);
    free(texts);
    free(lens);
    free(st);
    store->ops->close(store);
    store = kept;
}

static int run_sqlite(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlite_addresses), cmocka_unit_test(test_sqlite_two_handles),
        cmocka_unit_test(test_sqlite_read_only), cmocka_unit_test(test_sqlite_corrupt),
        cmocka_unit_test(test_sqlite_locked),    cmocka_unit_test(test_sqlite_interrupted)};
    char uri[200];
    mc_error err = {0};
    int failed = 0;
    if (mkdtemp(temp_dir) == NULL || open_uri("sqlite::memory:", OP_MS, &store, &err) != MC_OK) {
        print_error("sqlite: %s\n", err.text);
        return 1;
    }
    failed += run_common("sqlite::memory:");
    (void)snprintf(uri, sizeof uri, "sqlite:%s/store.db", temp_dir);
    if (open_uri(uri, OP_MS, &store, &err) != MC_OK) {
        print_error("sqlite: %s\n", err.text);
        return 1;
    }
    failed += run_common("sqlite file");
    failed += cmocka_run_group_tests_name("sqlite alone", tests, NULL, NULL);
    (void)snprintf(uri, sizeof uri, "rm -rf %s", temp_dir);
    return failed + (system(uri) != 0);
}

/* ---- callbacks alone ---- */

static mc_status bad_status = MC_OK;
static const char *bad_json = "";

static mc_status bad_find(void *user, const char *collection, const char *id, int64_t ms, mc_sink *sink)
{
    (void)user;
    (void)collection;
    (void)id;
    (void)ms;
    if (bad_json[0] != '\0')
        (void)mc_sink_document(sink, bad_json, strlen(bad_json));
    return bad_status;
}

static void test_callback_contract(void **state)
{
    (void)state;
    mc_store cb;
    mci_store *s = NULL;
    mci_doc *d = NULL;
    size_t n;
    char *last;
    mci_ranked_id rows[1];
    mci_patch none = {0};
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    mc_store_init(NULL, sizeof cb);
    mc_store_init(&cb, sizeof cb);
    gives(MC_E_ARG, mci_store_callback_open(&cb, &env, &s, err)); /* no find */
    cb.find = bad_find;
    ok(mci_store_callback_open(&cb, &env, &s, err));
    gives(MC_E_UNSUPPORTED, s->ops->insert(s, &spec, A, "{}", 2, soon(), NULL, err));
    gives(MC_E_UNSUPPORTED, s->ops->update(s, &spec, A, &none, soon(), NULL, err));
    gives(MC_E_UNSUPPORTED, s->ops->remove(s, &spec, A, soon(), NULL, err));
    gives(MC_E_UNSUPPORTED, s->ops->find_alias(s, &spec, "x", 1, soon(), &d, err));
    gives(MC_E_UNSUPPORTED, s->ops->scan(s, &spec, NULL, 1, soon(), &d, &n, &last, err));
    gives(MC_E_UNSUPPORTED, s->ops->top(s, &spec, 0, 1, soon(), rows, &n, err));
    static const struct {
        mc_status status;
        const char *json;
        mc_status expected;
    } cases[] = {
        {MC_OK, "", MC_E_STORE},                  /* said yes, gave nothing */
        {MC_OK, OID(B) "}", MC_E_STORE},          /* another document */
        {MC_OK, "{\"_id\":", MC_E_JSON},          /* broken text, whatever it says */
        {MC_NOT_FOUND, OID(A) "}", MC_NOT_FOUND}, /* its last word counts */
        {MC_E_TIMEOUT, "", MC_E_TIMEOUT},
        {12345, "", MC_E_STORE},
        {-99, OID(A) "}", MC_E_STORE},
        {MC_E_UNKNOWN, "", MC_E_STORE},
        {MC_OK, OID(A) "}", MC_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bad_status = cases[i].status;
        bad_json = cases[i].json;
        gives(cases[i].expected, s->ops->find(s, &spec, A, soon(), &d, err));
        assert_true((d != NULL) == (cases[i].expected == MC_OK));
        mci_doc_unref(d);
    }
    s->ops->close(s);
    assert_int_equal(mc_sink_document(NULL, "{}", 2), MC_E_ARG);
}

static int run_callback(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_callback_contract)};
    mc_store cb = memory_callbacks();
    mc_error err;
    if (mci_store_callback_open(&cb, &env, &store, &err) != MC_OK)
        return 1;
    int failed = run_common("callback");
    if (!memory_table.closed) {
        print_error("the close callback was not called\n");
        failed++;
    }
    return failed + cmocka_run_group_tests_name("callback alone", tests, NULL, NULL);
}

/* ---- MongoDB alone ---- */

static void test_mongo_addresses(void **state)
{
    (void)state;
    mci_store *s = NULL;
    gives(MC_E_URI, open_uri("mongodb://", 1000, &s, err));
    gives(MC_E_URI, open_uri("mongodb://127.0.0.1:0/x", 1000, &s, err));
    gives(MC_E_URI, open_uri("mongodb://127.0.0.1:70000/x", 1000, &s, err));
    gives(MC_E_URI, open_uri("mongodb://127.0.0.1/x?nosuchoption=1", 1000, &s, err));
    gives(MC_E_URI, open_uri("mongodb://127.0.0.1/x?w=0", 1000, &s, err));
    mc_error err = {0};
    assert_int_equal(open_uri("mongodb://user:CANARY%zz@host/x", 1000, &s, &err), MC_E_URI);
    assert_null(strstr(err.text, "CANARY"));
    assert_null(s);
}

/* Nobody listens: a clear error within the deadline, the password in none of it. */
static void test_mongo_away(void **state)
{
    (void)state;
    char uri[200];
    mci_store *s = NULL;
    mci_doc *d = NULL;
    mc_error err = {0};
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    (void)snprintf(uri, sizeof uri, "mongodb://user:CANARY@127.0.0.1:%d/test", srv_free_port());
    assert_int_equal(open_uri(uri, 400, &s, &err), MC_OK);
    int64_t before = mci_now_ns();
    assert_int_equal(s->ops->find(s, &spec, A, soon(), &d, &err), MC_E_STORE);
    assert_null(strstr(err.text, "CANARY"));
    const char *json = OID(A) "}";
    assert_int_equal(s->ops->insert(s, &spec, A, json, strlen(json), soon(), NULL, &err), MC_E_STORE); /* surely not sent */
    assert_int_equal(s->ops->ping(s, mci_deadline_in(50), &err), MC_E_STORE);
    assert_true(mci_now_ns() - before < INT64_C(6000000000));
    s->ops->close(s);
}

/* The server stops answering (SIGSTOP), then dies (SIGKILL), then comes back. */
static void test_mongo_killed(void **state)
{
    srv *server = *state;
    mci_store *s = NULL;
    mci_store *kept = store;
    mci_doc *d = NULL;
    mc_error err = {0};
    mci_spec spec = data_movie_spec(fresh(), MCI_ID_OBJECTID);
    assert_int_equal(open_uri(server->uri, 1500, &s, &err), MC_OK);
    store = s;
    put(&spec, A, OID(A) ",\"title\":\"t\"}");
    srv_pause(server);
    int64_t before = mci_now_ns();
    mc_status st = s->ops->find(s, &spec, A, mci_deadline_in(1000), &d, &err);
    assert_true(st == MC_E_TIMEOUT || st == MC_E_STORE);
    assert_true(mci_now_ns() - before < INT64_C(8000000000));
    mci_patch p;
    assert_int_equal(mci_json_patch_number(&p, "imdb.rating", 5.5), MC_OK);
    before = mci_now_ns();
    st = s->ops->update(s, &spec, A, &p, mci_deadline_in(1000), &d, &err);
    assert_true(st == MC_E_UNKNOWN || st == MC_E_STORE);
    assert_null(d);
    assert_true(mci_now_ns() - before < INT64_C(8000000000));
    srv_resume(server);
    for (int i = 0; i < 100 && (st = s->ops->find(s, &spec, A, soon(), &d, &err)) != MC_OK; i++)
        mci_sleep_ms(50, MCI_NO_DEADLINE);
    assert_int_equal(st, MC_OK);
    mci_doc_unref(d);
    d = NULL;
    srv_kill(server);
    before = mci_now_ns();
    st = s->ops->find(s, &spec, A, mci_deadline_in(1000), &d, &err);
    assert_true(st == MC_E_TIMEOUT || st == MC_E_STORE);
    st = s->ops->update(s, &spec, A, &p, mci_deadline_in(1000), &d, &err);
    assert_true(st == MC_E_UNKNOWN || st == MC_E_STORE);
    assert_true(mci_now_ns() - before < INT64_C(12000000000));
    srv_start_again(server);
    for (int i = 0; i < 100 && (st = s->ops->find(s, &spec, A, soon(), &d, &err)) != MC_OK && st != MC_NOT_FOUND; i++)
        mci_sleep_ms(50, MCI_NO_DEADLINE);
    if (st != MC_OK && st != MC_NOT_FOUND) /* it may have lost what it had not synced */
        fail_msg("after the restart: %s: %s", mc_status_name(st), err.text);
    mci_doc_unref(d);
    mci_patch_free(&p);
    store = kept;
    s->ops->close(s);
}

static int run_mongo(const char *uri, const char *name, srv *server)
{
    const struct CMUnitTest away[] = {cmocka_unit_test(test_mongo_addresses), cmocka_unit_test(test_mongo_away)};
    const struct CMUnitTest killed[] = {cmocka_unit_test_prestate(test_mongo_killed, server)};
    mc_error err = {0};
    if (open_uri(uri, OP_MS, &store, &err) != MC_OK) {
        print_error("%s: %s\n", name, err.text);
        return 1;
    }
    is_secantus = server != NULL;
    int failed = run_common(name);
    failed += cmocka_run_group_tests_name("mongodb alone", away, NULL, NULL);
    if (server != NULL)
        failed += cmocka_run_group_tests_name("mongodb killed", killed, NULL, NULL);
    is_secantus = 0;
    return failed;
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : getenv("MFLIX_STORE"); /* sqlite, callback, secantus, url: one of them alone */
    int failed = 0;
    if (only == NULL || strcmp(only, "sqlite") == 0)
        failed += run_sqlite();
    if (only == NULL || strcmp(only, "callback") == 0)
        failed += run_callback();
    const char *url = getenv("MONGO_URL");
    if (url != NULL && (only == NULL || strcmp(only, "url") == 0))
        failed += run_mongo(url, "the server of MONGO_URL", NULL);
    if (only == NULL || strcmp(only, "secantus") == 0) {
        if (failed > 0) /* a skip must not hide it */
            return 1;
        srv server;
        srv_start_mongo(&server, NULL);
        failed += run_mongo(server.uri, server.name, &server);
        srv_stop(&server);
    }
    return failed > 0;
}
