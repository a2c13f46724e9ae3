/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file kv.h
 * String keys in Redis for status and configuration, and for values that a producer puts there (tiers.h reads those with a
 * fallback). mc_invalidate_all() leaves them alone. The value is in Redis unchanged, for any client to read.
 */
#ifndef MFLIXCACHE_KV_H
#define MFLIXCACHE_KV_H

#include <mflixcache/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Set a key.
 *
 * @param mc      the handle
 * @param key     1 to 512 bytes of UTF-8 without control bytes, blanks or braces, such as "system_status"
 * @param value   `size` bytes, any bytes; may be NULL when size is 0
 * @param size    0 to 1,048,576 (option value.max_bytes)
 * @param ttl_ms  1 to 31,536,000,000 milliseconds; 0: the option kv.ttl_ms
 * @param info    may be NULL
 * @param err     may be NULL
 * @return  MC_OK; MC_E_ARG, MC_E_RANGE, MC_E_TOOBIG, MC_E_UTF8 before any I/O; MC_E_CACHE, MC_E_TIMEOUT.
 * Threads: any. Ownership: key and value are borrowed for the call.
 */
MC_API mc_status mc_put(mc_client *mc, const char *key, const void *value, size_t size, int64_t ttl_ms, mc_info *info,
                        mc_error *err);

/**
 * Read a key.
 *
 * @param mc    the handle
 * @param key   as mc_put()
 * @param out   receives the value with a NUL after it, freed with mc_free(); NULL unless MC_OK
 * @param size  receives its length in bytes; may be NULL
 * @param info  may be NULL
 * @param err   may be NULL
 * @return  MC_OK; MC_NOT_FOUND; MC_E_ARG, MC_E_UTF8, MC_E_CACHE, MC_E_TIMEOUT; MC_E_TOOBIG: another client set a value above 64 MiB.
 * Threads: any.
 */
MC_API mc_status mc_get(mc_client *mc, const char *key, char **out, size_t *size, mc_info *info, mc_error *err);

/**
 * Remove a key.
 *
 * @param mc    the handle
 * @param key   as mc_put()
 * @param info  may be NULL
 * @param err   may be NULL
 * @return  MC_OK; MC_NOT_FOUND (it was not set); MC_E_ARG, MC_E_UTF8, MC_E_CACHE, MC_E_TIMEOUT.
 * Threads: any.
 */
MC_API mc_status mc_remove(mc_client *mc, const char *key, mc_info *info, mc_error *err);

/**
 * Free a buffer that this library handed over.
 *
 * @param p  from mc_get(), mc_get_or_load(), mc_stats_json() or mc_metrics_prometheus(); NULL does nothing
 * Threads: any. Errors: none.
 */
MC_API void mc_free(void *p);

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_KV_H */
