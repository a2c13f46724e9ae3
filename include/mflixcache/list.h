/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file list.h
 * Lists: what mc_top_movies(), mc_trending() and mc_nearby_theaters() answer.
 *
 * A list is immutable and belongs to whoever asked for it; it outlives its client. What it lends (its documents) lives as long as
 * it does: take a reference (mc_movie_ref()) of what is to live longer. In every accessor a NULL list is allowed and has no rows,
 * and a row that is not there has no document and no numbers. Later releases can tell more of a row, by functions that are added.
 */
#ifndef MFLIXCACHE_LIST_H
#define MFLIXCACHE_LIST_H

#include <mflixcache/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How many rows there are. @param l  a list. @return  0 to 1,000. Threads: any. Errors: none. */
MC_API size_t mc_list_size(const mc_list *l);

/**
 * The movie of a row.
 *
 * @param l  a list
 * @param i  the row, from 0
 * @return  lent: valid as long as the list. NULL past the end and for a list of theaters.
 * Threads: any. Errors: none.
 */
MC_API const mc_movie *mc_list_movie(const mc_list *l, size_t i);

/**
 * The theater of a row.
 *
 * @param l  a list
 * @param i  the row, from 0
 * @return  lent: valid as long as the list. NULL past the end and for a list of movies.
 * Threads: any. Errors: none.
 */
MC_API const mc_theater *mc_list_theater(const mc_list *l, size_t i);

/**
 * The place of a row in the whole order, of which the list is a part.
 *
 * @param l  a list
 * @param i  the row, from 0
 * @return  from 0: mc_top_movies() with an offset of 20 begins with 20. -1 past the end.
 * Threads: any. Errors: none.
 */
MC_API int64_t mc_list_rank(const mc_list *l, size_t i);

/**
 * What a row of a list of movies is ordered by: its rating, or its number of views.
 *
 * @param l  a list
 * @param i  the row, from 0
 * @return  0 past the end and for a list of theaters.
 * Threads: any. Errors: none.
 */
MC_API double mc_list_score(const mc_list *l, size_t i);

/**
 * The views of a row of mc_trending().
 *
 * @param l  a list
 * @param i  the row, from 0
 * @return  0 past the end and for other lists.
 * Threads: any. Errors: none.
 */
MC_API int64_t mc_list_views(const mc_list *l, size_t i);

/**
 * How far away the theater of a row is.
 *
 * @param l  a list
 * @param i  the row, from 0
 * @return  metres on a sphere of radius 6,372,797.560856 m, as Redis computes it; 0 past the end and for a list of movies.
 * Threads: any. Errors: none.
 */
MC_API double mc_list_distance_m(const mc_list *l, size_t i);

/**
 * Where the theater of a row is, as in its document.
 *
 * @param l    a list
 * @param i    the row, from 0
 * @param lon  receives degrees east; may be NULL
 * @param lat  receives degrees north; may be NULL
 * @return  MC_OK; MC_NOT_FOUND past the end and for a list of movies (both outputs are 0).
 * Threads: any.
 */
MC_API mc_status mc_list_location(const mc_list *l, size_t i, double *lon, double *lat);

/**
 * Free a list, and give back its references.
 *
 * @param l  a list; NULL does nothing
 * Threads: any, once. Errors: none.
 */
MC_API void mc_list_free(mc_list *l);

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_LIST_H */
