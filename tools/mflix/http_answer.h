/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one HTTP/1.1 answer out of the bytes that have come so far: no sockets here, so that it can be tested with any bytes. */
#ifndef MFLIX_HTTP_ANSWER_H
#define MFLIX_HTTP_ANSWER_H

#include "http.h"

typedef enum reader_state { READER_MORE, READER_DONE, READER_BROKEN } reader_state;

typedef struct http_reader {
    size_t head;     /* bytes of the head, 0: not complete yet */
    size_t used;     /* bytes of the whole answer, once it is done */
    int64_t length;  /* Content-Length; -1: none */
    size_t at, body; /* chunked: where reading stands, and bytes of body put together so far */
    int interim;     /* 1xx answers skipped */
    int chunked, no_body, keep;
    const char *why; /* constant text, when broken */
} http_reader;

void reader_begin(http_reader *r);

/*
 * Look at `n` bytes at `data`, all that came since the request. A chunked body is put together in place: between two calls
 * bytes may only be added behind. `ended`: nothing more will come. READER_DONE fills the answer's status, headers and body.
 */
reader_state reader_take(http_reader *r, char *data, size_t n, int ended, http_answer *out);

#endif
