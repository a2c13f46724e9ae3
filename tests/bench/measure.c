// SPDX-License-Identifier: Apache-2.0
/*
 * Owns: the clock, pinning, the order in which contenders take turns, medians. Contenders meet the same keys and the same state of
 * the machine: in each round each has one block of calls, and the round's order moves on by one.
 */
#include "bench.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct bench bench;
const char *const regime_names[] = {"same", "cross", "free"};

double now_us(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

_Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

void check(bool ok, const char *what)
{
    if (!ok)
        die(what, "not as expected");
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double quantile(double *v, size_t n, double q)
{
    qsort(v, n, sizeof *v, by_value);
    size_t at = (size_t)(q * (double)n);
    return v[at < n ? at : n - 1];
}

double median(double *v, size_t n)
{
    return quantile(v, n, 0.5);
}

static uint64_t random_state = 42;

/* xorshift64*: the same keys in every run. */
static double unit_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (double)((random_state * 0x2545F4914F6CDD1DULL) >> 11) / 9007199254740992.0;
}

void seed_keys(void)
{
    static double sum[HOT_KEYS];
    size_t n = bench.n_films < HOT_KEYS ? bench.n_films : HOT_KEYS;
    double total = 0;
    for (size_t i = 0; i < n; i++)
        sum[i] = total += 1.0 / (double)(i + 1); /* Zipf with exponent 1 */
    for (size_t i = 0; i < sizeof bench.uniform / sizeof *bench.uniform; i++) {
        bench.uniform[i] = (uint32_t)(unit_random() * (double)n);
        double at = unit_random() * total;
        size_t k = 0;
        while (k + 1 < n && sum[k] < at)
            k++;
        bench.zipf[i] = (uint32_t)k;
    }
}

uint32_t key_at(const uint32_t *keys, size_t i)
{
    return keys[i % (sizeof bench.uniform / sizeof *bench.uniform)];
}

static void pin_to(pid_t pid, int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (size_t i = 0; i < CPU_SETSIZE && i < (size_t)bench.cpus; i++)
        if (cpu < 0 || (size_t)cpu == i)
            CPU_SET(i, &set);
    if (sched_setaffinity(pid, sizeof set, &set) != 0)
        die("cannot pin to a CPU", "sched_setaffinity");
}

void pin(enum regime regime)
{
    bench.regime = regime;
    pin_to(0, regime == SAME ? 0 : regime == CROSS ? 1 : -1);
    if (bench.redis.pid > 0)
        pin_to(bench.redis.pid, regime == FREE ? -1 : 0);
}

/* One contender's turn: the median of its calls. */
static double block(const struct contender *c, const uint32_t *keys, size_t from, size_t calls)
{
    uint32_t places[MAX_BLOCK] = {0};
    double us[MAX_BLOCK];
    for (size_t i = 0; i < calls; i++)
        places[i] = key_at(keys, from + i);
    if (c->prepare != NULL)
        c->prepare(places, calls);
    for (size_t i = 0; i < calls; i++) {
        double t0 = now_us();
        c->call(places[i]);
        us[i] = now_us() - t0;
    }
    return median(us, calls);
}

void take_turns(struct contender *c, size_t n, const uint32_t *keys, size_t rounds, size_t calls)
{
    static double us[8][MAX_ROUNDS];
    static double ratio[MAX_ROUNDS];
    check(n <= 8 && rounds <= MAX_ROUNDS && calls <= MAX_BLOCK && rounds > 0 && calls > 0, "the sizes of a comparison");
    for (size_t i = 0; i < n; i++) /* connections, scripts, caches of the CPU */
        (void)block(&c[i], keys, 0, calls);
    for (size_t round = 0; round < rounds; round++)
        for (size_t turn = 0; turn < n; turn++) {
            size_t i = (turn + round) % n;
            us[i][round] = block(&c[i], keys, round * calls, calls);
        }
    for (size_t i = 0; i < n; i++) {
        for (size_t round = 0; round < rounds; round++)
            ratio[round] = us[0][round] / us[i][round];
        c[i].ratio = median(ratio, rounds);
    }
    for (size_t i = 0; i < n; i++) /* sorts, so not before all ratios are taken */
        c[i].us = median(us[i], rounds);
}
