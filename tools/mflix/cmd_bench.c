/* SPDX-License-Identifier: Apache-2.0 */
/* The command bench: its options, the order of its parts, its report. */
#include "bench.h"
#include "bench_http.h"
#include "output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const option_spec bench_options[] = {
    {"requests", 'n', "N", "how many requests (500)"},
    {"titles", 0, "N", "over how many titles (100)"},
    {"hot-share", 0, "PERCENT", "share of the requests that goes to the hot titles (80)"},
    {"hot-part", 0, "PERCENT", "share of the titles that is hot (20)"},
    {"threads", 0, "N", "threads that ask at the same time (1; at most 256)"},
    {"seed", 0, "N", "another seed, another order of requests (42)"},
    {"offset", 0, "N", "take the titles from this place of the board on (0)"},
    {"uncached-sample", 0, "N", "also time so many reads that the cache cannot answer (0)"},
    {"by-id", 0, NULL, "ask by id (default: by title)"},
    {"forms", 0, "N", "also time N hits of each form: chosen fields, whole document, plain JSON string (0)"},
    {"store-delay-ms", 0, "MS", "simulated distance to the database: MS more for each of its calls, such as 41.5 (0)"},
    {"http", 0, "URL", "ask mflix-server at http://HOST:PORT instead of the library, with the cache and past it"},
    {"top-share", 0, "PERCENT", "with --http: share of the requests that asks for the top list (10)"},
    {"seconds", 0, "N", "with --http: end after so many seconds at the latest (60; at most 3600)"},
    {"report", 0, "FILE", "with --http: also draw latency and hit ratio over time; FILE ends in .svg or .html"},
};

static int read_plan(const args *g, bench_plan *p)
{
    *p = (bench_plan){.requests = 500, .titles = 100, .threads = 1, .seed = 42, .hot_share = 80, .hot_part = 20};
    p->by_id = args_flag(g, "by-id");
    int rc = args_int(g, "requests", 1, 10000000, &p->requests);
    if (!rc)
        rc = args_int(g, "titles", 1, 20000, &p->titles);
    if (!rc)
        rc = args_int(g, "hot-share", 0, 100, &p->hot_share);
    if (!rc)
        rc = args_int(g, "hot-part", 0, 100, &p->hot_part);
    if (!rc)
        rc = args_int(g, "threads", 1, 256, &p->threads);
    if (!rc)
        rc = args_int(g, "seed", 0, INT64_MAX, &p->seed);
    if (!rc)
        rc = args_int(g, "offset", 0, 1000000, &p->offset);
    if (!rc)
        rc = args_int(g, "uncached-sample", 0, 1000000, &p->uncached);
    if (!rc)
        rc = args_int(g, "forms", 0, 1000000, &p->forms);
    if (!rc)
        rc = args_double(g, "store-delay-ms", 0, 10000, &p->store_delay_ms);
    return rc;
}

/* The figures that need the sorted samples. */
typedef struct figures {
    summary hit, miss, bypass, uncached;
    summary forms[BENCH_FORMS];
    size_t answered;
    double hit_ratio;
    double speed_up; /* 0: not known, for want of hits or misses */
    double uncached_speed_up;
    int check_ok;
} figures;

static figures compute(bench_result *r)
{
    figures f = {.hit = samples_summary(&r->hits),
                 .miss = samples_summary(&r->misses),
                 .bypass = samples_summary(&r->bypasses),
                 .uncached = samples_summary(&r->uncached)};
    for (size_t i = 0; i < BENCH_FORMS; i++)
        f.forms[i] = samples_summary(&r->forms[i]);
    f.answered = f.hit.n + f.miss.n + f.bypass.n;
    if (f.answered > 0)
        f.hit_ratio = (double)f.hit.n / (double)f.answered;
    if (f.hit.n > 0 && f.miss.n > 0)
        f.speed_up = f.miss.mean_ns / f.hit.mean_ns;
    if (f.hit.n > 0 && f.uncached.n > 0)
        f.uncached_speed_up = f.uncached.mean_ns / f.hit.mean_ns;
    f.check_ok = r->check.done && r->check.value_ok && r->check.board_ok && r->check.rank_ok && r->check.restored;
    return f;
}

static void print_summary(const char *label, const summary *s)
{
    if (s->n == 0)
        return;
    printf("  %-14s %9.3f %9.3f %9.3f %9.3f %9.3f   %zu\n", label, s->mean_ns / 1e6, (double)s->p50_ns / 1e6,
           (double)s->p90_ns / 1e6, (double)s->p99_ns / 1e6, (double)s->max_ns / 1e6, s->n);
}

/* Each form against the plain string, which is what a cache by hand would hold. */
static void print_forms(const bench_result *r, const figures *f)
{
    const summary *plain = &f->forms[BENCH_FORMS - 1];
    if (plain->n == 0)
        return;
    printf("\n  %-14s %9s %9s %9s %9s %9s   %s\n", "forms, by id", "mean", "p50", "p90", "p99", "max", "hits");
    for (size_t i = 0; i < BENCH_FORMS; i++)
        print_summary(bench_form_names[i], &f->forms[i]);
    for (size_t i = 0; i + 1 < BENCH_FORMS; i++)
        if (f->forms[i].n > 0)
            printf("  %-14s %.2f times the JSON string at the median\n", bench_form_names[i],
                   (double)f->forms[i].p50_ns / (double)plain->p50_ns);
    printf("  %-14s %.0f bytes on average; as a string it proves nothing about its freshness\n", "JSON", r->form_bytes);
}

static void print_check(const app *a, const bench_check *c, int ok)
{
    char text[40];
    if (!c->done && interrupted()) {
        printf("  %-14s not tried: interrupted\n", "write-through");
        return;
    }
    printf("  %-14s %s%s%s", "write-through", paint(a, ok ? "green" : "red"), ok ? "ok" : "FAILED", paint(a, NULL));
    if (!ok) {
        fputs(": ", stdout);
        print_safe(stdout, c->why[0] ? c->why : "not carried out");
    }
    putchar('\n');
    if (!c->done)
        return;
    printf("    rating of \"");
    print_safe(stdout, c->title);
    printf("\" %.1f -> %.1f, written in %s\n", c->before, c->after, format_ns(text, sizeof text, (double)c->write_ns));
    printf("    next read: %s (%s, %s); board: score %s, place %" PRId64 " -> %" PRId64 " %s; put back: %s\n",
           c->value_ok ? "the new rating" : "NOT the new rating", cache_name(c->read_cache),
           format_ns(text, sizeof text, (double)c->read_ns), c->board_ok ? "agrees" : "DIFFERS", c->rank_before + 1,
           c->rank_after + 1, c->rank_ok ? "agrees" : "DIFFERS", c->restored ? "yes" : "NO");
}

static void print_report(const app *a, const bench_plan *p, const bench_result *r, const figures *f)
{
    const char *bold = paint(a, "bold"), *plain = paint(a, NULL);
    double seconds = (double)r->elapsed_ns / 1e9;
    printf("%s%" PRId64 " requests over %zu titles%s, %" PRId64 " %% of them to the hot %zu; by %s, %" PRId64 " thread%s\n",
           bold, p->requests, r->n_titles, plain, p->hot_share, r->n_hot, p->by_id ? "id" : "title", p->threads,
           p->threads == 1 ? "" : "s");
    if (p->store_delay_ms > 0)
        printf("  %-14s %s%g ms%s of distance to the database, added to each of its calls\n", "simulated", bold,
               p->store_delay_ms, plain);
    printf("  %-14s %s%.1f %%%s   %zu hits, %zu misses, %zu bypasses, %" PRId64 " errors\n", "hit ratio", bold,
           f->hit_ratio * 100, plain, f->hit.n, f->miss.n, f->bypass.n, r->errors + r->view_errors);
    printf("  %-14s %.0f requests/s (each with its view recorded), %.2f s\n", "throughput",
           seconds > 0 ? (double)f->answered / seconds : 0.0, seconds);
    printf("\n  %-14s %9s %9s %9s %9s %9s   %s\n", "latency in ms", "mean", "p50", "p90", "p99", "max", "requests");
    print_summary("hit", &f->hit);
    print_summary("miss", &f->miss);
    print_summary("bypass", &f->bypass);
    print_summary("uncached", &f->uncached);
    if (f->speed_up > 0)
        printf("\n  %-14s %s%.1f times%s (mean of the misses / mean of the hits%s)\n", "speed-up", bold, f->speed_up, plain,
               p->store_delay_ms > 0 ? "; simulated distance" : "");
    if (f->uncached_speed_up > 0)
        printf("  %-14s %.1f times (mean of the uncached / mean of the hits)\n", "", f->uncached_speed_up);
    print_forms(r, f);
    printf("\n  %s\n", "trending five");
    for (size_t i = 0; i < mc_list_size(r->trending); i++) {
        printf("  %4zu  %6.0f views  ", i + 1, mc_list_score(r->trending, i));
        print_safe(stdout, mc_movie_title(mc_list_movie(r->trending, i)));
        putchar('\n');
    }
    putchar('\n');
    print_check(a, &r->check, f->check_ok);
    if (r->first_error[0]) {
        printf("  %-14s ", "first error");
        print_safe(stdout, r->first_error);
        putchar('\n');
    }
}

static void json_summary(json *j, const char *key, const summary *s)
{
    put_object(j, key);
    put_int(j, "count", (int64_t)s->n);
    put_fixed(j, "mean_ms", s->mean_ns / 1e6, 6);
    put_fixed(j, "min_ms", (double)s->min_ns / 1e6, 6);
    put_fixed(j, "p50_ms", (double)s->p50_ns / 1e6, 6);
    put_fixed(j, "p90_ms", (double)s->p90_ns / 1e6, 6);
    put_fixed(j, "p99_ms", (double)s->p99_ns / 1e6, 6);
    put_fixed(j, "max_ms", (double)s->max_ns / 1e6, 6);
    put_end_object(j);
}

/* null when they were not asked for. */
static void json_forms(json *j, const bench_plan *p, const bench_result *r, const figures *f)
{
    static const char *const keys[BENCH_FORMS] = {"fields", "document", "json_string"};
    if (p->forms == 0) {
        put_null(j, "forms");
        return;
    }
    put_object(j, "forms");
    for (size_t i = 0; i < BENCH_FORMS; i++)
        json_summary(j, keys[i], &f->forms[i]);
    put_fixed(j, "json_bytes", r->form_bytes, 1);
    put_end_object(j);
}

static void json_check(json *j, const bench_check *c, int ok)
{
    put_object(j, "write_through");
    put_bool(j, "ok", ok);
    put_bool(j, "carried_out", c->done);
    put_text(j, "title", c->title);
    put_number(j, "rating_before", c->before);
    put_number(j, "rating_written", c->after);
    put_bool(j, "value_ok", c->value_ok);
    put_bool(j, "board_ok", c->board_ok);
    put_bool(j, "rank_ok", c->rank_ok);
    put_bool(j, "restored", c->restored);
    put_int(j, "rank_before", c->rank_before + 1);
    put_int(j, "rank_after", c->rank_after + 1);
    put_text(j, "read_cache", cache_name(c->read_cache));
    put_fixed(j, "read_ms", (double)c->read_ns / 1e6, 6);
    put_fixed(j, "write_ms", (double)c->write_ns / 1e6, 6);
    put_text(j, "why", c->why[0] ? c->why : NULL);
    put_end_object(j);
}

static void json_report(const app *a, const bench_plan *p, const bench_result *r, const figures *f)
{
    json j;
    answer_begin(&j, a, MC_OK);
    put_int(&j, "requests", p->requests);
    put_int(&j, "titles", (int64_t)r->n_titles);
    put_int(&j, "hot_titles", (int64_t)r->n_hot);
    put_int(&j, "hot_share", p->hot_share);
    put_int(&j, "hot_requests", r->hot_requests);
    put_int(&j, "threads", p->threads);
    put_int(&j, "seed", p->seed);
    put_text(&j, "by", p->by_id ? "id" : "title");
    put_number(&j, "simulated_store_delay_ms", p->store_delay_ms);
    put_bool(&j, "interrupted", interrupted());
    put_fixed(&j, "hit_ratio", f->hit_ratio, 6);
    put_int(&j, "not_found", r->not_found);
    put_int(&j, "errors", r->errors + r->view_errors);
    put_text(&j, "first_error", r->first_error[0] ? r->first_error : NULL);
    put_int(&j, "views", r->views);
    put_fixed(&j, "elapsed_ms", (double)r->elapsed_ns / 1e6, 3);
    put_fixed(&j, "requests_per_s", r->elapsed_ns > 0 ? (double)f->answered * 1e9 / (double)r->elapsed_ns : 0.0, 1);
    put_fixed(&j, "round_trips_per_hit", f->hit.n ? (double)r->round_trips / (double)f->hit.n : 0.0, 3);
    json_summary(&j, "hit", &f->hit);
    json_summary(&j, "miss", &f->miss);
    json_summary(&j, "bypass", &f->bypass);
    json_summary(&j, "uncached", &f->uncached);
    json_forms(&j, p, r, f);
    if (f->speed_up > 0)
        put_fixed(&j, "speed_up", f->speed_up, 3);
    else
        put_null(&j, "speed_up");
    put_array(&j, "trending");
    for (size_t i = 0; i < mc_list_size(r->trending); i++) {
        put_object(&j, NULL);
        put_number(&j, "views", mc_list_score(r->trending, i));
        json_movie_short(&j, "movie", mc_list_movie(r->trending, i));
        put_end_object(&j);
    }
    put_end_array(&j);
    json_check(&j, &r->check, f->check_ok);
    answer_end(&j, NULL);
}

/* Options that the other form of the experiment has no use for are a mistake, not noise. */
static int refuse_options(const args *g, const char *const *names, size_t n, const char *why)
{
    for (size_t i = 0; i < n; i++)
        if (args_text(g, names[i]))
            return usage_error("bench: --%s %s", names[i], why);
    return 0;
}

static int run_over_http(app *a, const args *g, const bench_plan *mix)
{
    static const char *const library_only[] = {"uncached-sample", "by-id"};
    static const char *const in_process[] = {"forms", "store-delay-ms"};
    http_plan plan = {
        .mix = *mix, .url = args_text(g, "http"), .report = args_text(g, "report"), .seconds = 60, .top_share = 10};
    char why[300];
    int rc = refuse_options(g, library_only, 2, "has no meaning with --http, which asks by id both ways anyway");
    if (!rc)
        rc = refuse_options(g, in_process, 2, "has no meaning with --http: the server asks its own database");
    if (!rc)
        rc = args_int(g, "seconds", 1, 3600, &plan.seconds);
    if (!rc)
        rc = args_int(g, "top-share", 0, 100, &plan.top_share);
    if (rc)
        return rc;
    if (plan.report && !plot_kind_ok(plan.report))
        return usage_error("--report: '%.80s' ends in neither .svg nor .html", plan.report);
    if (http_parse(&plan.server, plan.url, why, sizeof why))
        return usage_error("--http: %s", why);
    return bench_over_http(a, &plan);
}

static int run_bench(app *a, const args *g)
{
    static const char *const http_only[] = {"top-share", "seconds", "report"};
    bench_plan plan;
    bench_result *r;
    int rc = read_plan(g, &plan);
    if (!rc && args_text(g, "http"))
        return run_over_http(a, g, &plan);
    if (!rc)
        rc = refuse_options(g, http_only, 3, "needs --http URL");
    if (!rc)
        rc = app_open(a);
    if (rc)
        return rc;
    r = calloc(1, sizeof *r);
    if (!r)
        return fail(a, "bench", MC_E_NOMEM, NULL, NULL);
    rc = bench_board(a);
    if (!rc)
        rc = bench_choose(a, &plan, r);
    if (!rc)
        rc = bench_invalidate(a, r);
    if (!rc)
        rc = bench_run(a, &plan, r);
    if (!rc) {
        bench_uncached(a, &plan, r);
        bench_forms(a, &plan, r);
        bench_trending(a, r);
        if (!interrupted())
            bench_write_through(a, &plan, r);
        figures f = compute(r);
        if (a->json)
            json_report(a, &plan, r, &f);
        else
            print_report(a, &plan, r, &f);
        rc = interrupted() ? EXIT_INTERRUPTED : !f.check_ok || r->errors + r->view_errors > 0 ? EXIT_NEGATIVE : EXIT_FINE;
    }
    bench_free(r);
    free(r);
    return rc;
}

const command cmd_bench = {
    "bench",
    "[-n REQUESTS] [--titles N] ...",
    "the 80/20 experiment: hit ratio, latencies, speed-up, write-through check",
    "Examples:\n"
    "  mflix bench                                      500 requests over 100 titles, 80 % to the hot 20 %\n"
    "  mflix bench -n 20000 --threads 4 --titles 500\n"
    "  mflix bench --hot-share 95 --hot-part 5 --uncached-sample 200 --json\n"
    "  mflix bench --by-id --store-delay-ms 41.5 --forms 1000     as if the database were 41.5 ms away\n"
    "  mflix bench --http http://127.0.0.1:8080 -n 20000 --threads 8 --report report.html\n\n"
    "Titles come from the rating board and are dropped from the cache first; each request is one read and one recorded "
    "view,\n"
    "and only the read is timed. At the end the rating of a hot title is changed: the next read, the board's score and the\n"
    "board's order must agree at once; then it is put back. The exit status is 0 when all is well, 1 when the check failed "
    "or\n"
    "a request failed. The trending list counts all views in this Redis, not only those of this run.\n\n"
    "With --store-delay-ms the program waits so many milliseconds more for each call of the database, and counts them to "
    "the\n"
    "request: what a database far away would make of hit, miss and speed-up. Each output names it as simulated.\n"
    "With --forms the same movies are read in three forms, in turns: their chosen fields, their whole documents, and a "
    "plain\n"
    "string of the same JSON by key, as a cache by hand would hold it.\n\n"
    "With --http each thread is a user with one connection. Each movie or top list is asked for twice, with the cache and "
    "past "
    "it,\n"
    "so that both meet the same load; no views and no ratings are written. The time is that of the request as the user sees "
    "it, "
    "and\n"
    "beside it that of the library, which the server reports.\n",
    bench_options,
    sizeof bench_options / sizeof *bench_options,
    0,
    0,
    run_bench};
