/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One derived set in this process, with what is pending, who has announced writes, and the set under construction: the steps of the
 * protocol in docs/consistency.md, as the scripts in lib/cache/redis/lua take them. Nothing in it can be lost alone, so that one nonce is
 * enough, and nobody has to wait after a loss. One thread at a time; times are the cache's, in milliseconds.
 */
#ifndef MCI_CACHE_MEMORY_SLOT_H
#define MCI_CACHE_MEMORY_SLOT_H

#include "base/map.h"
#include "cache/cache.h"
#include "cache/memory/ranked.h"

typedef struct mci_writer {
    char token[MCI_TOKEN_SIZE];
    int64_t until_ms;
} mci_writer;

/* Who writes an id, and who repairs it. */
typedef struct mci_record {
    mci_map_item item;
    char sole[MCI_TOKEN_SIZE];   /* the one that has been alone since it announced itself; "": nobody */
    char repair[MCI_TOKEN_SIZE]; /* ""; or whose lease it is */
    int64_t taken_ms;            /* when that was taken */
    int quiet;                   /* 1: nobody wrote then */
    size_t nwriters;
    mci_writer *writers;
    char id[];
} mci_record;

typedef struct mci_slot {
    mci_set_kind kind;
    uint64_t seed;
    char nonce[MCI_NONCE_CAP];    /* ""; nothing was ever announced or built */
    mci_ranked *set;              /* of a counter: its numbers */
    char complete[MCI_NONCE_CAP]; /* nonce for which the set is complete; "": it is not */
    int64_t until_ms;             /* when it is not believed any more */
    mci_ranked *pending;          /* score: due from then on; negative: at once, and since when */
    mci_map records;
    size_t record_bytes;
    int64_t begun_ms; /* of the build under way; 0: there is none */
    char *cursor;     /* last id that is in; NULL: none is */
    char builder[MCI_TOKEN_SIZE];
    int64_t held_until_ms;
    mci_ranked *fresh; /* the new set; score +inf: was removed meanwhile */
} mci_slot;

int mci_slot_init(mci_slot *s, mci_set_kind kind, uint64_t seed); /* 0, or -1 */
void mci_slot_free(mci_slot *s);
size_t mci_slot_bytes(const mci_slot *s);
size_t mci_slot_least_bytes(const mci_slot *s); /* that are left of them when there is no room */
/* Make room: the set and what is built go, and what is announced and pending stays. */
void mci_slot_shrink(mci_slot *s);
/* The set alone. 0; -1: memory is short, and it is only not complete any more. */
int mci_slot_forget_set(mci_slot *s);

/* Each gives the operation's outputs; -1 when memory is short, and then nothing was announced, added or leased, and nothing is believed that
 * should not be. */
int mci_slot_announce(mci_slot *s, mci_op_set_announce *a, int64_t now_ms, int64_t soft_ms);
int mci_slot_settle(mci_slot *s, mci_op_set_settle *t, int64_t now_ms, int64_t quarantine_ms);
int mci_slot_tell(mci_slot *s, const mci_op_set_tell *t, int64_t now_ms);
int mci_slot_lease(mci_slot *s, mci_op_set_lease *l, int64_t now_ms, int64_t soft_ms);
int mci_slot_repair(mci_slot *s, mci_op_set_repair *p, int64_t now_ms, int64_t soft_ms);

int mci_slot_is_complete(const mci_slot *s, int64_t now_ms);
/* The score a place has in the set: its own, or its cell's. */
double mci_slot_score(mci_set_kind kind, const mci_place *p);

/* ---- its parts ---------------------------------------------------------------------------------------------------- */

/* An id's record without those whose time is over; NULL: there is none. */
mci_record *mci_record_find(mci_slot *s, const char *id, int64_t now_ms);
mci_record *mci_record_make(mci_slot *s, const char *id, int64_t now_ms); /* NULL when memory is short */
mci_writer *mci_record_writer(mci_record *r, const char *token);          /* NULL: it has not announced itself */
int mci_record_add(mci_slot *s, mci_record *r, const char *token, int64_t until_ms);
void mci_record_remove(mci_slot *s, mci_record *r, mci_writer *w);
/* One that says nothing any more goes. */
void mci_record_tidy(mci_slot *s, mci_record *r);
/* Something was heard of the id that nobody announced, or in an order that is not known. */
int mci_slot_due_at_once(mci_slot *s, const char *id, int64_t now_ms);
/* Put an id where it belongs, in the set and in what is built. */
int mci_slot_apply(mci_slot *s, const char *id, const mci_place *p);
/* What is to be known cannot be kept: nothing is complete any more, so nothing wrong can be believed. */
void mci_slot_give_up(mci_slot *s);
void mci_slot_end_build(mci_slot *s);

#endif
