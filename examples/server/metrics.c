/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the server's counters: plain atomics, one array for each family, so that counting takes no lock. Refuses labels that
 * a client could choose: routes, methods and statuses are those of this program, anything else is "other".
 */
#include "metrics.h"
#include "process.h"
#include "respond.h"
#include "router.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 1024
#define OTHER (MAX_ROUTES - 1) /* what is on no route */

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"};
enum { N_METHODS = sizeof methods / sizeof methods[0] };
static const int statuses[] = {200, 201, 204, 304, 400, 403, 404, 405, 408, 409, 413,
                               414, 415, 417, 421, 431, 500, 501, 502, 503, 504};
enum { N_STATUSES = sizeof statuses / sizeof statuses[0] };

static const int64_t bounds_ns[] = {100000,   250000,   500000,    1000000,   2500000,   5000000,    10000000,
                                    25000000, 50000000, 100000000, 250000000, 500000000, 1000000000, 2500000000};
static const char *const bounds[] = {"0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01",
                                     "0.025",  "0.05",    "0.1",    "0.25",  "0.5",    "1",     "2.5"};
enum { N_BOUNDS = sizeof bounds / sizeof bounds[0] };

static const char *const kinds[] = {"cache",       "store",     "timeout", "unknown",
                                    "bad_request", "not_found", "too_big", "internal"};
enum kind { CACHE, STORE, TIMEOUT, UNKNOWN, BAD_REQUEST, NOT_FOUND, TOO_BIG, INTERNAL, N_KINDS };

enum { N_TIERS = MC_TIER_MEMORY + 1, N_OUTCOMES = 4 };

typedef atomic_int_fast64_t counter;

typedef struct histogram {
    counter bucket[N_BOUNDS + 1]; /* not cumulative; the last is what is above all bounds */
    counter sum_ns;
} histogram;

/* The latest durations of reads: quantiles of now, not of all times. */
typedef struct recent {
    counter count;
    atomic_int_fast64_t ns[SAMPLES];
} recent;

static struct {
    counter in_flight;
    counter requests[MAX_ROUTES][N_METHODS][N_STATUSES + 1];
    histogram durations[MAX_ROUTES][2];
    counter errors[N_KINDS];
    counter reads[N_TIERS][N_OUTCOMES];
    recent recent[2];
} all;

static void add(counter *c, int64_t by)
{
    atomic_fetch_add_explicit(c, by, memory_order_relaxed);
}

static int64_t get(counter *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

/* ---- Counting */

void metrics_begin(void)
{
    add(&all.in_flight, 1);
}

void metrics_end(void)
{
    add(&all.in_flight, -1);
}

static size_t method_index(const char *method)
{
    size_t i = 0;
    while (i < N_METHODS - 1 && (!method || strcmp(methods[i], method) != 0))
        i++;
    return i;
}

static size_t status_index(int status)
{
    size_t i = 0;
    while (i < N_STATUSES && statuses[i] != status)
        i++;
    return i;
}

static enum kind kind_of(int status, mc_status code, int tier)
{
    switch (code) {
    case MC_E_CACHE:
    case MC_E_CLUSTER:
    case MC_E_DATABASE:
        return CACHE;
    case MC_E_AUTH:
    case MC_E_PROTO:
        return tier == MC_TIER_STORE ? STORE : CACHE;
    case MC_E_STORE:
        return STORE;
    case MC_E_TIMEOUT:
        return TIMEOUT;
    case MC_E_UNKNOWN:
        return UNKNOWN;
    default:
        return status == 404                                     ? NOT_FOUND
               : status == 413 || status == 414 || status == 431 ? TOO_BIG
               : status < 500                                    ? BAD_REQUEST
                                                                 : INTERNAL;
    }
}

static void count_read(const request *r)
{
    int past = r->past_cache != 0;
    if (r->info.tier >= 0 && r->info.tier < N_TIERS && r->info.cache >= 0 && r->info.cache < N_OUTCOMES)
        add(&all.reads[r->info.tier][r->info.cache], 1);
    if (r->status >= 500)
        return;
    recent *seen = &all.recent[past];
    int64_t n = atomic_fetch_add_explicit(&seen->count, 1, memory_order_relaxed);
    atomic_store_explicit(&seen->ns[n % SAMPLES], r->call_ns, memory_order_relaxed);
}

void metrics_answered(const request *r)
{
    size_t number = r->route ? route_number(r->route) : OTHER;
    int64_t ns = now_ns() - r->begun_ns;
    size_t b = 0;
    while (b < N_BOUNDS && ns > bounds_ns[b])
        b++;
    histogram *h = &all.durations[number][r->past_cache != 0];
    add(&h->bucket[b], 1);
    add(&h->sum_ns, ns);
    add(&all.requests[number][method_index(r->method)][status_index(r->status)], 1);
    if (r->refused.status)
        add(&all.errors[kind_of(r->status, r->refused.code, r->info.tier)], 1);
    if (r->has_info && r->route && (r->route->flags & ROUTE_READS))
        count_read(r);
}

void metrics_refused(int status)
{
    add(&all.requests[OTHER][N_METHODS - 1][status_index(status)], 1);
    add(&all.errors[kind_of(status, MC_OK, MC_TIER_NONE)], 1);
}

/* ---- Prometheus' text */

static const char *route_label(size_t i)
{
    const char *path = route_path(i);
    return path ? path : "other";
}

static void head(text *t, const char *name, const char *type, const char *help)
{
    text_fmt(t, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_requests(text *t)
{
    head(t, "mflix_http_requests_total", "counter", "Requests answered, by route, method and status.");
    for (size_t i = 0; i < MAX_ROUTES; i++)
        for (size_t m = 0; m < N_METHODS; m++)
            for (size_t s = 0; s <= N_STATUSES; s++) {
                int64_t n = get(&all.requests[i][m][s]);
                if (n == 0)
                    continue;
                text_fmt(t, "mflix_http_requests_total{route=\"%s\",method=\"%s\",code=\"", route_label(i), methods[m]);
                if (s < N_STATUSES)
                    text_fmt(t, "%d\"} %" PRId64 "\n", statuses[s], n);
                else
                    text_fmt(t, "other\"} %" PRId64 "\n", n);
            }
}

static void write_histogram(text *t, const char *path, const char *cache, histogram *h)
{
    static const char name[] = "mflix_http_request_duration_seconds";
    int64_t count = 0;
    int64_t sum = get(&h->sum_ns);
    for (size_t b = 0; b <= N_BOUNDS; b++) {
        count += get(&h->bucket[b]);
        text_fmt(t, "%s_bucket{route=\"%s\",cache=\"%s\",le=\"%s\"} %" PRId64 "\n", name, path, cache,
                 b < N_BOUNDS ? bounds[b] : "+Inf", count);
    }
    text_fmt(t, "%s_sum{route=\"%s\",cache=\"%s\"} %" PRId64 ".%09" PRId64 "\n", name, path, cache, sum / 1000000000,
             sum % 1000000000);
    text_fmt(t, "%s_count{route=\"%s\",cache=\"%s\"} %" PRId64 "\n", name, path, cache, count);
}

static int used(histogram *h)
{
    int64_t n = 0;
    for (size_t b = 0; b <= N_BOUNDS; b++)
        n += get(&h->bucket[b]);
    return n > 0;
}

void metrics_write(text *t)
{
    write_requests(t);
    head(t, "mflix_http_request_duration_seconds", "histogram",
         "Time from the request line to the answer, by route; cache=off are reads that asked to go past the cache.");
    for (size_t i = 0; i < MAX_ROUTES; i++)
        for (int past = 0; past < 2; past++)
            if (used(&all.durations[i][past]))
                write_histogram(t, route_label(i), past ? "off" : "on", &all.durations[i][past]);
    head(t, "mflix_http_requests_in_flight", "gauge", "Requests under way, this one among them.");
    text_fmt(t, "mflix_http_requests_in_flight %" PRId64 "\n", get(&all.in_flight));
    head(t, "mflix_errors_total", "counter", "Requests answered with a problem, by its kind.");
    for (size_t k = 0; k < N_KINDS; k++)
        text_fmt(t, "mflix_errors_total{kind=\"%s\"} %" PRId64 "\n", kinds[k], get(&all.errors[k]));
    head(t, "mflix_reads_total", "counter", "Reads answered, by the tier that answered and what the cache had.");
    for (int tier = 0; tier < N_TIERS; tier++)
        for (int o = 0; o < N_OUTCOMES; o++) {
            /* The ones that a rate is asked of are there from the beginning. */
            int usual = (tier == MC_TIER_REDIS && o == MC_CACHE_HIT) || (tier == MC_TIER_STORE && o != MC_CACHE_HIT);
            if (usual || get(&all.reads[tier][o]) > 0)
                text_fmt(t, "mflix_reads_total{tier=\"%s\",cache=\"%s\"} %" PRId64 "\n", mc_tier_name(tier), cache_name(o),
                         get(&all.reads[tier][o]));
        }
    process_write(t);
}

/* ---- JSON for the page */

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void write_recent(text *t, const char *key, recent *seen)
{
    int64_t ns[SAMPLES];
    int64_t count = get(&seen->count);
    size_t n = count < SAMPLES ? (size_t)count : SAMPLES;
    for (size_t i = 0; i < n; i++)
        ns[i] = atomic_load_explicit(&seen->ns[i], memory_order_relaxed);
    qsort(ns, n, sizeof ns[0], by_size);
    put_open(t, key, '{');
    put_int(t, "count", count);
    put_double(t, "p50_us", n ? (double)ns[(n - 1) / 2] / 1000 : 0);
    put_double(t, "p95_us", n ? (double)ns[(n - 1) * 95 / 100] / 1000 : 0);
    put_double(t, "p99_us", n ? (double)ns[(n - 1) * 99 / 100] / 1000 : 0);
    put_close(t, '}');
}

void metrics_json(text *t)
{
    int64_t by_class[6] = {0};
    int64_t requests = 0;
    for (size_t i = 0; i < MAX_ROUTES; i++)
        for (size_t m = 0; m < N_METHODS; m++)
            for (size_t s = 0; s <= N_STATUSES; s++) {
                int64_t n = get(&all.requests[i][m][s]);
                requests += n;
                by_class[s < N_STATUSES ? statuses[s] / 100 : 5] += n;
            }
    put_open(t, "http", '{');
    put_int(t, "requests", requests);
    put_open(t, "by_class", '{');
    put_int(t, "2xx", by_class[2]);
    put_int(t, "3xx", by_class[3]);
    put_int(t, "4xx", by_class[4]);
    put_int(t, "5xx", by_class[5]);
    put_close(t, '}');
    put_close(t, '}');
    put_open(t, "reads", '{');
    write_recent(t, "cached", &all.recent[0]);
    write_recent(t, "uncached", &all.recent[1]);
    put_close(t, '}');
}
