/* SPDX-License-Identifier: Apache-2.0 */
/* Bad inputs: each with the status it must get, before anything is sent, and an error text that names the argument. */
#include "fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static fixture f;

/* Nothing may reach Redis or the store: commands processed and store reads stay as they are. */
static long long commands(void)
{
    char *info = fixture_redis(&f, "INFO", "stats", NULL);
    const char *at = strstr(info, "total_commands_processed:");
    long long n = at != NULL ? strtoll(at + 25, NULL, 10) : -1;
    free(info);
    return n;
}

static long long before;
static int finds;

static void watch(void)
{
    finds = f.mem.finds;
    before = commands();
}

static void untouched(void)
{
    long long now = commands();
    assert_int_equal(now, before + 2); /* the INFO itself, and the PING before it */
    before = now;
    assert_int_equal(f.mem.finds, finds);
}

static void refused(mc_status st, mc_status want, const mc_error *err, const char *names)
{
    if (st != want)
        print_message("got %s, wanted %s: %s\n", mc_status_name(st), mc_status_name(want), err->text);
    assert_int_equal(st, want);
    assert_int_equal(err->code, want);
    if (names != NULL && strstr(err->text, names) == NULL)
        print_message("error text \"%s\" does not name \"%s\"\n", err->text, names);
    assert_true(names == NULL || strstr(err->text, names) != NULL);
    assert_null(strchr(err->text, '\n'));
    untouched();
}

/* 1-10: handles and pointers. */
static void test_null_arguments(void **state)
{
    (void)state;
    mc_error err;
    const mc_movie *m = NULL;
    char *text = NULL;
    int64_t i64 = 0;
    mc_status sts[1];
    const char *ids[1] = {ID1};
    const char *docs[1] = {NULL};
    size_t sizes[1] = {2};
    watch();
    refused(mc_get_movie(NULL, ID1, &m, NULL, &err), MC_E_ARG, &err, "mc");
    refused(mc_get_movie(f.a, NULL, &m, NULL, &err), MC_E_ARG, &err, "id");
    refused(mc_get_movie(f.a, ID1, NULL, NULL, &err), MC_E_ARG, &err, "out");
    refused(mc_get_movie_by_title(f.a, NULL, &m, NULL, &err), MC_E_ARG, &err, "title");
    refused(mc_get_movie_by_title(f.a, "x", NULL, NULL, &err), MC_E_ARG, &err, "out");
    refused(mc_get_movies(f.a, NULL, 1, &m, sts, NULL, &err), MC_E_ARG, &err, "ids");
    refused(mc_get_movies(f.a, ids, 1, NULL, sts, NULL, &err), MC_E_ARG, &err, "out");
    refused(mc_get_movies(f.a, ids, 1, &m, NULL, NULL, &err), MC_E_ARG, &err, "statuses");
    refused(mc_create_movie(f.a, NULL, 1, NULL, NULL, &err), MC_E_ARG, &err, "json");
    refused(mc_update_movie(f.a, ID1, NULL, 1, NULL, NULL, &err), MC_E_ARG, &err, "patch");
    refused(mc_update_movie(f.a, NULL, "{}", 2, NULL, NULL, &err), MC_E_ARG, &err, "id");
    refused(mc_delete_movie(f.a, NULL, NULL, &err), MC_E_ARG, &err, "id");
    refused(mc_invalidate(f.a, NULL, NULL, &err), MC_E_ARG, &err, "id");
    refused(mc_invalidate_title(f.a, NULL, NULL, &err), MC_E_ARG, &err, "title");
    refused(mc_top_movies(f.a, 0, 1, NULL, NULL, &err), MC_E_ARG, &err, "out");
    refused(mc_trending(f.a, 1, NULL, NULL, &err), MC_E_ARG, &err, "out");
    refused(mc_rank_movie(f.a, ID1, NULL, NULL, NULL, &err), MC_E_ARG, &err, "rank");
    refused(mc_nearby_theaters(f.a, 0, 0, 1, 1, NULL, NULL, &err), MC_E_ARG, &err, "out");
    refused(mc_get_theater(f.a, NULL, NULL, NULL, &err), MC_E_ARG, &err, NULL);
    refused(mc_put(f.a, NULL, "x", 1, 0, NULL, &err), MC_E_ARG, &err, "key");
    refused(mc_put(f.a, "k", NULL, 1, 0, NULL, &err), MC_E_ARG, &err, "value");
    refused(mc_get(f.a, "k", NULL, NULL, NULL, &err), MC_E_ARG, &err, "out");
    refused(mc_remove(f.a, NULL, NULL, &err), MC_E_ARG, &err, "key");
    refused(mc_stats_json(f.a, NULL, &err), MC_E_ARG, &err, "out");
    refused(mc_import_movies(f.a, NULL, sizes, 1, 0, sts, &err), MC_E_ARG, &err, "json");
    refused(mc_import_movies(f.a, docs, sizes, 0, 0, sts, &err), MC_E_RANGE, &err, "n is 0");
    /* The reason of each document that an import refuses, by the same checks, and without a write. */
    static const struct {
        const char *json;
        mc_status status;
        const char *word;
    } checks[] = {
        {"{\"_id\":{\"$oid\":\"573a1390f29313caabcd4801\"},\"title\":\"t\"}", MC_OK, ""},
        {"{\"title\":\"t\"}", MC_E_ARG, "_id"},
        {"{", MC_E_JSON, "json"},
        {"{\"_id\":{\"$oid\":\"573a1390f29313caabcd4801\"},\"box.office\":1}", MC_E_FIELD, "box.office"},
        {"{\"_id\":{\"$oid\":\"573a1390f29313caabcd4801\"},\"imdb\":{\"rating\":75}}", MC_E_RANGE, "imdb.rating"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        size_t len = strlen(checks[i].json);
        mc_status alone = MC_OK;
        assert_int_equal(mc_check_movie(f.a, checks[i].json, len, &err), checks[i].status);
        assert_non_null(strstr(err.text, checks[i].word));
        if (checks[i].status == MC_OK)
            continue;
        assert_int_equal(mc_import_movies(f.a, &checks[i].json, &len, 1, MC_IMPORT_SKIP, &alone, &err), MC_OK);
        assert_int_equal(alone, checks[i].status);
    }
    refused(mc_check_movie(f.a, NULL, 0, &err), MC_E_ARG, &err, "json");
    refused(mc_check_theater(f.a, "[]", 2, &err), MC_E_JSON, &err, NULL);
    refused(mc_warm(f.a, 0, 0, NULL, NULL, NULL, &err), MC_E_ARG, &err, "what");
    refused(mc_warm(f.a, MC_WARM_ALL, -1, NULL, NULL, NULL, &err), MC_E_RANGE, &err, "limit");
    refused(mc_open(NULL, NULL, &err), MC_E_ARG, &err, "out");
    assert_int_equal(mc_record_view(f.a, NULL, &i64, NULL, NULL), MC_E_ARG); /* err may be NULL */
    assert_int_equal(mc_close(NULL), MC_OK);
    assert_int_equal(mc_get_stats(f.a, NULL), MC_E_ARG);
    mc_movie_unref(NULL);
    mc_theater_unref(NULL);
    mc_list_free(NULL);
    assert_int_equal(mc_list_size(NULL), 0);
    assert_null(mc_list_movie(NULL, 0));
    assert_null(mc_list_theater(NULL, 0));
    assert_int_equal(mc_list_rank(NULL, 0), -1);
    assert_true(mc_list_score(NULL, 0) == 0 && mc_list_views(NULL, 0) == 0 && mc_list_distance_m(NULL, 0) == 0);
    assert_int_equal(mc_list_location(NULL, 0, NULL, NULL), MC_NOT_FOUND);
    mc_free(NULL);
    assert_null(text);
    untouched();
}

static void test_closed_handles(void **state)
{
    (void)state;
    mc_error err;
    const mc_movie *m = NULL;
    mc_client *mc = fixture_open(&f, NULL);
    assert_true(fixture_rating(mc, ID1, NULL) == 1.0);
    assert_int_equal(mc_get_movie(mc, ID1, &m, NULL, NULL), MC_OK);
    assert_int_equal(mc_close(mc), MC_OK);
    assert_string_equal(mc_movie_title(m), "One"); /* outlives its client */
    mc_movie_unref(m);
    assert_int_equal(mc_close(mc), MC_E_CLOSED);
    assert_int_equal(mc_get_movie(mc, ID1, &m, NULL, &err), MC_E_CLOSED);
    assert_null(m);
    mc_client *again = fixture_open(&f, NULL); /* the same slot: the old handle stays dead */
    assert_int_equal(mc_get_movie(mc, ID1, &m, NULL, &err), MC_E_CLOSED);
    assert_int_equal(mc_close(again), MC_OK);
    int local = 0;
    assert_int_equal(mc_get_movie((mc_client *)(void *)&local, ID1, &m, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_get_movie((mc_client *)(uintptr_t)0x7fffffff, ID1, &m, NULL, &err), MC_E_ARG);
    assert_int_equal(mc_close((mc_client *)(uintptr_t)3), MC_E_ARG);
}

static void from_inside(int level, const char *text, void *user)
{
    const mc_movie *m = NULL;
    (void)level;
    (void)text;
    int *seen = user;
    *seen = mc_get_movie(f.a, ID1, &m, NULL, NULL) == MC_E_REENTRANT && mc_close(f.a) == MC_E_REENTRANT &&
            mc_set_log(f.a, NULL, MC_LOG_INFO, NULL) == MC_E_REENTRANT;
}

static int stop_at_once(const mc_progress *progress, void *user)
{
    const mc_movie *m = NULL;
    int *seen = user;
    *seen = progress->stage != NULL && mc_get_movie(f.a, ID1, &m, NULL, NULL) == MC_E_REENTRANT;
    return 1;
}

static void test_calls_from_callbacks(void **state)
{
    (void)state;
    int seen = 0;
    mc_error err;
    assert_int_equal(mc_warm(f.a, MC_WARM_ALL, 0, stop_at_once, &seen, NULL, &err), MC_E_ABORT);
    assert_true(seen);
    seen = 0;
    assert_int_equal(mc_set_log(f.a, from_inside, MC_LOG_DEBUG, &seen), MC_OK);
    srv_kill(&f.redis);
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0); /* makes the library say that Redis is away */
    assert_true(seen);
    srv_start_again(&f.redis);
    assert_int_equal(mc_set_log(f.a, NULL, MC_LOG_INFO, NULL), MC_OK);
    assert_int_equal(mc_set_log(f.a, from_inside, 17, NULL), MC_E_RANGE);
    for (int i = 0; i < 500 && mc_ping(f.a, NULL, NULL, NULL) != MC_OK; i++)
        fixture_sleep_ms(5);
    assert_int_equal(mc_ping(f.b, NULL, NULL, NULL), MC_OK);
}

/* 11-21: ids. */
static void test_ids(void **state)
{
    (void)state;
    mc_error err;
    const mc_movie *m = NULL;
    char *huge = malloc((1 << 20) + 1);
    memset(huge, 'a', 1 << 20);
    huge[1 << 20] = '\0';
    const char *bad[] = {"",
                         "573a1390f29313caabcd480",
                         "573a1390f29313caabcd48011",
                         "573a1390f29313caabcd48zz",
                         "573a1390f29313caabcd 801",
                         "x\r\nFLUSHALL\r\n12345678901",
                         "{573a1390f29313caabcd480}",
                         "*?[573a1390f29313caabcd48",
                         "%s%n%s%n%s%n%s%n%s%n%s%n",
                         huge};
    watch();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refused(mc_get_movie(f.a, bad[i], &m, NULL, &err), MC_E_ARG, &err, "id");
        assert_null(m);
        refused(mc_delete_movie(f.a, bad[i], NULL, &err), MC_E_ARG, &err, "id");
    }
    free(huge);
    mc_info info;
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    assert_true(fixture_rating(f.a, "573A1390F29313CAABCD4801", &info) == 1.0); /* capitals are the same id */
    assert_int_equal(info.cache, MC_CACHE_HIT);
}

static void test_string_ids(void **state)
{
    (void)state;
    mc_error err;
    const mc_movie *m = NULL;
    mc_client *mc = fixture_open(&f, "movies.id", "string", "cache.prefix", "str:", NULL);
    const char *bad[] = {"", "a b", "a\r\nb", "{a}", "a*", "a?", "[a]", "a\\b", "\xff\xfe"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mc_status st = mc_get_movie(mc, bad[i], &m, NULL, &err);
        assert_true(st == MC_E_ARG || st == MC_E_UTF8);
    }
    const char *json = "{\"_id\":\"tt0111161\",\"title\":\"S\",\"imdb\":{\"rating\":9.3}}";
    assert_int_equal(mc_create_movie(mc, json, strlen(json), NULL, NULL, &err), MC_OK);
    assert_true(fixture_rating(mc, "tt0111161", NULL) == 9.3);
    assert_true(fixture_rating(mc, "%s%n", NULL) == -1); /* plain text here */
    assert_int_equal(mc_close(mc), MC_OK);
}

/* 22-26: titles. */
static void test_titles(void **state)
{
    (void)state;
    mc_error err;
    const mc_movie *m = NULL;
    char *long_title = malloc(10u << 20);
    memset(long_title, 't', (10u << 20) - 1);
    long_title[(10u << 20) - 1] = '\0';
    watch();
    refused(mc_get_movie_by_title(f.a, "", &m, NULL, &err), MC_E_ARG, &err, "title");
    before = commands();
    const char *bad[] = {"\xff", "\xc0\xaf", "\xed\xa0\x80", "ok\xf5\x80\x80\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refused(mc_get_movie_by_title(f.a, bad[i], &m, NULL, &err), MC_E_UTF8, &err, "title");
    }
    refused(mc_get_movie_by_title(f.a, long_title, &m, NULL, &err), MC_E_TOOBIG, &err, "title");
    free(long_title);
    const char *good[] = {"a\xe2\x80\xae\x62", "\xf0\x9f\x8e\xac", "{}*?[%s] \r\n", "caf\xc3\xa9", "cafe\xcc\x81"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        mc_bytes doc;
        char json[512];
        if (strchr(good[i], '\n') != NULL)
            snprintf(json, sizeof json, "{\"title\":\"{}*?[%%s] \\r\\n\"}");
        else
            snprintf(json, sizeof json, "{\"title\":\"%s\"}", good[i]);
        assert_int_equal(mc_create_movie(f.a, json, strlen(json), &m, NULL, &err), MC_OK);
        assert_int_equal(mc_movie_json(m, &doc), MC_OK);
        assert_string_equal(mc_movie_title(m), good[i]); /* byte for byte */
        char id[25];
        snprintf(id, sizeof id, "%s", mc_movie_id(m));
        mc_movie_unref(m);
        if (strchr(good[i], '\n') == NULL) /* the store in memory looks titles up by their text */
            assert_int_equal(mc_get_movie_by_title(f.a, good[i], &m, NULL, &err), MC_OK);
        else
            assert_int_equal(mc_get_movie(f.a, id, &m, NULL, &err), MC_OK);
        assert_string_equal(mc_movie_title(m), good[i]);
        mc_movie_unref(m);
    }
}

/* 27-35: ratings. */
static void test_ratings(void **state)
{
    (void)state;
    mc_error err;
    const double bad[] = {NAN, INFINITY, -INFINITY, -0.1, 10.01, 1e308};
    watch();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refused(mc_update_rating(f.a, ID1, bad[i], NULL, NULL, &err), MC_E_RANGE, &err, "rating");
        refused(mc_update_rating_by_title(f.a, "One", bad[i], NULL, NULL, &err), MC_E_RANGE, &err, "rating");
    }
    struct {
        const char *json;
        mc_status want;
    } docs[] = {
        {"{\"imdb\":{\"rating\":10.01}}", MC_E_RANGE},
        {"{\"imdb\":{\"rating\":-0.1}}", MC_E_RANGE},
        {"{\"imdb\":{\"rating\":\"8.7\"}}", MC_E_TYPE},
        {"{\"imdb\":{\"rating\":1e400}}", MC_E_RANGE},
        {"{\"imdb\":{\"rating\":{\"$numberDouble\":\"NaN\"}}}", MC_E_RANGE},
        {"{\"imdb\":{\"rating\":true}}", MC_E_TYPE},
    };
    for (size_t i = 0; i < sizeof docs / sizeof docs[0]; i++) {
        refused(mc_create_movie(f.a, docs[i].json, strlen(docs[i].json), NULL, NULL, &err), docs[i].want, &err, NULL);
        refused(mc_update_movie(f.a, ID1, docs[i].json, strlen(docs[i].json), NULL, NULL, &err), docs[i].want, &err, NULL);
    }
    const mc_movie *m = NULL;
    const char *empty = "{\"_id\":{\"$oid\":\"573a1390f29313caabcd4877\"},\"title\":\"E\",\"imdb\":{\"rating\":\"\"}}";
    double r = 1;
    assert_int_equal(mc_create_movie(f.a, empty, strlen(empty), &m, NULL, &err), MC_OK);
    assert_int_equal(mc_movie_rating(m, &r), MC_NOT_FOUND);
    mc_movie_unref(m);
    assert_true(fixture_board_rating(f.a, "573a1390f29313caabcd4877") == -1);
    assert_int_equal(mc_update_rating(f.a, ID1, -0.0, NULL, NULL, &err), MC_OK);
    r = fixture_rating(f.a, ID1, NULL);
    assert_true(r == 0.0 && !signbit(r));
    /* one number everywhere: document, hash, board */
    assert_int_equal(mc_update_rating(f.a, ID1, 0.1 + 0.2, NULL, NULL, &err), MC_OK);
    assert_true(fixture_rating(f.a, ID1, NULL) == 0.1 + 0.2);
    assert_true(fixture_board_rating(f.a, ID1) == 0.1 + 0.2);
    assert_true(fixture_stored_rating(&f, ID1) == 0.1 + 0.2);
}

/* 36-41: counts and offsets. */
static void test_counts(void **state)
{
    (void)state;
    mc_error err;
    mc_list *rows = (mc_list *)(uintptr_t)7;
    assert_int_equal(mc_top_movies(f.a, 0, 0, &rows, NULL, &err), MC_OK);
    assert_non_null(rows);
    assert_int_equal(mc_list_size(rows), 0);
    mc_list_free(rows);
    watch();
    refused(mc_top_movies(f.a, 0, -1, &rows, NULL, &err), MC_E_RANGE, &err, "count");
    refused(mc_top_movies(f.a, 0, INT64_MIN, &rows, NULL, &err), MC_E_RANGE, &err, "count");
    refused(mc_top_movies(f.a, -1, 1, &rows, NULL, &err), MC_E_RANGE, &err, "offset");
    refused(mc_top_movies(f.a, INT64_MAX, 1000, &rows, NULL, &err), MC_E_RANGE, &err, "offset");
    refused(mc_trending(f.a, -5, &rows, NULL, &err), MC_E_RANGE, &err, "count");
    before = commands();
    const char *ids[1] = {ID1};
    const mc_movie *out[1];
    mc_status statuses[1];
    refused(mc_get_movies(f.a, ids, 1001, out, statuses, NULL, &err), MC_E_RANGE, &err, "1000");
    assert_int_equal(mc_top_movies(f.a, 0, 1000000000, &rows, NULL, &err), MC_OK); /* as many as there are, at most 1,000 */
    assert_true(mc_list_size(rows) >= 3);
    for (size_t i = 1; i < mc_list_size(rows); i++) /* a total order: score, then id, both descending */
        assert_true(mc_list_score(rows, i - 1) > mc_list_score(rows, i) ||
                    (mc_list_score(rows, i - 1) == mc_list_score(rows, i) &&
                     strcmp(mc_movie_id(mc_list_movie(rows, i - 1)), mc_movie_id(mc_list_movie(rows, i))) > 0));
    assert_null(mc_list_movie(rows, mc_list_size(rows))); /* past the end there is nothing, and nothing breaks */
    assert_null(mc_list_movie(rows, SIZE_MAX));
    assert_null(mc_list_theater(rows, 0)); /* of another kind */
    assert_int_equal(mc_list_rank(rows, mc_list_size(rows)), -1);
    assert_true(mc_list_score(rows, SIZE_MAX) == 0 && mc_list_distance_m(rows, 0) == 0 && mc_list_views(rows, 0) == 0);
    double place = 1;
    assert_int_equal(mc_list_location(rows, 0, &place, NULL), MC_NOT_FOUND);
    assert_true(place == 0);
    mc_list_free(rows);
}

/* 42-51: places. */
static void test_places(void **state)
{
    (void)state;
    mc_error err;
    mc_list *rows = NULL;
    struct {
        double lon, lat, radius;
        const char *names;
    } bad[] = {
        {0, 85.06, 1, "lat"},       {0, -85.06, 1, "lat"},   {181, 0, 1, "lon"},      {-180.5, 0, 1, "lon"},
        {NAN, 0, 1, "lon"},         {0, NAN, 1, "lat"},      {0, 0, -1, "radius"},    {0, 0, NAN, "radius"},
        {0, 0, INFINITY, "radius"}, {0, 0, 1e300, "radius"}, {40.7, -95.0, 1, "lat"}, {INFINITY, 0, 1, "lon"},
    };
    watch();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refused(mc_nearby_theaters(f.a, bad[i].lon, bad[i].lat, bad[i].radius, 2, &rows, NULL, &err), MC_E_RANGE, &err,
                bad[i].names);
    }
    assert_int_equal(mc_nearby_theaters(f.a, 0, 0, 0, 2, &rows, NULL, &err), MC_OK);
    mc_list_free(rows);
}

/* 52-55: TTLs. */
static void test_ttls(void **state)
{
    (void)state;
    mc_error err;
    watch();
    refused(mc_put(f.a, "k", "v", 1, -1, NULL, &err), MC_E_RANGE, &err, "ttl_ms");
    refused(mc_put(f.a, "k", "v", 1, INT64_MAX, NULL, &err), MC_E_RANGE, &err, "ttl_ms");
    assert_int_equal(mc_put(f.a, "k", "v", 1, 1, NULL, &err), MC_OK);
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "movies.ttl_ms", "0", &err), MC_E_RANGE);
    assert_int_equal(mc_options_set(o, "movies.ttl_ms", "-1", &err), MC_E_RANGE);
    assert_int_equal(mc_options_set(o, "movies.ttl_ms", "9223372036854775807", &err), MC_E_RANGE);
    assert_int_equal(mc_options_set(o, "movies.ttl_ms", "1", &err), MC_OK);
    mc_options_free(o);
    char *big = calloc(1, (1 << 20) + 1);
    watch();
    refused(mc_put(f.a, "k", big, (1 << 20) + 1, 0, NULL, &err), MC_E_TOOBIG, &err, "value");
    free(big);
    const char *keys[] = {"", "a b", "a{b", "a\nb", "\xff"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        refused(mc_put(f.a, keys[i], "v", 1, 0, NULL, &err), i == 4 ? MC_E_UTF8 : MC_E_ARG, &err, "key");
    }
}

/* 56-70: documents and patches. */
static void test_documents(void **state)
{
    (void)state;
    mc_error err;
    char *deep = malloc(400000);
    size_t k = 0;
    k += (size_t)sprintf(deep, "{\"a\":");
    for (int i = 0; i < 100000; i++)
        deep[k++] = '[';
    for (int i = 0; i < 100000; i++)
        deep[k++] = ']';
    deep[k++] = '}';
    watch();
    refused(mc_create_movie(f.a, deep, k, NULL, NULL, &err), MC_E_DEPTH, &err, "64");
    free(deep);
    struct {
        const char *json;
        mc_status want;
    } bad[] = {
        {"{\"a\":1,\"a\":2}", MC_E_JSON},
        {"[1,2]", MC_E_JSON},
        {"5", MC_E_JSON},
        {"{} x", MC_E_JSON},
        {"", MC_E_JSON},
        {"   ", MC_E_JSON},
        {"{\"a\":9223372036854775808}", MC_E_RANGE},
        {"{\"a\":1e999}", MC_E_RANGE},
        {"{\"$where\":\"1\"}", MC_E_FIELD},
        {"{\"_id\":{\"$ne\":1}}", MC_E_FIELD},
        {"{\"a.b\":1}", MC_E_FIELD},
        {"{\"a\":{\"$gt\":\"\"}}", MC_E_FIELD},
        {"{\"title\":\"a\\u0000b\"}", MC_E_ARG},
        {"{\"title\":\"\xff\"}", MC_E_UTF8},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        before = commands();
        mc_status st = mc_create_movie(f.a, bad[i].json, strlen(bad[i].json), NULL, NULL, &err);
        if (st != bad[i].want)
            print_message("document %zu: %s\n", i, bad[i].json);
        refused(st, bad[i].want, &err, NULL);
        if (strstr(bad[i].json, "_id") == NULL) {
            refused(mc_update_movie(f.a, ID1, bad[i].json, strlen(bad[i].json), NULL, NULL, &err), bad[i].want, &err, NULL);
        }
    }
    refused(mc_update_movie(f.a, ID1, "{\"_id\":\"x\"}", 11, NULL, NULL, &err), MC_E_FIELD, &err, "_id");
    size_t big = 17u << 20;
    char *text = malloc(big);
    memset(text, 'x', big);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + big - 2, "\"}", 2);
    refused(mc_create_movie(f.a, text, big, NULL, NULL, &err), MC_E_TOOBIG, &err, NULL);
    free(text);
    const mc_movie *m = NULL;
    const char *proto = "{\"__proto__\":{\"x\":1},\"title\":\"P\"}"; /* plain data */
    assert_int_equal(mc_create_movie(f.a, proto, strlen(proto), &m, NULL, &err), MC_OK);
    mc_movie_unref(m);
    assert_int_equal(mc_update_movie(f.a, ID1, "{}", 2, &m, NULL, &err), MC_OK); /* nothing to write */
    assert_string_equal(mc_movie_title(m), "One");
    mc_movie_unref(m);
    assert_int_equal(mc_update_movie(f.a, "573a1390f29313caabcd48ee", "{}", 2, &m, NULL, &err), MC_NOT_FOUND);
}

/* A document that is too large for the cache is served and not cached. */
static void test_large_document(void **state)
{
    (void)state;
    mc_error err;
    mc_info info;
    size_t big = 3u << 20;
    char *text = malloc(big);
    memset(text, 'x', big);
    int n = sprintf(text, "{\"_id\":{\"$oid\":\"573a1390f29313caabcd48bb\"},\"imdb\":{\"rating\":5.5},\"a\":\"");
    text[n] = 'x';
    memcpy(text + big - 2, "\"}", 2);
    assert_int_equal(mc_create_movie(f.a, text, big, NULL, NULL, &err), MC_OK);
    free(text);
    for (int i = 0; i < 3; i++) {
        assert_true(fixture_rating(f.a, "573a1390f29313caabcd48bb", &info) == 5.5);
        assert_int_equal(info.cache, MC_CACHE_MISS);
    }
    assert_true(fixture_board_rating(f.a, "573a1390f29313caabcd48bb") == 5.5);
}

static int set_up(void **state)
{
    (void)state;
    fixture_start(&f, NULL);
    fixture_reset(&f);
    assert_true(fixture_rating(f.a, ID1, NULL) == 1.0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_stop(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null_arguments),
        cmocka_unit_test(test_closed_handles),
        cmocka_unit_test(test_calls_from_callbacks),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_string_ids),
        cmocka_unit_test(test_titles),
        cmocka_unit_test(test_ratings),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_ttls),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_large_document),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
