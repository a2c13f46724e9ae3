/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collection as the engine works on it: its values, its unique key, and the sets that are derived from its documents or counted
 * beside them. What a document's place in a set is, is known here alone.
 */
#ifndef MCI_ENGINE_COLLECTION_H
#define MCI_ENGINE_COLLECTION_H

#include "base/places.h"
#include "base/sync.h"
#include "cache/cache.h"
#include "engine/targets.h"
#include <stdatomic.h>

#define MCI_MAX_COLLS 8
#define MCI_MAX_INDEXES 4

/* The ids that stood on a set's first ranks last time: fetched ahead in the exchange that verifies them. */
typedef struct mci_hints {
    mci_mutex lock;
    char **ids; /* by rank; NULL where not known */
    size_t n;
} mci_hints;

/* A build that this handle has begun: who takes it goes on with it for a while, and leaves it to the next caller. */
typedef struct mci_builder {
    _Atomic int taken; /* by one thread at a time, which the rest belongs to */
    int begun;         /* the cache has given the right to `token` */
    char token[MCI_TOKEN_SIZE];
    char nonce[MCI_NONCE_CAP];
    char *cursor;   /* malloc'ed: the last id that is in the set; NULL: none is */
    int64_t row_ns; /* what a row took, lately */
    int careful;    /* a page was lost that was not waited for: until a build has gone well, each is */
} mci_builder;

typedef struct mci_index {
    mci_set set;
    mci_builder builder;
    int x_field, y_field; /* fields that give a document's place: number, or longitude and latitude; -1 */
    mci_hints hints;
    mci_places *places;             /* of a geo set: what searches around some places came to */
    _Atomic int64_t size;           /* members when it was last looked at; 0: not known */
    _Atomic int64_t next_repair_ns; /* when lists may spend time on a flood of pending repairs */
    _Atomic size_t repair_batch;    /* of a flood: so many in one call; 0: not known yet */
} mci_index;

typedef struct mci_coll {
    const mci_spec *spec; /* static: documents outlive the client */
    int64_t ttl_ms;
    mci_family docs;
    mci_family unique;   /* .unique is NULL when the collection has no unique key */
    _Atomic int misses;  /* reads in a row that found nothing in the cache */
    mci_targets targets; /* of the unique key, when there is one */
    mci_index index[MCI_MAX_INDEXES];
    size_t nindexes;
    mci_index *rank, *geo, *views; /* into `index`; NULL: it has none */
} mci_coll;

/* 0, or -1 when memory is short or there are too many. The collection stays where it is. */
int mci_coll_init(mci_coll *c, const mci_spec *spec, int64_t ttl_ms, mci_cache *cache);
void mci_coll_free(mci_coll *c);

/* Does it follow from the documents (a rank, a geo set), so that writers keep it in step? */
int mci_index_is_derived(const mci_index *ix);
/* The place of a document in the set; `d` NULL: none. */
mci_place mci_index_place(const mci_index *ix, const mci_doc *d);

#endif
