/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file error.h
 * Status codes and the caller-owned error record.
 *
 * Every function that can fail returns an `mc_status`: 0 is success, a positive value is an outcome that is not an
 * error, a negative value is an error. Details go to an `mc_error` that the caller owns and may leave NULL. There is no
 * thread-local "last error".
 */
#ifndef MFLIXCACHE_ERROR_H
#define MFLIXCACHE_ERROR_H

#include <mflixcache/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Outcome of a call: one of the MC_ codes below. A plain int, so that any language can hold it. */
typedef int mc_status;

/** Status codes. Numbered by hand; a number is never used again for another meaning. */
enum mc_status_code {
    MC_OK = 0,        /**< done */
    MC_NOT_FOUND = 1, /**< the store says there is no such document (or the key is not set) */

    MC_E_ARG = -1,    /**< an argument is missing or malformed; nothing was sent */
    MC_E_RANGE = -2,  /**< a number is outside its documented limits; nothing was sent */
    MC_E_UTF8 = -3,   /**< text is not valid UTF-8; nothing was sent */
    MC_E_JSON = -4,   /**< text is not one JSON object, or has a duplicate key; nothing was sent */
    MC_E_DEPTH = -5,  /**< JSON is nested deeper than 64 levels; nothing was sent */
    MC_E_FIELD = -6,  /**< a field name is not allowed (leading '$', a dot, or "_id" in a patch); nothing was sent */
    MC_E_TOOBIG = -7, /**< a text, key or document is above its limit, nothing was sent; or a value in Redis is */
    MC_E_TYPE = -8,   /**< a value has the wrong type for its field */

    MC_E_EXISTS = -20,   /**< create: a document with this id is there already */
    MC_E_CONFLICT = -21, /**< the stored document cannot take this change (a parent field is not an object) */

    MC_E_NOMEM = -30,     /**< out of memory; the handle is unchanged */
    MC_E_CLOSED = -31,    /**< the handle was closed, or is being closed */
    MC_E_FORKED = -32,    /**< the handle was opened by the parent process; open a new one in the child */
    MC_E_REENTRANT = -33, /**< called from inside a callback of the same handle */
    MC_E_INTERNAL = -34,  /**< a broken invariant inside the library; please report it */

    MC_E_URI = -40,    /**< a URI cannot be understood */
    MC_E_TLS = -41,    /**< encryption was asked for and is not available; never a silent plain connection */
    MC_E_OPTION = -42, /**< no option of this name, or its value does not fit */
    MC_E_FILE = -43,   /**< a file cannot be read or written */

    MC_E_CACHE = -50,   /**< Redis cannot be reached, or answered with an error */
    MC_E_AUTH = -51,    /**< a server refused the user, the password or the permission */
    MC_E_PROTO = -52,   /**< a server answered outside its protocol; the connection was closed */
    MC_E_CLUSTER = -53, /**< a redis:// address is of a cluster node that redirects, or nobody has the slot */

    MC_E_DATABASE = -54, /**< what Redis holds under this prefix is of another database; the text names the ways out */

    MC_E_STORE = -60,       /**< the database cannot be reached, or answered with an error */
    MC_E_TIMEOUT = -61,     /**< the deadline passed before an answer */
    MC_E_UNKNOWN = -62,     /**< a write was sent and its outcome is not known: read again before repeating it */
    MC_E_UNSUPPORTED = -63, /**< this store or this build cannot do it */

    MC_E_ABORT = -70 /**< a callback of the caller asked to stop */
};

/** Part of the system an error, or an answer, came from. */
enum mc_tier {
    MC_TIER_NONE = 0,     /**< the library itself: arguments, memory, handle */
    MC_TIER_REDIS = 2,    /**< Redis */
    MC_TIER_STORE = 3,    /**< the database: MongoDB, SQLite or the caller's callbacks */
    MC_TIER_SNAPSHOT = 4, /**< the snapshot file (option snapshot.path) */
    MC_TIER_MEMORY = 5    /**< the cache in this process, in Redis' place (option cache.uri = memory:) */
};

/** Size in bytes of an `mc_error`; never changes within a major version. */
#define MC_ERROR_SIZE 512

/**
 * What went wrong. Owned by the caller; one record per thread and call. The library fills it when a call fails and sets
 * `code` to MC_OK when it succeeds. The text never holds a password.
 */
typedef struct mc_error {
    int code;                   /**< the status the call returned */
    int tier;                   /**< an `mc_tier`: where it came from */
    int backend_code;           /**< errno, or the database's own code; 0 when there is none */
    unsigned char retriable;    /**< 1 when the same call may succeed later */
    unsigned char reserved[19]; /**< zero; room for growth */
    char text[480];             /**< NUL-terminated UTF-8, one line, names the argument and the limit where there is one */
} mc_error;

/**
 * Name of a status code.
 *
 * @param status  any number
 * @return  constant text such as "MC_E_RANGE", or "MC_E_?" for a number that is not a code. Never NULL; never freed.
 * Threads: any. Errors: none.
 */
MC_API const char *mc_status_name(mc_status status);

/**
 * One sentence that explains a status code to a person.
 *
 * @param status  any number
 * @return  constant English text. Never NULL; never freed.
 * Threads: any. Errors: none.
 */
MC_API const char *mc_status_text(mc_status status);

/**
 * Name of a tier: "none", "near", "redis", "store" or "snapshot".
 *
 * @param tier  an `mc_tier`
 * @return  constant text; "?" for a number that is not a tier. Never NULL; never freed.
 * Threads: any. Errors: none.
 */
MC_API const char *mc_tier_name(int tier);

#ifdef __cplusplus
}
#endif

#endif /* MFLIXCACHE_ERROR_H */
