/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a page of a sorted set to rows with documents, in one round trip: the ids that stood there last time are asked for in the
 * pipeline of the command that verifies them. What was remembered wrongly costs a second round trip, never a wrong row.
 */
#ifndef MCI_ENGINE_ROWS_H
#define MCI_ENGINE_ROWS_H

#include "engine/engine.h"

#define MCI_MEMORY_MAX 1024 /* ranks remembered */

typedef struct mci_guess {
    char **ids; /* copies; NULL where nothing is remembered */
    size_t n;
    size_t first; /* index of the first HMGET in the batch */
} mci_guess;

/* Append HMGETs for what is remembered of ranks [offset, offset + count). */
void mci_guess_cmds(mci_memory *m, int64_t offset, size_t count, const mci_coll *coll, mci_batch *b, mci_guess *out);
void mci_guess_free(mci_guess *g);

/* One page of a sorted set, asked for with the guesses about it. */
typedef struct mci_page {
    const char *key;
    mci_memory *memory;
    int64_t offset;
    size_t count;           /* asked for: the server may answer more, which is not looked at */
    const mci_reply *reply; /* member, score, member, score ... */
    const mci_batch *batch;
    const mci_guess *guess;
    int64_t epoch;
} mci_page;

/*
 * Turn a page into rows (`page->count` places), documents from the guess where it was right, the others read. Members that begin with
 * '!' are marks, not rows; members without a document, or that are no ids, are left out and counted in *ghosts (the latter are
 * removed). Remembers the page. Tells the tier of the least trusted part: MC_TIER_REDIS.
 */
mc_status mci_rows_from_page(mci_call *c, mci_coll *coll, const mci_page *page, mci_row *rows, size_t *n, size_t *ghosts);

/* Rows whose ids and scores are set get their documents; rows without one are taken out. */
mc_status mci_rows_load(mci_call *c, mci_coll *coll, mci_row *rows, size_t *n, size_t *ghosts);

#endif
