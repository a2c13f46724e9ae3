/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters and latency histograms of one client. Counting takes no lock: relaxed atomics, spread over a few stripes so
 * that cores do not fight for one line. Nothing is lost; a reader may see sums a call apart.
 */
#ifndef MCI_OBSERVE_METRICS_H
#define MCI_OBSERVE_METRICS_H

#include "base/sync.h"
#include <mflixcache/observe.h>
#include <stdatomic.h>

/* X(NAME, field of mc_stats, kind: c counter or g gauge, help). In the order of mc_stats, which metrics.c asserts. */
#define MCI_COUNTERS(X)                                                                                                     \
    X(READS, reads, c, "Documents and values asked for")                                                                    \
    X(HITS, hits, c, "Reads answered from Redis with a document")                                                           \
    X(NEGATIVE_HITS, negative_hits, c, "Reads answered from Redis with not found")                                          \
    X(MISSES, misses, c, "Reads answered by the store after Redis had nothing")                                             \
    X(BYPASSES, bypasses, c, "Reads answered by the store because Redis could not be used")                                 \
    X(NOT_FOUND, not_found, c, "Reads that ended in not found")                                                             \
    X(FILLS, fills, c, "Values put into Redis after a miss")                                                                \
    X(FILLS_REFUSED, fills_refused, c, "Values not put into Redis because a write came between or the lease was lost")      \
    X(CORRUPT, corrupt, c, "Cached values that did not decode and were dropped")                                            \
    X(QUARANTINED, quarantined, c, "Reads that met a write under way")                                                      \
    X(SHARED_LOADS, shared_loads, c, "Reads served by the load of another thread")                                          \
    X(LEASE_WAITS, lease_waits, c, "Reads that waited for the load of another process")                                     \
    X(WRITES, writes, c, "Documents created, changed or deleted")                                                           \
    X(WRITES_UNCONTENDED, writes_uncontended, c, "Writes that put the new value into Redis")                                \
    X(WRITES_CONTENDED, writes_contended, c, "Writes that met another writer and deleted the value instead")                \
    X(WRITES_UNKNOWN, writes_unknown, c, "Writes whose outcome is not known")                                               \
    X(INVALIDATIONS, invalidations, c, "Ids invalidated by call")                                                           \
    X(EPOCH_BUMPS, epoch_bumps, c, "Times that everything was invalidated")                                                 \
    X(BOARD_REBUILDS, board_rebuilds, c, "Boards and geo sets built")                                                       \
    X(BOARD_REPAIRS, board_repairs, c, "Ids put right on a board after an interrupted write")                               \
    X(VIEWS, views, c, "Views recorded")                                                                                    \
    X(RECOVERY_QUEUED, recovery_queued, c, "Ids remembered because Redis was away")                                         \
    X(RECOVERY_DONE, recovery_done, c, "Remembered ids dropped from Redis since")                                           \
    X(RECOVERY_LOST, recovery_lost, c, "Remembered ids pushed out of the full queue")                                       \
    X(RECOVERY_PENDING, recovery_pending, g, "Remembered ids that wait now")                                                \
    X(REDIS_ROUND_TRIPS, redis_round_trips, c, "Exchanges with Redis")                                                      \
    X(REDIS_ERRORS, redis_errors, c, "Exchanges with Redis that failed")                                                    \
    X(REDIS_CONNECTS, redis_connects, c, "Connections opened to Redis")                                                     \
    X(REDIS_CONNECTIONS, redis_connections, g, "Connections to Redis open now")                                             \
    X(REDIS_SCRIPTS_RESENT, redis_scripts_resent, c, "Scripts sent in full after NOSCRIPT")                                 \
    X(REDIS_UP, redis_up, g, "1 while Redis is used, 0 while it is left alone after failures")                              \
    X(STORE_CALLS, store_calls, c, "Queries and writes sent to the store")                                                  \
    X(STORE_ERRORS, store_errors, c, "Queries and writes to the store that failed")                                         \
    X(SNAPSHOT_HITS, snapshot_hits, c, "Reads answered from the snapshot file")                                             \
    X(SNAPSHOT_ERRORS, snapshot_errors, c, "Snapshot files that were refused")                                              \
    X(REDIS_SWITCHES, redis_switches, c, "Times that another server became the primary")                                    \
    X(REDIS_REFUSALS, redis_refusals, c, "Exchanges in which Redis answered but refused what the cache needs")              \
    X(REDIS_REFUSING, redis_refusing, g, "1 while Redis answers but refuses what the cache needs")                          \
    X(STORE_REFUSED, store_refused, c, "Store calls answered without asking the database, which is left alone")             \
    X(STORE_UP, store_up, g, "1 while the database is used, 0 while it is left alone after failures")                       \
    X(REDIS_TLS_RESUMED, redis_tls_resumed, c, "TLS connections to Redis that went on with an earlier session")

/* X(NAME, label) */
#define MCI_HISTOGRAMS(X)                                                                                                   \
    X(READ_HIT, read_hit)                                                                                                   \
    X(READ_MISS, read_miss)                                                                                                 \
    X(WRITE, write)                                                                                                         \
    X(TOP, top)                                                                                                             \
    X(NEAR, near)                                                                                                           \
    X(REDIS_EXCHANGE, redis_exchange)                                                                                       \
    X(STORE_CALL, store_call)

/* MCI_C_READS, MCI_C_HITS ... */
typedef enum mci_counter {
#define X(NAME, field, kind, help) MCI_C_##NAME,
    MCI_COUNTERS(X)
#undef X
        MCI_C_COUNT
} mci_counter;

/* MCI_H_READ_HIT, MCI_H_READ_MISS ... */
typedef enum mci_histogram {
#define X(NAME, label) MCI_H_##NAME,
    MCI_HISTOGRAMS(X)
#undef X
        MCI_H_COUNT
} mci_histogram;

/* Bucket i > 0 holds times in (bound(i-1), bound(i)] nanoseconds: four to an octave from 256 ns up to 68 s, the last is
 * everything above. A quantile read from it is at most 25 % too high. */
#define MCI_BUCKET_MIN_LOG2 8
#define MCI_BUCKET_MAX_LOG2 36
#define MCI_BUCKETS ((MCI_BUCKET_MAX_LOG2 - MCI_BUCKET_MIN_LOG2) * 4 + 2)
#define MCI_STRIPES 4

typedef struct mci_times {
    _Atomic(uint64_t) bucket[MCI_BUCKETS];
    _Atomic(int64_t) sum_ns;
    _Atomic(int64_t) max_ns;
} mci_times;

typedef struct mci_stripe {
    _Alignas(64) _Atomic(int64_t) counter[MCI_C_COUNT];
    _Alignas(64) mci_times times[MCI_H_COUNT];
} mci_stripe;

/* About 28 KiB. Alignment 64: allocate it with mci_metrics_new(), or put it in static or automatic storage. */
typedef struct mci_metrics {
    mci_stripe stripe[MCI_STRIPES];
    _Alignas(64) _Atomic(int64_t) set[MCI_C_COUNT]; /* what mci_gauge_set() said; added to the stripes' sums */
} mci_metrics;

mci_metrics *mci_metrics_new(void); /* zeroed; NULL when memory is short */
void mci_metrics_free(mci_metrics *m);

static inline mci_stripe *mci_metrics_stripe(mci_metrics *m)
{
    return &m->stripe[(mci_thread_id() * UINT64_C(0x9e3779b97f4a7c15)) >> 62];
}

/* All of these: `m` may be NULL. */
static inline void mci_add(mci_metrics *m, mci_counter c, int64_t n)
{
    if (m != NULL)
        atomic_fetch_add_explicit(&mci_metrics_stripe(m)->counter[c], n, memory_order_relaxed);
}

static inline void mci_count(mci_metrics *m, mci_counter c)
{
    mci_add(m, c, 1);
}

/* A gauge that is set, not counted: MCI_C_REDIS_UP, MCI_C_STORE_UP, MCI_C_RECOVERY_PENDING. Do not mix with mci_add() on the same one. */
static inline void mci_gauge_set(mci_metrics *m, mci_counter c, int64_t value)
{
    if (m != NULL)
        atomic_store_explicit(&m->set[c], value, memory_order_relaxed);
}

/* One more duration in nanoseconds; negative ones count as 0. */
void mci_time(mci_metrics *m, mci_histogram h, int64_t ns);

/* One counter, summed. */
int64_t mci_metrics_get(const mci_metrics *m, mci_counter c);

/* All counters. */
void mci_metrics_stats(const mci_metrics *m, mc_stats *out);

/* A histogram summed over the stripes. */
typedef struct mci_summary {
    uint64_t bucket[MCI_BUCKETS];
    uint64_t count;
    int64_t sum_ns;
    int64_t max_ns;
} mci_summary;

void mci_metrics_summary(const mci_metrics *m, mci_histogram h, mci_summary *out);
int64_t mci_bucket_bound_ns(size_t i);                        /* upper bound; INT64_MAX for the last */
int64_t mci_summary_quantile(const mci_summary *s, double q); /* nanoseconds; 0 when there is none */

/* Texts, malloc'ed (free()); NULL when memory is short. `version` is the library's. */
char *mci_metrics_json(const mci_metrics *m, const char *version);
char *mci_metrics_prometheus(const mci_metrics *m, const char *version);

#endif
