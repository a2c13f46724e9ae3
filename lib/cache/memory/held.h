/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept in this process by key: values and strings, with the leases and announcements beside them, in the order of their use; and the
 * bound on all of it, sets among it. The lock is the caller's to hold.
 */
#ifndef MCI_CACHE_MEMORY_HELD_H
#define MCI_CACHE_MEMORY_HELD_H

#include "base/map.h"
#include "base/sync.h"
#include "cache/memory/slot.h"

#define MCI_MEMORY_NAME_MAX 64

/* Leases and announcements of one id or string: kept as long as one of them stands. */
typedef struct mci_guard {
    char lease[MCI_TOKEN_SIZE]; /* "" or whose it is */
    int64_t lease_until_ms;
    char sole[MCI_TOKEN_SIZE]; /* the writer that was alone since it announced itself; "-": none was; "": nothing is known */
    int64_t sole_until_ms;
    size_t nwriters;
    mci_writer *writers;
} mci_guard;

typedef enum mci_held_kind { MCI_HELD_NOTHING = 0, MCI_HELD_DOC, MCI_HELD_TEXT, MCI_HELD_NEGATIVE } mci_held_kind;

/* What is kept for one id of a family, or one string. */
typedef struct mci_held {
    mci_map_item item;
    struct mci_held *newer; /* by use; those with a value only */
    struct mci_held *older;
    mci_held_kind kind;
    mci_doc *doc;
    char *text; /* id that an entry of a unique key leads to, or a string */
    size_t len;
    int stale; /* a string from the snapshot file */
    int64_t epoch;
    int64_t written_ms;
    int64_t hard_ms;  /* by the engine's clock: older than that it is no answer */
    int64_t until_ms; /* by the cache's own: then it is gone */
    uint64_t serial;  /* names it */
    size_t bytes;     /* that the value takes */
    mci_guard *guard;
    char key[];
} mci_held;

/* What caches of one name share. */
typedef struct mci_memory {
    struct mci_memory *next; /* of those that can be shared */
    char name[MCI_MEMORY_NAME_MAX + 1];
    char prefix[64];
    unsigned caches;
    int64_t process;
    int64_t began_ms; /* on the wall clock */
    int64_t began_ns; /* on the monotonic one */
    int64_t max_bytes;
    uint64_t seed;
    mci_mutex lock; /* of all below */
    int64_t epoch;
    char *identity; /* of the database whose values these are; NULL: not known */
    uint64_t serials;
    mci_map held;
    size_t swept; /* slot of `held` where the next look for what is over goes on */
    mci_held *newest;
    mci_held *oldest;
    size_t bytes; /* of values and what is around them; sets are asked */
    char *families[MCI_MAX_FAMILIES];
    size_t nfamilies;
    char *names[MCI_MAX_SETS];
    mci_slot sets[MCI_MAX_SETS];
    size_t nsets;
} mci_memory;

/* What is kept is found by its kind ('v', number of the family; 's': a string) and its id. */
typedef struct mci_held_key {
    size_t len;
    char text[4096];
} mci_held_key;
mci_held *mci_held_find(mci_memory *m, const mci_held_key *key, int64_t now_ms);
mci_held *mci_held_make(mci_memory *m, const mci_held_key *key, int64_t now_ms); /* NULL when memory is short */
/* The guard without what is over; NULL: nothing stands. */
mci_guard *mci_held_guard(mci_memory *m, mci_held *h, int64_t now_ms);
mci_guard *mci_held_guarded(mci_memory *m, mci_held *h, int64_t now_ms); /* makes one; NULL when memory is short */
int mci_guard_add(mci_memory *m, mci_guard *g, const char *token, int64_t until_ms);
int mci_guard_remove(mci_memory *m, mci_guard *g, const char *token); /* 1: it stood */
void mci_held_used(mci_memory *m, mci_held *h);
/* The value goes; what is announced stays. */
void mci_held_drop(mci_memory *m, mci_held *h);
/* Takes over `h`'s new value (kind, doc or text, times), of about so many bytes. 0; -1: there is no room, and it has none. */
int mci_held_set(mci_memory *m, mci_held *h, size_t bytes);
/* Nothing is kept any more: it goes. */
void mci_held_tidy(mci_memory *m, mci_held *h);
void mci_held_free_all(mci_memory *m);
/* Looks at a few, and lets go what is over. */
void mci_held_sweep(mci_memory *m, int64_t now_ms);
/* 1: a value of about so many bytes has room once everything that may go has gone. */
int mci_held_fits(const mci_memory *m, const mci_held *h, size_t bytes);
/*
 * Within the bound again, with so many bytes more: values but `keep` go, the least recently used first, then sets but `built` (both may be
 * NULL); never what is announced, and no counters. 0; -1: that is not enough.
 */
int mci_memory_make_room(mci_memory *m, size_t more, const mci_held *keep, const mci_slot *built);
size_t mci_memory_bytes(const mci_memory *m);

#endif
