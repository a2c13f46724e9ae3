/* SPDX-License-Identifier: Apache-2.0 */
/* Takes ids out of a list of movies in JSON, as GET /movies/top answers: {"movies":[{"id":"...", ...}, ...], ...}. */
#ifndef MFLIX_LISTING_H
#define MFLIX_LISTING_H

#include <stddef.h>

#define LISTING_ID 257 /* longest id that the library takes, with its NUL */

/* Receives each id, NUL-terminated UTF-8, borrowed for the call. What is not 0 ends the reading. */
typedef int (*listing_fn)(const char *id, void *user);

/*
 * Returns 0, what `fn` returned, or -1: this is no such list, or an id is longer than the library takes. `data` need not be
 * NUL-terminated.
 */
int listing_ids(const char *data, size_t n, listing_fn fn, void *user);

#endif
