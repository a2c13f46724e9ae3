/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file check.h
 * The library's own look at both ends: can Redis and the database be used for what a cache needs, and what should be changed.
 *
 * Each finding has a code that stays the same between releases ("redis.permission"), a severity, a text for people, and what to do. More
 * codes are added by later releases; docs/guide/failure.md lists them.
 */
#ifndef MFLIXCACHE_CHECK_H
#define MFLIXCACHE_CHECK_H

#include <mflixcache/options.h>
#include <mflixcache/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Findings of a check: immutable, freed with mc_findings_free(). In every accessor NULL is allowed and has none. */
typedef struct mc_findings mc_findings;

/** How bad a finding is. */
enum mc_severity {
    MC_SEVERITY_FINE = 0,    /**< as it should be: nothing is to be done */
    MC_SEVERITY_NOTE = 1,    /**< worth knowing; may be as it is meant to be */
    MC_SEVERITY_WARNING = 2, /**< works now; slow, or going to fail, or old values may be seen */
    MC_SEVERITY_ERROR = 3    /**< something that the cache needs does not work */
};

/**
 * Look at both ends of a handle: Redis is asked whether it answers and how fast, for its version, each command and each script by itself
 * on keys that are made for it and removed, its role, memory policy and persistence, and whose values it holds; the database whether it answers,
 * how many documents it has and whether its indexes are there. A few dozen exchanges: for a person or a start-up, not for each request.
 *
 * @param mc   the handle
 * @param out  receives the findings, also when some are errors; NULL on failure
 * @param err  may be NULL
 * @return  MC_OK: the look was taken, see mc_findings_worst(); MC_E_ARG, MC_E_CLOSED, MC_E_FORKED, MC_E_REENTRANT, MC_E_NOMEM.
 * Threads: any; others use the handle meanwhile.
 */
MC_API mc_status mc_check(mc_client *mc, mc_findings **out, mc_error *err);

/**
 * The same without a handle: tells also why mc_open() refuses.
 *
 * @param options  settings, as for mc_open(); NULL means the defaults. A database of the caller's own callbacks is not looked at
 * @param out      receives the findings; NULL on failure
 * @param err      may be NULL
 * @return  MC_OK: the look was taken; MC_E_ARG, MC_E_OPTION, MC_E_URI, MC_E_TLS (a file of cache.tls_... cannot be used), MC_E_UNSUPPORTED,
 *          MC_E_NOMEM.
 * Threads: any.
 */
MC_API mc_status mc_options_check(const mc_options *options, mc_findings **out, mc_error *err);

/** How many findings there are. @param f  findings. @return  their number. Threads: any. Errors: none. */
MC_API size_t mc_findings_size(const mc_findings *f);

/** The worst severity among them. @param f  findings. @return  one of mc_severity; MC_SEVERITY_FINE when there are none. Threads: any. Errors: none. */
MC_API int mc_findings_worst(const mc_findings *f);

/**
 * How bad a finding is.
 *
 * @param f  findings
 * @param i  which, from 0
 * @return  one of mc_severity; MC_SEVERITY_FINE past the end.
 * Threads: any. Errors: none.
 */
MC_API int mc_findings_severity(const mc_findings *f, size_t i);

/**
 * What it is about, for programs: "redis.permission", "database.indexes".
 *
 * @param f  findings
 * @param i  which, from 0
 * @return  constant text; "" past the end.
 * Threads: any. Errors: none.
 */
MC_API const char *mc_findings_code(const mc_findings *f, size_t i);

/**
 * What was found, for people: one line, with nothing secret in it.
 *
 * @param f  findings
 * @param i  which, from 0
 * @return  lent, valid as long as the findings; "" past the end.
 * Threads: any. Errors: none.
 */
MC_API const char *mc_findings_text(const mc_findings *f, size_t i);

/**
 * What to do about it.
 *
 * @param f  findings
 * @param i  which, from 0
 * @return  lent, valid as long as the findings; "" when nothing is to be done, and past the end.
 * Threads: any. Errors: none.
 */
MC_API const char *mc_findings_advice(const mc_findings *f, size_t i);

/** Free findings. @param f  may be NULL. Threads: any, once. Errors: none. */
MC_API void mc_findings_free(mc_findings *f);

#ifdef __cplusplus
}
#endif

#endif
