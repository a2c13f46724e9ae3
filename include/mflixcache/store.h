/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file store.h
 * The caller's own database behind the cache: a table of callbacks for mc_open_with_store().
 *
 * Documents travel as Extended JSON v2 text (one object with `_id`). Callbacks run on the thread that called the library, many
 * at a time, with no lock of the library held; they may not call functions on the same handle. Each has a deadline in
 * milliseconds from now and should return MC_E_TIMEOUT when it cannot keep it. For reads that is final; a write that may have
 * been carried out must return MC_E_UNKNOWN instead. Several in a row (`store.breaker_failures`) that return MC_E_TIMEOUT, or
 * take half of their time to return MC_E_STORE or MC_E_UNKNOWN, mean that the database is away: it is left alone for a pause.
 */
#ifndef MFLIXCACHE_STORE_H
#define MFLIXCACHE_STORE_H

#include <mflixcache/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a callback puts documents: lent by the library for one call, used by the callback's own thread. */
typedef struct mc_document_sink mc_document_sink;

/**
 * Hand one document to the library; it is copied and checked.
 *
 * @param sink  from the callback's arguments
 * @param json  one JSON object with `_id`, `size` bytes
 * @param size  length in bytes
 * @return  MC_OK; MC_E_JSON and the like when the document is refused; MC_E_STORE (an id that was not asked for, or one twice);
 *          MC_E_NOMEM; MC_E_RANGE (more documents than asked for); MC_E_ARG.
 * Threads: the callback's own.
 */
MC_API mc_status mc_document_sink_add(mc_document_sink *sink, const char *json, size_t size);

/**
 * The caller's database. Begin with mc_store_init(). Mandatory: find. A missing callback makes the functions that
 * need it return MC_E_UNSUPPORTED. `collection` is "movies" or "theaters"; ids are as in the public functions.
 *
 * The table grows at its end only: members stay where they are, what a later release adds may be NULL, and struct_size says which of
 * them the caller's program knows. A table from an older header has the rest NULL; of one from a newer header the library takes what
 * it knows. So a member is never moved, removed, or given another meaning.
 */
typedef struct mc_store {
    size_t struct_size; /**< set by mc_store_init() */
    void *user;         /**< handed to every callback */

    /** Read one document into the sink. @return MC_OK (one document given), MC_NOT_FOUND, or an error. */
    mc_status (*find)(void *user, const char *collection, const char *id, int64_t deadline_ms, mc_document_sink *sink);
    /**
     * Read many documents, in one query where the database can do that: give those of the `n` distinct ids (1 to 1,000) that there are,
     * in any order, each once. @return MC_OK (what was not given is not there), MC_NOT_FOUND (none of them), or an error. May be NULL: then
     * `find` is called for each.
     */
    mc_status (*find_many)(void *user, const char *collection, const char *const *ids, size_t n, int64_t deadline_ms,
                           mc_document_sink *sink);
    /**
     * Read by a field that is a key of its own: the document whose `field` (its name in the document: "title") is `value`, byte for
     * byte; of several the one with the lowest id. `value` has `size` bytes and a NUL behind them. @return as find. May be NULL: then
     * nothing is found by title (MC_E_UNSUPPORTED).
     */
    mc_status (*find_unique)(void *user, const char *collection, const char *field, const char *value, size_t size,
                             int64_t deadline_ms, mc_document_sink *sink);
    /** Insert. @return MC_OK, MC_E_EXISTS, MC_E_UNKNOWN, or an error. May be NULL. */
    mc_status (*insert)(void *user, const char *collection, const char *id, const char *json, size_t size,
                        int64_t deadline_ms);
    /**
     * Put `json` in the place of the document with this id, only if the stored one is still `expected` (byte for byte what
     * find gave). @return MC_OK, MC_NOT_FOUND, MC_E_CONFLICT (it changed meanwhile: the library tries again), MC_E_UNKNOWN. May be NULL.
     */
    mc_status (*replace)(void *user, const char *collection, const char *id, const char *expected, size_t expected_size,
                         const char *json, size_t size, int64_t deadline_ms);
    /** Delete. @return MC_OK, MC_NOT_FOUND, MC_E_UNKNOWN. May be NULL. */
    mc_status (*remove)(void *user, const char *collection, const char *id, int64_t deadline_ms);
    /**
     * Give up to `limit` documents with an id above `after` ("" for the first), ascending by id.
     * @return MC_OK (fewer than `limit` documents: the end was reached). May be NULL: then no boards, geo or warming.
     */
    mc_status (*scan)(void *user, const char *collection, const char *after, size_t limit, int64_t deadline_ms,
                      mc_document_sink *sink);
    /** Called once by mc_close(), after the last other callback has returned. May be NULL. */
    void (*close)(void *user);
} mc_store;

/**
 * Prepare a table: zeroes it and sets its size, so that a library with more callbacks knows which are there.
 *
 * @param store  the table; NULL does nothing
 * @param size   sizeof(mc_store) as the caller's compiler sees it
 * Threads: one at a time. Errors: none.
 */
MC_API void mc_store_init(mc_store *store, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_STORE_H */
