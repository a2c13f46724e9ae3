/* SPDX-License-Identifier: Apache-2.0 */
/* What takes part in a comparison with threads: a way to read in this process, or a program in another language. */
#ifndef MFLIX_BENCH_THREADS_H
#define MFLIX_BENCH_THREADS_H

#include "bench.h"

/* One read. rc: the thread's own connection, or NULL. */
typedef void (*get_fn)(redisContext *rc, size_t thread, const char *id);

struct slice {
    double ops;      /* per second */
    double p50, p99; /* microseconds */
    double cpu;      /* microseconds of client and Redis per call */
};

struct party {
    const char *name;
    get_fn get;
    bool own;
    size_t threads;
    void (*run)(struct party *p, struct slice *out); /* instead of get: asks the program */
    const char *peer;                                /* its short name */
    size_t number;                                   /* of the program */
    struct slice all;                                /* out: medians */
    double ratio, cpu_ratio;                         /* out: the library's by this one's */
};

void run_slice(get_fn get, bool own, size_t threads, struct slice *out);

/* ---- shared.c: few connections, many threads, by hand */
void open_shared(size_t connections);
void close_shared(void);
void shared_get(redisContext *rc, size_t thread, const char *id);

/* ---- peers.c: programs in other languages */
size_t add_peers(struct party *p, size_t room, size_t threads); /* starts those that can be had; how many */
void end_peers(void);
const char *peers_missing(const char *toolchain); /* why a row is not measured */

#endif
