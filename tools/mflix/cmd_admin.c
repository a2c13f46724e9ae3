/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of an operator: warm, ping, stats, options, and the string keys put, getkey, rmkey. */
#include "app.h"
#include "help.h"
#include "http_client.h"
#include "input.h"
#include "latency.h"
#include "output.h"
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- warm --------------------------------------------------------------------------------------------------------- */

static const option_spec warm_options[] = {
    {"movies", 0, NULL, "every movie"},
    {"board", 0, NULL, "the rating board"},
    {"theaters", 0, NULL, "the theaters and where they lie"},
    {"limit", 0, "N", "at most so many movies, and theaters (default: all of them)"},
};

#define MAX_STAGES 8

typedef struct warming {
    app *a;
    progress bar;
    /* the stages so far, with the documents looked at in each */
    char stages[MAX_STAGES][16];
    int64_t done[MAX_STAGES];
    size_t n;
} warming;

static int on_progress(const mc_progress *p, void *user)
{
    warming *w = user;
    if (w->n == 0 || strcmp(w->stages[w->n - 1], p->stage) != 0) { /* a bar for each stage, with a rate of its own */
        progress_clear(&w->bar);
        w->n += w->n < MAX_STAGES;
        snprintf(w->stages[w->n - 1], sizeof w->stages[0], "%s", p->stage);
        progress_begin(&w->bar, w->a, w->stages[w->n - 1], "documents");
    }
    w->done[w->n - 1] = p->done;
    progress_show(&w->bar, p->done, p->done, p->total);
    return interrupted();
}

static void print_warm(app *a, const warming *w, mc_status st, int64_t loaded, double seconds)
{
    mc_stats stats = {0};
    mc_get_stats(a->mc, &stats);
    if (a->json) {
        json j;
        answer_begin(&j, a, st);
        put_int(&j, "loaded", loaded);
        put_int(&j, "under_write", stats.quarantined);
        put_object(&j, "stages");
        for (size_t i = 0; i < w->n; i++)
            put_int(&j, w->stages[i], w->done[i]);
        put_end_object(&j);
        put_fixed(&j, "elapsed_ms", seconds * 1000, 3);
        put_int(&j, "redis_round_trips", stats.redis_round_trips);
        put_bool(&j, "interrupted", st == MC_E_ABORT);
        answer_end(&j, NULL);
        return;
    }
    printf("%s: %" PRId64 " documents put into Redis", st ? "stopped" : "warm", loaded);
    for (size_t i = 0; i < w->n; i++)
        printf("%s%s %" PRId64, i ? ", " : " (looked at: ", w->stages[i], w->done[i]);
    fputs(w->n ? ")" : "", stdout);
    if (!a->quiet)
        printf(" · %.2f s · %" PRId64 " round trips", seconds, stats.redis_round_trips);
    putchar('\n');
    if (stats.quarantined > 0)
        printf("%" PRId64
               " left out: a write to them is under way, or ended without a word less than write.quarantine_ms ago\n",
               stats.quarantined);
}

static int run_warm(app *a, const args *g)
{
    unsigned what = 0;
    int64_t limit = 0, loaded = 0;
    mc_error err;
    warming w = {.a = a};
    int rc = args_int(g, "limit", 1, INT64_MAX, &limit);
    if (!rc)
        rc = app_open(a);
    if (rc)
        return rc;
    what |= args_flag(g, "movies") ? MC_WARM_MOVIES : 0u;
    what |= args_flag(g, "board") ? MC_WARM_BOARD : 0u;
    what |= args_flag(g, "theaters") ? MC_WARM_THEATERS : 0u;
    int64_t begun = now_ns();
    progress_begin(&w.bar, a, "warm", "documents");
    mc_status st = mc_warm(a->mc, what ? what : MC_WARM_ALL, limit, on_progress, &w, &loaded, &err);
    progress_clear(&w.bar);
    if (st && !(st == MC_E_ABORT && interrupted()))
        return fail(a, "warm", st, NULL, &err);
    print_warm(a, &w, st, loaded, (double)(now_ns() - begun) / 1e9);
    return st ? EXIT_INTERRUPTED : EXIT_FINE;
}

const command cmd_warm = {"warm",
                          "[--movies] [--board] [--theaters] [--limit N]",
                          "load the cache ahead of traffic",
                          "Examples:\n"
                          "  mflix warm                         everything\n"
                          "  mflix warm --board --theaters      only what lists and maps need\n"
                          "  mflix warm --movies --limit 1000\n\n"
                          "Safe while others read and write. Ctrl-C stops it; what was loaded stays.\n",
                          warm_options,
                          sizeof warm_options / sizeof *warm_options,
                          0,
                          0,
                          run_warm};

/* ---- ping --------------------------------------------------------------------------------------------------------- */

/* What the cache is called: it may be no Redis at all. */
static const char *cache_word(const app *a)
{
    char uri[1100];
    return mc_options_get(a->options, "cache.uri", uri, sizeof uri, NULL) == MC_OK && strncmp(uri, "memory:", 7) == 0
               ? "memory"
               : "redis";
}

static int run_ping(app *a, const args *g)
{
    int redis_ok = 0, store_ok = 0;
    mc_error err;
    (void)g;
    int rc = app_open(a);
    if (rc)
        return rc;
    mc_status st = mc_ping(a->mc, &redis_ok, &store_ok, &err);
    if (a->json) {
        json j;
        answer_begin(&j, a, st);
        put_bool(&j, "redis", redis_ok);
        put_bool(&j, "store", store_ok);
        if (st)
            put_text(&j, "error", err.text);
        answer_end(&j, NULL);
    } else {
        printf("%-6s %s%s%s\n", cache_word(a), paint(a, redis_ok ? "green" : "red"), redis_ok ? "up" : "down",
               paint(a, NULL));
        printf("store  %s%s%s\n", paint(a, store_ok ? "green" : "red"), store_ok ? "up" : "down", paint(a, NULL));
    }
    if (st) {
        fputs("mflix: ping: ", stderr);
        print_safe(stderr, err.text);
        fputc('\n', stderr);
    }
    return st ? EXIT_SERVER : EXIT_FINE;
}

const command cmd_ping = {"ping",
                          "",
                          "ask Redis and the database whether they answer",
                          "Example:\n"
                          "  mflix ping && echo all is well      the exit status is 3 unless both answer\n",
                          NULL,
                          0,
                          0,
                          0,
                          run_ping};

/* ---- stats -------------------------------------------------------------------------------------------------------- */

static const option_spec stats_options[] = {
    {"prometheus", 0, NULL, "in Prometheus' text format"},
    {"url", 0, "URL", "the counters of a running mflix-server, such as http://127.0.0.1:8080"},
    {"reads", 0, "N", "read so many movies of the board first, so that there is something to count (0; at most 1000)"},
};

static mc_status read_some(app *a, int64_t n, mc_error *err)
{
    mc_list *rows = NULL;
    mc_status st = mc_top_movies(a->mc, 0, n, &rows, NULL, err);
    for (size_t i = 0; i < mc_list_size(rows) && st == MC_OK; i++) {
        const mc_movie *m = NULL;
        st = mc_get_movie(a->mc, mc_movie_id(mc_list_movie(rows, i)), &m, NULL, err);
        mc_movie_unref(m);
        if (st == MC_NOT_FOUND)
            st = MC_OK;
    }
    mc_list_free(rows);
    return st;
}

static void print_stats(const mc_stats *s)
{
    const struct {
        const char *name;
        int64_t value;
    } lines[] = {
        {"reads", s->reads},
        {"  hits", s->hits},
        {"  hits of \"not found\"", s->negative_hits},
        {"  misses", s->misses},
        {"  bypasses", s->bypasses},
        {"  not found", s->not_found},
        {"fills", s->fills},
        {"  refused", s->fills_refused},
        {"corrupt values dropped", s->corrupt},
        {"reads during a write", s->quarantined},
        {"loads shared", s->shared_loads},
        {"writes", s->writes},
        {"  uncontended", s->writes_uncontended},
        {"  contended", s->writes_contended},
        {"  outcome unknown", s->writes_unknown},
        {"invalidations", s->invalidations},
        {"board rebuilds", s->board_rebuilds},
        {"views", s->views},
        {"recovery pending", s->recovery_pending},
        {"Redis round trips", s->redis_round_trips},
        {"Redis errors", s->redis_errors},
        {"Redis connections", s->redis_connections},
        {"store calls", s->store_calls},
        {"store errors", s->store_errors},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        printf("%-26s %10" PRId64 "\n", lines[i].name, lines[i].value);
}

/* ---- of a service that runs ---- */

/* What a scraper sees, without the comments. */
static void print_samples(const char *text)
{
    for (const char *line = text; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        if (size > 0 && *line != '#')
            printf("%.*s\n", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

static void show_answer(const app *a, const args *g, const http_answer *answer)
{
    if (a->json) {
        json j;
        answer_begin(&j, a, MC_OK);
        if (args_flag(g, "prometheus"))
            put_text(&j, "prometheus", answer->body);
        else
            put_raw(&j, "stats", answer->body, answer->size);
        answer_end(&j, NULL);
    } else if (args_flag(g, "prometheus")) {
        fputs(answer->body, stdout);
    } else {
        print_samples(answer->body);
    }
}

static int stats_of(app *a, const args *g, const char *url)
{
    http_server server;
    http_answer answer = {0};
    char why[256];
    if (http_parse(&server, url, why, sizeof why))
        return usage_error("--url: %s", why);
    if (http_begin())
        return fail_outside(a, url, MC_E_NOMEM, "libcurl cannot be used", NULL);
    http_conn conn = {.server = &server};
    int as_json = a->json && !args_flag(g, "prometheus");
    int rc = EXIT_FINE;
    http_outcome outcome = http_ask(&conn, "GET", as_json ? "/stats" : "/metrics", &answer);
    if (outcome != HTTP_ANSWERED) {
        rc = fail_outside(a, url, MC_E_STORE, conn.why[0] ? conn.why : http_outcome_name(outcome),
                          "is mflix-server running there?");
    } else if (answer.status != 200) {
        (void)snprintf(why, sizeof why, "it answered with status %d", answer.status);
        rc = fail_outside(a, url, MC_E_STORE, why, NULL);
    } else {
        show_answer(a, g, &answer);
    }
    http_conn_free(&conn);
    http_end();
    return rc;
}

static int run_stats(app *a, const args *g)
{
    int64_t reads = 0;
    mc_stats stats = {0};
    mc_error err = {0};
    mc_status st;
    char *out = NULL;
    int rc = args_int(g, "reads", 0, 1000, &reads);
    if (!rc && args_text(g, "url") && args_text(g, "reads"))
        rc = usage_error("stats: --reads is for counters of this very run, --url for those of a service");
    if (!rc && args_text(g, "url"))
        return stats_of(a, g, args_text(g, "url"));
    if (!rc)
        rc = app_open(a);
    if (rc)
        return rc;
    mc_ping(a->mc, NULL, NULL, NULL); /* so that it is known who is up */
    st = reads > 0 ? read_some(a, reads, &err) : MC_OK;
    if (st)
        return fail(a, "stats", st, NULL, &err);
    if (args_flag(g, "prometheus"))
        st = mc_metrics_prometheus(a->mc, &out, &err);
    else if (a->json)
        st = mc_stats_json(a->mc, &out, &err);
    else
        st = mc_get_stats(a->mc, &stats);
    if (st)
        return fail(a, "stats", st, NULL, &err);
    if (out && a->json) {
        json j;
        answer_begin(&j, a, MC_OK);
        if (args_flag(g, "prometheus"))
            put_text(&j, "prometheus", out);
        else
            put_raw(&j, "stats", out, strlen(out));
        answer_end(&j, NULL);
    } else if (out) {
        fputs(out, stdout);
    } else {
        print_stats(&stats);
    }
    mc_free(out);
    return EXIT_FINE;
}

const command cmd_stats = {"stats",
                           "[--prometheus] [--reads N | --url URL]",
                           "the library's counters and latencies",
                           "Examples:\n"
                           "  mflix stats --reads 100               a hundred reads, then what they did\n"
                           "  mflix stats --prometheus --reads 10   what a scraper would see\n"
                           "  mflix stats --url http://127.0.0.1:8080   of a mflix-server that runs\n\n"
                           "Counters belong to a handle, so without --url these are the ones of this very run.\n",
                           stats_options,
                           sizeof stats_options / sizeof *stats_options,
                           0,
                           0,
                           run_stats};

/* ---- options ------------------------------------------------------------------------------------------------------ */

static const option_spec options_options[] = {
    {"markdown", 0, NULL, "the page docs/options.md"},
};

static void print_table(const app *a)
{
    mc_option_info row;
    char value[256];
    for (size_t i = 0; mc_option_at(i, &row) == MC_OK; i++) {
        mc_options_get(a->options, row.key, value, sizeof value, NULL);
        printf("%s%-26s%s %s", paint(a, "bold"), row.key, paint(a, NULL), *value ? value : "(empty)");
        if (strcmp(value, row.default_value) != 0)
            printf("   (default: %s)", *row.default_value ? row.default_value : "empty");
        printf("\n    %s\n    %s%s%s · %s\n", row.help, row.type, *row.range ? ": " : "", row.range, row.env);
    }
}

static int run_options(app *a, const args *g)
{
    mc_option_info row;
    char value[1024];
    json j;
    if (args_flag(g, "markdown")) {
        print_options_page();
        return EXIT_FINE;
    }
    int rc = app_settings(a);
    if (rc)
        return rc;
    if (!a->json) {
        print_table(a);
        return EXIT_FINE;
    }
    answer_begin(&j, a, MC_OK);
    put_array(&j, "options");
    for (size_t i = 0; mc_option_at(i, &row) == MC_OK; i++) {
        mc_options_get(a->options, row.key, value, sizeof value, NULL);
        put_object(&j, NULL);
        put_text(&j, "key", row.key);
        put_text(&j, "value", value);
        put_text(&j, "type", row.type);
        put_text(&j, "default", row.default_value);
        put_text(&j, "range", row.range);
        put_text(&j, "help", row.help);
        put_text(&j, "env", row.env);
        put_bool(&j, "secret", row.secret);
        put_end_object(&j);
    }
    put_end_array(&j);
    answer_end(&j, NULL);
    return EXIT_FINE;
}

const command cmd_options = {
    "options",
    "[--markdown]",
    "every setting: its value now, default, range, environment variable",
    "Examples:\n"
    "  mflix options\n"
    "  mflix -o write.mode=strict options --json | jq '.options[] | select(.key == \"write.mode\")'\n\n"
    "Passwords are shown as ***.\n",
    options_options,
    sizeof options_options / sizeof *options_options,
    0,
    0,
    run_options};

/* ---- put, getkey, rmkey ------------------------------------------------------------------------------------------- */

static const option_spec put_options[] = {
    {"ttl-ms", 0, "MS", "how long it lives (default: the option kv.ttl_ms)"},
};

static int run_put(app *a, const args *g)
{
    const char *value = g->operands[1];
    size_t size = strlen(value);
    char *input = NULL;
    int64_t ttl = 0;
    mc_info info;
    mc_error err;
    int rc = args_int(g, "ttl-ms", 1, INT64_C(31536000000), &ttl);
    if (rc)
        return rc;
    if (strcmp(value, "-") == 0) {
        input = input_read("-", &size);
        if (!input)
            return fail_errno(a, "standard input");
        value = input;
    }
    rc = app_open_for_keys(a);
    if (rc) {
        free(input);
        return rc;
    }
    mc_status st = mc_put(a->mc, g->operands[0], value, size, ttl, &info, &err);
    free(input);
    if (st)
        return fail(a, g->operands[0], st, &info, &err);
    if (a->json) {
        json j;
        answer_begin(&j, a, MC_OK);
        put_text(&j, "key", g->operands[0]);
        put_int(&j, "size", (int64_t)size);
        answer_end(&j, &info);
    } else {
        print_info(a, &info);
    }
    return EXIT_FINE;
}

const command cmd_put = {"put",
                         "KEY VALUE",
                         "set a string key in Redis",
                         "Examples:\n"
                         "  mflix put system_status 'all systems go'\n"
                         "  mflix put motd - --ttl-ms 60000 < motd.txt\n",
                         put_options,
                         sizeof put_options / sizeof *put_options,
                         2,
                         2,
                         run_put};

static int run_getkey(app *a, const args *g)
{
    char *value = NULL;
    size_t size = 0;
    mc_info info;
    mc_error err;
    int rc = app_open_for_keys(a);
    if (rc)
        return rc;
    mc_status st = mc_get(a->mc, g->operands[0], &value, &size, &info, &err);
    if (st)
        return fail(a, g->operands[0], st, &info, &err);
    if (a->json) {
        json j;
        answer_begin(&j, a, MC_OK);
        put_text(&j, "key", g->operands[0]);
        put_text_n(&j, "value", value, size);
        answer_end(&j, &info);
    } else { /* the bytes as they are: this is for pipes, and the value is the caller's own */
        fwrite(value, 1, size, stdout);
        putchar('\n');
        print_info(a, &info);
    }
    mc_free(value);
    return EXIT_FINE;
}

const command cmd_getkey = {"getkey",
                            "KEY",
                            "read a string key",
                            "Example:\n"
                            "  mflix -q getkey system_status\n",
                            NULL,
                            0,
                            1,
                            1,
                            run_getkey};

static int run_rmkey(app *a, const args *g)
{
    mc_info info;
    mc_error err;
    int rc = app_open_for_keys(a);
    if (rc)
        return rc;
    mc_status st = mc_remove(a->mc, g->operands[0], &info, &err);
    if (st)
        return fail(a, g->operands[0], st, &info, &err);
    if (a->json) {
        json j;
        answer_begin(&j, a, MC_OK);
        put_text(&j, "key", g->operands[0]);
        answer_end(&j, &info);
    } else {
        print_info(a, &info);
    }
    return EXIT_FINE;
}

const command cmd_rmkey = {"rmkey",
                           "KEY",
                           "remove a string key",
                           "Example:\n"
                           "  mflix rmkey system_status\n",
                           NULL,
                           0,
                           1,
                           1,
                           run_rmkey};
