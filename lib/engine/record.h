/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session has written and read, as times by the cache's clock: what it is shown of an id later must have been loaded then or
 * after. A fixed table by a hash of collection and id, the same in every process: two ids in one place cost a miss, never a wrong
 * answer, and a token of it names no id. Lock-free.
 */
#ifndef MCI_ENGINE_RECORD_H
#define MCI_ENGINE_RECORD_H

#include "base/buf.h"
#include <mflixcache/error.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define MCI_RECORD_PLACES 1024
#define MCI_TOKEN_PLACES 96       /* places in a token, the newest ones */
#define MCI_RECORD_TOKEN_MAX 2048 /* bytes of a token at most */

typedef struct mci_record {
    _Atomic int64_t newest_ms; /* of all; 0: there is nothing in it */
    _Atomic int64_t floor_ms;  /* for every id: of what a token had no room for */
    _Atomic int64_t lists_ms;  /* for lists: the last write that the cache could not be told of */
    _Atomic int64_t at_ms[MCI_RECORD_PLACES];
} mci_record;

/* This id (or encoded unique key) was written or read as of that time. */
void mci_record_note(mci_record *r, const char *collection, int unique, const char *id, int64_t ms);
/* A write that the cache could not be told of: its lists lack it. */
void mci_record_note_lists(mci_record *r, int64_t ms);

/* What is shown of it must have been loaded then or after; 0: any time. */
int64_t mci_record_at(const mci_record *r, const char *collection, int unique, const char *id);
int64_t mci_record_lists(const mci_record *r);

/* As text, without what is older than `oldest_ms` (values of then have expired). A NUL-terminated text of at most MCI_RECORD_TOKEN_MAX
 * bytes is appended; b->failed when memory is short. */
void mci_record_write(const mci_record *r, int64_t oldest_ms, mci_buf *b);
/* Take over what a text says: all of it, or nothing. MC_E_ARG: it is not a token; MC_E_RANGE: it is of later than `latest_ms`. */
mc_status mci_record_read(mci_record *r, const char *text, int64_t latest_ms, mc_error *err);

#endif
