/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file movies.h
 * Movies: cache-aside reads, write-through writes, the rating board, views.
 *
 * An id is 24 hexadecimal digits (an ObjectId; capitals are accepted and mean the same) or, with the option
 * movies.id = "string", 1 to 256 bytes of UTF-8 without control bytes, blanks, braces or `*?[]\`. All limits are checked
 * before anything is sent. In every function: `mc` is an open handle, `info` and `err` may be NULL, texts handed in are
 * borrowed for the call only, outputs are NULL or 0 on failure, and any thread may call at any time. Common errors, not
 * repeated below: MC_E_ARG, MC_E_CLOSED, MC_E_FORKED, MC_E_REENTRANT, MC_E_NOMEM.
 */
#ifndef MFLIXCACHE_MOVIES_H
#define MFLIXCACHE_MOVIES_H

#include <mflixcache/list.h>
#include <mflixcache/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading ------------------------------------------------------------------------------------------------------ */

/**
 * Read one movie by id, cache-aside: Redis first (one round trip), the store on a miss, with a fill where that is safe.
 *
 * @param mc    the handle
 * @param id    the movie's id
 * @param out   receives a reference, to be given back with mc_movie_unref(); NULL unless MC_OK
 * @param info  hit or miss, tier, age, round trips
 * @param err   may be NULL
 * @return  MC_OK; MC_NOT_FOUND; MC_E_STORE, MC_E_TIMEOUT when neither Redis nor the store could answer in time.
 * Threads: any. Source of the protocol: docs/consistency.md.
 */
MC_API mc_status mc_get_movie(mc_client *mc, const char *id, const mc_movie **out, mc_info *info, mc_error *err);

/**
 * Read one movie by its exact title, byte for byte. Of several movies with one title it is the one with the lowest id.
 *
 * @param mc     the handle
 * @param title  1 to 1,024 bytes of UTF-8
 * @param out    receives a reference, to be given back with mc_movie_unref(); NULL unless MC_OK
 * @param info   may be NULL
 * @param err    may be NULL
 * @return  as mc_get_movie(); MC_E_UTF8, MC_E_TOOBIG.
 * Threads: any. NFC and NFD spellings of one title are two titles.
 */
MC_API mc_status mc_get_movie_by_title(mc_client *mc, const char *title, const mc_movie **out, mc_info *info, mc_error *err);

/**
 * Read many movies: one pipeline for all the hits, one store query for all the misses.
 *
 * @param mc        the handle
 * @param ids       `n` ids; the same id may occur more than once
 * @param n         0 to 1,000
 * @param out       receives `n` references in the caller's order, NULL where the status is not MC_OK
 * @param statuses  receives `n` statuses: MC_OK, MC_NOT_FOUND, MC_E_ARG (that id is malformed), or why it could not be read
 * @param infos     receives `n` records, or NULL
 * @param err       may be NULL: about the first item that failed
 * @return  MC_OK when each item has its status; MC_E_RANGE (n); MC_E_ARG.
 * Threads: any. Ownership: each non-NULL out[i] is one reference of its own.
 */
MC_API mc_status mc_get_movies(mc_client *mc, const char *const *ids, size_t n, const mc_movie **out, mc_status *statuses,
                               mc_info *infos, mc_error *err);

/**
 * Read one movie's whole document. As mc_get_movie(); the result also answers mc_movie_json().
 *
 * @param mc    the handle
 * @param id    the movie's id
 * @param out   receives a reference; NULL unless MC_OK
 * @param info  may be NULL
 * @param err   may be NULL
 * @return  as mc_get_movie().
 * Threads: any.
 */
MC_API mc_status mc_get_movie_document(mc_client *mc, const char *id, const mc_movie **out, mc_info *info, mc_error *err);

/** Take one more reference. @param m  a movie, or NULL. @return  `m`. Threads: any. Errors: none. */
MC_API const mc_movie *mc_movie_ref(const mc_movie *m);

/** Give one reference back; the last one frees the movie. @param m  a movie, or NULL. Threads: any. Errors: none. */
MC_API void mc_movie_unref(const mc_movie *m);

/* Accessors lend: what they return lives as long as the caller's reference. A NULL movie is allowed and has no fields. */

/** The id as text. @param m  a movie. @return  NUL-terminated; NULL only for NULL. Threads: any. Errors: none. */
MC_API const char *mc_movie_id(const mc_movie *m);
/** The title. @param m  a movie. @return  NUL-terminated UTF-8; NULL when missing. Threads: any. Errors: none. */
MC_API const char *mc_movie_title(const mc_movie *m);
/** The short plot. @param m  a movie. @return  NUL-terminated UTF-8; NULL when missing. Threads: any. Errors: none. */
MC_API const char *mc_movie_plot(const mc_movie *m);
/** Address of the poster. @param m  a movie. @return  NUL-terminated; NULL when missing. Threads: any. Errors: none. */
MC_API const char *mc_movie_poster(const mc_movie *m);
/** The certificate, such as "PG-13". @param m  a movie. @return  NUL-terminated; NULL when missing. Threads: any. Errors: none. */
MC_API const char *mc_movie_rated(const mc_movie *m);
/** "movie" or "series". @param m  a movie. @return  NUL-terminated; NULL when missing. Threads: any. Errors: none. */
MC_API const char *mc_movie_type(const mc_movie *m);
/**
 * The year as the document has it, such as "1994" or "1981è".
 * @param m  a movie. @param buf  receives NUL-terminated UTF-8, cut to fit; "" when missing. @param size  bytes at buf, at least 1.
 * @return  MC_OK, MC_NOT_FOUND (missing), MC_E_ARG. Threads: any.
 */
MC_API mc_status mc_movie_year_text(const mc_movie *m, char *buf, size_t size);
/**
 * The year as a number; of a text such as "1981è" its leading digits.
 * @param m  a movie. @param out  receives the year; 0 when missing. @return  MC_OK, MC_NOT_FOUND (missing), MC_E_TYPE (no
 * digits), MC_E_ARG. Threads: any.
 */
MC_API mc_status mc_movie_year(const mc_movie *m, int *out);
/** Length in minutes. @param m  a movie. @param out  minutes; 0 when missing. @return  MC_OK, MC_NOT_FOUND, MC_E_TYPE, MC_E_ARG. Threads: any. */
MC_API mc_status mc_movie_runtime(const mc_movie *m, int *out);
/**
 * The IMDb rating. @param m  a movie. @param out  0.0 to 10.0; 0 when missing. @return  MC_OK, MC_NOT_FOUND (missing or an
 * empty text), MC_E_TYPE (no number), MC_E_ARG. Threads: any.
 */
MC_API mc_status mc_movie_rating(const mc_movie *m, double *out);
/** Number of IMDb votes. @param m  a movie. @param out  votes; 0 when missing. @return  MC_OK, MC_NOT_FOUND, MC_E_TYPE, MC_E_ARG. Threads: any. */
MC_API mc_status mc_movie_votes(const mc_movie *m, int64_t *out);
/** Number of the movie at IMDb. @param m  a movie. @param out  the number; 0 when missing. @return  MC_OK, MC_NOT_FOUND, MC_E_TYPE, MC_E_ARG. Threads: any. */
MC_API mc_status mc_movie_imdb_id(const mc_movie *m, int64_t *out);
/**
 * Date of release. @param m  a movie. @param out  milliseconds since 1970-01-01 UTC, negative before; 0 when missing.
 * @return  MC_OK, MC_NOT_FOUND, MC_E_TYPE, MC_E_ARG. Threads: any.
 */
MC_API mc_status mc_movie_released(const mc_movie *m, int64_t *out);
/** How many genres. @param m  a movie. @return  the count, 0 when missing. Threads: any. Errors: none. */
MC_API size_t mc_movie_genre_count(const mc_movie *m);
/** One genre. @param m  a movie. @param i  from 0. @return  NUL-terminated; NULL past the end. Threads: any. Errors: none. */
MC_API const char *mc_movie_genre(const mc_movie *m, size_t i);
/** How many directors. @param m  a movie. @return  the count, 0 when missing. Threads: any. Errors: none. */
MC_API size_t mc_movie_director_count(const mc_movie *m);
/** One director. @param m  a movie. @param i  from 0. @return  NUL-terminated; NULL past the end. Threads: any. Errors: none. */
MC_API const char *mc_movie_director(const mc_movie *m, size_t i);
/** How many named in the cast. @param m  a movie. @return  the count, 0 when missing. Threads: any. Errors: none. */
MC_API size_t mc_movie_cast_count(const mc_movie *m);
/** One of the cast. @param m  a movie. @param i  from 0. @return  NUL-terminated; NULL past the end. Threads: any. Errors: none. */
MC_API const char *mc_movie_cast(const mc_movie *m, size_t i);
/** How many countries. @param m  a movie. @return  the count, 0 when missing. Threads: any. Errors: none. */
MC_API size_t mc_movie_country_count(const mc_movie *m);
/** One country. @param m  a movie. @param i  from 0. @return  NUL-terminated; NULL past the end. Threads: any. Errors: none. */
MC_API const char *mc_movie_country(const mc_movie *m, size_t i);
/** How many languages. @param m  a movie. @return  the count, 0 when missing. Threads: any. Errors: none. */
MC_API size_t mc_movie_language_count(const mc_movie *m);
/** One language. @param m  a movie. @param i  from 0. @return  NUL-terminated; NULL past the end. Threads: any. Errors: none. */
MC_API const char *mc_movie_language(const mc_movie *m, size_t i);

/**
 * The whole document as Extended JSON v2, one line, type-preserving (docs/architecture.md says how).
 *
 * @param m    a movie read with mc_get_movie_document(), or returned by a write
 * @param out  receives the text, NUL-terminated, lent by `m`; {NULL, 0} when this movie was read without its document
 * @return  MC_OK; MC_NOT_FOUND (read without its document); MC_E_ARG.
 * Threads: any.
 */
MC_API mc_status mc_movie_json(const mc_movie *m, mc_bytes *out);

/* ---- writing: the store first, the cache coherent when the call returns ------------------------------------------- */

/**
 * Create a movie.
 *
 * @param mc    the handle
 * @param json  one JSON object (Extended JSON v2), `size` bytes. `_id` may be missing (one is made), {"$oid":...}, or a
 *              text where movies.id allows it. Limits: 64 levels, no duplicate keys, no key with a leading '$' or a dot, 15 MiB;
 *              imdb.rating must be absent, "" or 0 to 10
 * @param size  length in bytes
 * @param out   receives the stored movie with its document, one reference; may be NULL
 * @param info  may be NULL
 * @param err   may be NULL
 * @return  MC_OK; MC_E_EXISTS; MC_E_JSON, MC_E_DEPTH, MC_E_FIELD, MC_E_RANGE, MC_E_UTF8, MC_E_TOOBIG, MC_E_TYPE before any I/O;
 *          MC_E_CACHE (strict mode, Redis away: nothing written); MC_E_STORE; MC_E_UNKNOWN (sent, outcome not known).
 * Threads: any.
 */
MC_API mc_status mc_create_movie(mc_client *mc, const char *json, size_t size, const mc_movie **out, mc_info *info,
                                 mc_error *err);

/**
 * Change fields of a movie. Members of the patch are set; an object inside the patch changes only the members it names; a
 * null removes the field (JSON Merge Patch, RFC 7396, except that an array or an empty object replaces the field). An empty patch
 * writes nothing.
 *
 * @param mc    the handle
 * @param id    the movie's id
 * @param patch one JSON object, `size` bytes; limits as mc_create_movie(); it may not have an `_id`
 * @param size  length in bytes
 * @param out   receives the movie as it is after the change, with its document; may be NULL
 * @param info  may be NULL
 * @param err   may be NULL
 * @return  MC_OK; MC_NOT_FOUND; MC_E_CONFLICT (a parent of a field is not an object); else as mc_create_movie().
 * Threads: any.
 */
MC_API mc_status mc_update_movie(mc_client *mc, const char *id, const char *patch, size_t size, const mc_movie **out,
                                 mc_info *info, mc_error *err);

/**
 * Set a movie's IMDb rating: document, cached value and rating board agree when the call returns.
 *
 * @param mc      the handle
 * @param id      the movie's id
 * @param rating  0.0 to 10.0; -0.0 is stored as 0
 * @param out     receives the movie as it is after the change, with its document; may be NULL
 * @param info    may be NULL
 * @param err     may be NULL
 * @return  MC_OK; MC_NOT_FOUND; MC_E_RANGE (NaN, infinite or outside); else as mc_update_movie().
 * Threads: any.
 */
MC_API mc_status mc_update_rating(mc_client *mc, const char *id, double rating, const mc_movie **out, mc_info *info,
                                  mc_error *err);

/**
 * Set the IMDb rating of the movie with this title (of several, the one with the lowest id).
 *
 * @param mc      the handle
 * @param title   1 to 1,024 bytes of UTF-8
 * @param rating  0.0 to 10.0
 * @param out     receives the movie as it is after the change; may be NULL
 * @param info    may be NULL
 * @param err     may be NULL
 * @return  as mc_update_rating() and mc_get_movie_by_title().
 * Threads: any.
 */
MC_API mc_status mc_update_rating_by_title(mc_client *mc, const char *title, double rating, const mc_movie **out,
                                           mc_info *info, mc_error *err);

/**
 * Delete a movie from the store, the cache and the board.
 *
 * @param mc    the handle
 * @param id    the movie's id
 * @param info  may be NULL
 * @param err   may be NULL
 * @return  MC_OK; MC_NOT_FOUND (there was none); MC_E_CACHE (strict mode), MC_E_STORE, MC_E_UNKNOWN.
 * Threads: any.
 */
MC_API mc_status mc_delete_movie(mc_client *mc, const char *id, mc_info *info, mc_error *err);

/* ---- dropping cached values --------------------------------------------------------------------------------------- */

/**
 * Drop one movie from the cache (value and title alias), also against a load that is under way.
 *
 * @param mc    the handle
 * @param id    the movie's id
 * @param info  may be NULL
 * @param err   may be NULL
 * @return  MC_OK, whether or not it was cached; MC_E_CACHE, MC_E_TIMEOUT when Redis did not acknowledge.
 * Threads: any.
 */
MC_API mc_status mc_invalidate(mc_client *mc, const char *id, mc_info *info, mc_error *err);

/**
 * Drop the movie with this title from the cache, and the title's alias.
 *
 * @param mc     the handle
 * @param title  1 to 1,024 bytes of UTF-8
 * @param info   may be NULL
 * @param err    may be NULL
 * @return  as mc_invalidate().
 * Threads: any.
 */
MC_API mc_status mc_invalidate_title(mc_client *mc, const char *title, mc_info *info, mc_error *err);

/* ---- boards ------------------------------------------------------------------------------------------------------- */

/**
 * The movies with the highest IMDb rating, details in the same round trip: rating descending, then id descending.
 * Movies without a numeric rating are not on the board.
 *
 * @param mc      the handle
 * @param offset  rows to skip, 0 to 1,000,000
 * @param count   rows wanted, 0 or more; above 1,000 it counts as 1,000
 * @param out     receives the list, freed with mc_list_free(); NULL on failure. Its accessors are in list.h
 * @param info    tier, round trips
 * @param err     may be NULL
 * @return  MC_OK; MC_E_RANGE; MC_E_STORE, MC_E_TIMEOUT.
 * Threads: any. Ownership: the list is the caller's, and owns its movies.
 */
MC_API mc_status mc_top_movies(mc_client *mc, int64_t offset, int64_t count, mc_list **out, mc_info *info, mc_error *err);

/**
 * A movie's place on the rating board. Asked of the store when Redis cannot be used, its board is not complete, or a place has a pending repair.
 *
 * @param mc      the handle
 * @param id      the movie's id
 * @param rank    receives the place, from 0
 * @param rating  receives its rating on the board; may be NULL
 * @param info    may be NULL
 * @param err     may be NULL
 * @return  MC_OK; MC_NOT_FOUND (not on the board); MC_E_UNSUPPORTED (Redis could not answer, and the store
 *          has no scan), MC_E_STORE, MC_E_TIMEOUT.
 * Threads: any.
 */
MC_API mc_status mc_rank_movie(mc_client *mc, const char *id, int64_t *rank, double *rating, mc_info *info, mc_error *err);

/**
 * Count one view of a movie. Sent at most once: after a failure the view may be counted or not, never twice.
 *
 * @param mc     the handle
 * @param id     the movie's id
 * @param views  receives the count after it; may be NULL
 * @param info   may be NULL
 * @param err    may be NULL
 * @return  MC_OK; MC_E_CACHE, MC_E_TIMEOUT; MC_E_UNKNOWN (sent, no answer).
 * Threads: any. View counts live in Redis only and are as durable as it is.
 */
MC_API mc_status mc_record_view(mc_client *mc, const char *id, int64_t *views, mc_info *info, mc_error *err);

/**
 * The movies with the most views, with their counts (mc_list_views()). Movies that do not exist any more are left out.
 *
 * @param mc     the handle
 * @param count  rows wanted, 0 or more; above 1,000 it counts as 1,000
 * @param out    receives the list, freed with mc_list_free(); NULL on failure
 * @param info   may be NULL
 * @param err    may be NULL
 * @return  MC_OK; MC_E_RANGE; MC_E_CACHE, MC_E_TIMEOUT (views live in Redis only).
 * Threads: any. Ownership: the list is the caller's, and owns its movies.
 */
MC_API mc_status mc_trending(mc_client *mc, int64_t count, mc_list **out, mc_info *info, mc_error *err);

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_MOVIES_H */
