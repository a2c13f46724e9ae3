/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file observe.h
 * What the library did: counters, latency histograms, log.
 */
#ifndef MFLIXCACHE_OBSERVE_H
#define MFLIXCACHE_OBSERVE_H

#include <mflixcache/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Size in bytes of an `mc_stats`; never changes within a major version. */
#define MC_STATS_SIZE 512

/** Counters since the handle was opened. All are exact; each is read by itself, so sums may be a call apart. */
typedef struct mc_stats {
    int64_t reads;                /**< documents, and values of mc_get_or_load(), asked for */
    int64_t hits;                 /**< answered from Redis with a document or value */
    int64_t negative_hits;        /**< answered from Redis with "not found" */
    int64_t misses;               /**< answered by the store after Redis had nothing */
    int64_t bypasses;             /**< answered by the store because Redis could not be used */
    int64_t not_found;            /**< reads that ended in MC_NOT_FOUND */
    int64_t fills;                /**< values put into Redis after a miss */
    int64_t fills_refused;        /**< values not put there: a write came between, or the lease was lost */
    int64_t corrupt;              /**< cached values that were corrupt, or had the wrong type; dropped */
    int64_t quarantined;          /**< reads that met a write under way */
    int64_t shared_loads;         /**< reads served by another thread's load (single flight) */
    int64_t lease_waits;          /**< reads that waited for another process's load */
    int64_t writes;               /**< documents created, changed, deleted */
    int64_t writes_uncontended;   /**< of these: wrote the new value to Redis */
    int64_t writes_contended;     /**< of these: met another writer and deleted the value instead */
    int64_t writes_unknown;       /**< writes whose outcome is not known */
    int64_t invalidations;        /**< ids invalidated by call */
    int64_t epoch_bumps;          /**< mc_invalidate_all() calls that succeeded */
    int64_t board_rebuilds;       /**< boards and geo sets built here */
    int64_t board_repairs;        /**< ids put right on a board after an interrupted write */
    int64_t views;                /**< views recorded */
    int64_t recovery_queued;      /**< ids remembered because Redis was away */
    int64_t recovery_done;        /**< of these: dropped from Redis since */
    int64_t recovery_lost;        /**< of these: pushed out of the full queue; everything is invalidated then */
    int64_t recovery_pending;     /**< of these: waiting now */
    int64_t redis_round_trips;    /**< exchanges with Redis */
    int64_t redis_errors;         /**< exchanges that failed */
    int64_t redis_connects;       /**< connections opened */
    int64_t redis_connections;    /**< connections open now */
    int64_t redis_scripts_resent; /**< scripts sent in full after NOSCRIPT */
    int64_t redis_up;             /**< 1 while Redis is used, 0 while it is left alone after failures */
    int64_t store_calls;          /**< queries and writes sent to the store */
    int64_t store_errors;         /**< of these: failed */
    int64_t snapshot_hits;        /**< reads answered from the snapshot file */
    int64_t snapshot_errors;      /**< snapshot files that were refused: unreadable or corrupt */
    int64_t redis_switches;       /**< times that another server became the primary (Sentinel) */
    int64_t redis_refusals;       /**< exchanges in which Redis answered, and refused what the cache needs */
    int64_t redis_refusing;       /**< 1 while it does: full, read-only, a missing permission, no scripts, a cluster */
    int64_t store_refused; /**< of store_calls: answered without asking the database, which is left alone after failures */
    int64_t store_up;      /**< 1 while the database is used, 0 while it is left alone after failures */
    int64_t redis_tls_resumed; /**< of redis_connects: TLS went on with an earlier session, without certificates */
    int64_t reserved[23];      /**< zero; room for growth */
} mc_stats;

/**
 * Read the counters.
 *
 * @param mc   the handle
 * @param out  receives them
 * @return  MC_OK; MC_E_ARG, MC_E_CLOSED.
 * Threads: any.
 */
MC_API mc_status mc_get_stats(mc_client *mc, mc_stats *out);

/**
 * The counters and the latency quantiles as one JSON object.
 *
 * @param mc   the handle
 * @param out  receives NUL-terminated JSON, freed with mc_free(); NULL on failure
 * @param err  may be NULL
 * @return  MC_OK; MC_E_ARG, MC_E_CLOSED, MC_E_NOMEM.
 * Threads: any.
 */
MC_API mc_status mc_stats_json(mc_client *mc, char **out, mc_error *err);

/** What mc_inspect() looks at. */
enum mc_inspected {
    MC_INSPECT_MOVIE = 0,   /**< a movie, by id */
    MC_INSPECT_THEATER = 1, /**< a theater, by id */
    MC_INSPECT_TITLE = 2,   /**< the entry of a title, which leads to an id */
    MC_INSPECT_KEY = 3      /**< a value by key, as of mc_put() and mc_get_or_load() */
};

/**
 * What the cache holds for one id, title or key, whatever it is worth: nothing is loaded, changed or counted as a read. For people who wonder
 * why an answer was a miss, or how old it is.
 *
 * The text is one JSON object: "kind"; "name"; "key", its name in Redis (missing when the cache is memory:); "state": "none", "value",
 * "not_found" (the database had none, and that is kept), "old" (of before mc_invalidate_all(), or past its deadline), "corrupt" (it does not prove
 * to be what was written) or "too_big". Unless it is "none", as far as it is known: "bytes"; "written_ms", when the database was asked, in
 * milliseconds since 1970 by the cache's clock; "age_ms"; "deadline_ms", after which it is not used, and "left_ms" until then (below 0: it is over); "epoch" it is
 * of, and "current_epoch"; of a title "leads_to", an id; of a movie or theater "fields", by name, as text ("released" in milliseconds since 1970).
 *
 * @param mc    the handle
 * @param what  one of mc_inspected
 * @param name  the id, title or key
 * @param out   receives NUL-terminated text, freed with mc_free(); NULL on failure
 * @param err   may be NULL
 * @return  MC_OK, also when the cache holds nothing; MC_E_ARG, MC_E_TYPE, MC_E_UTF8, MC_E_TOOBIG: the name cannot be one; MC_E_CACHE and
 *          what else an exchange with Redis fails with; MC_E_CLOSED, MC_E_FORKED, MC_E_REENTRANT, MC_E_NOMEM.
 * Threads: any.
 */
MC_API mc_status mc_inspect(mc_client *mc, int what, const char *name, char **out, mc_error *err);

/**
 * The counters and latency histograms in Prometheus' text format, version 0.0.4.
 *
 * @param mc   the handle
 * @param out  receives NUL-terminated text, freed with mc_free(); NULL on failure
 * @param err  may be NULL
 * @return  MC_OK; MC_E_ARG, MC_E_CLOSED, MC_E_NOMEM.
 * Threads: any. Source: Prometheus exposition formats.
 */
MC_API mc_status mc_metrics_prometheus(mc_client *mc, char **out, mc_error *err);

/** Levels of a log line. */
enum mc_log_level { MC_LOG_ERROR = 0, MC_LOG_WARN = 1, MC_LOG_INFO = 2, MC_LOG_DEBUG = 3 };

/**
 * Receives log lines, on the thread that made the call, with no lock of the library held. It may not call functions on the
 * same handle (they return MC_E_REENTRANT).
 *
 * @param level  an mc_log_level
 * @param text   one line, NUL-terminated, control bytes escaped, no secrets; borrowed for the call
 * @param user   the pointer given with the callback
 */
typedef void (*mc_log_fn)(int level, const char *text, void *user);

/**
 * Set where log lines go. The library itself writes nothing anywhere.
 *
 * @param mc     the handle
 * @param fn     the receiver, or NULL for none. When this returns, the earlier receiver is not called any more
 * @param level  least important level wanted
 * @param user   handed to `fn`
 * @return  MC_OK; MC_E_ARG, MC_E_RANGE, MC_E_CLOSED, MC_E_REENTRANT, MC_E_NOMEM.
 * Threads: any.
 */
MC_API mc_status mc_set_log(mc_client *mc, mc_log_fn fn, int level, void *user);

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_OBSERVE_H */
