/* SPDX-License-Identifier: Apache-2.0 */
/* Exact summaries of measured durations: every sample is kept, so the quantiles are not estimates. */
#ifndef MFLIX_LATENCY_H
#define MFLIX_LATENCY_H

#include <stddef.h>
#include <stdint.h>

/* Durations in nanoseconds; used by one thread at a time. */
typedef struct samples {
    int64_t *ns;
    size_t n;
    size_t capacity;
} samples;

typedef struct summary {
    size_t n;
    double mean_ns;
    int64_t min_ns, p50_ns, p90_ns, p99_ns, max_ns;
} summary;

/* Monotonic time in nanoseconds. */
int64_t now_ns(void);

/* Add one; returns 0, or -1 when memory is short. */
int samples_add(samples *s, int64_t ns);
/* Add all of another set; returns 0 or -1. */
int samples_join(samples *to, const samples *from);
void samples_free(samples *s);

/* Sorts the samples. Quantiles by nearest rank; all zero when there are none. */
summary samples_summary(samples *s);

#endif
