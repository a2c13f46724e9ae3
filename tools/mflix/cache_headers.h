/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer says of the cache: Cache-Status and Server-Timing. */
#ifndef MFLIX_CACHE_HEADERS_H
#define MFLIX_CACHE_HEADERS_H

#include "http_client.h"

/* Look at one line of the head, `n` bytes with or without its end: when it is one of the two, `out` has what it says. */
void cache_header(const char *line, size_t n, http_answer *out);

#endif
