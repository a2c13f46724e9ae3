/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file client.h
 * Opening and closing, health, and the calls that concern the whole cache.
 *
 * An `mc_client` is an opaque handle id (a tagged number), never an address: a handle that was closed, or never opened,
 * is recognised and refused. All functions here may be called from any thread at once unless they say otherwise.
 */
#ifndef MFLIXCACHE_CLIENT_H
#define MFLIXCACHE_CLIENT_H

#include <mflixcache/options.h>
#include <mflixcache/store.h>
#include <mflixcache/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Open a cache: checks the options, opens the store, and tries Redis once. Redis being away is not an error (reads go to the
 * store until it is back) unless write.mode is "strict".
 *
 * @param options  settings; NULL means the defaults. Copied: free them at will afterwards
 * @param out      receives the handle; NULL on failure. Close it with mc_close()
 * @param err      may be NULL
 * @return  MC_OK; MC_E_ARG, MC_E_OPTION, MC_E_URI, MC_E_TLS, MC_E_AUTH, MC_E_CLUSTER, MC_E_DATABASE, MC_E_STORE,
 *          MC_E_FILE, MC_E_NOMEM, MC_E_UNSUPPORTED, MC_E_RANGE (256 handles are open); MC_E_CACHE when Redis answers but will
 *          never do what a cache needs (it is read-only, or runs no scripts). A Redis that is away, or full for a while, is an
 *          error here only with write.mode "strict".
 * Threads: any; up to 256 handles, sessions included, are open at a time in a process.
 */
MC_API mc_status mc_open(const mc_options *options, mc_client **out, mc_error *err);

/**
 * Open a cache over the caller's own database: as mc_open(), with `store` in place of the option store.uri.
 *
 * @param options  settings; NULL means the defaults
 * @param store    callbacks, see store.h; the table is copied, `store->user` is borrowed until mc_close() has returned
 * @param out      receives the handle; NULL on failure
 * @param err      may be NULL
 * @return  as mc_open(); MC_E_ARG when a mandatory callback is missing. On failure store->close is not called.
 * Threads: any.
 */
MC_API mc_status mc_open_with_store(const mc_options *options, const mc_store *store, mc_client **out, mc_error *err);

/**
 * Close a cache. New calls on the handle get MC_E_CLOSED at once; waits until the calls under way have returned.
 *
 * @param mc  the handle; NULL does nothing
 * A session (mc_session_open()) is closed with this, too; closing a handle leaves its sessions without a cache.
 *
 * @return  MC_OK; MC_E_CLOSED (closed already), MC_E_ARG (no handle at all), MC_E_REENTRANT (from a callback of the same handle),
 *          MC_E_FORKED (in a forked child: its sockets belong to the parent, so nothing is closed or freed).
 * Threads: any; documents that were read from it stay valid.
 */
MC_API mc_status mc_close(mc_client *mc);

/**
 * Ask Redis and the store whether they answer.
 *
 * @param mc        the handle
 * @param redis_ok  receives 1 or 0; may be NULL
 * @param store_ok  receives 1 or 0; may be NULL
 * @param err       may be NULL: why the first that failed did not answer
 * @return  MC_OK when both answered; otherwise the first error (Redis before store). Both outputs are set in any case.
 * Threads: any.
 */
MC_API mc_status mc_ping(mc_client *mc, int *redis_ok, int *store_ok, mc_error *err);

/**
 * Make every cached document, alias, board and geo set unreachable at once, by raising the epoch that each carries. Costs
 * one command however large the cache is; Redis drops the old values when their TTL ends. Keys set with mc_put() and view
 * counts stay: they are not copies of the store.
 *
 * @param mc    the handle
 * @param info  may be NULL
 * @param err   may be NULL
 * @return  MC_OK; MC_E_CACHE, MC_E_TIMEOUT when Redis did not acknowledge (then it may or may not have happened).
 * Threads: any.
 */
MC_API mc_status mc_invalidate_all(mc_client *mc, mc_info *info, mc_error *err);

/** What mc_warm() has to load. Bits. */
enum mc_warm_what {
    MC_WARM_MOVIES = 1,   /**< every movie */
    MC_WARM_BOARD = 2,    /**< the rating board */
    MC_WARM_THEATERS = 4, /**< the geo set of the theaters, and every theater */
    MC_WARM_ALL = 7       /**< all of it */
};

/** How far a long call has come. */
typedef struct mc_progress {
    const char *stage;          /**< "board", "movies", "geo" or "theaters"; constant text */
    int64_t done;               /**< documents finished in this stage */
    int64_t total;              /**< documents expected in this stage; -1 when not known */
    int64_t elapsed_ms;         /**< since the call began */
    unsigned char reserved[32]; /**< zero */
} mc_progress;

/**
 * Receives progress a few times a second at most, on the calling thread, with no lock held.
 *
 * @param progress  borrowed for the call
 * @param user      the pointer given with the callback
 * @return  0 to go on, anything else to stop: the function that was asked returns MC_E_ABORT.
 */
typedef int (*mc_progress_fn)(const mc_progress *progress, void *user);

/**
 * Load the cache ahead of traffic. Follows the same protocol as a read that misses, so it may run while others read and
 * write, and in several processes; values already there are kept.
 *
 * @param mc        the handle
 * @param what      bits of mc_warm_what
 * @param limit     at most so many documents of each kind; 0: all of them. A limit does not shorten the board or geo set
 * @param progress  may be NULL
 * @param user      handed to `progress`
 * @param loaded    receives how many documents were put into Redis; may be NULL
 * @param err       may be NULL
 * @return  MC_OK; MC_E_ARG, MC_E_RANGE (limit negative), MC_E_CACHE, MC_E_STORE, MC_E_TIMEOUT, MC_E_ABORT. What was loaded stays.
 * Threads: any; long: one deadline applies to each batch, not to all of them.
 */
MC_API mc_status mc_warm(mc_client *mc, unsigned what, int64_t limit, mc_progress_fn progress, void *user, int64_t *loaded,
                         mc_error *err);

/**
 * Set the clock by which this handle dates, expires and ages cached values, for tests and simulations: a program can pass
 * an hour in a moment, and see what expires. Deadlines of calls, leases and Redis' own expiry keep to real time.
 * @param mc      the handle
 * @param now_ms  milliseconds since 1970 that are now, and stay so until the next call; 0: Redis' clock again, as it was
 * @return  MC_OK; MC_E_ARG, MC_E_CLOSED, MC_E_RANGE (negative, or above 2^53).
 * Threads: any.
 */
MC_API mc_status mc_set_clock(mc_client *mc, int64_t now_ms);

/**
 * Whether mc_import_movies() would take a document, by the same checks; no server is asked. For telling why each of several was
 * refused, and for looking through a file before it is loaded.
 *
 * @param mc    the handle (option movies.id decides what an `_id` may be)
 * @param json  one JSON object (Extended JSON v2) with an `_id`
 * @param size  bytes at json
 * @param err   may be NULL; its text names the field and the reason
 * @return  MC_OK, or the status that the import would give that document: MC_E_JSON, MC_E_FIELD, MC_E_TYPE, MC_E_RANGE, MC_E_DEPTH,
 *          MC_E_UTF8, MC_E_TOOBIG, MC_E_ARG; MC_E_CLOSED, MC_E_NOMEM. What only the store can refuse is not seen here.
 * Ownership: nothing is kept. Threads: any.
 */
MC_API mc_status mc_check_movie(mc_client *mc, const char *json, size_t size, mc_error *err);

/**
 * Whether mc_import_theaters() would take a document: as mc_check_movie().
 *
 * @param mc    the handle
 * @param json  one JSON object with an `_id`
 * @param size  bytes at json
 * @param err   may be NULL
 * @return  as mc_check_movie().
 * Threads: any.
 */
MC_API mc_status mc_check_theater(mc_client *mc, const char *json, size_t size, mc_error *err);

/** How mc_import_movies() treats a document whose id is in the store already. */
enum mc_import_mode {
    MC_IMPORT_SKIP = 0,   /**< leave the stored one alone: the item's status is MC_E_EXISTS */
    MC_IMPORT_REPLACE = 1 /**< put the new one in its place; of several with one id in a call the last one stays */
};

/**
 * Put many movies into the store at once, the cache staying coherent. For loading a collection; about as fast as the
 * store's own bulk write.
 *
 * @param mc        the handle
 * @param json      `n` documents, each one JSON object (Extended JSON v2) with an `_id`
 * @param sizes     `n` lengths in bytes
 * @param n         1 to 1,000
 * @param mode      an mc_import_mode
 * @param statuses  receives `n` statuses in the caller's order: MC_OK, MC_E_EXISTS, or why that document was refused
 * @param err       may be NULL: about the first item that failed. mc_check_movie() gives the reason for another
 * @return  MC_OK when the call was carried out (look at `statuses`); MC_E_ARG, MC_E_RANGE, MC_E_STORE, MC_E_UNKNOWN.
 * Threads: any.
 */
MC_API mc_status mc_import_movies(mc_client *mc, const char *const *json, const size_t *sizes, size_t n, int mode,
                                  mc_status *statuses, mc_error *err);

/**
 * Put many theaters into the store at once: as mc_import_movies().
 *
 * @param mc        the handle
 * @param json      `n` documents, each one JSON object with an `_id`
 * @param sizes     `n` lengths in bytes
 * @param n         1 to 1,000
 * @param mode      an mc_import_mode
 * @param statuses  receives `n` statuses
 * @param err       may be NULL
 * @return  as mc_import_movies().
 * Threads: any.
 */
MC_API mc_status mc_import_theaters(mc_client *mc, const char *const *json, const size_t *sizes, size_t n, int mode,
                                    mc_status *statuses, mc_error *err);

/**
 * Make the store ready for this library's queries: its tables and indexes (title, rating, place). Safe to repeat; needs
 * the right to create indexes.
 *
 * @param mc   the handle
 * @param err  may be NULL
 * @return  MC_OK; MC_E_STORE, MC_E_AUTH, MC_E_TIMEOUT, MC_E_UNSUPPORTED (a callback store without such a callback).
 * Threads: any.
 */
MC_API mc_status mc_prepare_store(mc_client *mc, mc_error *err);

/**
 * How many movies the store has, as good as it knows that cheaply (MongoDB's own estimate; SQLite's rows).
 *
 * @param mc     the handle
 * @param count  receives it; 0 on error
 * @param err    may be NULL
 * @return  MC_OK; MC_E_ARG, MC_E_STORE, MC_E_TIMEOUT, MC_E_UNSUPPORTED (a callback store).
 * Threads: any.
 */
MC_API mc_status mc_count_movies(mc_client *mc, int64_t *count, mc_error *err);

/**
 * How many theaters the store has.
 *
 * @param mc     the handle
 * @param count  receives it; 0 on error
 * @param err    may be NULL
 * @return  as mc_count_movies().
 * Threads: any.
 */
MC_API mc_status mc_count_theaters(mc_client *mc, int64_t *count, mc_error *err);

/**
 * Receives one document after the other, on the calling thread, with no lock held; it may not call functions on the same handle.
 *
 * @param user  the pointer given with the callback
 * @param json  the document as Extended JSON, NUL-terminated; borrowed for the call
 * @param size  its bytes
 * @return  0 to go on, anything else to stop: the function that was asked returns MC_E_ABORT.
 */
typedef int (*mc_document_fn)(void *user, const char *json, size_t size);

/**
 * Hand over every movie of the store, ordered by id, read in pages past the cache; what is written meanwhile may be in it or not. Documents that
 * cannot be read as movies are left out.
 *
 * @param mc    the handle; the option call.timeout_ms bounds each page
 * @param each  called for each document
 * @param user  handed to `each`
 * @param err   may be NULL
 * @return  MC_OK; MC_E_ARG, MC_E_ABORT, MC_E_STORE, MC_E_TIMEOUT, MC_E_NOMEM, MC_E_UNSUPPORTED (a store that cannot be scanned).
 * Threads: any.
 */
MC_API mc_status mc_export_movies(mc_client *mc, mc_document_fn each, void *user, mc_error *err);

/**
 * The same for theaters.
 *
 * @param mc    the handle
 * @param each  called for each document
 * @param user  handed to `each`
 * @param err   may be NULL
 * @return  as mc_export_movies().
 * Threads: any.
 */
MC_API mc_status mc_export_theaters(mc_client *mc, mc_document_fn each, void *user, mc_error *err);

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_CLIENT_H */
