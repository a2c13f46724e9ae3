/* SPDX-License-Identifier: Apache-2.0 */
/* What the driver's monitors know of the servers: is there one to write to or read from, and if not, why. */
#ifndef MCI_STORE_MONGO_WATCH_H
#define MCI_STORE_MONGO_WATCH_H

#include "base/sync.h"
#include <mongoc/mongoc.h>
#include <stdatomic.h>

typedef struct mci_mongo_watch {
    mongoc_read_prefs_t *primary; /* a cache may only be filled from the primary */
    char *set_name;               /* the replica set the address asks for, or NULL */
    atomic_int writable;          /* a server for writes is known right now */
    atomic_int readable;
    atomic_int met;                     /* a server has answered once */
    void (*command_failed)(void *user); /* on the thread of the operation; set before the pool */
    void *user;
    mci_mutex lock; /* all below */
    char host[128]; /* of `why` */
    char why[320];  /* what the monitor of one server met last, or "" */
    int tls;        /* `why` is that encryption cannot be had: trying again does not help */
} mci_mongo_watch;

int mci_mongo_watch_init(mci_mongo_watch *w, const mongoc_uri_t *uri); /* 0, or -1: memory is short */
void mci_mongo_watch_free(mci_mongo_watch *w);                         /* after the pool is gone */
void mci_mongo_watch_pool(mci_mongo_watch *w, mongoc_client_pool_t *pool);

/* Why no server is there: *tls as above, and the text, "" when no monitor has come to an end yet. */
void mci_mongo_watch_why(mci_mongo_watch *w, char out[512], int *tls);

#endif
