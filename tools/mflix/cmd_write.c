/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that change: rate, create, update, delete, invalidate, view. Each write goes through the library, so the
 * cache is coherent when the command ends.
 */
#include "app.h"
#include "input.h"
#include "latency.h"
#include "output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a write cost. Whether the cache helped to find the id is nothing that a writer asks. */
static void print_cost(const app *a, const mc_info *info)
{
    mc_info shown = *info;
    shown.cache = MC_CACHE_NONE;
    print_info(a, &shown);
}

static int64_t setting(const app *a, const char *key, int64_t otherwise)
{
    char text[32];
    return mc_options_get(a->options, key, text, sizeof text, NULL) == MC_OK ? strtoll(text, NULL, 10) : otherwise;
}

/*
 * A write could not be announced to Redis: the library keeps it in a queue that ends with this process. So the process stays until Redis is
 * back, or until the time of a call is over; then it says what stays wrong, and for how long. Returns the exit code.
 */
static int settle(app *a, const char *id, const mc_info *info)
{
    const struct timespec rest = {0, 50000000};
    int64_t until = now_ns() + setting(a, "call.timeout_ms", 5000) * 1000000;
    mc_stats stats;
    if (!(info->flags & MC_FLAG_QUEUED))
        return EXIT_FINE;
    if (!a->quiet)
        fputs("mflix: waiting for Redis, to which it could not be announced\n", stderr);
    while (now_ns() < until && !interrupted()) {
        const mc_movie *m = NULL;
        /* A call that finds Redis up again carries out what is queued. */
        (void)mc_get_movie(a->mc, id, &m, NULL, NULL);
        mc_movie_unref(m);
        if (mc_get_stats(a->mc, &stats) == MC_OK && stats.recovery_pending == 0)
            return EXIT_FINE;
        nanosleep(&rest, NULL);
    }
    int64_t ttl = setting(a, "movies.ttl_ms", 0) * (100 + setting(a, "ttl.jitter_pct", 0)) / 100;
    fprintf(stderr,
            "mflix: %s: it is in the database, but it was not announced to Redis: others may read the old value for up to "
            "%" PRId64 " s, and lists its old place (when Redis is back: mflix invalidate %s)\n",
            id, (ttl + 999) / 1000, id);
    return EXIT_NEGATIVE;
}

/* settle() for a movie, which is let go. */
static int settle_movie(app *a, const mc_movie *m, const mc_info *info)
{
    char id[256];
    snprintf(id, sizeof id, "%s", mc_movie_id(m));
    mc_movie_unref(m);
    return settle(a, id, info);
}

/* ---- rate --------------------------------------------------------------------------------------------------------- */

static const option_spec rate_options[] = {
    {"title", 't', "TITLE", "by its exact title instead of its id"},
};

static void print_rate(const app *a, const mc_movie *m, const mc_info *info, const int64_t *rank)
{
    double rating = 0;
    mc_movie_rating(m, &rating);
    if (a->json) {
        json j;
        answer_begin(&j, a, MC_OK);
        json_movie(&j, "movie", m);
        if (rank)
            put_int(&j, "rank", *rank + 1);
        answer_end(&j, info);
        return;
    }
    fputs(paint(a, "bold"), stdout);
    print_safe(stdout, mc_movie_title(m));
    printf("%s is rated %.1f now", paint(a, NULL), rating);
    if (rank)
        printf(", place %" PRId64 " on the board", *rank + 1);
    putchar('\n');
    print_cost(a, info);
}

static int run_rate(app *a, const args *g)
{
    const char *title = args_text(g, "title");
    const char *what = title ? title : g->operands[0];
    const mc_movie *m = NULL;
    double rating = 0;
    int64_t rank = 0;
    mc_info info;
    mc_error err;
    mc_status st;
    if (g->n_operands != (title ? 1u : 2u))
        return usage_error("rate: give an id or --title TITLE, and a rating (example: mflix rate --title 'Waterloo' 8.1)");
    int rc = parse_double("rate: rating", g->operands[g->n_operands - 1], 0, 10, &rating);
    if (!rc)
        rc = app_open(a);
    if (rc)
        return rc;
    if (title)
        st = mc_update_rating_by_title(a->mc, title, rating, &m, &info, &err);
    else
        st = mc_update_rating(a->mc, what, rating, &m, &info, &err);
    if (st)
        return fail(a, what, st, &info, &err);
    int ranked = mc_rank_movie(a->mc, mc_movie_id(m), &rank, NULL, NULL, NULL) == MC_OK;
    print_rate(a, m, &info, ranked ? &rank : NULL);
    return settle_movie(a, m, &info);
}

const command cmd_rate = {"rate",
                          "ID RATING | --title TITLE RATING",
                          "set a movie's rating, in the database and in Redis",
                          "Examples:\n"
                          "  mflix rate 573a1390f29313caabcd4803 8.1\n"
                          "  mflix rate --title 'The Great Train Robbery' 7.6\n\n"
                          "The next read, by any process, shows the new rating; the board has it in its new place.\n",
                          rate_options,
                          sizeof rate_options / sizeof *rate_options,
                          1,
                          2,
                          run_rate};

/* ---- create, update ----------------------------------------------------------------------------------------------- */

static void print_written(const app *a, const mc_movie *m, const mc_info *info, const char *verb)
{
    mc_bytes document = {0};
    if (a->json) {
        json j;
        answer_begin(&j, a, MC_OK);
        json_movie(&j, "movie", m);
        if (mc_movie_json(m, &document) == MC_OK)
            put_raw(&j, "document", document.data, document.size);
        answer_end(&j, info);
        return;
    }
    printf("%s %s  ", verb, mc_movie_id(m) ? mc_movie_id(m) : "-");
    print_safe(stdout, mc_movie_title(m));
    putchar('\n');
    print_cost(a, info);
}

static int run_create(app *a, const args *g)
{
    const char *path = g->operands[0];
    const mc_movie *m = NULL;
    size_t size;
    mc_info info;
    mc_error err;
    int is_json = path[strspn(path, " \t\r\n")] == '{';
    char *document = is_json ? strdup(path) : input_read(path, &size);
    if (!document)
        return fail_errno(a, path);
    if (is_json) {
        size = strlen(path);
        path = "the document";
    }
    int rc = app_open(a);
    if (rc) {
        free(document);
        return rc;
    }
    mc_status st = mc_create_movie(a->mc, document, size, &m, &info, &err);
    free(document);
    if (st)
        return fail(a, strcmp(path, "-") == 0 ? "standard input" : path, st, &info, &err);
    print_written(a, m, &info, "created");
    return settle_movie(a, m, &info);
}

const command cmd_create = {"create",
                            "JSON | FILE | -",
                            "create a movie from a JSON document",
                            "Examples:\n"
                            "  mflix create '{\"title\":\"Tampopo\",\"year\":1985}'\n"
                            "  mflix create film.json\n"
                            "  echo '{\"title\":\"Sunday\",\"year\":2024,\"imdb\":{\"rating\":7.5}}' | mflix create -\n\n"
                            "Extended JSON as mongoexport writes it. Without an _id one is made and printed.\n",
                            NULL,
                            0,
                            1,
                            1,
                            run_create};

static int run_update(app *a, const args *g)
{
    const mc_movie *m = NULL;
    mc_info info;
    mc_error err;
    char *input = NULL;
    const char *patch = g->operands[1];
    size_t size = strlen(patch);
    if (strcmp(patch, "-") == 0) {
        input = input_read("-", &size);
        if (!input)
            return fail_errno(a, "standard input");
        patch = input;
    }
    int rc = app_open(a);
    if (rc) {
        free(input);
        return rc;
    }
    mc_status st = mc_update_movie(a->mc, g->operands[0], patch, size, &m, &info, &err);
    free(input);
    if (st)
        return fail(a, g->operands[0], st, &info, &err);
    print_written(a, m, &info, "updated");
    return settle_movie(a, m, &info);
}

const command cmd_update = {"update",
                            "ID PATCH",
                            "change fields of a movie",
                            "Examples:\n"
                            "  mflix update 573a1390f29313caabcd4803 '{\"rated\":\"G\",\"imdb\":{\"votes\":1035}}'\n"
                            "  mflix update 573a1390f29313caabcd4803 '{\"poster\":null}'      null takes a field away\n"
                            "  mflix update 573a1390f29313caabcd4803 - < patch.json\n\n"
                            "A JSON merge patch: what it names is set, what it does not name stays.\n",
                            NULL,
                            0,
                            2,
                            2,
                            run_update};

/* ---- delete, view ------------------------------------------------------------------------------------------------- */

/* The answer of a command that has nothing to show but that it was done. */
static void print_done(const app *a, const char *verb, const char *what, const mc_info *info)
{
    if (a->json) {
        json j;
        answer_begin(&j, a, MC_OK);
        put_text(&j, "what", what);
        answer_end(&j, info);
        return;
    }
    printf("%s ", verb);
    print_safe(stdout, what);
    putchar('\n');
    print_cost(a, info);
}

static int run_delete(app *a, const args *g)
{
    mc_info info;
    mc_error err;
    int rc = app_open(a);
    if (rc)
        return rc;
    mc_status st = mc_delete_movie(a->mc, g->operands[0], &info, &err);
    if (st)
        return fail(a, g->operands[0], st, &info, &err);
    print_done(a, "deleted", g->operands[0], &info);
    return settle(a, g->operands[0], &info);
}

const command cmd_delete = {"delete",
                            "ID",
                            "delete a movie from the database, Redis and the board",
                            "Example:\n"
                            "  mflix delete 573a1390f29313caabcd4803\n",
                            NULL,
                            0,
                            1,
                            1,
                            run_delete};

static int run_view(app *a, const args *g)
{
    mc_info info;
    mc_error err;
    int64_t views = 0;
    int rc = app_open(a);
    if (rc)
        return rc;
    mc_status st = mc_record_view(a->mc, g->operands[0], &views, &info, &err);
    if (st)
        return fail(a, g->operands[0], st, &info, &err);
    if (a->json) {
        json j;
        answer_begin(&j, a, MC_OK);
        put_int(&j, "views", views);
        answer_end(&j, &info);
        return EXIT_FINE;
    }
    printf("%" PRId64 " view%s\n", views, views == 1 ? "" : "s");
    print_cost(a, &info);
    return EXIT_FINE;
}

const command cmd_view = {"view",
                          "ID",
                          "count a view of a movie without reading it",
                          "Example:\n"
                          "  mflix view 573a1390f29313caabcd4803\n",
                          NULL,
                          0,
                          1,
                          1,
                          run_view};

/* ---- invalidate --------------------------------------------------------------------------------------------------- */

static const option_spec invalidate_options[] = {
    {"title", 't', "TITLE", "the movie with this title, and the title itself"},
    {"all", 0, NULL, "everything that was cached, in one step however much it is"},
    {"adopt", 0, NULL, "with --all: also when it is of another database, whose place this one takes"},
};

static int run_invalidate(app *a, const args *g)
{
    const char *title = args_text(g, "title");
    int all = args_flag(g, "all");
    const char *what = all ? "everything" : title ? title : g->operands[0];
    mc_info info;
    mc_error err;
    mc_status st;
    if (all + (title != NULL) + (int)g->n_operands != 1)
        return usage_error("invalidate: give one of an id, --title TITLE and --all");
    if (args_flag(g, "adopt") && !all)
        return usage_error("invalidate: --adopt goes with --all");
    int rc = args_flag(g, "adopt") ? app_set(a, "store.adopt", "true") : 0;
    rc = rc ? rc : app_open(a);
    if (rc)
        return rc;
    if (all)
        st = mc_invalidate_all(a->mc, &info, &err);
    else if (title)
        st = mc_invalidate_title(a->mc, title, &info, &err);
    else
        st = mc_invalidate(a->mc, what, &info, &err);
    if (st)
        return fail(a, what, st, &info, &err);
    print_done(a, "dropped", what, &info);
    return EXIT_FINE;
}

const command cmd_invalidate = {
    "invalidate",
    "ID | --title TITLE | --all [--adopt]",
    "drop cached values; the database is left alone",
    "Examples:\n"
    "  mflix invalidate 573a1390f29313caabcd4803\n"
    "  mflix invalidate --title 'The Great Train Robbery'\n"
    "  mflix invalidate --all\n"
    "  mflix invalidate --all --adopt\n\n"
    "Needed after the database was changed by other programs. String keys (put) and view counts stay.\n",
    invalidate_options,
    sizeof invalidate_options / sizeof *invalidate_options,
    0,
    1,
    run_invalidate};
