/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the benchmark over HTTP reports: figures from the log, as text, as JSON, and as data of the drawing. */
#include "bench_http.h"

#include "output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_REQUESTS 24 /* a slice of the drawing should hold so many, so that its median means something */

static const char *const route_names[N_ROUTES] = {"movie", "top"};
static const char *const way_names[N_WAYS] = {"hit", "miss", "bypass", "uncached"};
static const char *const end_names[] = {"requests", "seconds", "failures", "interrupt"};

/* ---- Figures */

static int summarize(const http_log *log, int route, unsigned ways, summary *user, summary *library)
{
    samples seen = {0}, inside = {0};
    int rc = 0;
    for (size_t i = 0; i < log->n && !rc; i++) {
        const http_sample *s = &log->list[i];
        if (s->route != route || !(ways & 1U << s->way))
            continue;
        rc = samples_add(&seen, s->ns);
        if (!rc && s->cache_ns >= 0)
            rc = samples_add(&inside, s->cache_ns);
    }
    *user = samples_summary(&seen);
    *library = samples_summary(&inside);
    samples_free(&seen);
    samples_free(&inside);
    return rc;
}

static size_t slice_of(const http_sample *s, const plot_data *d)
{
    size_t at = (size_t)((double)s->at_us / 1e6 / d->seconds * (double)d->n_slices);
    return at < d->n_slices ? at : d->n_slices - 1;
}

/* One slice, from the samples of the log that lie in it. */
static int fill_slice(const http_log *log, plot_data *d, size_t index)
{
    plot_slice *slice = &d->slices[index];
    samples of[PLOT_SERIES] = {{0}};
    size_t hits = 0;
    int rc = 0;
    for (size_t i = 0; i < log->n && !rc; i++) {
        const http_sample *s = &log->list[i];
        if (slice_of(s, d) != index)
            continue;
        rc = samples_add(&of[s->way == WAY_UNCACHED ? PLOT_UNCACHED : PLOT_CACHED], s->ns);
        hits += s->way == WAY_HIT;
    }
    for (int series = 0; series < PLOT_SERIES; series++) {
        summary sum = samples_summary(&of[series]);
        slice->n[series] = sum.n;
        slice->p50_ms[series] = (double)sum.p50_ns / 1e6;
        slice->p99_ms[series] = (double)sum.p99_ns / 1e6;
        samples_free(&of[series]);
    }
    slice->hit_ratio = slice->n[PLOT_CACHED] ? (double)hits / (double)slice->n[PLOT_CACHED] : 0;
    return rc;
}

static void add_row(plot_data *d, const char *route, const char *way, const summary *s)
{
    plot_row *row = &d->rows[d->n_rows];
    if (s->n == 0 || d->n_rows == PLOT_ROWS)
        return;
    *row = (plot_row){.mean_ms = s->mean_ns / 1e6,
                      .p50_ms = (double)s->p50_ns / 1e6,
                      .p90_ms = (double)s->p90_ns / 1e6,
                      .p99_ms = (double)s->p99_ns / 1e6,
                      .n = s->n};
    snprintf(row->label, sizeof row->label, "%s, %s", route, way);
    d->n_rows++;
}

static int fill_plot(const http_plan *plan, const http_result *r, http_figures *f)
{
    plot_data *d = &f->plot;
    d->slices = f->slices;
    size_t n = r->log.n / SLICE_REQUESTS;
    int rc = 0;
    snprintf(d->title, sizeof d->title, "Reads with the cache and past it: %.1f %% hits", f->hit_ratio * 100);
    snprintf(d->about, sizeof d->about,
             "%zu requests by %" PRId64 " user%s over %zu movies, %" PRId64 " %% of them to the hot %zu; %" PRId64
             " %% top lists; %" PRId64 " errors",
             r->log.n, plan->mix.threads, plan->mix.threads == 1 ? "" : "s", r->n_ids, plan->mix.hot_share, r->n_hot,
             plan->top_share, r->errors);
    d->seconds = r->elapsed_ns > 0 ? (double)r->elapsed_ns / 1e9 : 1e-3;
    d->n_slices = n < 1 ? 1 : n > BENCH_SLICES ? BENCH_SLICES : n;
    for (size_t i = 0; i < d->n_slices && !rc; i++)
        rc = fill_slice(&r->log, d, i);
    for (int route = 0; route < N_ROUTES; route++)
        for (int way = 0; way < N_WAYS; way++)
            add_row(d, route_names[route], way_names[way], &f->user[route][way]);
    return rc;
}

int bench_http_figures(app *a, const http_plan *plan, const http_result *r, http_figures *f)
{
    const unsigned cached = 1U << WAY_HIT | 1U << WAY_MISS | 1U << WAY_BYPASS;
    int rc = 0;
    for (int route = 0; route < N_ROUTES && !rc; route++) {
        for (int way = 0; way < N_WAYS && !rc; way++)
            rc = summarize(&r->log, route, 1U << way, &f->user[route][way], &f->library[route][way]);
        if (!rc)
            rc = summarize(&r->log, route, cached, &f->user_cached[route], &f->library_cached[route]);
        f->hits += f->user[route][WAY_HIT].n;
        f->misses += f->user[route][WAY_MISS].n;
        f->bypasses += f->user[route][WAY_BYPASS].n;
        f->uncached += f->user[route][WAY_UNCACHED].n;
    }
    size_t answered = f->hits + f->misses + f->bypasses;
    f->hit_ratio = answered ? (double)f->hits / (double)answered : 0;
    if (!rc)
        rc = fill_plot(plan, r, f);
    return rc ? fail(a, "bench", MC_E_NOMEM, NULL, NULL) : 0;
}

/* ---- Text */

static void print_row(const char *route, const char *way, const summary *s, const summary *library)
{
    char label[32];
    if (s->n == 0)
        return;
    snprintf(label, sizeof label, "%s %s", route, way);
    printf("  %-16s %9.3f %9.3f %9.3f %9.3f %9.3f %9.3f   %zu\n", label, s->mean_ns / 1e6, (double)s->p50_ns / 1e6,
           (double)s->p90_ns / 1e6, (double)s->p99_ns / 1e6, (double)s->max_ns / 1e6, (double)library->p50_ns / 1e6, s->n);
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static void print_speed_up(const app *a, const char *label, int route, const http_figures *f)
{
    const summary *with = &f->user_cached[route], *past = &f->user[route][WAY_UNCACHED];
    const summary *with_inside = &f->library_cached[route], *past_inside = &f->library[route][WAY_UNCACHED];
    if (with->n == 0 || past->n == 0)
        return;
    printf("  %-16s %s%.1f times%s at the median, %.1f by the mean (%.1f and %.1f in the library)\n", label,
           paint(a, "bold"), ratio((double)past->p50_ns, (double)with->p50_ns), paint(a, NULL),
           ratio(past->mean_ns, with->mean_ns), ratio((double)past_inside->p50_ns, (double)with_inside->p50_ns),
           ratio(past_inside->mean_ns, with_inside->mean_ns));
}

static void print_errors(const http_result *r)
{
    const char *gap = "";
    if (r->errors == 0)
        return;
    printf("\n  %-16s ", "errors");
    for (int status = 0; status < 600; status++) {
        if (r->by_status[status] > 0) {
            printf("%sstatus %d: %" PRId64, gap, status, r->by_status[status]);
            gap = ", ";
        }
    }
    for (int o = HTTP_CONNECT; o < HTTP_OUTCOMES; o++) {
        if (r->by_outcome[o] > 0) {
            printf("%s%s: %" PRId64, gap, http_outcome_name((http_outcome)o), r->by_outcome[o]);
            gap = ", ";
        }
    }
    if (r->unreadable > 0)
        printf("%sno Cache-Status: %" PRId64, gap, r->unreadable);
    printf("\n  %-16s ", "first error");
    print_safe(stdout, r->first_error);
    putchar('\n');
}

static void print_text(const app *a, const http_plan *plan, const http_result *r, const http_figures *f)
{
    const char *bold = paint(a, "bold"), *plain = paint(a, NULL);
    double seconds = (double)r->elapsed_ns / 1e9;
    printf("%s%" PRId64 " requests%s to ", bold, r->asked, plain);
    print_safe(stdout, plan->url);
    printf(", %" PRId64 " user%s; %zu movies, %" PRId64 " %% of the reads to the hot %zu; %" PRId64
           " %% top lists; each with the cache and past it\n",
           plan->mix.threads, plan->mix.threads == 1 ? "" : "s", r->n_ids, plan->mix.hot_share, r->n_hot, plan->top_share);
    printf("  %-16s %s%.1f %%%s   %zu hits, %zu misses, %zu bypasses; %zu uncached, %" PRId64 " errors\n", "hit ratio", bold,
           f->hit_ratio * 100, plain, f->hits, f->misses, f->bypasses, f->uncached, r->errors);
    printf("  %-16s %.0f requests/s, %.2f s, %" PRId64 " connection%s%s\n\n", "throughput",
           seconds > 0 ? (double)r->answered / seconds : 0.0, seconds, r->connections, r->connections == 1 ? "" : "s",
           r->ended_by == END_SECONDS    ? "; ended by --seconds"
           : r->ended_by == END_FAILURES ? "; given up: the server does not answer"
                                         : "");
    printf("  %-16s %9s %9s %9s %9s %9s %9s   %s\n", "latency in ms", "mean", "p50", "p90", "p99", "max", "library",
           "requests");
    for (int route = 0; route < N_ROUTES; route++)
        for (int way = 0; way < N_WAYS; way++)
            print_row(route_names[route], way_names[way], &f->user[route][way], &f->library[route][way]);
    putchar('\n');
    print_speed_up(a, "speed-up, movie", ROUTE_MOVIE, f);
    print_speed_up(a, "speed-up, top", ROUTE_TOP, f);
    print_errors(r);
    if (plan->report) {
        printf("\n  %-16s ", "report");
        print_safe(stdout, plan->report);
        putchar('\n');
    }
}

/* ---- JSON */

static void json_times(json *j, const char *key, const summary *s, const summary *library)
{
    put_object(j, key);
    put_int(j, "count", (int64_t)s->n);
    put_fixed(j, "mean_ms", s->mean_ns / 1e6, 6);
    put_fixed(j, "min_ms", (double)s->min_ns / 1e6, 6);
    put_fixed(j, "p50_ms", (double)s->p50_ns / 1e6, 6);
    put_fixed(j, "p90_ms", (double)s->p90_ns / 1e6, 6);
    put_fixed(j, "p99_ms", (double)s->p99_ns / 1e6, 6);
    put_fixed(j, "max_ms", (double)s->max_ns / 1e6, 6);
    put_fixed(j, "library_mean_ms", library->mean_ns / 1e6, 6);
    put_fixed(j, "library_p50_ms", (double)library->p50_ns / 1e6, 6);
    put_end_object(j);
}

static void json_route(json *j, int route, const http_figures *f)
{
    const summary *with = &f->user_cached[route], *past = &f->user[route][WAY_UNCACHED];
    put_object(j, route_names[route]);
    for (int way = 0; way < N_WAYS; way++)
        json_times(j, way_names[way], &f->user[route][way], &f->library[route][way]);
    json_times(j, "cached", with, &f->library_cached[route]);
    if (with->n > 0 && past->n > 0) {
        put_fixed(j, "speed_up", ratio(past->mean_ns, with->mean_ns), 3);
        put_fixed(j, "speed_up_p50", ratio((double)past->p50_ns, (double)with->p50_ns), 3);
    } else {
        put_null(j, "speed_up");
        put_null(j, "speed_up_p50");
    }
    put_end_object(j);
}

static void json_errors(json *j, const http_result *r)
{
    put_object(j, "errors_by_kind");
    for (int status = 0; status < 600; status++) {
        char key[16];
        snprintf(key, sizeof key, "%d", status);
        if (r->by_status[status] > 0)
            put_int(j, key, r->by_status[status]);
    }
    for (int o = HTTP_CONNECT; o < HTTP_OUTCOMES; o++)
        if (r->by_outcome[o] > 0)
            put_int(j, http_outcome_name((http_outcome)o), r->by_outcome[o]);
    if (r->unreadable > 0)
        put_int(j, "no Cache-Status", r->unreadable);
    put_end_object(j);
}

static void print_json(const app *a, const http_plan *plan, const http_result *r, const http_figures *f)
{
    json j;
    answer_begin(&j, a, MC_OK);
    put_text(&j, "http", plan->url);
    put_int(&j, "requests", r->asked);
    put_int(&j, "users", plan->mix.threads);
    put_int(&j, "titles", (int64_t)r->n_ids);
    put_int(&j, "hot_titles", (int64_t)r->n_hot);
    put_int(&j, "hot_share", plan->mix.hot_share);
    put_int(&j, "hot_requests", r->hot_requests);
    put_int(&j, "top_share", plan->top_share);
    put_int(&j, "seed", plan->mix.seed);
    put_text(&j, "ended_by", end_names[r->ended_by]);
    put_bool(&j, "interrupted", interrupted());
    put_fixed(&j, "hit_ratio", f->hit_ratio, 6);
    put_int(&j, "errors", r->errors);
    json_errors(&j, r);
    put_text(&j, "first_error", r->first_error[0] ? r->first_error : NULL);
    put_fixed(&j, "elapsed_ms", (double)r->elapsed_ns / 1e6, 3);
    put_fixed(&j, "requests_per_s", r->elapsed_ns > 0 ? (double)r->answered * 1e9 / (double)r->elapsed_ns : 0.0, 1);
    put_int(&j, "connections", r->connections);
    for (int route = 0; route < N_ROUTES; route++)
        json_route(&j, route, f);
    put_text(&j, "report", plan->report);
    answer_end(&j, NULL);
}

void bench_http_print(const app *a, const http_plan *plan, const http_result *r, const http_figures *f)
{
    if (a->json)
        print_json(a, plan, r, f);
    else
        print_text(a, plan, r, f);
}
