/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers and readers on handles of their own, while servers are taken away below them. A read that began after a write had been acknowledged may not be
 * given anything older; a write whose end the cache could not be told (MC_FLAG_QUEUED) does not count as acknowledged to other handles.
 */
#ifndef TESTS_FAILOVER_STORM_H
#define TESTS_FAILOVER_STORM_H

#include "memstore.h"

#include <mflixcache/mflixcache.h>
#include <pthread.h>
#include <stdatomic.h>

#define STORM_IDS 24
#define STORM_WRITERS 4
#define STORM_READERS 4
#define STORM_ROUNDS 256

typedef struct storm {
    memstore mem;
    const char *const *options;
    mc_client *mc[4];
    pthread_t thread[STORM_WRITERS + STORM_READERS + 1];
    _Atomic long acked[STORM_IDS];
    _Atomic int stop;
    _Atomic int slow;         /* one write in twenty takes up to so many milliseconds */
    _Atomic int64_t fault_ns; /* of the present round */
    _Atomic int64_t good_write_ns[STORM_IDS],
        good_hit_ns[STORM_IDS];          /* the first of each film that began after it; 0: none yet */
    double recovery_ms[4][STORM_ROUNDS]; /* until the first and the last film was written, and read from Redis */
    int rounds;
    _Atomic long reads, hits, stale, writes, queued, failed_writes, failed_reads, failed_opens, lists;
} storm;

/* Four handles with the options, as key, value, ... NULL (kept by reference); then the threads begin. One reader opens a handle of its own again and again: one that
 * was there when a server went away has seen newer values, and believes no older ones. */
void storm_start(storm *s, const char *const *options);
/* A server is lost: from now on recovery is measured. */
void storm_fault(storm *s);
/* Wait until every film was written and read from Redis since. Fails the test after two minutes. */
void storm_await_recovery(storm *s);
/* Ends them and prints what was counted. Returns the number of stale reads. */
long storm_stop(storm *s, const char *name);
/* Wait until so many more reads were hits: the cache is in use again. Fails the test after a minute. */
void storm_await_hits(storm *s, long more);
/* The same of writes that were acknowledged. */
void storm_await_writes(storm *s, long more);

#endif
