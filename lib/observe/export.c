/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the two texts that counters are written as: one JSON object, and Prometheus' text format 0.0.4.
 * Refuses: floating point in the exposition: seconds are written from whole nanoseconds, the same in every locale.
 */
#include "observe/metrics.h"

#include "base/buf.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1048576

static const struct {
    const char *name;
    const char *help;
    const char *kind;
} counters[MCI_C_COUNT] = {
#define X(NAME, field, kind, help) {#field, help, #kind},
    MCI_COUNTERS(X)
#undef X
};

static const char *const histograms[MCI_H_COUNT] = {
#define X(NAME, label) #label,
    MCI_HISTOGRAMS(X)
#undef X
};

/* ---- JSON */

static int append(const char *text, size_t n, void *user)
{
    mci_buf_add(user, text, n);
    return 0;
}

static int put(json_t *object, const char *name, int64_t value)
{
    return json_object_set_new(object, name, json_integer(value));
}

static json_t *summary_json(const mci_metrics *m, mci_histogram h)
{
    mci_summary s;
    mci_metrics_summary(m, h, &s);
    json_t *o = json_object();
    int failed = put(o, "count", (int64_t)s.count);
    failed |= put(o, "mean_ns", s.count == 0 ? 0 : s.sum_ns / (int64_t)s.count);
    failed |= put(o, "p50_ns", mci_summary_quantile(&s, 0.5));
    failed |= put(o, "p90_ns", mci_summary_quantile(&s, 0.9));
    failed |= put(o, "p99_ns", mci_summary_quantile(&s, 0.99));
    failed |= put(o, "p999_ns", mci_summary_quantile(&s, 0.999));
    failed |= put(o, "max_ns", s.max_ns);
    if (failed) {
        json_decref(o);
        return NULL;
    }
    return o;
}

char *mci_metrics_json(const mci_metrics *m, const char *version)
{
    json_t *root = json_object();
    json_t *counts = json_object();
    json_t *latency = json_object();
    int failed = json_object_set_new(root, "version", json_string(version));
    for (int i = 0; i < MCI_C_COUNT; i++)
        failed |= put(counts, counters[i].name, mci_metrics_get(m, (mci_counter)i));
    for (int i = 0; i < MCI_H_COUNT; i++)
        failed |= json_object_set_new(latency, histograms[i], summary_json(m, (mci_histogram)i));
    failed |= json_object_set_new(root, "counters", counts);
    failed |= json_object_set_new(root, "latency", latency);

    /* Not json_dumps(): its memory comes from an allocator that the host may have changed. */
    mci_buf b;
    mci_buf_init(&b, TEXT_MAX);
    if (failed == 0)
        failed = json_dump_callback(root, append, &b, JSON_COMPACT);
    json_decref(root);
    char *text = failed == 0 ? mci_buf_take(&b, NULL) : NULL;
    mci_buf_free(&b);
    return text;
}

/* ---- Prometheus */

static void seconds(mci_buf *b, int64_t ns)
{
    mci_buf_fmt(b, "%lld.%09lld", (long long)(ns / 1000000000), (long long)(ns % 1000000000));
}

static void write_counter(mci_buf *b, const mci_metrics *m, int i)
{
    int gauge = counters[i].kind[0] == 'g';
    const char *suffix = gauge ? "" : "_total";
    const char *name = counters[i].name;
    mci_buf_fmt(b, "# HELP mflixcache_%s%s %s.\n# TYPE mflixcache_%s%s %s\nmflixcache_%s%s %lld\n", name, suffix,
                counters[i].help, name, suffix, gauge ? "gauge" : "counter", name, suffix,
                (long long)mci_metrics_get(m, (mci_counter)i));
}

/* One line per octave from 1 microsecond on: four times as many would cost the scraper more than they are worth. */
static void write_histogram(mci_buf *b, const mci_metrics *m, int h)
{
    mci_summary s;
    mci_metrics_summary(m, (mci_histogram)h, &s);
    uint64_t below = 0;
    for (size_t i = 0; i + 1 < MCI_BUCKETS; i++) {
        below += s.bucket[i];
        if (i % 4 != 0 || i < 8)
            continue;
        mci_buf_fmt(b, "mflixcache_latency_seconds_bucket{operation=\"%s\",le=\"", histograms[h]);
        seconds(b, mci_bucket_bound_ns(i));
        mci_buf_fmt(b, "\"} %llu\n", (unsigned long long)below);
    }
    mci_buf_fmt(b, "mflixcache_latency_seconds_bucket{operation=\"%s\",le=\"+Inf\"} %llu\n", histograms[h],
                (unsigned long long)s.count);
    mci_buf_fmt(b, "mflixcache_latency_seconds_sum{operation=\"%s\"} ", histograms[h]);
    seconds(b, s.sum_ns);
    mci_buf_fmt(b, "\nmflixcache_latency_seconds_count{operation=\"%s\"} %llu\n", histograms[h],
                (unsigned long long)s.count);
}

char *mci_metrics_prometheus(const mci_metrics *m, const char *version)
{
    mci_buf b;
    mci_buf_init(&b, TEXT_MAX);
    mci_buf_fmt(&b,
                "# HELP mflixcache_build_info Version of the library.\n# TYPE mflixcache_build_info gauge\n"
                "mflixcache_build_info{version=\"%s\"} 1\n",
                version);
    for (int i = 0; i < MCI_C_COUNT; i++)
        write_counter(&b, m, i);
    mci_buf_str(&b,
                "# HELP mflixcache_latency_seconds Duration of operations.\n# TYPE mflixcache_latency_seconds histogram\n");
    for (int h = 0; h < MCI_H_COUNT; h++)
        write_histogram(&b, m, h);
    char *text = mci_buf_take(&b, NULL);
    mci_buf_free(&b);
    return text;
}
