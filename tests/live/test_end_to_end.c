/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public functions end to end on a real Redis, over each real store: SQLite, a MongoDB-wire server, and MONGO_URL when it is set.
 * Uses the sample data when it is there, else a few documents of its own.
 */
#include "actor.h"
#include "fixture.h"

#include <math.h>
#include <mflixcache/mflixcache.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define BATCH 200
#define HUGO "573a1390f29313caabcd4aaa"
#define COUNTED "573a1390f29313caabcd4aab"

static fixture fx; /* its Redis, and commands of the tests' own */
static mc_client *mc;
static mc_client *other; /* another process, as far as the protocol goes */
static const char *store_uri;
static size_t movies;
static size_t theaters;

static void open_client(mc_client **out)
{
    mc_error err;
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "cache.uri", fx.redis.uri, &err), MC_OK);
    assert_int_equal(mc_options_set(o, "store.uri", store_uri, &err), MC_OK);
    assert_int_equal(mc_options_set(o, "store.database", "mflixcache_test_api", &err), MC_OK);
    /* What a busy machine delays is not a server that is away. */
    static const char *const patient[] = {"call.timeout_ms", "cache.timeout_ms", "store.timeout_ms"};
    for (size_t i = 0; i < sizeof patient / sizeof patient[0]; i++)
        assert_int_equal(mc_options_set(o, patient[i], "30000", &err), MC_OK);
    assert_int_equal(mc_options_set(o, "read.lease_ms", "30000", &err), MC_OK);
    assert_int_equal(mc_options_set(o, "write.quarantine_ms", "61000", &err), MC_OK);
    if (mc_open(o, out, &err) != MC_OK)
        fail_msg("%s", err.text);
    mc_options_free(o);
}

static void flush_redis(void)
{
    free(fixture_redis(&fx, "FLUSHALL", NULL));
    (void)(mc_ping(mc, 0, 0, 0) + mc_ping(other, 0, 0, 0)); /* asked once: whose values those of a new epoch are */
}

/* ---- data --------------------------------------------------------------------------------------------------------- */

typedef mc_status (*import_fn)(mc_client *, const char *const *, const size_t *, size_t, int, mc_status *, mc_error *);

static size_t import_lines(FILE *in, import_fn import)
{
    const char *docs[BATCH];
    size_t sizes[BATCH];
    mc_status sts[BATCH];
    mc_error err;
    size_t total = 0;
    for (;;) {
        size_t n = 0;
        while (n < BATCH) {
            char *line = NULL;
            size_t cap = 0;
            ssize_t len = getline(&line, &cap, in);
            if (len <= 0) {
                free(line);
                break;
            }
            docs[n] = line;
            sizes[n++] = (size_t)(line[len - 1] == '\n' ? len - 1 : len);
        }
        if (n == 0)
            return total;
        if (import(mc, docs, sizes, n, MC_IMPORT_REPLACE, sts, &err) != MC_OK)
            fail_msg("import: %s", err.text);
        for (size_t i = 0; i < n; i++) {
            if (sts[i] != MC_OK)
                print_message("%.80s: %s %s\n", docs[i], mc_status_name(sts[i]), err.text);
            assert_int_equal(sts[i], MC_OK);
            free((char *)(uintptr_t)docs[i]);
        }
        total += n;
    }
}

static size_t import_file(const char *name, import_fn import)
{
    char path[1024];
    char command[1100];
    if (srv_data_file(name, path, sizeof path) != 0)
        return 0;
    snprintf(command, sizeof command, "gzip -dc '%s'", path);
    FILE *in = popen(command, "r");
    assert_non_null(in);
    size_t n = import_lines(in, import);
    assert_int_equal(pclose(in), 0);
    return n;
}

static void import_own(void)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    for (int i = 0; i < 60; i++)
        fprintf(f,
                "{\"_id\":{\"$oid\":\"573a1390f29313caabcd%04x\"},\"title\":\"Film "
                "%d\",\"year\":%d,\"imdb\":{\"rating\":%d.%d}}\n",
                i, i, 1950 + i, i % 10, i % 7);
    rewind(f);
    movies = import_lines(f, mc_import_movies);
    fclose(f);
    f = tmpfile();
    assert_non_null(f);
    for (int i = 0; i < 60; i++)
        fprintf(f,
                "{\"_id\":{\"$oid\":\"59a47286cfa9a3a73e51%04x\"},\"theaterId\":%d,\"location\":{\"address\":{\"street1\":"
                "\"s\"},"
                "\"geo\":{\"type\":\"Point\",\"coordinates\":[%d.5,%d.25]}}}\n",
                i, 1000 + i, -120 + i, 20 + i % 40);
    rewind(f);
    theaters = import_lines(f, mc_import_theaters);
    fclose(f);
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static char some_ids[100][32];
static size_t some;

static void collect_ids(void)
{
    mc_list *rows = NULL;
    assert_int_equal(mc_top_movies(mc, 0, 100, &rows, NULL, NULL), MC_OK);
    some = mc_list_size(rows);
    assert_true(some >= 50);
    for (size_t i = 0; i < some; i++)
        snprintf(some_ids[i], sizeof some_ids[i], "%s", mc_movie_id(mc_list_movie(rows, i)));
    mc_list_free(rows);
}

static void test_hit_and_miss(void **state)
{
    (void)state;
    const mc_movie *m = NULL;
    mc_info info;
    flush_redis();
    assert_int_equal(mc_get_movie(mc, some_ids[0], &m, &info, NULL), MC_OK);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_int_equal(info.tier, MC_TIER_STORE);
    assert_int_equal(info.store_calls, 1);
    assert_true(info.flags & MC_FLAG_FILLED);
    char *title = strdup(mc_movie_title(m));
    mc_movie_unref(m);
    assert_int_equal(mc_get_movie(other, some_ids[0], &m, &info, NULL), MC_OK);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(info.tier, fixture_tier());
    assert_int_equal(info.redis_round_trips, fixture_trips(1));
    assert_int_equal(info.store_calls, 0);
    assert_true(info.age_ms >= 0 && info.age_ms < 60000 && info.elapsed_ns > 0);
    assert_string_equal(mc_movie_title(m), title);
    mc_bytes json;
    assert_int_equal(mc_movie_json(m, &json),
                     fixture_trips(MC_NOT_FOUND)); /* read without its document; memory keeps all of it */
    mc_movie_unref(m);
    assert_int_equal(mc_get_movie_by_title(mc, title, &m, &info, NULL), MC_OK);
    mc_movie_unref(m);
    assert_int_equal(mc_get_movie_by_title(mc, title, &m, &info, NULL), MC_OK);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_int_equal(info.redis_round_trips, fixture_trips(1));
    mc_movie_unref(m);
    free(title);
    assert_int_equal(mc_get_movie(mc, "000000000000000000000000", &m, &info, NULL), MC_NOT_FOUND);
    assert_null(m);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    assert_int_equal(mc_get_movie(mc, "000000000000000000000000", &m, &info, NULL), MC_NOT_FOUND);
    assert_int_equal(info.cache, MC_CACHE_HIT);
    assert_true(info.flags & MC_FLAG_NEGATIVE);
}

/* What a hit says is what a miss said: every field, and the whole document. */
static void same_movie(const mc_movie *a, const mc_movie *b)
{
    char ya[32];
    char yb[32];
    double ra = 0;
    double rb = 0;
    int64_t da = 0;
    int64_t db = 0;
    assert_string_equal(mc_movie_id(a), mc_movie_id(b));
    assert_true((mc_movie_title(a) == NULL) == (mc_movie_title(b) == NULL));
    if (mc_movie_title(a) != NULL)
        assert_string_equal(mc_movie_title(a), mc_movie_title(b));
    assert_true((mc_movie_plot(a) == NULL) == (mc_movie_plot(b) == NULL));
    if (mc_movie_plot(a) != NULL)
        assert_string_equal(mc_movie_plot(a), mc_movie_plot(b));
    assert_int_equal(mc_movie_year_text(a, ya, sizeof ya), mc_movie_year_text(b, yb, sizeof yb));
    assert_string_equal(ya, yb);
    assert_int_equal(mc_movie_rating(a, &ra), mc_movie_rating(b, &rb));
    assert_true(ra == rb);
    assert_int_equal(mc_movie_released(a, &da), mc_movie_released(b, &db));
    assert_true(da == db);
    assert_int_equal(mc_movie_cast_count(a), mc_movie_cast_count(b));
    for (size_t i = 0; i < mc_movie_cast_count(a); i++)
        assert_string_equal(mc_movie_cast(a, i), mc_movie_cast(b, i));
    int64_t na = 0;
    int64_t nb = 0;
    assert_int_equal(mc_movie_imdb_id(a, &na), mc_movie_imdb_id(b, &nb));
    assert_true(na == nb);
    assert_int_equal(mc_movie_country_count(a), mc_movie_country_count(b));
    for (size_t i = 0; i < mc_movie_country_count(a); i++)
        assert_string_equal(mc_movie_country(a, i), mc_movie_country(b, i));
    assert_int_equal(mc_movie_language_count(a), mc_movie_language_count(b));
    for (size_t i = 0; i < mc_movie_language_count(a); i++)
        assert_string_equal(mc_movie_language(a, i), mc_movie_language(b, i));
    assert_int_equal(mc_movie_genre_count(a), mc_movie_genre_count(b));
    for (size_t i = 0; i < mc_movie_genre_count(a); i++)
        assert_string_equal(mc_movie_genre(a, i), mc_movie_genre(b, i));
}

static void test_hit_equals_miss(void **state)
{
    (void)state;
    flush_redis();
    for (size_t i = 0; i < some; i++) {
        const mc_movie *cold = NULL;
        const mc_movie *warm = NULL;
        mc_info info;
        mc_bytes a;
        mc_bytes b;
        assert_int_equal(mc_get_movie_document(mc, some_ids[i], &cold, &info, NULL), MC_OK);
        assert_int_equal(info.cache, MC_CACHE_MISS);
        assert_int_equal(mc_get_movie_document(mc, some_ids[i], &warm, &info, NULL), MC_OK);
        assert_int_equal(info.cache, MC_CACHE_HIT);
        same_movie(cold, warm);
        assert_int_equal(mc_movie_json(cold, &a), MC_OK);
        assert_int_equal(mc_movie_json(warm, &b), MC_OK);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.data, b.data, a.size);
        mc_movie_unref(cold);
        mc_movie_unref(warm);
    }
}

static void test_many(void **state)
{
    (void)state;
    const char *ids[100];
    const mc_movie *out[100];
    mc_status sts[100];
    mc_info infos[100];
    mc_error err;
    flush_redis();
    for (size_t i = 0; i < some; i++)
        ids[i] = some_ids[i];
    ids[3] = "000000000000000000000000"; /* not there */
    ids[5] = "nonsense";
    ids[7] = ids[2]; /* the same once more */
    assert_int_equal(mc_get_movies(mc, ids, some, out, sts, infos, &err), MC_OK);
    for (size_t i = 0; i < some; i++) {
        assert_int_equal(sts[i], i == 3 ? MC_NOT_FOUND : i == 5 ? MC_E_ARG : MC_OK);
        assert_true((out[i] != NULL) == (sts[i] == MC_OK));
        if (out[i] != NULL)
            assert_string_equal(mc_movie_id(out[i]), ids[i]); /* the caller's order */
        if (sts[i] == MC_OK) {
            assert_int_equal(infos[i].cache, MC_CACHE_MISS);
            assert_int_equal(infos[i].store_calls, 1); /* one query for all of them */
        }
        mc_movie_unref(out[i]);
    }
    assert_int_equal(mc_get_movies(mc, ids, some, out, sts, infos, &err), MC_OK);
    for (size_t i = 0; i < some; i++) {
        if (sts[i] == MC_OK) {
            assert_int_equal(infos[i].cache, MC_CACHE_HIT);
            assert_int_equal(infos[i].redis_round_trips, fixture_trips(1)); /* one pipeline for all of them */
        }
        mc_movie_unref(out[i]);
    }
}

/* ---- writing ------------------------------------------------------------------------------------------------------ */

static void test_write_through(void **state)
{
    (void)state;
    mc_error err;
    mc_info info;
    const mc_movie *m = NULL;
    double r = 0;
    int64_t rank = 0;
    const char *json =
        "{\"_id\":{\"$oid\":\"" HUGO "\"},\"title\":\"Hugo \xc3\xa9\",\"year\":\"1981\xc3\xa8\",\"plot\":\"p\","
        "\"released\":{\"$date\":{\"$numberLong\":\"-2085523200000\"}},\"big\":{\"$numberLong\":\"5\"},"
        "\"imdb\":{\"rating\":7.5,\"votes\":3}}";
    (void)mc_delete_movie(mc, HUGO, NULL, NULL);
    assert_int_equal(mc_get_movie(other, HUGO, &m, NULL, NULL), MC_NOT_FOUND); /* cached as "not found" */
    assert_int_equal(mc_create_movie(mc, json, strlen(json), &m, &info, &err), MC_OK);
    assert_string_equal(mc_movie_id(m), HUGO);
    mc_bytes doc;
    assert_int_equal(mc_movie_json(m, &doc), MC_OK);
    assert_string_equal(doc.data, json); /* every type survived */
    mc_movie_unref(m);
    assert_int_equal(mc_create_movie(mc, json, strlen(json), NULL, NULL, &err), MC_E_EXISTS);
    assert_int_equal(mc_get_movie_document(other, HUGO, &m, &info, NULL), MC_OK);
    int year = 0;
    assert_int_equal(mc_movie_year(m, &year), MC_OK);
    assert_int_equal(year, 1981);
    int64_t released = 0;
    assert_int_equal(mc_movie_released(m, &released), MC_OK);
    assert_true(released == -2085523200000);
    assert_int_equal(mc_movie_json(m, &doc), MC_OK);
    assert_string_equal(doc.data, json);
    mc_movie_unref(m);
    assert_int_equal(mc_update_rating(mc, HUGO, 9.9, &m, &info, &err), MC_OK);
    assert_int_equal(info.redis_round_trips, fixture_trips(2)); /* announce, store */
    assert_int_equal(info.store_calls, 1);
    assert_int_equal(mc_movie_rating(m, &r), MC_OK);
    assert_true(r == 9.9);
    mc_movie_unref(m);
    assert_int_equal(mc_get_movie(other, HUGO, &m, &info, NULL), MC_OK);
    assert_int_equal(info.cache, MC_CACHE_HIT); /* the new value is there already */
    assert_int_equal(mc_movie_rating(m, &r), MC_OK);
    assert_true(r == 9.9);
    mc_movie_unref(m);
    assert_int_equal(mc_rank_movie(other, HUGO, &rank, &r, NULL, &err), MC_OK);
    assert_true(r == 9.9 && rank == 0);
    const char *patch = "{\"plot\":null,\"title\":\"Hugo 2\",\"imdb\":{\"votes\":4},\"extra\":{\"a\":[1,2.5]}}";
    assert_int_equal(mc_update_movie(mc, HUGO, patch, strlen(patch), &m, NULL, &err), MC_OK);
    assert_null(mc_movie_plot(m));
    assert_int_equal(mc_movie_rating(m, &r), MC_OK);
    assert_true(r == 9.9); /* a sibling that the patch did not name */
    mc_movie_unref(m);
    assert_int_equal(mc_get_movie_by_title(other, "Hugo \xc3\xa9", &m, NULL, NULL), MC_NOT_FOUND);
    assert_int_equal(mc_update_rating_by_title(other, "Hugo 2", 0.5, &m, NULL, &err), MC_OK);
    mc_movie_unref(m);
    assert_int_equal(mc_rank_movie(mc, HUGO, &rank, &r, NULL, &err), MC_OK);
    assert_true(r == 0.5);
    patch = "{\"title\":{\"deep\":{\"er\":1}}}";
    assert_int_equal(mc_update_movie(mc, HUGO, patch, strlen(patch), NULL, NULL, &err), MC_E_CONFLICT);
    assert_int_equal(mc_update_rating(mc, "000000000000000000000001", 1, NULL, NULL, &err), MC_NOT_FOUND);
    assert_int_equal(mc_delete_movie(mc, HUGO, &info, &err), MC_OK);
    assert_int_equal(mc_get_movie(other, HUGO, &m, &info, NULL), MC_NOT_FOUND);
    assert_int_equal(mc_rank_movie(other, HUGO, &rank, &r, NULL, &err), MC_NOT_FOUND);
    assert_int_equal(mc_delete_movie(mc, HUGO, NULL, &err), MC_NOT_FOUND);
}

static void test_same_title(void **state)
{
    (void)state;
    const char *docs[3] = {"{\"_id\":{\"$oid\":\"573a1390f29313caabcdfff2\"},\"title\":\"Twin\"}",
                           "{\"_id\":{\"$oid\":\"573a1390f29313caabcdfff1\"},\"title\":\"Twin\"}",
                           "{\"_id\":{\"$oid\":\"573a1390f29313caabcdfff3\"},\"title\":\"Twin\"}"};
    const mc_movie *m = NULL;
    for (int i = 0; i < 3; i++)
        (void)mc_create_movie(mc, docs[i], strlen(docs[i]), NULL, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mc_get_movie_by_title(other, "Twin", &m, NULL, NULL), MC_OK);
        assert_string_equal(mc_movie_id(m), "573a1390f29313caabcdfff1");
        mc_movie_unref(m);
    }
    assert_int_equal(mc_delete_movie(mc, "573a1390f29313caabcdfff1", NULL, NULL), MC_OK);
    assert_int_equal(mc_get_movie_by_title(other, "Twin", &m, NULL, NULL), MC_OK);
    assert_string_equal(mc_movie_id(m), "573a1390f29313caabcdfff2");
    mc_movie_unref(m);
    assert_int_equal(mc_delete_movie(mc, "573a1390f29313caabcdfff2", NULL, NULL), MC_OK);
    assert_int_equal(mc_delete_movie(mc, "573a1390f29313caabcdfff3", NULL, NULL), MC_OK);
    assert_int_equal(mc_get_movie_by_title(other, "Twin", &m, NULL, NULL), MC_NOT_FOUND);
}

/* ---- boards and places -------------------------------------------------------------------------------------------- */

static void test_top(void **state)
{
    (void)state;
    mc_list *cold = NULL, *warm = NULL;
    mc_info info;
    assert_int_equal(mc_top_movies(mc, 0, 100, &cold, &info, NULL), MC_OK);
    fixture_warm_top(mc, 100, &warm, &info);
    assert_int_equal(info.redis_round_trips, fixture_trips(1)); /* details included */
    assert_int_equal(info.tier, fixture_tier());
    assert_int_equal(mc_list_size(cold), mc_list_size(warm));
    for (size_t i = 0; i < mc_list_size(warm); i++) {
        double r = 0;
        same_movie(mc_list_movie(cold, i), mc_list_movie(warm, i));
        assert_int_equal(mc_movie_rating(mc_list_movie(warm, i), &r), MC_OK);
        assert_true(r == mc_list_score(warm, i));
        assert_int_equal(mc_list_rank(warm, i), (int64_t)i);
        if (i > 0)
            assert_true(mc_list_score(warm, i - 1) > mc_list_score(warm, i) ||
                        (mc_list_score(warm, i - 1) == mc_list_score(warm, i) &&
                         strcmp(mc_movie_id(mc_list_movie(warm, i - 1)), mc_movie_id(mc_list_movie(warm, i))) > 0));
    }
    mc_list_free(warm);
    assert_int_equal(mc_top_movies(mc, 10, 5, &warm, &info, NULL), MC_OK); /* a page of it */
    for (size_t i = 0; i < mc_list_size(warm); i++)
        assert_string_equal(mc_movie_id(mc_list_movie(warm, i)), mc_movie_id(mc_list_movie(cold, 10 + i)));
    mc_list_free(warm);
    assert_int_equal(mc_top_movies(mc, 999999, 5, &warm, &info, NULL), MC_OK);
    assert_int_equal(mc_list_size(warm), 0);
    mc_list_free(warm);
    mc_list_free(cold);
    /* with Redis empty another client is answered by the store while nobody has built a board: the same list */
    int64_t rank = 0;
    double score = 0;
    assert_int_equal(mc_rank_movie(mc, some_ids[4], &rank, &score, NULL, NULL), MC_OK);
    assert_int_equal(rank, 4);
}

static void test_trending(void **state)
{
    (void)state;
    mc_list *rows = NULL;
    int64_t views = 0;
    flush_redis();
    for (int i = 0; i < 5; i++)
        for (int k = 0; k <= i; k++)
            assert_int_equal(mc_record_view(k % 2 ? mc : other, some_ids[i], &views, NULL, NULL), MC_OK);
    assert_int_equal(views, 5);
    for (int i = 0; i < 9; i++) /* views of what does not exist are left out */
        assert_int_equal(mc_record_view(mc, "000000000000000000000002", NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_trending(mc, 3, &rows, NULL, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(mc_movie_id(mc_list_movie(rows, i)), some_ids[4 - i]);
        assert_true(mc_list_score(rows, i) == 5 - (double)i);
        assert_int_equal(mc_list_views(rows, i), 5 - (int)i);
    }
    mc_list_free(rows);
}

static double distance(double lon1, double lat1, double lon2, double lat2)
{
    const double rad = acos(-1.0) / 180.0;
    double u = sin((lat2 - lat1) * rad / 2);
    double v = sin((lon2 - lon1) * rad / 2);
    return 2.0 * 6372797.560856 * asin(sqrt(u * u + cos(lat1 * rad) * cos(lat2 * rad) * v * v));
}

/* GEOSEARCH, and the scan of the store that stands in for it, give the same theaters in the same order. */
static void test_nearby(void **state)
{
    (void)state;
    static const double points[][3] = {{-93.2, 44.9, 50000},  {-73.9, 40.7, 20000}, {-118.2, 34.0, 100000},
                                       {0, 0, 20100000},      {-100, 40, 3000000},  {180, 10, 20100000},
                                       {-179.9, 60, 9000000}, {-150, 85, 20100000}};
    mc_list *rows = NULL;
    mc_list *all = NULL;
    mc_info info;
    mc_client *alone = NULL;
    mc_error err;
    mc_options *o = mc_options_new();
    assert_int_equal(mc_options_set(o, "store.uri", store_uri, &err), MC_OK);
    assert_int_equal(mc_options_set(o, "store.database", "mflixcache_test_api", &err), MC_OK);
    assert_int_equal(mc_options_set(o, "cache.uri", "redis://127.0.0.1:1", &err), MC_OK); /* nobody there */
    assert_int_equal(strstr(store_uri, ":memory:") != NULL ? MC_OK : mc_open(o, &alone, &err), MC_OK);
    mc_options_free(o);
    fixture_build_lists(mc);
    for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
        assert_int_equal(mc_nearby_theaters(mc, points[p][0], points[p][1], points[p][2], 50, &rows, &info, NULL), MC_OK);
        assert_int_equal(info.tier, fixture_tier());
        for (size_t i = 0; i < mc_list_size(rows); i++) {
            double lon = 0;
            double lat = 0;
            assert_int_equal(mc_theater_location(mc_list_theater(rows, i), &lon, &lat), MC_OK);
            double d = distance(points[p][0], points[p][1], lon, lat);
            assert_true(fabs(d - mc_list_distance_m(rows, i)) < 2.0); /* 52-bit places */
            assert_true(i == 0 || mc_list_distance_m(rows, i) >= mc_list_distance_m(rows, i - 1));
            assert_true(mc_list_distance_m(rows, i) <= points[p][2]);
        }
        if (alone != NULL) {
            assert_int_equal(mc_nearby_theaters(alone, points[p][0], points[p][1], points[p][2], 50, &all, &info, &err),
                             MC_OK);
            assert_int_equal(info.tier, MC_TIER_STORE);
            assert_int_equal(mc_list_size(rows), mc_list_size(all));
            for (size_t i = 0; i < mc_list_size(rows); i++) /* theaters at one place may change places */
                assert_true(fabs(mc_list_distance_m(rows, i) - mc_list_distance_m(all, i)) < 2.0);
        }
        mc_list_free(rows);
        mc_list_free(all);
    }
    assert_int_equal(mc_close(alone), MC_OK);
}

/* ---- the rest ----------------------------------------------------------------------------------------------------- */

static void test_invalidate(void **state)
{
    (void)state;
    const mc_movie *m = NULL;
    mc_info info;
    mc_list *rows = NULL;
    assert_int_equal(mc_get_movie(mc, some_ids[0], &m, NULL, NULL), MC_OK);
    char *title = strdup(mc_movie_title(m));
    mc_movie_unref(m);
    assert_int_equal(mc_invalidate(other, some_ids[0], &info, NULL), MC_OK);
    assert_int_equal(mc_get_movie(mc, some_ids[0], &m, &info, NULL), MC_OK);
    assert_int_equal(info.cache, MC_CACHE_MISS);
    mc_movie_unref(m);
    assert_int_equal(mc_invalidate_title(other, title, &info, NULL), MC_OK);
    assert_int_equal(mc_get_movie_by_title(mc, title, &m, &info, NULL), MC_OK);
    assert_int_not_equal(info.cache, MC_CACHE_HIT);
    mc_movie_unref(m);
    free(title);
    assert_int_equal(mc_put(mc, "system_status", "up", 2, 0, NULL, NULL), MC_OK);
    assert_int_equal(mc_invalidate_all(other, &info, NULL), MC_OK);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(mc_get_movie(mc, some_ids[i], &m, &info, NULL), MC_OK);
        assert_int_equal(info.cache, MC_CACHE_MISS);
        mc_movie_unref(m);
    }
    char *value = NULL;
    size_t size = 0;
    assert_int_equal(mc_get(mc, "system_status", &value, &size, NULL, NULL), MC_OK); /* no copy of anything: stays */
    assert_string_equal(value, "up");
    mc_free(value);
    assert_int_equal(mc_top_movies(mc, 0, 10, &rows, &info, NULL), MC_OK);
    assert_int_equal(mc_list_size(rows), 10);
    mc_list_free(rows);
    assert_int_equal(mc_remove(mc, "system_status", NULL, NULL), MC_OK);
    assert_int_equal(mc_remove(mc, "system_status", NULL, NULL), MC_NOT_FOUND);
    assert_int_equal(mc_get(mc, "system_status", &value, &size, NULL, NULL), MC_NOT_FOUND);
    assert_null(value);
}

static int progress_calls;

static int progress(const mc_progress *p, void *user)
{
    (void)user;
    assert_true(p->done >= 0 && p->stage != NULL);
    progress_calls++;
    return 0;
}

static void test_warm(void **state)
{
    (void)state;
    int64_t loaded = 0;
    mc_error err;
    mc_info info;
    flush_redis();
    if (mc_warm(mc, MC_WARM_ALL, 0, progress, NULL, &loaded, &err) != MC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(loaded, (int64_t)(movies + theaters));
    assert_true(progress_calls > 0);
    for (size_t i = 0; i < some; i++) {
        const mc_movie *m = NULL;
        assert_int_equal(mc_get_movie(other, some_ids[i], &m, &info, NULL), MC_OK);
        assert_int_equal(info.cache, MC_CACHE_HIT);
        mc_movie_unref(m);
    }
    assert_int_equal(mc_warm(mc, MC_WARM_ALL, 0, NULL, NULL, &loaded, &err), MC_OK);
    assert_int_equal(loaded, 0); /* what is there stays */
}

/* What one read past a cold Redis, one hit, a write and a view add to the counters, whatever ran before. */
static void test_counters_follow_calls(void **state)
{
    (void)state;
    mc_stats before;
    mc_stats after;
    const mc_movie *m = NULL;
    const char *json = "{\"_id\":{\"$oid\":\"" COUNTED "\"},\"title\":\"Counted\",\"imdb\":{\"rating\":5.5}}";
    flush_redis();
    (void)mc_delete_movie(mc, COUNTED, NULL, NULL);
    assert_int_equal(mc_get_stats(mc, &before), MC_OK);
    assert_int_equal(mc_create_movie(mc, json, strlen(json), NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_get_stats(mc, &after), MC_OK);
    assert_int_equal(after.writes - before.writes, 1);
    flush_redis();
    for (int i = 0; i < 2; i++) { /* a miss, then a hit */
        assert_int_equal(mc_get_stats(mc, &before), MC_OK);
        assert_int_equal(mc_get_movie(mc, COUNTED, &m, NULL, NULL), MC_OK);
        mc_movie_unref(m);
        assert_int_equal(mc_get_stats(mc, &after), MC_OK);
        assert_int_equal(after.misses - before.misses, i == 0);
        assert_int_equal(after.hits - before.hits, i == 1);
    }
    assert_int_equal(mc_record_view(mc, COUNTED, NULL, NULL, NULL), MC_OK);
    assert_int_equal(mc_get_stats(mc, &after), MC_OK);
    assert_int_equal(after.views - before.views, 1);
    assert_int_equal(after.redis_up, 1);
    assert_int_equal(mc_delete_movie(mc, COUNTED, NULL, NULL), MC_OK);
}

static void test_metrics_ping_and_version(void **state)
{
    (void)state;
    char *text = NULL;
    assert_int_equal(mc_stats_json(mc, &text, NULL), MC_OK);
    assert_non_null(strstr(text, "\"hits\""));
    mc_free(text);
    assert_int_equal(mc_metrics_prometheus(mc, &text, NULL), MC_OK);
    assert_non_null(strstr(text, "# TYPE "));
    mc_free(text);
    int ok[2] = {0, 0};
    assert_int_equal(mc_ping(mc, &ok[0], &ok[1], NULL), MC_OK);
    assert_true(ok[0] && ok[1]);
    assert_string_equal(mc_version(), MC_VERSION_TEXT);
    assert_non_null(strstr(mc_features(), "redis"));
}

static void test_ttl_jitter(void **state)
{
    (void)state;
    long long lo = INT64_MAX;
    long long hi = 0;
    flush_redis();
    for (size_t i = 0; i < some; i++) {
        const mc_movie *m = NULL;
        char key[64];
        assert_int_equal(mc_get_movie(mc, some_ids[i], &m, NULL, NULL), MC_OK);
        mc_movie_unref(m);
        (void)snprintf(key, sizeof key, "mflix:movie:{%s}", some_ids[i]);
        long long left = fixture_redis_int(&fx, "PTTL", key, NULL);
        lo = left < lo ? left : lo;
        hi = left > hi ? left : hi;
    }
    assert_true(lo > 170000 && hi <= 220000 && hi - lo > 5000); /* 200 s, spread by a tenth either way */
}

static int run_suite(const char *uri, const char *name)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hit_and_miss),
        cmocka_unit_test(test_hit_equals_miss),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_write_through),
        cmocka_unit_test(test_same_title),
        cmocka_unit_test(test_top),
        cmocka_unit_test(test_trending),
        cmocka_unit_test(test_nearby),
        cmocka_unit_test(test_invalidate),
        cmocka_unit_test(test_warm),
        cmocka_unit_test(test_counters_follow_calls),
        cmocka_unit_test(test_metrics_ping_and_version),
        cmocka_unit_test(test_ttl_jitter),
    };
    print_message("==== %s\n", name);
    store_uri = uri;
    fixture_start_redis(&fx);
    open_client(&mc);
    if (mc_prepare_store(mc, NULL) != MC_OK)
        fail_msg("the store is not prepared");
    movies = import_file("movies.ndjson.gz", mc_import_movies);
    theaters = import_file("theaters.ndjson.gz", mc_import_theaters);
    if (movies == 0 || theaters == 0)
        import_own();
    /* A store in memory belongs to its client: there the "other" is the same one. */
    if (strstr(uri, ":memory:") != NULL)
        other = mc;
    else
        open_client(&other);
    collect_ids();
    int failed = cmocka_run_group_tests_name(name, tests, NULL, NULL);
    if (other != mc)
        (void)mc_close(other);
    (void)mc_close(mc);
    fixture_stop_redis(&fx);
    return failed;
}

int main(void)
{
    int failed = 0;
#if MFLIXCACHE_WITH_SQLITE
    char file[] = "/tmp/mflixcache-api-XXXXXX";
    char uri[64];
    failed += run_suite("sqlite::memory:", "SQLite in memory");
    if (mkdtemp(file) == NULL)
        return 1;
    snprintf(uri, sizeof uri, "sqlite:%s/db", file);
    failed += run_suite(uri, "SQLite file");
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", file);
    failed += system(command) != 0;
#endif
#if MFLIXCACHE_WITH_MONGODB
    srv mongo;
    char url[2048];
    if (stand_in_wanted() != STAND_IN_ONE) /* the databases are not what differs then */
        return failed > 0;
    if (srv_mongo_url(url, sizeof url))
        failed += run_suite(url, "the server of MONGO_URL");
    if (failed > 0) /* a skip must not hide it, and the rest is tested all the same */
        (void)setenv("MFLIX_NO_SKIP", "1", 1);
    srv_start_mongo(&mongo, NULL);
    failed += run_suite(mongo.uri, mongo.name);
    srv_stop(&mongo);
#endif
    return failed > 0;
}
