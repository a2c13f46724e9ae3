/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file session.h
 * Sessions: handles derived from an open one, with call settings and a read-your-writes record of their own.
 *
 * A session is an `mc_client *` like any other and shares everything with the handle it was derived from: connections, database,
 * counters, log, clock. Its own are call.timeout_ms, read.tiers and read.max_age_ms, and a record of the documents it has written and
 * read. A token of that record lets a session of another handle or process read at least as new a state: a web application hands it to
 * the browser with the answer to a write, and takes it back with the next request.
 */
#ifndef MFLIXCACHE_SESSION_H
#define MFLIXCACHE_SESSION_H

#include <mflixcache/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Longest token in bytes, with its NUL. */
#define MC_TOKEN_SIZE 2049

/**
 * Open a session. Costs no I/O. Close it with mc_close(); it counts as one of the 256 handles of a process.
 *
 * When the handle it was derived from is closed first, calls on the session return MC_E_CLOSED; it is closed with mc_close() all the same.
 *
 * @param mc        an open handle, or a session, whose settings and root it takes over; not its record
 * @param settings  "key=value" separated by blanks, of call.timeout_ms, read.tiers and read.max_age_ms, such as
 *                  "call.timeout_ms=50 read.max_age_ms=1000"; what is not named stays as in `mc`. "read.tiers=store" reads past the
 *                  cache while writes keep it coherent. NULL or "": nothing is changed
 * @param out       receives the session; NULL on failure
 * @param err       may be NULL
 * @return  MC_OK; MC_E_OPTION (not a setting of a session), MC_E_RANGE (a value; 256 handles are open), MC_E_ARG, MC_E_CLOSED,
 *          MC_E_FORKED, MC_E_REENTRANT, MC_E_NOMEM.
 * Threads: any, also while other threads call on `mc`. A session may be used by any number of threads at once.
 */
MC_API mc_status mc_session_open(mc_client *mc, const char *settings, mc_client **out, mc_error *err);

/**
 * What a session has written and read, as a text: which places of a table of 1,024 (a hash of collection and id), and as of which
 * times. At most 96 of them; of more the newest, and then the text asks for all other documents to be as new as the newest of the
 * rest. What is older than any value can be that is still cached is left out.
 *
 * @param session  from mc_session_open()
 * @param out      receives NUL-terminated printable ASCII without blanks, fewer than MC_TOKEN_SIZE bytes; freed with mc_free(). NULL on
 *                 failure
 * @param err      may be NULL
 * @return  MC_OK; MC_E_ARG (`session` is not a session), MC_E_CLOSED, MC_E_NOMEM.
 * Threads: any. It holds no id and no secret, and proves nothing: whoever invents one makes reads slower, never wrong.
 */
MC_API mc_status mc_session_token(mc_client *session, char **out, mc_error *err);

/**
 * Let a session read at least as new as the session whose token this is, adding to what it knows already. A document that the cache
 * shows older than that is read from the store, and cached anew; lists, ranks and places come from the store while the token tells
 * of a write that Redis could not be told of and that is younger than board.ttl_ms. Values by key and view counts are not covered.
 *
 * @param session  from mc_session_open()
 * @param token    from mc_session_token() of a session over the same Redis and database
 * @param err      may be NULL
 * @return  MC_OK; MC_E_ARG (`session` is not a session, or `token` not a token, or cut off), MC_E_RANGE (its times are more than a minute ahead:
 *          nothing was taken over), MC_E_CLOSED.
 * Threads: any.
 */
MC_API mc_status mc_session_accept(mc_client *session, const char *token, mc_error *err);

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_SESSION_H */
