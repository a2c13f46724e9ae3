/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packed fields beside a document's text in an SQLite file: what other programs write to the text is seen, files of an earlier
 * edition open and are upgraded, files that may only be read work; and on the hot path no statement is prepared and no tree is made.
 */
#include <sqlite3.h> /* first: it has a parameter called C */

#include "store_kit.h"

#include <jansson.h>
#include <mflixcache/mflixcache.h>
#include <unistd.h>

static char temp_dir[] = "/tmp/mflixpacked-XXXXXX";
static mci_spec spec;

/* Calls of these are counted. */
static int prepared;
static int trees;

int __real_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int n, unsigned flags, sqlite3_stmt **st, const char **tail);
int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int n, unsigned flags, sqlite3_stmt **st, const char **tail);
json_t *__real_json_loadb(const char *buffer, size_t len, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *buffer, size_t len, size_t flags, json_error_t *error);

int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int n, unsigned flags, sqlite3_stmt **st, const char **tail)
{
    prepared++;
    return __real_sqlite3_prepare_v3(db, sql, n, flags, st, tail);
}

json_t *__wrap_json_loadb(const char *buffer, size_t len, size_t flags, json_error_t *error)
{
    trees++;
    return __real_json_loadb(buffer, len, flags, error);
}

static int reads; /* passes over a text that make a document of it */

int __real_mci_walk_decode(const mci_spec *of, const char *json, size_t len, mci_doc **out);
int __wrap_mci_walk_decode(const mci_spec *of, const char *json, size_t len, mci_doc **out);

int __wrap_mci_walk_decode(const mci_spec *of, const char *json, size_t len, mci_doc **out)
{
    reads++;
    return __real_mci_walk_decode(of, json, len, out);
}

int __real_mci_walk_take(const mci_spec *of, const char *json, size_t len, mci_doc **out);
int __wrap_mci_walk_take(const mci_spec *of, const char *json, size_t len, mci_doc **out);

int __wrap_mci_walk_take(const mci_spec *of, const char *json, size_t len, mci_doc **out)
{
    reads++;
    return __real_mci_walk_take(of, json, len, out);
}

/* ---- another program ---- */

static const char *path_of(const char *name)
{
    static char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", temp_dir, name);
    return path;
}

static void other_program(const char *name, const char *sql)
{
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path_of(name), &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 5000);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
}

static int64_t asked(const char *name, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open(path_of(name), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}

/* The store under test is from now on the one of this file. */
static void open_file(const char *name)
{
    char uri[220];
    (void)snprintf(uri, sizeof uri, "sqlite:%s", path_of(name));
    ok(kit_open(uri, 5000, &kit_store, err));
}

static void close_file(void)
{
    kit_store->ops->close(kit_store);
    kit_store = NULL;
}

/* What is read by id, in a batch, by title and in a scan: the same title and rating each time. */
static void assert_read(const char *id, const char *title, double rating)
{
    mci_doc *d[4] = {0};
    const char *ids[1] = {id};
    size_t n = 0;
    char *last = NULL;
    d[0] = kit_get(&spec, id);
    ok(kit_store->ops->find_many(kit_store, &spec, ids, 1, kit_soon(), &d[1], err));
    ok(kit_store->ops->find_alias(kit_store, &spec, "alias", 5, kit_soon(), &d[2], err));
    ok(kit_store->ops->scan(kit_store, &spec, NULL, 1, kit_soon(), &d[3], &n, &last, err));
    free(last);
    for (size_t i = 0; i < 4; i++) {
        double r = 0;
        assert_non_null(d[i]);
        assert_string_equal(mci_doc_id(d[i], NULL), id);
        assert_string_equal(mci_doc_text(d[i], F_PLOT), title);
        assert_true(mci_doc_number(d[i], F_RATING, &r) && r == rating);
        assert_non_null(strstr(mci_doc_json(d[i], NULL), title));
        mci_doc_unref(d[i]);
    }
}

/* ---- tests ---- */

static void test_text_changed_by_others(void **state)
{
    (void)state;
    open_file("others.db");
    kit_put(&spec, A, OID(A) ",\"title\":\"alias\",\"plot\":\"one\",\"imdb\":{\"rating\":5.0}}");
    assert_read(A, "one", 5.0);
    assert_int_equal(asked("others.db", "SELECT count(*) FROM movies WHERE packed IS NOT NULL"), 1);

    other_program("others.db", "UPDATE movies SET doc = json_set(doc, '$.plot', 'two')");
    assert_read(A, "two", 5.0);
    other_program("others.db", "UPDATE movies SET doc = replace(doc, 'two', 'six')"); /* as long as before */
    assert_read(A, "six", 5.0);
    other_program("others.db", "UPDATE movies SET doc = json_set(doc, '$.imdb.rating', 6.5)");
    assert_read(A, "six", 6.5);
    other_program("others.db", "UPDATE movies SET doc = replace(doc, ',', ' , ')"); /* not in normal form */
    assert_read(A, "six", 6.5);

    /* A change through the store goes on from what the others wrote, and packs it. */
    mci_doc *d = NULL;
    ok(kit_patch(&spec, A, "{\"imdb\":{\"rating\":7.5}}", &d, err));
    mci_doc_unref(d);
    assert_read(A, "six", 7.5);
    trees = 0;
    mci_doc_unref(kit_get(&spec, A));
    assert_int_equal(trees, 0);

    other_program("others.db", "UPDATE movies SET packed = x'00'; ");
    assert_read(A, "six", 7.5);
    other_program("others.db", "UPDATE movies SET packed = NULL; ");
    assert_read(A, "six", 7.5);
    other_program("others.db", "UPDATE movies SET packed = zeroblob(200); ");
    assert_read(A, "six", 7.5);
    close_file();
}

/* Rows that others insert: without packed bytes, or with those of another row. */
static void test_rows_of_others(void **state)
{
    (void)state;
    open_file("rows.db");
    kit_put(&spec, B, OID(B) ",\"title\":\"alias\",\"plot\":\"mine\",\"imdb\":{\"rating\":5.0}}");
    other_program("rows.db", "INSERT INTO movies(id, doc, alias) VALUES('" A
                             "', '" OID(A) ", \"title\":\"alias\",\"plot\":\"theirs\",\"imdb\":{\"rating\":4}}', 'alias')");
    assert_read(A, "theirs", 4);
    other_program("rows.db", "UPDATE movies SET packed = (SELECT packed FROM movies WHERE id = '" B "') WHERE id = '" A "'");
    assert_read(A, "theirs", 4);
    /* The same text under another id: it is the text that says whose it is, as ever. */
    other_program("rows.db", "DELETE FROM movies WHERE id = '" A "'; UPDATE movies SET id = '" A "' WHERE id = '" B "'");
    mci_doc *d = kit_get(&spec, A);
    assert_string_equal(mci_doc_id(d, NULL), B);
    mci_doc_unref(d);
    close_file();
}

/* Packed by a collection whose ids are of another kind, or that has other fields: the text is read. */
static void test_other_descriptions(void **state)
{
    (void)state;
    open_file("descriptions.db");
    kit_put(&spec, A, OID(A) ",\"title\":\"alias\",\"plot\":\"one\",\"imdb\":{\"rating\":5.0}}");
    mci_spec texts = data_movie_spec("movies", MCI_ID_STRING);
    mci_doc *d = NULL;
    gives(MC_NOT_FOUND, kit_store->ops->find(kit_store, &texts, A, kit_soon(), &d, err));
    mci_field fields[F_MOVIE_COUNT];
    memcpy(fields, spec.fields, sizeof fields);
    fields[F_PLOT].path = "imdb.rating"; /* as a later edition might have it */
    mci_spec later = spec;
    later.fields = fields;
    ok(kit_store->ops->find(kit_store, &later, A, kit_soon(), &d, err));
    assert_null(mci_doc_text(d, F_PLOT));
    mci_doc_unref(d);
    close_file();
}

#define EARLIER                                                                                                             \
    "CREATE TABLE \"movies\"(id TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL, alias TEXT, rank REAL /* of title, "          \
    "imdb.rating */);CREATE INDEX movies_alias ON movies(alias, id) WHERE alias IS NOT NULL;"                               \
    "CREATE INDEX movies_rank ON movies(rank DESC, id DESC) WHERE rank IS NOT NULL;"                                        \
    "INSERT INTO movies VALUES('" A                                                                                         \
    "', '" OID(A) ",\"title\":\"alias\",\"plot\":\"old\",\"imdb\":{\"rating\":5.0}}', 'alias', 5.0);"

static void test_file_of_an_earlier_edition(void **state)
{
    (void)state;
    other_program("earlier.db", EARLIER);
    open_file("earlier.db");
    assert_read(A, "old", 5.0);
    trees = 0;
    assert_read(A, "old", 5.0);
    assert_int_equal(trees, 0);
    mci_doc *d = NULL;
    ok(kit_patch(&spec, A, "{\"imdb\":{\"rating\":7.5}}", &d, err));
    mci_doc_unref(d);
    assert_read(A, "old", 7.5);
    assert_int_equal(asked("earlier.db", "SELECT count(*) FROM movies WHERE length(packed) > 8"), 1);
    close_file();
    open_file("earlier.db"); /* and again, by two at a time */
    mci_store *one = kit_store;
    open_file("earlier.db");
    assert_read(A, "old", 7.5);
    close_file();
    kit_store = one;
    assert_read(A, "old", 7.5);
    close_file();
}

/* The file's header says that it may only be read: that holds for root as well. */
static void forbid_writing(const char *name)
{
    FILE *f = fopen(path_of(name), "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 18, SEEK_SET), 0);
    assert_int_equal(fputc(3, f), 3);
    assert_int_equal(fclose(f), 0);
}

static void assert_refuses_writing(void)
{
    static const char json[] = OID(B) "}";
    gives(MC_E_STORE, kit_store->ops->insert(kit_store, &spec, B, json, sizeof json - 1, kit_soon(), NULL, err));
    mci_patch plan = {0};
    assert_int_equal(mci_patch_add(&plan, "plot", "1", 1), 0);
    gives(MC_E_STORE, kit_store->ops->update(kit_store, &spec, A, &plan, kit_soon(), NULL, err));
    mci_patch_free(&plan);
}

static void test_files_that_may_only_be_read(void **state)
{
    (void)state;
    other_program("earlier-ro.db", EARLIER);
    forbid_writing("earlier-ro.db");
    open_file("earlier-ro.db");
    assert_read(A, "old", 5.0);
    assert_refuses_writing();
    assert_read(A, "old", 5.0);
    close_file();

    open_file("ro.db");
    kit_put(&spec, A, OID(A) ",\"title\":\"alias\",\"plot\":\"new\",\"imdb\":{\"rating\":5.0}}");
    close_file();
    forbid_writing("ro.db");
    open_file("ro.db");
    assert_read(A, "new", 5.0);
    assert_refuses_writing();
    close_file();
}

/* Every operation once: after that, doing it again prepares nothing, and documents in normal form are never made into a tree. */
static void every_operation(void)
{
    mci_ranked_id rows[4];
    mci_doc *docs[4];
    char *ids[4];
    char *last = NULL;
    size_t n = 0;
    int64_t rank;
    double score;
    const char *texts[1] = {OID(B) ",\"title\":\"b\",\"cast\":[\"x\",\"y\"],\"imdb\":{\"rating\":8.1}}"};
    const char *wanted[1] = {B};
    const size_t lens[1] = {strlen(texts[0])};
    mc_status st[1];
    mci_doc *d = NULL;
    ok(kit_store->ops->ping(kit_store, kit_soon(), err));
    ok(kit_store->ops->put_many(kit_store, &spec, wanted, texts, lens, NULL, 1, 1, kit_soon(), st, err));
    gives(MC_NOT_FOUND, kit_store->ops->remove(kit_store, &spec, C, kit_soon(), NULL, err));
    ok(kit_store->ops->remove(kit_store, &spec, B, kit_soon(), &d, err));
    mci_doc_unref(d);
    ok(kit_store->ops->insert(kit_store, &spec, B, texts[0], lens[0], kit_soon(), &d, err));
    mci_doc_unref(d);
    static const char *const steps[][2] = {
        {"title", "\"other\""}, {"title", "\"alias\""}, {"imdb.rating", "8.1"}, {"imdb.rating", "8.7"}, {"plot", "\"one\""}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        mci_patch plan = {0};
        assert_int_equal(mci_patch_add(&plan, steps[i][0], steps[i][1], strlen(steps[i][1])), 0);
        ok(kit_store->ops->update(kit_store, &spec, A, &plan, kit_soon(), &d, err));
        mci_patch_free(&plan);
        mci_doc_unref(d);
    }
    assert_read(A, "one", 8.7);
    ok(kit_store->ops->scan_ids(kit_store, &spec, NULL, 4, kit_soon(), ids, &n, err));
    for (size_t i = 0; i < n; i++)
        free(ids[i]);
    ok(kit_store->ops->scan(kit_store, &spec, NULL, 4, kit_soon(), docs, &n, &last, err));
    free(last);
    for (size_t i = 0; i < n; i++)
        mci_doc_unref(docs[i]);
    ok(kit_store->ops->top(kit_store, &spec, 0, 4, kit_soon(), rows, &n, err));
    for (size_t i = 0; i < n; i++)
        free(rows[i].id);
    mci_scores scores = {0};
    ok(kit_store->ops->scan_scores(kit_store, &spec, NULL, 4, kit_soon(), &scores, &last, err));
    assert_int_equal(scores.n, 2);
    free(last);
    mci_scores_free(&scores);
    ok(kit_store->ops->rank(kit_store, &spec, A, kit_soon(), &rank, &score, err));
    ok(kit_store->ops->count(kit_store, &spec, kit_soon(), &rank, err));
}

static void test_nothing_is_prepared_twice(void **state)
{
    (void)state;
    open_file("counted.db");
    kit_put(&spec, A, OID(A) ",\"title\":\"alias\",\"plot\":\"one\",\"imdb\":{\"rating\":5.0}}");
    prepared = 0;
    every_operation();
    assert_true(prepared > 0); /* it is counted */
    prepared = 0;
    trees = 0;
    for (int i = 0; i < 10; i++)
        every_operation();
    assert_int_equal(prepared, 0);
    assert_int_equal(trees, 0);
    close_file();
}

/* Alias and rank, and the indexes over them, are written when they change, and then always: also when others left something else there. */
static void test_columns_follow(void **state)
{
    (void)state;
    static const struct {
        const char *patch, *title;
        double rating; /* 0: none */
    } steps[] = {
        {"{\"plot\":\"two\"}", "alias", 5},
        {"{\"imdb\":{\"rating\":9.5}}", "alias", 9.5},
        {"{\"title\":\"aliaz\"}", "aliaz", 9.5},
        {"{\"title\":\"alias\",\"imdb\":{\"rating\":4}}", "alias", 4},
        {"{\"imdb\":{\"rating\":null}}", "alias", 0},
        {"{\"imdb\":{\"rating\":3}}", "alias", 3},
        {"{\"title\":null}", NULL, 3},
        {"{\"plot\":\"three\"}", NULL, 3},
        {"{\"title\":\"alias\"}", "alias", 3},
    };
    open_file("columns.db");
    for (size_t round = 0; round < 2; round++) {
        (void)kit_store->ops->remove(kit_store, &spec, A, kit_soon(), NULL, NULL);
        kit_put(&spec, A, OID(A) ",\"title\":\"alias\",\"plot\":\"one\",\"imdb\":{\"rating\":5.0}}");
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            mci_doc *d = NULL;
            char sql[300];
            if (round == 1) /* the file says something else than its document */
                other_program("columns.db", i % 2 ? "UPDATE movies SET alias = 'alia', rank = 5.5"
                                                  : "UPDATE movies SET alias = NULL, rank = NULL");
            ok(kit_patch(&spec, A, steps[i].patch, &d, err));
            mci_doc_unref(d);
            (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM movies WHERE alias IS %s%s%s AND rank IS %s%.1f",
                           steps[i].title ? "'" : "", steps[i].title ? steps[i].title : "NULL", steps[i].title ? "'" : "",
                           steps[i].rating > 0 ? "" : "NULL -- ", steps[i].rating);
            if (asked("columns.db", sql) != 1)
                fail_msg("%s", sql);
        }
        assert_int_equal(asked("columns.db", "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
                         0);
    }
    close_file();
}

/* An import makes a document of each row once, and the file takes that document. */
static void test_a_row_is_read_once(void **state)
{
    (void)state;
    char uri[220];
    mc_client *mc = NULL;
    mc_error e;
    const mc_movie *m = NULL;
    const char *rows[2] = {OID(A) ",\"title\":\"one\",\"plot\":\"p\"}",
                           OID(B) ",\"title\":\"two\",\"imdb\":{\"rating\":7.5}}"};
    const size_t sizes[2] = {strlen(rows[0]), strlen(rows[1])};
    mc_status st[2];
    mc_options *o = mc_options_new();
    (void)snprintf(uri, sizeof uri, "sqlite:%s", path_of("imported.db"));
    assert_int_equal(mc_options_set(o, "store.uri", uri, &e), MC_OK);
    assert_int_equal(mc_options_set(o, "cache.uri", "memory:", &e), MC_OK);
    assert_int_equal(mc_open(o, &mc, &e), MC_OK);
    mc_options_free(o);
    reads = 0;
    assert_int_equal(mc_import_movies(mc, rows, sizes, 2, MC_IMPORT_REPLACE, st, &e), MC_OK);
    assert_true(st[0] == MC_OK && st[1] == MC_OK);
    assert_int_equal(reads, 2);
    assert_int_equal(mc_get_movie(mc, B, &m, NULL, &e), MC_OK);
    assert_string_equal(mc_movie_title(m), "two");
    mc_movie_unref(m);
    assert_int_equal(reads, 2); /* the packed fields are of this text */
    assert_int_equal(mc_close(mc), MC_OK);
}

int main(void)
{
    spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_changed_by_others),      cmocka_unit_test(test_rows_of_others),
        cmocka_unit_test(test_other_descriptions),          cmocka_unit_test(test_file_of_an_earlier_edition),
        cmocka_unit_test(test_files_that_may_only_be_read), cmocka_unit_test(test_columns_follow),
        cmocka_unit_test(test_nothing_is_prepared_twice),   cmocka_unit_test(test_a_row_is_read_once)};
    char command[100];
    if (mkdtemp(temp_dir) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)snprintf(command, sizeof command, "rm -rf %s", temp_dir);
    return failed + (system(command) != 0);
}
