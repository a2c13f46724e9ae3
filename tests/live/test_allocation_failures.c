/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory is short: every allocation of the library fails once in every public call, one after the other. The call gives an
 * answer or an error, never a wrong value; it leaves nothing behind (AddressSanitizer looks), and the next call works.
 * The linker puts the functions below in the place of malloc() and its kind for this program and the library in it, not for hiredis,
 * jansson and libc.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

/* 0: none fails; else it counts down, and the one that makes it 0 fails, or with `for_good` all from there on. */
static long countdown;
static int for_good;
static long failures;

static int fails(void)
{
    if (countdown == 0 || (countdown > 1 && --countdown > 0))
        return 0;
    if (!for_good)
        countdown = 0;
    failures++;
    return 1;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

static fixture f;
static mc_client *mc;
static char path[64];

#define THEATER "59a47286cfa9a3a73e51e72c"

static void stage(void)
{
    fixture_reset(&f);
    memstore_put(&f.mem, "theaters", THEATER,
                 "{\"_id\":{\"$oid\":\"" THEATER "\"},\"theaterId\":1000,\"location\":{\"address\":{\"city\":\"B\"},\"geo\":"
                 "{\"type\":\"Point\",\"coordinates\":[-93.2,44.8]}}}");
}

/* ---- the calls: each gives its status, and checks what it gives with MC_OK ------------------------------------------ */

static mc_status one_movie(mc_status st, const mc_movie **m, const char *id)
{
    if (st == MC_OK)
        assert_string_equal(mc_movie_id(*m), id);
    else
        assert_null(*m);
    mc_movie_unref(*m);
    *m = NULL;
    return st;
}

static mc_status c_get(void)
{
    const mc_movie *m = NULL;
    return one_movie(mc_get_movie(mc, ID1, &m, NULL, NULL), &m, ID1);
}

static mc_status c_document(void)
{
    const mc_movie *m = NULL;
    return one_movie(mc_get_movie_document(mc, ID2, &m, NULL, NULL), &m, ID2);
}

static mc_status c_title(void)
{
    const mc_movie *m = NULL;
    return one_movie(mc_get_movie_by_title(mc, "Two", &m, NULL, NULL), &m, ID2);
}

static mc_status c_batch(void)
{
    static const char *const ids[] = {ID1, ID2, ID1, ID3};
    const mc_movie *out[4] = {NULL};
    mc_status each[4] = {0};
    mc_status st = mc_get_movies(mc, ids, 4, out, each, NULL, NULL);
    for (int i = 0; i < 4; i++) {
        if (st == MC_OK)
            (void)one_movie(each[i], &out[i], ids[i]);
        if (st == MC_OK && each[i] < 0)
            st = each[i];
        else if (st != MC_OK)
            mc_movie_unref(out[i]);
        out[i] = NULL;
    }
    return st;
}

static mc_status c_create(void)
{
    static const char json[] = "{\"_id\":{\"$oid\":\"573a1390f29313caabcd4899\"},\"title\":\"New\",\"imdb\":{\"rating\":4}}";
    const mc_movie *m = NULL;
    mc_status st = one_movie(mc_create_movie(mc, json, sizeof json - 1, &m, NULL, NULL), &m, "573a1390f29313caabcd4899");
    countdown = 0;
    (void)mc_delete_movie(mc, "573a1390f29313caabcd4899", NULL, NULL);
    return st;
}

static mc_status c_update(void)
{
    const mc_movie *m = NULL;
    return one_movie(mc_update_movie(mc, ID1, "{\"title\":\"One\",\"n\":1}", 21, &m, NULL, NULL), &m, ID1);
}

static mc_status c_rate(void)
{
    const mc_movie *m = NULL;
    double rating = 0;
    mc_status st = mc_update_rating(mc, ID1, 1.5, &m, NULL, NULL);
    if (st == MC_OK)
        assert_true(mc_movie_rating(m, &rating) == MC_OK && rating == 1.5);
    return one_movie(st, &m, ID1);
}

static mc_status c_delete(void)
{
    mc_status st = mc_delete_movie(mc, ID3, NULL, NULL);
    countdown = 0;
    char json[512];
    fixture_json(json, ID3, "Three", 3.0);
    memstore_put(&f.mem, "movies", ID3, json);
    (void)mc_invalidate(mc, ID3, NULL, NULL);
    return st == MC_NOT_FOUND ? MC_OK : st; /* it was gone after all */
}

static mc_status c_top(void)
{
    mc_list *rows = NULL;
    mc_status st = mc_top_movies(mc, 0, 3, &rows, NULL, NULL);
    if (st == MC_OK) {
        assert_int_equal(mc_list_size(rows), 3);
        assert_string_equal(mc_movie_id(mc_list_movie(rows, 0)), ID3);
    }
    mc_list_free(rows);
    return st;
}

static mc_status c_rank(void)
{
    int64_t rank = 9;
    double rating = 0;
    mc_status st = mc_rank_movie(mc, ID2, &rank, &rating, NULL, NULL);
    if (st == MC_OK)
        assert_int_equal(rank, 1);
    return st;
}

static mc_status c_view(void)
{
    int64_t views = 0;
    return mc_record_view(mc, ID1, &views, NULL, NULL);
}

static mc_status c_trending(void)
{
    mc_list *rows = NULL;
    mc_status st = mc_trending(mc, 3, &rows, NULL, NULL);
    if (st == MC_OK && mc_list_size(rows) > 0)
        assert_string_equal(mc_movie_id(mc_list_movie(rows, 0)), ID1);
    mc_list_free(rows);
    return st;
}

static mc_status c_near(void)
{
    mc_list *rows = NULL;
    mc_status st = mc_nearby_theaters(mc, -93.2, 44.8, 5000, 3, &rows, NULL, NULL);
    if (st == MC_OK) {
        assert_int_equal(mc_list_size(rows), 1);
        assert_string_equal(mc_theater_id(mc_list_theater(rows, 0)), THEATER);
    }
    mc_list_free(rows);
    return st;
}

static mc_status c_theater(void)
{
    const mc_theater *t = NULL;
    mc_status st = mc_get_theater(mc, THEATER, &t, NULL, NULL);
    mc_theater_unref(t);
    return st;
}

static mc_status c_invalidate(void)
{
    mc_status st = mc_invalidate(mc, ID1, NULL, NULL);
    return st == MC_OK ? mc_invalidate_title(mc, "Two", NULL, NULL) : st;
}

static mc_status c_everything(void)
{
    return mc_invalidate_all(mc, NULL, NULL);
}

static mc_status c_warm(void)
{
    return mc_warm(mc, MC_WARM_ALL, 0, NULL, NULL, NULL, NULL);
}

static mc_status c_import(void)
{
    char json[2][512];
    fixture_json(json[0], ID1, "One", 1.0);
    fixture_json(json[1], ID2, "Two", 2.0);
    const char *docs[] = {json[0], json[1]};
    const size_t sizes[] = {strlen(json[0]), strlen(json[1])};
    mc_status st[2] = {0};
    mc_status whole = mc_import_movies(mc, docs, sizes, 2, MC_IMPORT_REPLACE, st, NULL);
    return whole != MC_OK ? whole : st[0] != MC_OK ? st[0] : st[1];
}

static mc_status c_keys(void)
{
    char *out = NULL;
    mc_status st = mc_put(mc, "k", "value", 5, 0, NULL, NULL);
    if (st == MC_OK)
        st = mc_get(mc, "k", &out, NULL, NULL, NULL);
    if (st == MC_OK)
        assert_string_equal(out, "value");
    mc_free(out);
    return st;
}

static mc_status load(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    (void)user;
    (void)deadline_ms;
    return mc_value_sink_set(sink, key, strlen(key));
}

static mc_status c_load(void)
{
    char *out = NULL;
    mc_status st = mc_get_or_load(mc, "loaded", 0, load, NULL, &out, NULL, NULL, NULL);
    if (st == MC_OK)
        assert_string_equal(out, "loaded");
    else
        assert_null(out);
    mc_free(out);
    long kept = countdown;
    countdown = 0;
    (void)mc_remove(mc, "loaded", NULL, NULL);
    countdown = kept;
    return st;
}

static mc_status c_load_many(void)
{
    static const char *const keys[] = {"a", "b"};
    char *out[2] = {NULL};
    size_t sizes[2];
    mc_status each[2];
    mc_status st = mc_get_many_or_load(mc, keys, 2, 0, load, NULL, out, sizes, each, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        if (st == MC_OK && each[i] == MC_OK)
            assert_string_equal(out[i], keys[i]);
        mc_free(out[i]);
    }
    return st != MC_OK ? st : each[0] != MC_OK ? each[0] : each[1];
}

static mc_status c_snapshot(void)
{
    const mc_entry e[] = {{"s", "1", 1}, {"t", "\0", 1}};
    char *out = NULL;
    size_t n = 0;
    mc_status st = mc_save_snapshot(mc, e, 2, NULL);
    if (st == MC_OK)
        st = mc_load_snapshot(mc, &n, NULL, NULL);
    if (st == MC_OK) {
        assert_int_equal(n, 2);
        st = mc_get_or_load(mc, "s", 0, NULL, NULL, &out, NULL, NULL, NULL);
        assert_true(st != MC_OK || strcmp(out, "1") == 0);
    }
    mc_free(out);
    return st;
}

static mc_status c_put_many(void)
{
    const mc_entry e[] = {{"m", "1", 1}, {"n", "2", 1}};
    return mc_put_many(mc, e, 2, 0, NULL, NULL, NULL);
}

static mc_status c_texts(void)
{
    char *out = NULL;
    mc_status st = mc_stats_json(mc, &out, NULL);
    mc_free(out);
    if (st != MC_OK)
        return st;
    st = mc_metrics_prometheus(mc, &out, NULL);
    mc_free(out);
    return st;
}

static mc_status c_open(void)
{
    mc_options *o = mc_options_new();
    mc_client *other = NULL;
    mc_status st = o == NULL ? MC_E_NOMEM : mc_options_set(o, "cache.uri", f.redis.uri, NULL);
    mc_store table = memstore_table(&f.mem);
    if (st == MC_OK)
        st = mc_open_with_store(o, &table, &other, NULL);
    assert_true((st == MC_OK) == (other != NULL));
    mc_options_free(o);
    (void)mc_close(other);
    return st;
}

static void nothing(int level, const char *text, void *user)
{
    (void)level;
    (void)text;
    (void)user;
}

static mc_status c_log(void)
{
    mc_status st = mc_set_log(mc, nothing, MC_LOG_DEBUG, NULL);
    countdown = 0;
    (void)mc_set_log(mc, NULL, MC_LOG_DEBUG, NULL);
    return st;
}

/* ---- the sweep ---------------------------------------------------------------------------------------------------- */

typedef struct call {
    const char *name;
    mc_status (*run)(void);
    int cold; /* from an empty Redis each time */
} call;

static const call calls[] = {
    {"get, cold", c_get, 1},
    {"get", c_get, 0},
    {"document, cold", c_document, 1},
    {"document", c_document, 0},
    {"title, cold", c_title, 1},
    {"title", c_title, 0},
    {"batch, cold", c_batch, 1},
    {"batch", c_batch, 0},
    {"create", c_create, 0},
    {"update", c_update, 0},
    {"rate", c_rate, 0},
    {"delete", c_delete, 0},
    {"top, cold", c_top, 1},
    {"top", c_top, 0},
    {"rank, cold", c_rank, 1},
    {"rank", c_rank, 0},
    {"view", c_view, 0},
    {"trending", c_trending, 0},
    {"near, cold", c_near, 1},
    {"near", c_near, 0},
    {"theater, cold", c_theater, 1},
    {"theater", c_theater, 0},
    {"invalidate", c_invalidate, 0},
    {"invalidate all", c_everything, 0},
    {"warm", c_warm, 1},
    {"import", c_import, 0},
    {"keys", c_keys, 0},
    {"load", c_load, 0},
    {"load many", c_load_many, 1},
    {"put many", c_put_many, 0},
    {"snapshot", c_snapshot, 0},
    {"texts", c_texts, 0},
    {"open", c_open, 0},
    {"log", c_log, 0},
};

static void sweep(const call *c, int lasting)
{
    long nth = 1;
    for (; nth < 5000; nth++) {
        stage();
        if (!c->cold) {
            (void)c->run();
            (void)c->run();
        }
        failures = 0;
        for_good = lasting;
        countdown = nth;
        (void)c->run();
        countdown = 0;
        for_good = 0;
        if (failures == 0)
            break;   /* there are no more allocations */
        if (lasting) /* nothing could be put right in Redis either: a lock stays there until it expires */
            stage();
        mc_status after = c->run();
        if (after != MC_OK)
            print_message("%s: allocation %ld failed, and then the call gave %s\n", c->name, nth, mc_status_name(after));
        assert_int_equal(after, MC_OK);
    }
    print_message("%s%s: %ld allocations\n", c->name, lasting ? ", lasting" : "", nth - 1);
    assert_true(nth < 5000);
}

static void test_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        sweep(&calls[i], 0);
}

static void test_for_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        sweep(&calls[i], 1);
}

int main(void)
{
    (void)snprintf(path, sizeof path, "/tmp/mflix-memory-%ld.json", (long)getpid());
    fixture_start(&f, NULL);
    /* What was left behind in Redis is waited for; not for long here. */
    mc = fixture_open(&f, "snapshot.path", path, "read.lease_ms", "40", "store.timeout_ms", "40", "write.quarantine_ms",
                      "100", "cache.backoff_min_ms", "1", "cache.backoff_max_ms", "1", NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_for_good),
    };
    int failed = cmocka_run_group_tests_name("allocation_failures", tests, NULL, NULL);
    (void)mc_close(mc);
    fixture_stop(&f);
    (void)unlink(path);
    return failed;
}
