/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line of a shared connection: one turn for each batch, in the order of arrival, from when it is queued until its replies have come, whether its owner
 * still waits or not.
 */
#ifndef MCI_REDIS_TURN_H
#define MCI_REDIS_TURN_H

#include "base/sync.h"
#include "redis/replies.h"

typedef enum mci_turn_state {
    MCI_TURN_WAITS = 0, /* no byte of it was written */
    MCI_TURN_SENT,      /* some were, or all */
    MCI_TURN_DONE       /* off the line: what became of it is in it */
} mci_turn_state;

/* What an owner who sleeps is told. */
enum { MCI_TOLD_DONE = 1, MCI_TOLD_LEAD };

/* What became of an exchange that did not end with MC_OK. */
typedef struct mci_outcome {
    int connecting; /* the connection could not be opened */
    int lost; /* the connection was lost by no fault of this batch, before a byte of its replies came: it may be sent once more */
} mci_outcome;

/* What is done with the replies of a batch that was posted (NULL where none came). Called by any thread that uses the connection, without locks. */
typedef void (*mci_posted_fn)(void *ctx, const mci_batch *b);

typedef struct mci_turn mci_turn;
struct mci_turn {
    mci_turn *next;
    mci_batch b;
    mci_replies replies;
    size_t written; /* of b.out */
    mci_turn_state state;
    int owned;       /* somebody wants its replies */
    int awaited;     /* and waits now: it can be told to lead */
    int asks;        /* it is the question for the server's term */
    int leads;       /* its owner was told to lead */
    int used_before; /* the connection had answered something before this was sent */
    int64_t sent_ns;
    mc_status status;
    mci_outcome outcome;
    mc_error *err; /* the owner's; NULL: none, or nobody waits */
    mci_posted_fn posted;
    void *ctx;
    mci_event told;
};

typedef struct mci_line {
    mci_turn *first; /* sent ones, then waiting ones */
    mci_turn *last;
    mci_turn *unsent; /* the first with bytes to be written; NULL: none */
} mci_line;

/* A turn with what was in the batch, which is empty then. NULL when memory is short. `err` is where its owner wants to read what went wrong. */
mci_turn *mci_turn_new(mci_batch *b, int owned, mc_error *err);
void mci_turn_free(mci_turn *p);

void mci_line_append(mci_line *l, mci_turn *p);
void mci_line_remove(mci_line *l, mci_turn *p);

/* The turn, which is off the line, has ended: mci_turn_settle() tells its owner, unless that is `me`, who does it. */
void mci_turn_end(mci_turn *p, mc_status st, const mci_turn *me, mci_turn **ended);
/* With the lock held, which is let go in between. */
void mci_turn_settle(mci_mutex *lock, mci_turn **ended);

#endif
