/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file options.h
 * Settings: one table of keys, readable at run time, settable from code, the environment, a JSON file or a URI's query.
 *
 * The table itself (key, type, default, range, help) is printed in docs/options.md, which is generated from it.
 * Later settings win over earlier ones, in the order the calls are made.
 */
#ifndef MFLIXCACHE_OPTIONS_H
#define MFLIXCACHE_OPTIONS_H

#include <mflixcache/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Make a set of options in which every option has its default.
 *
 * @return  a new object, freed with mc_options_free(); NULL when memory is short.
 * Threads: the object is used by one thread at a time. Errors: none but NULL.
 */
MC_API mc_options *mc_options_new(void);

/**
 * Free a set of options.
 *
 * @param o  from mc_options_new(), or NULL (then nothing happens). Passwords inside are overwritten first.
 * Threads: one at a time. Errors: none.
 */
MC_API void mc_options_free(mc_options *o);

/**
 * Set one option.
 *
 * @param o      the options
 * @param key    name in the table, such as "cache.uri"
 * @param value  text; numbers in decimal, booleans as true/false, times as a number of milliseconds
 * @param err    may be NULL
 * @return  MC_OK; MC_E_ARG (NULL), MC_E_OPTION (no such key, or not of its type), MC_E_RANGE (outside its limits),
 *          MC_E_URI, MC_E_TLS, MC_E_NOMEM. On failure the option keeps its value.
 * Ownership: both texts are copied. Threads: one at a time.
 */
MC_API mc_status mc_options_set(mc_options *o, const char *key, const char *value, mc_error *err);

/**
 * Current value of one option as text. A password is given as "***", alone or inside a URI.
 *
 * @param o    the options
 * @param key  name in the table
 * @param buf  receives NUL-terminated text, cut to fit
 * @param size bytes at buf, at least 1
 * @param err  may be NULL
 * @return  MC_OK; MC_E_ARG, MC_E_OPTION (no such key).
 * Threads: one at a time.
 */
MC_API mc_status mc_options_get(const mc_options *o, const char *key, char *buf, size_t size, mc_error *err);

/**
 * Asked by mc_open() for the password of the private key that cache.tls_key_file names.
 *
 * @param user  the pointer given with the callback
 * @param buf   receives the password; the library overwrites it after use
 * @param size  bytes at buf: 1024
 * @return  bytes written to `buf`, without a NUL, at most 1023; -1: there is none, and mc_open() fails
 */
typedef int (*mc_password_fn)(void *user, char *buf, size_t size);

/**
 * Set who knows the password of the client's private key (cache.tls_key_file), in place of a file that holds it.
 *
 * @param o     the options
 * @param fn    asked once by each mc_open() with these options, on its thread; NULL: nobody
 * @param user  handed to `fn`
 * @param err   may be NULL
 * @return  MC_OK; MC_E_ARG (no options).
 * Ownership: `user` is borrowed until the options are freed. Threads: one at a time.
 */
MC_API mc_status mc_options_set_key_password(mc_options *o, mc_password_fn fn, void *user, mc_error *err);

/**
 * Take settings from environment variables: `MONGO_URL` (store.uri), `REDIS_HOST` and `REDIS_PORT` (cache.uri), and for
 * every option `MFLIXCACHE_` and its key in capitals, underscores for dots, such as MFLIXCACHE_CACHE_URI. The specific form wins.
 * A variable that is unset or empty changes nothing (an empty cache.prefix: `?prefix=` in MFLIXCACHE_CACHE_URI). What the specific
 * form overrides is not looked at, and a REDIS_PORT that begins with tcp:// is Kubernetes' own and no setting. mc_open() does not read
 * the environment by itself.
 *
 * @param o    the options
 * @param err  may be NULL; its text names the variable at fault. With MC_OK it is empty, or names variables that begin with
 *             MFLIXCACHE_ and belong to no option: misspelt, most likely, and without effect
 * @return  as mc_options_set(). Settings before the one at fault are kept.
 * Threads: one at a time; as getenv(), not while another thread changes the environment.
 */
MC_API mc_status mc_options_load_env(mc_options *o, mc_error *err);

/**
 * Take settings from a JSON file: one object whose members are option keys, flat ("cache.uri") or nested
 * ({"cache":{"uri":...}}).
 *
 * @param o     the options
 * @param path  file, at most 1 MiB
 * @param err   may be NULL
 * @return  MC_OK; MC_E_FILE (cannot be read), MC_E_JSON, else as mc_options_set().
 * Threads: one at a time.
 */
MC_API mc_status mc_options_load_file(mc_options *o, const char *path, mc_error *err);

/** One row of the option table. All texts are constant and live as long as the library. */
typedef struct mc_option_info {
    const char *key;           /**< such as "cache.uri" */
    const char *type;          /**< "text", "uri", "int", "bool" or "choice" */
    const char *default_value; /**< as text */
    const char *range;         /**< limits or choices, as text; "" when there are none */
    const char *help;          /**< one sentence */
    const char *env;           /**< its environment variable */
    int secret;                /**< 1: never shown */
    int reserved;              /**< zero */
} mc_option_info;

/**
 * Read one row of the option table.
 *
 * @param index  0, 1, 2 ...
 * @param out    receives the row
 * @return  MC_OK; MC_NOT_FOUND past the last row; MC_E_ARG.
 * Threads: any.
 */
MC_API mc_status mc_option_at(size_t index, mc_option_info *out);

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_OPTIONS_H */
