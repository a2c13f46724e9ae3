/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches of documents on their way into the store, several at the same time, each by a thread of its own. What came of them is taken in the
 * order in which they were sent, by the one thread that fills them.
 */
#ifndef MFLIX_SENDER_H
#define MFLIX_SENDER_H

#include "app.h"

#define SENDER_MAX_JOBS 16
#define BATCH_MAX_ROWS 1000 /* the library's limit */
#define BATCH_IDS 2048      /* places in a table of hashes: twice as many as rows */

/* One batch: filled by batch_add(), sent, looked at, and emptied. */
typedef struct batch {
    char *data;
    size_t used, capacity;
    size_t offsets[BATCH_MAX_ROWS], sizes[BATCH_MAX_ROWS];
    int64_t lines[BATCH_MAX_ROWS];
    size_t n;
    uint64_t ids[BATCH_IDS]; /* hashes of the rows' ids; 0: free */
    int alone;               /* the id of a row is not known: no other batch may be under way */
    mc_status statuses[BATCH_MAX_ROWS];
    mc_status status; /* of the call as a whole */
    mc_error err;
    int state; /* the sender's */
} batch;

/* 0, or -1 when memory is short. */
int batch_add(batch *b, const char *row, size_t size, int64_t line);

typedef struct sender sender;

/* `mode`: mc_import_mode; `jobs`: batches that are under way at the same time. NULL when memory is short. */
sender *sender_new(app *a, int theaters, int mode, int jobs);
/* Waits for what is under way. */
void sender_free(sender *s);

/* The batch to be filled next. */
batch *sender_filling(sender *s);
/* It goes; the next one is to be filled, as soon as there is an empty one. */
void sender_send(sender *s);
/*
 * The oldest batch that was sent, with its answers, to be given back by sender_taken(); NULL: there is none. `all`: waits for it; else only when there is
 * no empty batch left.
 */
batch *sender_done(sender *s, int all);
void sender_taken(sender *s);
/* May this row be sent while others are under way? Not when one of them may have the same id: then the later one has to be the later one. */
int sender_may_add(sender *s, const char *row, size_t size);

/* How many batches at the same time suit this machine. */
int sender_usual_jobs(void);

#endif
