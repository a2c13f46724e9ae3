/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file theaters.h
 * Theaters: by id, and the nearest to a point. The conventions of movies.h hold.
 */
#ifndef MFLIXCACHE_THEATERS_H
#define MFLIXCACHE_THEATERS_H

#include <mflixcache/list.h>
#include <mflixcache/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Read one theater by id (its `_id`), cache-aside.
 *
 * @param mc    the handle
 * @param id    24 hexadecimal digits, or as the option theaters.id says
 * @param out   receives a reference, to be given back with mc_theater_unref(); NULL unless MC_OK
 * @param info  may be NULL
 * @param err   may be NULL
 * @return  MC_OK; MC_NOT_FOUND; MC_E_ARG, MC_E_STORE, MC_E_TIMEOUT.
 * Threads: any.
 */
MC_API mc_status mc_get_theater(mc_client *mc, const char *id, const mc_theater **out, mc_info *info, mc_error *err);

/** Take one more reference. @param t  a theater, or NULL. @return  `t`. Threads: any. Errors: none. */
MC_API const mc_theater *mc_theater_ref(const mc_theater *t);
/** Give one reference back. @param t  a theater, or NULL. Threads: any. Errors: none. */
MC_API void mc_theater_unref(const mc_theater *t);
/** The id as text. @param t  a theater. @return  NUL-terminated; NULL only for NULL. Threads: any. Errors: none. */
MC_API const char *mc_theater_id(const mc_theater *t);
/** The number of the theater. @param t  a theater. @param out  receives it. @return  MC_OK, MC_NOT_FOUND, MC_E_TYPE, MC_E_ARG. Threads: any. */
MC_API mc_status mc_theater_number(const mc_theater *t, int64_t *out);
/** First line of the street. @param t  a theater. @return  NUL-terminated; NULL when missing. Threads: any. Errors: none. */
MC_API const char *mc_theater_street1(const mc_theater *t);
/** Second line of the street. @param t  a theater. @return  NUL-terminated; NULL when missing. Threads: any. Errors: none. */
MC_API const char *mc_theater_street2(const mc_theater *t);
/** City. @param t  a theater. @return  NUL-terminated; NULL when missing. Threads: any. Errors: none. */
MC_API const char *mc_theater_city(const mc_theater *t);
/** State, two letters. @param t  a theater. @return  NUL-terminated; NULL when missing. Threads: any. Errors: none. */
MC_API const char *mc_theater_state(const mc_theater *t);
/** Zip code as text. @param t  a theater. @return  NUL-terminated; NULL when missing. Threads: any. Errors: none. */
MC_API const char *mc_theater_zipcode(const mc_theater *t);
/**
 * Where it is. @param t  a theater. @param lon  degrees east. @param lat  degrees north.
 * @return  MC_OK, MC_NOT_FOUND (no coordinates), MC_E_TYPE, MC_E_ARG. Threads: any.
 */
MC_API mc_status mc_theater_location(const mc_theater *t, double *lon, double *lat);

/**
 * The theaters nearest to a point, ascending by distance.
 *
 * @param mc        the handle
 * @param lon       degrees east, -180 to 180
 * @param lat       degrees north, -85.05112878 to 85.05112878
 * @param radius_m  metres, 0 to 20,100,000 (more than half the way round)
 * @param count     rows wanted, 0 or more; above 1,000 it counts as 1,000
 * @param out       receives the list, freed with mc_list_free(); NULL on failure. Its accessors are in list.h
 * @param info      may be NULL
 * @param err       may be NULL
 * @return  MC_OK; MC_E_RANGE; MC_E_STORE, MC_E_TIMEOUT.
 * Threads: any. Ownership: the list is the caller's, and owns its theaters.
 */
MC_API mc_status mc_nearby_theaters(mc_client *mc, double lon, double lat, double radius_m, int64_t count, mc_list **out,
                                    mc_info *info, mc_error *err);

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_THEATERS_H */
