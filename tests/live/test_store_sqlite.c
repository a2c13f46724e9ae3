/* SPDX-License-Identifier: Apache-2.0 */
/* What is SQLite's alone: addresses, files that are broken or locked, deadlines inside a query. */
#include <sqlite3.h> /* first: it has a parameter called C */

#include "store_kit.h"

#include <sys/stat.h>
#include <unistd.h>

static char temp_dir[] = "/tmp/mflixstore-XXXXXX";

static void test_sqlite_addresses(void **state)
{
    (void)state;
    char uri[200];
    mci_store *s = NULL;
    gives(MC_E_URI, kit_open("sqlite:", 1000, &s, err));
    gives(MC_E_URI, kit_open("sqlite::other:", 1000, &s, err));
    gives(MC_E_URI, kit_open("", 1000, &s, err));
    gives(MC_E_URI, kit_open("http://x", 1000, &s, err));
    (void)snprintf(uri, sizeof uri, "sqlite:%s", temp_dir);
    gives(MC_E_FILE, kit_open(uri, 1000, &s, err)); /* a directory */
    (void)snprintf(uri, sizeof uri, "sqlite:%s/no/such/place", temp_dir);
    gives(MC_E_FILE, kit_open(uri, 1000, &s, err));
    (void)snprintf(uri, sizeof uri, "%s/garbage", temp_dir);
    FILE *f = fopen(uri, "w");
    for (int i = 0; i < 500; i++)
        fputs("this is no database ", f);
    fclose(f);
    (void)snprintf(uri, sizeof uri, "sqlite:%s/garbage", temp_dir);
    gives(MC_E_FILE, kit_open(uri, 1000, &s, err));
    assert_null(s);
}

/* What follows "sqlite:" is a file's name, taken literally; what looks like more than that is refused, and no file appears. */
static void test_sqlite_names(void **state)
{
    (void)state;
    static const char *const names[] = {"per%cent%41.db", "with blank.db", "hash#mark.db", "colon:and;more&.db",
                                        "\xc3\xa9.db"};
    char uri[300];
    mci_store *s = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(uri, sizeof uri, "sqlite:%s/%s", temp_dir, names[i]);
        ok(kit_open(uri, 2000, &s, err));
        s->ops->close(s);
        assert_int_equal(access(uri + strlen("sqlite:"), F_OK), 0);
    }
    (void)snprintf(uri, sizeof uri, "sqlite://%s/slashes.db", temp_dir); /* sqlite:///tmp/... */
    ok(kit_open(uri, 2000, &s, err));
    s->ops->close(s);
    s = NULL;
    (void)snprintf(uri, sizeof uri, "sqlite:%s/query.db?mode=ro", temp_dir);
    gives(MC_E_URI, kit_open(uri, 2000, &s, err));
    assert_int_equal(access(uri + strlen("sqlite:"), F_OK), -1);
    gives(MC_E_URI, kit_open("sqlite://host/x.db", 2000, &s, err));
    mc_error reason = {0};
    (void)snprintf(uri, sizeof uri, "sqlite:%s/no/such/place.db", temp_dir);
    assert_int_equal(kit_open(uri, 2000, &s, &reason), MC_E_FILE);
    assert_non_null(strstr(reason.text, "/no/such/place.db")); /* which file, and why */
    assert_non_null(strstr(reason.text, "No such file"));
    char here[200];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(temp_dir), 0);
    ok(kit_open("sqlite:file:name.db", 2000, &s, err));
    s->ops->close(s);
    assert_int_equal(access("file:name.db", F_OK), 0);
    assert_int_equal(chdir(here), 0);
}

static void test_sqlite_two_handles(void **state)
{
    (void)state;
    char uri[200];
    mci_store *one;
    mci_store *two;
    mci_spec spec = data_movie_spec("shared", MCI_ID_OBJECTID);
    (void)snprintf(uri, sizeof uri, "sqlite:%s/two.db", temp_dir);
    ok(kit_open(uri, 2000, &one, err));
    ok(kit_open(uri, 2000, &two, err));
    mci_store *kept = kit_store;
    kit_store = one;
    kit_put(&spec, A, OID(A) ",\"title\":\"t\"}");
    kit_store = two;
    mci_doc_unref(kit_get(&spec, A));
    /* A file whose table was made for other fields is left alone. */
    mci_field other_fields[] = {{"name", "name", MCI_STR}};
    mci_spec other = {
        .name = "shared", .key = "x", .fields = other_fields, .nfields = 1, .alias_field = 0, .rank_field = -1};
    mci_doc *d = NULL;
    two->ops->close(two);
    ok(kit_open(uri, 2000, &two, err));
    gives(MC_E_STORE, two->ops->find(two, &other, A, kit_soon(), &d, err));
    mci_spec reserved = data_movie_spec("sqlite_x", MCI_ID_OBJECTID);
    gives(MC_E_ARG, two->ops->find(two, &reserved, A, kit_soon(), &d, err));
    mci_spec quoted = data_movie_spec("we\"ird; DROP TABLE shared; --", MCI_ID_OBJECTID);
    kit_store = two;
    kit_put(&quoted, A, OID(A) ",\"title\":\"t\"}");
    mci_doc_unref(kit_get(&quoted, A));
    kit_store = kept;
    one->ops->close(one);
    two->ops->close(two);
}

static void test_sqlite_read_only(void **state)
{
    (void)state;
    char path[200];
    char uri[220];
    mci_store *s;
    mci_store *kept = kit_store;
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    if (geteuid() == 0) {
        print_message("  (as root every file can be written)\n");
        return;
    }
    (void)snprintf(path, sizeof path, "%s/ro.db", temp_dir);
    (void)snprintf(uri, sizeof uri, "sqlite:%s", path);
    ok(kit_open(uri, 2000, &kit_store, err));
    kit_put(&spec, A, OID(A) "}");
    kit_store->ops->close(kit_store);
    assert_int_equal(chmod(path, 0400), 0);
    ok(kit_open(uri, 2000, &s, err));
    const char *json = OID(B) "}";
    gives(MC_E_STORE, s->ops->insert(s, &spec, B, json, strlen(json), kit_soon(), NULL, err));
    s->ops->close(s);
    kit_store = kept;
}

static void test_sqlite_corrupt(void **state)
{
    (void)state;
    char path[200];
    char uri[220];
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    mci_store *kept = kit_store;
    (void)snprintf(path, sizeof path, "%s/corrupt.db", temp_dir);
    (void)snprintf(uri, sizeof uri, "sqlite:%s", path);
    ok(kit_open(uri, 2000, &kit_store, err));
    for (int i = 0; i < 200; i++) {
        char id[40];
        char json[300];
        (void)snprintf(id, sizeof id, "573a1392f29313caabcd%04d", i);
        (void)snprintf(json, sizeof json, "{\"_id\":{\"$oid\":\"%s\"},\"title\":\"t\",\"plot\":\"%0200d\"}", id, i);
        kit_put(&spec, id, json);
    }
    kit_store->ops->close(kit_store);
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
    mc_status st = kit_open(uri, 2000, &s, &err);
    if (st == MC_OK) {
        mci_doc *docs[300];
        size_t n;
        char *last;
        st = s->ops->scan(s, &spec, NULL, 300, kit_soon(), docs, &n, &last, &err);
        for (size_t i = 0; st == MC_OK && i < n; i++)
            mci_doc_unref(docs[i]);
        if (st == MC_OK)
            free(last);
        s->ops->close(s);
    }
    assert_true(st == MC_E_STORE || st == MC_E_FILE);
    kit_store = kept;
}

/* Another process holds the write lock: the deadline is kept, reads go on. */
static void test_sqlite_locked(void **state)
{
    (void)state;
    char path[200];
    char uri[220];
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    mci_store *kept = kit_store;
    mc_error err = {0};
    sqlite3 *other;
    const char *json = OID(B) "}";
    (void)snprintf(path, sizeof path, "%s/locked.db", temp_dir);
    (void)snprintf(uri, sizeof uri, "sqlite:%s", path);
    assert_int_equal(kit_open(uri, 5000, &kit_store, &err), MC_OK);
    kit_put(&spec, A, OID(A) "}");
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    int64_t before = mci_now_ns();
    assert_int_equal(kit_store->ops->insert(kit_store, &spec, B, json, strlen(json), mci_deadline_in(300), NULL, &err),
                     MC_E_TIMEOUT);
    assert_true(mci_now_ns() - before < INT64_C(4000000000)); /* far below the store's own limit */
    mci_doc_unref(kit_get(&spec, A));
    sqlite3_close(other);
    kit_put(&spec, B, json);
    kit_store->ops->close(kit_store);
    kit_store = kept;
}

/* A long query ends at its deadline. */
static void test_sqlite_interrupted(void **state)
{
    (void)state;
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    mci_store *kept = kit_store;
    mc_error err = {0};
    enum { N = 20000 };
    char(*json)[120] = calloc(N, sizeof *json);
    const char **texts = calloc(N, sizeof *texts);
    size_t *lens = calloc(N, sizeof *lens);
    mc_status *st = calloc(N, sizeof *st);
    assert_int_equal(kit_open("sqlite::memory:", 60000, &kit_store, &err), MC_OK);
    for (int i = 0; i < N; i++) {
        (void)snprintf(json[i], sizeof json[i], "{\"_id\":{\"$oid\":\"573a1392f29313caab%06d\"},\"imdb\":{\"rating\":5.0}}",
                       i);
        texts[i] = json[i];
        lens[i] = strlen(json[i]);
    }
    assert_int_equal(
        kit_store->ops->put_many(kit_store, &spec, texts, texts, lens, NULL, N, 0, mci_deadline_in(60000), st, &err), MC_OK);
    mci_ranked_id *rows = calloc(N, sizeof *rows);
    size_t n = 1;
    mc_status got = MC_OK; /* 1 ms is far too short for 20,000 rows; should a machine be that fast, it is no failure */
    got = kit_store->ops->top(kit_store, &spec, 0, N, mci_deadline_in(1), rows, &n, &err);
    assert_true(got == MC_E_TIMEOUT || (got == MC_OK && n == N));
    assert_true(got == MC_OK || n == 0);
    for (size_t i = 0; i < n; i++)
        free(rows[i].id);
    int64_t count;
    assert_int_equal(kit_store->ops->count(kit_store, &spec, kit_soon(), &count, &err), MC_OK); /* the connection is fine */
    assert_int_equal(count, N);
    free(rows);
    free(json);
    free(texts);
    free(lens);
    free(st);
    kit_store->ops->close(kit_store);
    kit_store = kept;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlite_addresses),   cmocka_unit_test(test_sqlite_names),
        cmocka_unit_test(test_sqlite_two_handles), cmocka_unit_test(test_sqlite_read_only),
        cmocka_unit_test(test_sqlite_corrupt),     cmocka_unit_test(test_sqlite_locked),
        cmocka_unit_test(test_sqlite_interrupted)};
    char command[100];
    if (mkdtemp(temp_dir) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)snprintf(command, sizeof command, "rm -rf %s", temp_dir);
    return failed + (system(command) != 0);
}
