/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the store under test and a store made of callbacks. Refuses nothing: it is as plain as what it helps to test. */
#include "store_kit.h"

#include "codec/json.h"
#include "store/uri.h"

#include <pthread.h>
#include <unistd.h>

const mci_store_env kit_env = {.decode = mci_json_decode, .patch = mci_json_apply};

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

static mc_status cb_find(void *user, const char *collection, const char *id, int64_t ms, mc_document_sink *sink)
{
    table *t = user;
    (void)ms;
    pthread_mutex_lock(&t->lock);
    row *r = table_find(t, collection, id);
    mc_status st = r != NULL ? mc_document_sink_add(sink, r->json, r->len) : MC_NOT_FOUND;
    pthread_mutex_unlock(&t->lock);
    return st;
}

static mc_status cb_find_many(void *user, const char *collection, const char *const *ids, size_t n, int64_t ms,
                              mc_document_sink *sink)
{
    table *t = user;
    mc_status st = MC_OK;
    (void)ms;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < n && st == MC_OK; i++) {
        row *r = table_find(t, collection, ids[i]);
        if (r != NULL)
            st = mc_document_sink_add(sink, r->json, r->len);
    }
    pthread_mutex_unlock(&t->lock);
    return st == MC_E_TYPE ? MC_OK : st; /* an id of another kind: not for this collection */
}

static mc_status cb_unique(void *user, const char *collection, const char *field, const char *title, size_t size, int64_t ms,
                           mc_document_sink *sink)
{
    table *t = user;
    mc_status st = MC_NOT_FOUND;
    mci_spec spec = data_movie_spec(collection, MCI_ID_AUTO);
    (void)ms;
    assert_string_equal(field, "title");
    assert_int_equal(size, strlen(title));
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->n && st == MC_NOT_FOUND; i++) {
        mci_doc *d = NULL;
        if (strcmp(t->rows[i].collection, collection) != 0 ||
            (mci_json_decode(&spec, t->rows[i].json, t->rows[i].len, &d, NULL) != MC_OK))
            continue;
        const char *text = mci_doc_text(d, F_TITLE);
        if (text != NULL && strcmp(text, title) == 0)
            st = mc_document_sink_add(sink, t->rows[i].json, t->rows[i].len);
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

static mc_status cb_scan(void *user, const char *collection, const char *after, size_t limit, int64_t ms,
                         mc_document_sink *sink)
{
    table *t = user;
    (void)ms;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0, given = 0; i < t->n && given < limit; i++)
        if (strcmp(t->rows[i].collection, collection) == 0 && strcmp(t->rows[i].id, after) > 0) {
            (void)mc_document_sink_add(sink, t->rows[i].json, t->rows[i].len);
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

mc_store kit_callbacks(void)
{
    mc_store cb;
    mc_store_init(&cb, sizeof cb);
    cb.user = &memory_table;
    cb.find = cb_find;
    cb.find_many = cb_find_many;
    cb.find_unique = cb_unique;
    cb.insert = cb_insert;
    cb.replace = cb_replace;
    cb.remove = cb_remove;
    cb.scan = cb_scan;
    cb.close = cb_close;
    return cb;
}

int kit_callbacks_closed(void)
{
    return memory_table.closed;
}

/* ---- the store under test ---- */

mci_store *kit_store;

/* FerretDB 1.24 closes the connection on a NaN and on rarer types, and its findAndModify is not atomic: what it cannot do is
 * said aloud, not counted as skipped. */
int kit_ferretdb_lacks(const char *what)
{
    const char *server = getenv("MFLIX_SERVER");
    if (server == NULL || strcmp(server, "ferretdb") != 0)
        return 0;
    print_message("not on FerretDB: %s\n", what);
    return 1;
}
static int collection_number;
char kit_collection[64];

/* A collection of its own for each test: nothing needs cleaning up in between. */
const char *kit_fresh(void)
{
    (void)snprintf(kit_collection, sizeof kit_collection, "t%d_%d", (int)getpid(), ++collection_number);
    return kit_collection;
}

mci_deadline kit_soon(void)
{
    return mci_deadline_in(KIT_OP_MS);
}

mci_doc *kit_decode(const mci_spec *spec, const char *json)
{
    mc_error err;
    mci_doc *d = NULL;
    mc_status st = mci_json_decode(spec, json, strlen(json), &d, &err);
    if (st != MC_OK)
        fail_msg("decode: %d %s: %s", st, err.text, json);
    return d;
}

void kit_put(const mci_spec *spec, const char *id, const char *json)
{
    mci_doc *d = kit_decode(spec, json); /* into normal form */
    size_t len;
    const char *text = mci_doc_json(d, &len);
    ok(kit_store->ops->insert(kit_store, spec, id, text, len, kit_soon(), NULL, err));
    mci_doc_unref(d);
}

mci_doc *kit_get(const mci_spec *spec, const char *id)
{
    mci_doc *d = NULL;
    ok(kit_store->ops->find(kit_store, spec, id, kit_soon(), &d, err));
    assert_non_null(d);
    return d;
}

mc_status kit_patch(const mci_spec *spec, const char *id, const char *json, mci_doc **out, mc_error *err)
{
    mci_patch p;
    mc_status st = mci_json_patch_plan(spec, json, strlen(json), &p, err);
    if (st == MC_OK)
        st = kit_store->ops->update(kit_store, spec, id, &p, kit_soon(), out, err);
    mci_patch_free(&p);
    return st;
}

void kit_assert_json(const mci_doc *d, const char *expected)
{
    assert_string_equal(mci_doc_json(d, NULL), expected);
}

mc_status kit_open(const char *uri, int64_t timeout_ms, mci_store **out, mc_error *err)
{
    mci_store_options opt = {.database = "mflixcache_test", .timeout_ms = timeout_ms, .pool_max = 8, .init_driver = 1};
    *out = NULL;
    mc_status st = mci_store_uri_parse(uri, &opt.addr, err);
    return st == MC_OK ? mci_store_open(&opt, &kit_env, out, err) : st;
}

void kit_same_data(const char *file, const mci_spec *spec)
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
        docs[i] = kit_decode(spec, lines.line[i]);
        assert_string_equal(mci_doc_json(docs[i], NULL), lines.line[i]); /* mongoexport's text is our normal form */
        ids[i] = mci_doc_id(docs[i], NULL);
        json[i] = mci_doc_json(docs[i], &lens[i]);
    }
    ok(kit_store->ops->put_many(kit_store, spec, ids, json, lens, NULL, lines.n, 0, mci_deadline_in(60000), st, err));
    for (size_t i = 0; i < lines.n; i++)
        assert_int_equal(st[i], MC_OK);
    for (size_t i = 0; i < lines.n; i += 500) {
        mci_doc *got[500];
        size_t n = lines.n - i < 500 ? lines.n - i : 500;
        ok(kit_store->ops->find_many(kit_store, spec, ids + i, n, kit_soon(), got, err));
        for (size_t k = 0; k < n; k++) {
            assert_non_null(got[k]);
            assert_true(data_same(got[k], docs[i + k]));
            mci_doc_unref(got[k]);
        }
    }
    int64_t count;
    ok(kit_store->ops->count(kit_store, spec, kit_soon(), &count, err));
    assert_int_equal(count, lines.n);
    if (spec->rank_field >= 0) { /* the board against a sort of our own: each row below the one before */
        mci_ranked_id *rows = calloc(lines.n, sizeof *rows);
        size_t n;
        size_t rated = 0;
        double score;
        for (size_t i = 0; i < lines.n; i++)
            rated += (size_t)mci_doc_number(docs[i], (size_t)spec->rank_field, &score);
        ok(kit_store->ops->top(kit_store, spec, 0, lines.n, kit_soon(), rows, &n, err));
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
