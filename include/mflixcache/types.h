/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file types.h
 * Handles and the record that says how an answer came about.
 */
#ifndef MFLIXCACHE_TYPES_H
#define MFLIXCACHE_TYPES_H

#include <mflixcache/error.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One open cache with its connections and its store. Safe to use from any number of threads at once. */
typedef struct mc_client mc_client;

/** Settings collected before mc_open(). Used by one thread at a time. */
typedef struct mc_options mc_options;

/** One movie: immutable, counted. Any thread may read it; each reference is given back once with mc_movie_unref(). */
typedef struct mc_movie mc_movie;

/** One theater: immutable, counted, as mc_movie. */
typedef struct mc_theater mc_theater;

/** The rows of a ranked or near list: immutable, freed with mc_list_free(). See list.h. */
typedef struct mc_list mc_list;

/** How the cache took part in an answer. */
enum mc_cache_outcome {
    MC_CACHE_NONE = 0,  /**< no cached value was asked for */
    MC_CACHE_HIT = 1,   /**< answered from the cache (a cached "not found" is a hit too) */
    MC_CACHE_MISS = 2,  /**< not in the cache: answered by the store, and the cache was filled where that was safe */
    MC_CACHE_BYPASS = 3 /**< Redis could not be used: answered by the store */
};

/** Bits of mc_info.flags. */
enum mc_info_flag {
    MC_FLAG_STALE =
        1, /**< older than the promise allows in normal times: it came from the snapshot file, if by way of Redis */
    MC_FLAG_FILLED =
        2, /**< this call, a read or a write, put the value into Redis: sent, and kept there unless a write came between */
    MC_FLAG_NEGATIVE = 4,     /**< "not found" came from a negative entry in the cache */
    MC_FLAG_SHARED = 8,       /**< another thread of this process loaded it for us (single flight) */
    MC_FLAG_REDIS_DOWN = 16,  /**< Redis could not be used during this call */
    MC_FLAG_QUARANTINED = 32, /**< a write to this id was under way: loaded, and not put into the cache */
    MC_FLAG_CORRUPT = 64,     /**< a cached value was corrupt; it was dropped and loaded again */
    MC_FLAG_QUEUED = 128,     /**< a write went to the store only; it is announced by the first call of this
                                   handle that finds it back. A handle that is closed before does not */
    MC_FLAG_REFUSED = 256     /**< Redis answered, and refused what the cache needs: full, read-only, a missing permission,
                                   no scripts, a cluster. MC_FLAG_REDIS_DOWN is set as well */
};

/** Size in bytes of an `mc_info`; never changes within a major version. */
#define MC_INFO_SIZE 128

/**
 * How one answer came about. Owned by the caller, may be NULL in every call; filled on success and on failure.
 */
typedef struct mc_info {
    int tier;               /**< an `mc_tier`: who answered; of a list: who said which rows there are and in which order. Its
                                   documents may come from Redis, and age_ms is that of the oldest */
    int cache;              /**< an `mc_cache_outcome` */
    unsigned flags;         /**< bits of `mc_info_flag` */
    int redis_round_trips;  /**< request/answer exchanges with Redis during this call */
    int store_calls;        /**< queries and writes sent to the store during this call */
    int reserved0;          /**< zero */
    int64_t age_ms;         /**< milliseconds since the value was read from the store; 0 when it was read just now */
    int64_t stale_bound_ms; /**< 0: no write is missing in it that was acknowledged before the call, as long as the writers
                                   reached Redis (docs/consistency.md: what holds when they could not); above 0: none is that is
                                   older than so many milliseconds; -1: no bound is known */
    int64_t elapsed_ns;     /**< duration of the call in nanoseconds, monotonic clock */
    unsigned char reserved[80]; /**< zero; room for growth */
} mc_info;

/** A sequence of bytes that the library lends: not NUL-terminated by contract, valid as long as its owner. */
typedef struct mc_bytes {
    const char *data; /**< first byte, or NULL when there is nothing */
    size_t size;      /**< number of bytes */
} mc_bytes;

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_TYPES_H */
