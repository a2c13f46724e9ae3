/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: counting and summing. Refuses: locks, and knowing what the numbers mean; export.c writes them out.
 * Invariant: a counter's value is the sum of its stripes and of what was set.
 */
#include "observe/metrics.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(mc_stats) == MC_STATS_SIZE, "mc_stats is part of the ABI");
#define X(NAME, field, kind, help)                                                                                          \
    _Static_assert(offsetof(mc_stats, field) == (size_t)MCI_C_##NAME * sizeof(int64_t), "order of mc_stats: " #field);
MCI_COUNTERS(X)
#undef X
_Static_assert(MCI_STRIPES == 4, "mci_metrics_stripe() takes two bits");

mci_metrics *mci_metrics_new(void)
{
    mci_metrics *m = aligned_alloc(64, sizeof *m); /* its size is a multiple of its alignment, as that call wants */
    if (m != NULL)
        memset(m, 0, sizeof *m);
    return m;
}

void mci_metrics_free(mci_metrics *m)
{
    free(m);
}

/* The first bucket whose upper bound is not below `ns`. */
static size_t bucket_of(int64_t ns)
{
    if (ns <= (INT64_C(1) << MCI_BUCKET_MIN_LOG2))
        return 0;
    if (ns > (INT64_C(1) << MCI_BUCKET_MAX_LOG2))
        return MCI_BUCKETS - 1;
    uint64_t v = (uint64_t)ns - 1; /* bounds belong to the bucket below them */
    unsigned top = 63U - (unsigned)__builtin_clzll(v);
    unsigned quarter = (unsigned)(v >> (top - 2)) & 3U;
    return (size_t)(top - MCI_BUCKET_MIN_LOG2) * 4 + quarter + 1;
}

int64_t mci_bucket_bound_ns(size_t i)
{
    if (i >= MCI_BUCKETS - 1)
        return INT64_MAX;
    if (i == 0)
        return INT64_C(1) << MCI_BUCKET_MIN_LOG2;
    size_t octave = (i - 1) / 4 + MCI_BUCKET_MIN_LOG2;
    return (INT64_C(4) + (int64_t)((i - 1) % 4) + 1) << (octave - 2);
}

void mci_time(mci_metrics *m, mci_histogram h, int64_t ns)
{
    if (m == NULL)
        return;
    if (ns < 0)
        ns = 0;
    mci_times *t = &mci_metrics_stripe(m)->times[h];
    atomic_fetch_add_explicit(&t->bucket[bucket_of(ns)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&t->sum_ns, ns, memory_order_relaxed);
    int64_t max = atomic_load_explicit(&t->max_ns, memory_order_relaxed);
    while (ns > max &&
           !atomic_compare_exchange_weak_explicit(&t->max_ns, &max, ns, memory_order_relaxed, memory_order_relaxed))
        ;
}

int64_t mci_metrics_get(const mci_metrics *m, mci_counter c)
{
    int64_t sum = atomic_load_explicit(&m->set[c], memory_order_relaxed);
    for (size_t i = 0; i < MCI_STRIPES; i++)
        sum += atomic_load_explicit(&m->stripe[i].counter[c], memory_order_relaxed);
    return sum;
}

void mci_metrics_stats(const mci_metrics *m, mc_stats *out)
{
    memset(out, 0, sizeof *out);
#define X(NAME, field, kind, help) out->field = mci_metrics_get(m, MCI_C_##NAME);
    MCI_COUNTERS(X)
#undef X
}

void mci_metrics_summary(const mci_metrics *m, mci_histogram h, mci_summary *out)
{
    memset(out, 0, sizeof *out);
    for (size_t s = 0; s < MCI_STRIPES; s++) {
        const mci_times *t = &m->stripe[s].times[h];
        for (size_t i = 0; i < MCI_BUCKETS; i++) {
            uint64_t n = atomic_load_explicit(&t->bucket[i], memory_order_relaxed);
            out->bucket[i] += n;
            out->count += n;
        }
        out->sum_ns += atomic_load_explicit(&t->sum_ns, memory_order_relaxed);
        int64_t max = atomic_load_explicit(&t->max_ns, memory_order_relaxed);
        if (max > out->max_ns)
            out->max_ns = max;
    }
}

int64_t mci_summary_quantile(const mci_summary *s, double q)
{
    if (s->count == 0)
        return 0;
    /* The smallest bound with at least q of the values at or below it. */
    double want = q * (double)s->count;
    uint64_t seen = 0;
    for (size_t i = 0; i < MCI_BUCKETS; i++) {
        seen += s->bucket[i];
        if (seen > 0 && (double)seen >= want) {
            int64_t bound = mci_bucket_bound_ns(i);
            return bound < s->max_ns ? bound : s->max_ns;
        }
    }
    return s->max_ns;
}
