/* SPDX-License-Identifier: Apache-2.0 */
/* Owns measured durations and their summary. Keeps every sample: a benchmark of this program has some millions at most. */
#include "latency.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int reserve(samples *s, size_t n)
{
    if (n <= s->capacity)
        return 0;
    size_t capacity = s->capacity ? s->capacity : 256;
    while (capacity < n)
        capacity *= 2;
    int64_t *grown = realloc(s->ns, capacity * sizeof *grown);
    if (!grown)
        return -1;
    s->ns = grown;
    s->capacity = capacity;
    return 0;
}

int samples_add(samples *s, int64_t ns)
{
    if (reserve(s, s->n + 1))
        return -1;
    s->ns[s->n++] = ns;
    return 0;
}

int samples_join(samples *to, const samples *from)
{
    if (from->n == 0)
        return 0;
    if (reserve(to, to->n + from->n))
        return -1;
    memcpy(to->ns + to->n, from->ns, from->n * sizeof *to->ns);
    to->n += from->n;
    return 0;
}

void samples_free(samples *s)
{
    free(s->ns);
    memset(s, 0, sizeof *s);
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Nearest rank: the smallest sample that at least `percent` of all do not exceed. */
static int64_t quantile(const samples *s, size_t percent)
{
    size_t rank = (s->n * percent + 99) / 100;
    return s->ns[rank > 0 ? rank - 1 : 0];
}

summary samples_summary(samples *s)
{
    summary r = {0};
    if (s->n == 0)
        return r;
    qsort(s->ns, s->n, sizeof *s->ns, ascending);
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += (double)s->ns[i];
    r.n = s->n;
    r.mean_ns = sum / (double)s->n;
    r.min_ns = s->ns[0];
    r.p50_ns = quantile(s, 50);
    r.p90_ns = quantile(s, 90);
    r.p99_ns = quantile(s, 99);
    r.max_ns = s->ns[s->n - 1];
    return r;
}
