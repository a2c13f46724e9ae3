/* SPDX-License-Identifier: Apache-2.0 */
/* The replies of one batch as they come out of a connection's decoder, however the bytes are cut. */
#ifndef MCI_REDIS_REPLIES_H
#define MCI_REDIS_REPLIES_H

#include "redis/batch.h"

/* How far a batch has got. Zeroed when its first byte is sent; it stays with the batch. */
typedef struct mci_replies {
    size_t next;  /* the command whose reply is awaited */
    size_t begun; /* what the arena held when that reply began */
} mci_replies;

typedef enum mci_taken {
    MCI_TAKEN_MORE = 0, /* more bytes are needed */
    MCI_TAKEN_ALL,      /* every command has its reply */
    MCI_TAKEN_SPENT, /* the same, but one was above a limit: it and those behind it are error replies (mci_reply_too_big()),
                           and nothing more can be read from this connection */
    MCI_TAKEN_FAILED /* `st` and `err` say why; nothing more can be read from this connection */
} mci_taken;

/* Take the replies of `b` that are complete. `err` may be NULL. */
mci_taken mci_replies_take(mci_replies *r, mci_batch *b, mci_decoder *d, mc_status *st, mc_error *err);

/*
 * The time is over while `b`, the first that awaits a reply, is being answered. 1: a text so large that it takes the time is coming; it and all behind
 * it are refused, as by MCI_TAKEN_SPENT. 0: the server is late; nothing is done.
 */
int mci_replies_late(mci_replies *r, mci_batch *b, mci_decoder *d);

#endif
