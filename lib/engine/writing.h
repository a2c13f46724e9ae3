/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One write on its way: what is announced to the cache before the store is touched, and what ends it. Announced are its value, the unique
 * key that comes into being, and its place in each derived set, all in one exchange; they are ended in one exchange, too.
 * write.c and import.c put these steps around the store.
 */
#ifndef MCI_ENGINE_WRITING_H
#define MCI_ENGINE_WRITING_H

#include "engine/call.h"

typedef struct mci_writing_set {
    char fresh[MCI_NONCE_CAP]; /* of the list under way: never used twice, as whatever has it then would be believed again */
    char nonce[MCI_NONCE_CAP]; /* of the announcement; "": there is none */
    int64_t announced_ms;
} mci_writing_set;

typedef struct mci_writing {
    mci_call *c;
    mci_coll *coll;
    const char *id;
    mci_buf unique; /* encoded unique key that comes into being; empty: none does */
    char token[MCI_TOKEN_SIZE];
    const struct mci_writing *first; /* of many: whose fresh nonces are used */
    int stores_nothing;              /* no value, whatever comes */
    int only_refresh;                /* write.fill = if_cached, and nothing was cached: the new document is not either */
    int announced;                   /* the cache has acknowledged it */
    int foreign;                     /* the cache holds another database's values: nothing of ours goes there */
    int64_t epoch;
    int64_t now_ms; /* the engine's clock when the write was announced */
    mci_writing_set set[MCI_MAX_INDEXES];
    size_t at_value; /* where its operations begin in the list under way */
    size_t at_set;
} mci_writing;

void mci_writing_begin(mci_writing *w, mci_call *c, mci_coll *coll, const char *id);
/* Many of different ids, made at once, that store no values: the cache takes them together, as they have one token. `first` is none of them, outlives them,
 * and is renewed before each list. */
void mci_writing_begin_many(mci_writing *first, mci_call *c, mci_coll *coll);
void mci_writing_begin_one(mci_writing *w, const mci_writing *first, const char *id);
void mci_writing_renew(mci_writing *first);
void mci_writing_free(mci_writing *w);
/* Do as many replicas know of the announcements in a list as write.wait_replicas asks for? If not, the answer says so, and with write.mode = strict it is an error. */
mc_status mci_writing_on_replicas(mci_call *c, const mci_ops *ops);
/* The unique key of this document, or this text of one, comes into being. */
void mci_writing_unique_of(mci_writing *w, const mci_doc *d);
void mci_writing_unique(mci_writing *w, const char *p, size_t n);

/* Is a document cached, as write.fill = if_cached asks? As an operation before the announcement, and its answer. */
void mci_writing_look(mci_writing *w, mci_ops *ops);
void mci_writing_looked(mci_writing *w, const mci_ops *ops);

/* Announce for `span_ms`: its value, then its places; and what the cache said: MC_OK when all of it was done. Of many writes the values come first, and
 * then all places, which the cache takes together. */
void mci_writing_announce(mci_writing *w, mci_ops *ops, int64_t span_ms);
void mci_writing_announce_value(mci_writing *w, mci_ops *ops, int64_t span_ms);
void mci_writing_announce_places(mci_writing *w, mci_ops *ops, int64_t span_ms);
mc_status mci_writing_announced(mci_writing *w, const mci_ops *ops);
/* Was it announced, as far as that alone is asked? For a write whose outcome is not known. */
int mci_writing_is_known(const mci_writing *w, const mci_ops *ops);

/* End it: carried out, with the new document (NULL: there is none any more; or not with no_value), or not carried out. */
typedef enum mci_writing_end { MCI_WRITING_DONE, MCI_WRITING_DONE_NO_VALUE, MCI_WRITING_NOT_DONE } mci_writing_end;
void mci_writing_settle(mci_writing *w, mci_ops *ops, mci_writing_end how, const mci_doc *d);
void mci_writing_settle_value(mci_writing *w, mci_ops *ops, mci_writing_end how, const mci_doc *d);
void mci_writing_settle_places(mci_writing *w, mci_ops *ops, mci_writing_end how, const mci_doc *d);
/* Count what became of it, and put right what writers overlapped on. 1: the cache knows it; 0: it must be announced later. */
int mci_writing_settled(mci_writing *w, mci_ops *ops, mci_writing_end how);

/* The cache may hold an old value that could not be dropped: remember the id until that value must have expired. `unknown`: whether it
 * was carried out nobody knows. */
void mci_writing_remember(mci_writing *w, int unknown);

#endif
