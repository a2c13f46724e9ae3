/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that ask: get, top, near, trending. */
#include "app.h"
#include "output.h"

#include <inttypes.h>
#include <stdlib.h>

#define MAX_ROWS 1000 /* what the library gives at once */

/* ---- get ---------------------------------------------------------------------------------------------------------- */

static const option_spec get_options[] = {
    {"title", 't', "TITLE", "by its exact title instead of its id (of several films: the one with the lowest id)"},
    {"document", 'd', NULL, "print the whole document as Extended JSON"},
    {"no-view", 0, NULL, "do not count this as a view (see `mflix trending`)"},
};

/* The whole document: by id when a title was asked for, since only that call is bound to bring it. */
static mc_status read_document(app *a, const mc_movie **m, mc_info *info, mc_error *err, mc_bytes *out)
{
    const mc_movie *whole;
    mc_info second;
    if (mc_movie_json(*m, out) == MC_OK)
        return MC_OK;
    mc_status st = mc_get_movie_document(a->mc, mc_movie_id(*m), &whole, &second, err);
    if (st)
        return st;
    mc_movie_unref(*m);
    *m = whole;
    info->redis_round_trips += second.redis_round_trips;
    info->store_calls += second.store_calls;
    info->elapsed_ns += second.elapsed_ns;
    if (second.cache != MC_CACHE_HIT) { /* the weaker of the two is reported */
        info->cache = second.cache;
        info->tier = second.tier;
    }
    return mc_movie_json(*m, out);
}

static void print_get(const app *a, const mc_movie *m, const mc_bytes *document, const mc_info *info, int64_t views)
{
    if (a->json) {
        json j;
        answer_begin(&j, a, MC_OK);
        json_movie(&j, "movie", m);
        if (document->data)
            put_raw(&j, "document", document->data, document->size);
        if (views >= 0)
            put_int(&j, "views", views);
        answer_end(&j, info);
        return;
    }
    if (document->data)
        printf("%.*s\n", (int)document->size, document->data);
    else
        print_movie(a, m);
    if (views >= 0 && !document->data)
        printf("  %-10s%" PRId64 "\n", "views", views);
    print_info(a, info);
}

/* ---- get of several ---- */

static void json_several(const app *a, const mc_movie *const *movies, const mc_status *statuses, size_t n,
                         const mc_info *info)
{
    json j;
    answer_begin(&j, a, MC_OK);
    put_array(&j, "movies");
    for (size_t i = 0; i < n; i++) {
        put_object(&j, NULL);
        put_text(&j, "asked", a->args->operands[i]);
        put_text(&j, "status", mc_status_name(statuses[i]));
        if (movies[i])
            json_movie(&j, "movie", movies[i]);
        put_end_object(&j);
    }
    put_end_array(&j);
    answer_end(&j, info);
}

/* One line each, as the lists have them. */
static void print_several(const mc_movie *const *movies, size_t n)
{
    for (size_t i = 0; i < n && !ferror(stdout); i++) {
        char year[YEAR_TEXT];
        if (!movies[i])
            continue;
        print_column(stdout, mc_movie_title(movies[i]), 44);
        fputs("  ", stdout);
        print_column(stdout, mc_movie_year_text(movies[i], year, sizeof year) == MC_OK ? year : NULL, 5);
        printf("  %s\n", mc_movie_id(movies[i]));
    }
}

/* The weakest outcome of all, and what they cost together: they were asked in one go. */
static mc_info sum_up(const mc_info *infos, size_t n)
{
    mc_info all = infos[0];
    for (size_t i = 1; i < n; i++) {
        const mc_info *one = &infos[i];
        if (one->cache > all.cache) {
            all.cache = one->cache;
            all.tier = one->tier;
        }
        all.flags |= one->flags & ~(unsigned)MC_FLAG_NEGATIVE;
        all.age_ms = one->age_ms > all.age_ms ? one->age_ms : all.age_ms;
        all.elapsed_ns = one->elapsed_ns > all.elapsed_ns ? one->elapsed_ns : all.elapsed_ns;
        all.redis_round_trips =
            one->redis_round_trips > all.redis_round_trips ? one->redis_round_trips : all.redis_round_trips;
        all.store_calls = one->store_calls > all.store_calls ? one->store_calls : all.store_calls;
    }
    return all;
}

static int show_several(app *a, const mc_movie **movies, const mc_status *statuses, size_t n, const mc_info *info)
{
    int rc = EXIT_FINE;
    if (a->json)
        json_several(a, movies, statuses, n, info);
    else
        print_several(movies, n);
    for (size_t i = 0; i < n; i++) {
        if (statuses[i] != MC_OK) {
            rc = rc > exit_code(statuses[i]) ? rc : exit_code(statuses[i]);
            fprintf(stderr, "mflix: %s: %s\n", a->args->operands[i], mc_status_text(statuses[i]));
        }
        mc_movie_unref(movies[i]);
    }
    if (!a->json)
        print_info(a, info);
    return rc;
}

static int get_several(app *a, const args *g)
{
    static const mc_movie *movies[ARGS_MAX_OPERANDS];
    static mc_status statuses[ARGS_MAX_OPERANDS];
    static mc_info infos[ARGS_MAX_OPERANDS];
    mc_error err;
    if (args_flag(g, "document"))
        return usage_error("get: --document takes one id");
    int rc = app_open(a);
    if (rc)
        return rc;
    mc_status st = mc_get_movies(a->mc, g->operands, g->n_operands, movies, statuses, infos, &err);
    if (st)
        return fail(a, "get", st, NULL, &err);
    mc_info all = sum_up(infos, g->n_operands);
    return show_several(a, movies, statuses, g->n_operands, &all);
}

static int run_get(app *a, const args *g)
{
    const char *title = args_text(g, "title");
    const char *what = title ? title : g->operands[0];
    const mc_movie *m = NULL;
    mc_bytes document = {0};
    mc_info info;
    mc_error err;
    mc_status st;
    int64_t views = -1;
    if (!title && g->n_operands > 1)
        return get_several(a, g);
    if ((title != NULL) == (g->n_operands == 1))
        return usage_error("get: give an id or --title TITLE (example: mflix get --title 'Waterloo')");
    int rc = app_open(a);
    if (rc)
        return rc;
    if (title)
        st = mc_get_movie_by_title(a->mc, title, &m, &info, &err);
    else if (args_flag(g, "document"))
        st = mc_get_movie_document(a->mc, what, &m, &info, &err);
    else
        st = mc_get_movie(a->mc, what, &m, &info, &err);
    if (st == MC_OK && args_flag(g, "document"))
        st = read_document(a, &m, &info, &err, &document);
    if (st) {
        mc_movie_unref(m);
        return fail(a, what, st, &info, &err);
    }
    /* A view that could not be counted does not spoil the answer: it is said, and that is all. */
    if (!args_flag(g, "no-view") && mc_record_view(a->mc, mc_movie_id(m), &views, NULL, &err)) {
        views = -1;
        if (!a->quiet)
            fprintf(stderr, "mflix: view not counted: %s\n", err.text);
    }
    print_get(a, m, &document, &info, views);
    mc_movie_unref(m);
    return EXIT_FINE;
}

const command cmd_get = {
    "get",
    "ID... | --title TITLE",
    "read a movie, from Redis if it is there; or several",
    "Examples:\n"
    "  mflix get 573a1390f29313caabcd4803\n"
    "  mflix get --title 'The Great Train Robbery'\n"
    "  mflix get 573a1390f29313caabcd4803 573a1393f29313caabcdc810     a line each; no views are counted\n"
    "  mflix get --document 573a1390f29313caabcd4803 | jq .imdb\n\n"
    "The last line says how the answer came about: HIT (from Redis), MISS (from the database, now in Redis too), BYPASS\n"
    "(Redis could not be used), which tier answered, how old the value is, how long it took and how many exchanges with\n"
    "Redis it needed.\n",
    get_options,
    sizeof get_options / sizeof *get_options,
    0,
    ARGS_MAX_OPERANDS,
    run_get};

/* ---- top, trending ------------------------------------------------------------------------------------------------ */

static void print_ranked(const app *a, const mc_list *rows, const char *score_key, int decimals)
{
    for (size_t i = 0; i < mc_list_size(rows) && !ferror(stdout); i++) {
        const mc_movie *m = mc_list_movie(rows, i);
        char year[YEAR_TEXT];
        printf("%s%4" PRId64 "%s  %s%6.*f%s  ", paint(a, "dim"), mc_list_rank(rows, i) + 1, paint(a, NULL), paint(a, "bold"),
               decimals, mc_list_score(rows, i), paint(a, NULL));
        print_column(stdout, mc_movie_title(m), 44);
        fputs("  ", stdout);
        print_column(stdout, mc_movie_year_text(m, year, sizeof year) == MC_OK ? year : NULL, 5);
        printf("  %s\n", mc_movie_id(m) ? mc_movie_id(m) : "-");
    }
    if (mc_list_size(rows) == 0)
        printf("no %s\n", score_key);
}

static void json_ranked(const app *a, const mc_list *rows, const char *score_key, const mc_info *info)
{
    json j;
    answer_begin(&j, a, MC_OK);
    put_array(&j, "movies");
    for (size_t i = 0; i < mc_list_size(rows); i++) {
        put_object(&j, NULL);
        put_int(&j, "rank", mc_list_rank(rows, i) + 1);
        put_number(&j, score_key, mc_list_score(rows, i));
        json_movie_short(&j, "movie", mc_list_movie(rows, i));
        put_end_object(&j);
    }
    put_end_array(&j);
    answer_end(&j, info);
}

static const option_spec top_options[] = {
    {"count", 'n', "N", "how many (10; at most 1000)"},
    {"offset", 0, "N", "how many of the best to leave out (0)"},
};

static int run_top(app *a, const args *g)
{
    int64_t count = 10, offset = 0;
    mc_info info;
    mc_error err;
    int rc = args_int(g, "count", 0, MAX_ROWS, &count);
    if (!rc)
        rc = args_int(g, "offset", 0, 1000000, &offset);
    if (!rc)
        rc = app_open(a);
    if (rc)
        return rc;
    mc_list *rows = NULL;
    mc_status st = mc_top_movies(a->mc, offset, count, &rows, &info, &err);
    if (st) {
        rc = fail(a, "top", st, &info, &err);
    } else if (a->json) {
        json_ranked(a, rows, "rating", &info);
    } else {
        print_ranked(a, rows, "rated movies", 1);
        print_info(a, &info);
    }
    mc_list_free(rows);
    return rc;
}

const command cmd_top = {"top",
                         "[-n N] [--offset N]",
                         "the best rated movies",
                         "Examples:\n"
                         "  mflix top                       ten, the best first\n"
                         "  mflix top -n 20 --offset 100    places 101 to 120\n\n"
                         "Ordered by rating, then by id, both descending. Movies without a rating are not on the board.\n",
                         top_options,
                         sizeof top_options / sizeof *top_options,
                         0,
                         0,
                         run_top};

static const option_spec trending_options[] = {
    {"count", 'n', "N", "how many (5; at most 1000)"},
};

static int run_trending(app *a, const args *g)
{
    int64_t count = 5;
    mc_info info;
    mc_error err;
    int rc = args_int(g, "count", 0, MAX_ROWS, &count);
    if (!rc)
        rc = app_open(a);
    if (rc)
        return rc;
    mc_list *rows = NULL;
    mc_status st = mc_trending(a->mc, count, &rows, &info, &err);
    if (st) {
        rc = fail(a, "trending", st, &info, &err);
    } else if (a->json) {
        json_ranked(a, rows, "views", &info);
    } else {
        print_ranked(a, rows, "views yet", 0);
        print_info(a, &info);
    }
    mc_list_free(rows);
    return rc;
}

const command cmd_trending = {"trending",
                              "[-n N]",
                              "the most viewed movies, with their counts",
                              "Examples:\n"
                              "  mflix trending\n"
                              "  mflix trending -n 20 --json\n\n"
                              "Views are counted by get, view and bench. They live in Redis only.\n",
                              trending_options,
                              sizeof trending_options / sizeof *trending_options,
                              0,
                              0,
                              run_trending};

/* ---- near --------------------------------------------------------------------------------------------------------- */

static const option_spec near_options[] = {
    {"radius-km", 'r', "KM", "how far to look (50; at most 20100)"},
    {"count", 'n', "N", "how many at most (10; at most 1000)"},
};

static void print_near(const app *a, const mc_list *rows)
{
    for (size_t i = 0; i < mc_list_size(rows) && !ferror(stdout); i++) {
        const mc_theater *t = mc_list_theater(rows, i);
        int64_t number = 0;
        mc_theater_number(t, &number);
        printf("%s%8.2f km%s  %5" PRId64 "  ", paint(a, "bold"), mc_list_distance_m(rows, i) / 1000, paint(a, NULL), number);
        print_safe(stdout, mc_theater_street1(t));
        if (mc_theater_street2(t)) {
            fputs(", ", stdout);
            print_safe(stdout, mc_theater_street2(t));
        }
        fputs(", ", stdout);
        print_safe(stdout, mc_theater_city(t));
        fputs(", ", stdout);
        print_safe(stdout, mc_theater_state(t));
        fputs(" ", stdout);
        print_safe(stdout, mc_theater_zipcode(t));
        putchar('\n');
    }
    if (mc_list_size(rows) == 0)
        puts("no theater so near (a larger circle: --radius-km; the longitude comes first, as in near -73.98 40.75)");
}

static void json_near(const app *a, const mc_list *rows, const mc_info *info)
{
    json j;
    answer_begin(&j, a, MC_OK);
    put_array(&j, "theaters");
    for (size_t i = 0; i < mc_list_size(rows); i++) {
        const mc_theater *t = mc_list_theater(rows, i);
        int64_t number;
        double lon, lat;
        mc_list_location(rows, i, &lon, &lat);
        put_object(&j, NULL);
        put_text(&j, "id", mc_theater_id(t));
        if (mc_theater_number(t, &number) == MC_OK)
            put_int(&j, "theaterId", number);
        put_fixed(&j, "distance_m", mc_list_distance_m(rows, i), 3);
        put_number(&j, "lon", lon);
        put_number(&j, "lat", lat);
        put_text(&j, "street1", mc_theater_street1(t));
        if (mc_theater_street2(t))
            put_text(&j, "street2", mc_theater_street2(t));
        put_text(&j, "city", mc_theater_city(t));
        put_text(&j, "state", mc_theater_state(t));
        put_text(&j, "zipcode", mc_theater_zipcode(t));
        put_end_object(&j);
    }
    put_end_array(&j);
    answer_end(&j, info);
}

static int run_near(app *a, const args *g)
{
    double lon = 0, lat = 0, radius_km = 50;
    int64_t count = 10;
    mc_info info;
    mc_error err;
    int rc = parse_double("near: longitude", g->operands[0], -180, 180, &lon);
    if (!rc)
        rc = parse_double("near: latitude (the second number; the longitude comes first)", g->operands[1], -85.05112878,
                          85.05112878, &lat);
    if (!rc)
        rc = args_double(g, "radius-km", 0, 20100, &radius_km);
    if (!rc)
        rc = args_int(g, "count", 0, MAX_ROWS, &count);
    if (!rc)
        rc = app_open(a);
    if (rc)
        return rc;
    mc_list *rows = NULL;
    mc_status st = mc_nearby_theaters(a->mc, lon, lat, radius_km * 1000, count, &rows, &info, &err);
    if (st) {
        rc = fail(a, "near", st, &info, &err);
    } else if (a->json) {
        json_near(a, rows, &info);
    } else {
        print_near(a, rows);
        if (mc_list_size(rows) == 0 && count > 0 && lon >= -85 && lon <= 85 && !a->quiet)
            printf(
                "(%g is taken for the longitude and %g for the latitude; if you meant it the other way: mflix near %g %g)\n",
                lon, lat, lat, lon);
        print_info(a, &info);
    }
    mc_list_free(rows);
    return rc;
}

const command cmd_near = {"near",
                          "LON LAT [-r KM] [-n N]",
                          "the theaters nearest to a point",
                          "Examples:\n"
                          "  mflix near -73.98 40.75                  around Times Square: longitude first, then latitude\n"
                          "  mflix near -118.24 34.05 -r 10 -n 3      three at most within 10 km of Los Angeles\n\n"
                          "Each line: distance, number of the theater, address.\n",
                          near_options,
                          sizeof near_options / sizeof *near_options,
                          2,
                          2,
                          run_near};
