/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file tiers.h
 * Values of any kind through three tiers: Redis, a snapshot file, and a loader of the caller's own.
 *
 * Who is asked, in which order, is the option read.tiers; the snapshot file is the option snapshot.path. A program that
 * produces the values puts them into Redis with mc_put_many() and into the file with mc_save_snapshot(); programs that need them
 * call mc_get_or_load() and get an answer as long as any one of the three is there.
 */
#ifndef MFLIXCACHE_TIERS_H
#define MFLIXCACHE_TIERS_H

#include <mflixcache/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a loader puts its value: lent by the library for one call, used by the loader's own thread. */
typedef struct mc_value_sink mc_value_sink;

/**
 * The caller's own source of a value: its database, a service, a computation. Runs on the thread that called mc_get_or_load(),
 * with no lock of the library held; it may not call functions on the same handle (they return MC_E_REENTRANT).
 *
 * @param user         the pointer given with the callback
 * @param key          the key that is asked for; borrowed for the call
 * @param deadline_ms  milliseconds from now in which an answer is of use
 * @param sink         takes the value: mc_value_sink_set()
 * @return  MC_OK (one value was given), MC_NOT_FOUND (the source knows that there is none), or an error such as MC_E_STORE.
 */
typedef mc_status (*mc_load_fn)(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink);

/**
 * Hand the value to the library; it is copied. A second call replaces the first.
 *
 * @param sink   from the loader's arguments
 * @param value  `size` bytes, any bytes; may be NULL when size is 0
 * @param size   0 to the option value.max_bytes
 * @return  MC_OK; MC_E_ARG; MC_E_TOOBIG; MC_E_NOMEM. After an error mc_get_or_load() returns it, whatever the loader says.
 * Threads: the loader's own.
 */
MC_API mc_status mc_value_sink_set(mc_value_sink *sink, const void *value, size_t size);

/**
 * Read a key through the tiers of the option read.tiers, in its order:
 * - redis: a value put there by this function, mc_put() or any Redis client;
 * - snapshot: the file's value, flagged MC_FLAG_STALE; it is not put into Redis, unless snapshot.fill says so;
 * - store: `load`, called once however many threads and processes ask (single flight by a lease in Redis; while Redis is away,
 *   by threads of this process). What it gives is put into Redis, and so is "not found" for negative.ttl_ms.
 *
 * A tier that fails is passed over. info says who answered, how old the answer is and, in stale_bound_ms, how much of what was
 * written to the source can be missing from it: the age of the value, or -1 for a value that another Redis client put there.
 *
 * @param mc      the handle
 * @param key     1 to 512 bytes of UTF-8 without control bytes, blanks or braces, such as "processed_data:device7:2026-01-31"
 * @param ttl_ms  how long a loaded value stays in Redis: 1 to 31,536,000,000 milliseconds (with the jitter of ttl.jitter_pct);
 *                0: the option kv.ttl_ms
 * @param load    the store tier; NULL: there is none
 * @param user    handed to `load`
 * @param out     receives the value with a NUL after it, freed with mc_free(); NULL unless MC_OK
 * @param size    receives its length in bytes; may be NULL
 * @param info    may be NULL
 * @param err     may be NULL: when no tier answered, why the store did not, or the first tier that failed
 * @return  MC_OK; MC_NOT_FOUND (the source has none, or without `load`: no tier has one); MC_E_ARG, MC_E_RANGE, MC_E_TOOBIG,
 *          MC_E_UTF8 before any I/O; what the loader returned; MC_E_TIMEOUT; without `load` MC_E_CACHE or MC_E_FILE when a tier failed.
 * Threads: any. Source: leases follow Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013.
 */
MC_API mc_status mc_get_or_load(mc_client *mc, const char *key, int64_t ttl_ms, mc_load_fn load, void *user, char **out,
                                size_t *size, mc_info *info, mc_error *err);

/**
 * Read many keys: one exchange with Redis for all of them, then each that is not there by itself, as mc_get_or_load() would.
 *
 * @param mc        the handle
 * @param keys      `n` keys; the same key may occur more than once
 * @param n         0 to 1,000
 * @param ttl_ms    as mc_get_or_load()
 * @param load      as mc_get_or_load(): called once for each key that is to be loaded, one after another
 * @param user      handed to `load`
 * @param out       receives `n` values in the caller's order, each freed with mc_free(); NULL where the status is not MC_OK
 * @param sizes     receives `n` lengths in bytes
 * @param statuses  receives `n` statuses: MC_OK, MC_NOT_FOUND, or why that key could not be read
 * @param infos     receives `n` records, or NULL
 * @param err       may be NULL: about the first key that could not be read
 * @return  MC_OK when each key has its status; MC_E_ARG, MC_E_RANGE, MC_E_TOOBIG, MC_E_UTF8 before any I/O (a key that is malformed, by
 *          its index); MC_E_NOMEM.
 * Threads: any. One deadline (call.timeout_ms) holds for all keys together.
 */
MC_API mc_status mc_get_many_or_load(mc_client *mc, const char *const *keys, size_t n, int64_t ttl_ms, mc_load_fn load,
                                     void *user, char **out, size_t *sizes, mc_status *statuses, mc_info *infos,
                                     mc_error *err);

/** A key and its value, lent for a call. */
typedef struct mc_entry {
    const char *key;   /**< as mc_get_or_load() */
    const void *value; /**< `size` bytes, any bytes; may be NULL when size is 0 */
    size_t size;       /**< 0 to the option value.max_bytes */
} mc_entry;

/**
 * Set many keys in one exchange with Redis: as mc_put() for each.
 *
 * @param mc        the handle
 * @param entries   `n` keys and values
 * @param n         1 to 1,000; together at most 48 MiB
 * @param ttl_ms    as mc_put()
 * @param statuses  receives `n` statuses in the caller's order; may be NULL
 * @param info      may be NULL
 * @param err       may be NULL: about the first entry that failed
 * @return  MC_OK when all are set; else the first entry's error. MC_E_ARG, MC_E_RANGE, MC_E_TOOBIG, MC_E_UTF8 before any I/O (then
 *          none is set); MC_E_CACHE, MC_E_TIMEOUT.
 * Threads: any.
 */
MC_API mc_status mc_put_many(mc_client *mc, const mc_entry *entries, size_t n, int64_t ttl_ms, mc_status *statuses,
                             mc_info *info, mc_error *err);

/**
 * Write the snapshot file: exactly these entries, whatever the old file held. The new file is written beside the old one, made
 * durable (fsync) and put in its place by one rename: readers see the old file or the new one, also after a crash or on a full disk.
 *
 * @param mc       the handle; the option snapshot.path names the file, whose folder must be there
 * @param entries  `n` distinct keys and their values
 * @param n        0 to 1,000,000; the file has at most snapshot.max_bytes
 * @param err      may be NULL
 * @return  MC_OK; MC_E_OPTION (snapshot.path is not set); MC_E_ARG (also: a key is there twice), MC_E_RANGE, MC_E_UTF8, MC_E_TOOBIG
 *          before any I/O; MC_E_FILE (the old file is untouched); MC_E_NOMEM.
 * Threads: any; of two at once the last to rename wins.
 */
MC_API mc_status mc_save_snapshot(mc_client *mc, const mc_entry *entries, size_t n, mc_error *err);

/**
 * Read the snapshot file now and check it. Reads by mc_get_or_load() do so by themselves when the file has changed.
 *
 * @param mc          the handle
 * @param n           receives the number of entries; may be NULL
 * @param written_ms  receives when it was written, in milliseconds since 1970; may be NULL
 * @param err         may be NULL
 * @return  MC_OK; MC_NOT_FOUND (there is no file); MC_E_OPTION (snapshot.path is not set); MC_E_FILE, MC_E_JSON (corrupt, or not a
 *          snapshot), MC_E_TOOBIG: refused, and what was loaded before goes on answering; MC_E_NOMEM.
 * Threads: any.
 */
MC_API mc_status mc_load_snapshot(mc_client *mc, size_t *n, int64_t *written_ms, mc_error *err);

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_TIERS_H */
