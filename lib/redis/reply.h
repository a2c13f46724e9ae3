/* SPDX-License-Identifier: Apache-2.0 */
/* One decoded answer from Redis. Lives in its batch's arena; nothing of it is freed by itself. */
#ifndef MCI_REDIS_REPLY_H
#define MCI_REDIS_REPLY_H

#include "base/arena.h"
#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

#define MCI_TEXT_MAX ((size_t)64 << 20) /* of one reply text: no command of ours is longer */

typedef enum mci_reply_type {
    MCI_REPLY_NIL = 0,
    MCI_REPLY_STRING,
    MCI_REPLY_STATUS,
    MCI_REPLY_ERROR,
    MCI_REPLY_INT,
    MCI_REPLY_ARRAY
} mci_reply_type;

typedef struct mci_reply {
    mci_reply_type type;
    size_t len; /* bytes of text, or number of items */
    union {
        const char *str; /* NUL-terminated as well */
        int64_t i;
        struct mci_reply **items;
    } u;
} mci_reply;

/*
 * Represents a reply that is above a limit: nothing of it was kept. `len` is the size the server had announced, 0 when it is the
 * replies before it that left no room. An error reply like any other; only a reader that can remove what is too large asks.
 */
int mci_reply_too_big(const mci_reply *r);

/* What a reply of type ERROR means as a status of this library; MC_OK for any other type. `what` names the command. */
mc_status mci_reply_error(const mci_reply *r, const char *what, mc_error *err);

/* Item `i` of an array; NULL when it is none or shorter. */
const mci_reply *mci_reply_item(const mci_reply *r, size_t i);

/* 1 when the reply is a text (string or status) equal to `s`. */
int mci_reply_is(const mci_reply *r, const char *s);

/* An integer, or a text that is one. 0 or -1. */
int mci_reply_int(const mci_reply *r, int64_t *out);
/* The same from 0 to MCI_COUNT_MAX: a time in milliseconds, a count, a place, an epoch. What is beyond is not an answer of a Redis, and
 * nothing that is counted with afterwards (a TTL added, a time taken off) can overflow. */
#define MCI_COUNT_MAX (INT64_C(1) << 53)
int mci_reply_count(const mci_reply *r, int64_t *out);
int mci_reply_double(const mci_reply *r, double *out); /* finite */

/* Decoder of a connection: feed bytes, take replies. Wraps hiredis' reader with object functions that build in an arena. */
typedef struct mci_decoder mci_decoder;
mci_decoder *mci_decoder_new(void);
void mci_decoder_free(mci_decoder *d);
void mci_decoder_arena(mci_decoder *d, mci_arena *a); /* where the next replies go */
int mci_decoder_feed(mci_decoder *d, const char *p, size_t n);
/*
 * 1: `*out` is a reply; 0: more bytes are needed; -1: not RESP, or a line without end (`*why` is constant text). -2: above a limit
 * (a text above MCI_TEXT_MAX, an array of too many items, more than the arena may hold), refused when it is announced and not when it has
 * come; `*out` is then an error reply for which mci_reply_too_big() is true. -3: memory is short. Below 0 the decoder is of no use any more.
 */
int mci_decoder_take(mci_decoder *d, mci_reply **out, const char **why);
/* The reply that represents one of `size` bytes that was refused; NULL when memory is short. */
mci_reply *mci_reply_refused(mci_arena *a, size_t size);
/* Bytes announced by the text that is being received; 0 when none is. */
size_t mci_decoder_awaits(const mci_decoder *d);
/* Bytes fed and not taken yet. */
size_t mci_decoder_left(const mci_decoder *d);

#endif
