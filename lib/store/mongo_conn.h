/* SPDX-License-Identifier: Apache-2.0 */
/* Pool, address, errors of the MongoDB store; mongo.c holds the operations. */
#ifndef MCI_STORE_MONGO_CONN_H
#define MCI_STORE_MONGO_CONN_H

#include "base/sync.h"
#include "store/mongo_watch.h"
#include "store/mongo_wire.h"
#include "store/store.h"

typedef struct mci_mongo {
    mci_store base; /* first */
    mci_store_gate gate;
    mci_store_env env;
    mongoc_client_pool_t *pool;
    char *database;
    char *secret; /* the password, to be taken out of error texts; NULL when there is none */
    int64_t timeout_ms;
    int64_t wait_ms;  /* how long a server is waited for: serverSelectionTimeoutMS, else timeout_ms */
    int selection_ms; /* the driver's own wait for one */
    int read_tries;   /* 1: the address says retryReads=false */
    mci_mongo_watch watch;
    mci_mutex lock; /* all below */
    mci_cond freed;
    int nfree;
    mci_mongo_wire **wires; /* one for each client that was ever in use */
    size_t nwires;
} mci_mongo;

/* One operation: client, collection, words for its errors. */
typedef struct mci_mongo_op {
    mci_mongo *s;
    mongoc_client_t *client;
    mci_mongo_wire *wire;
    mongoc_collection_t *coll; /* NULL without a spec */
    const mci_spec *spec;
    const char *what;
    mci_deadline dl;
    int is_write;
    int lost;   /* the last failure was of the connection, or of a server that steps down */
    int silent; /* it was of the connection, or of the user it was made for */
    int away;   /* no server was found */
    int tries;  /* of a read */
    mci_pass pass;
    mc_error why; /* of the last failure that the driver reported */
    mc_error *err;
} mci_mongo_op;

mc_status mci_mongo_new(const mci_store_options *opt, const mci_store_env *env, mci_mongo **out, mc_error *err);
void mci_mongo_free(mci_mongo *m);

/* Take a client for one operation, once a server is known. Nothing was sent when this fails. */
mc_status mci_mongo_begin(mci_mongo_op *o, mci_store *s, const mci_spec *spec, const char *what, int is_write,
                          mci_deadline dl, mc_error *err);
mc_status mci_mongo_end(mci_mongo_op *o, mc_status st); /* returns `st` */

/* After a read: is it to be done once more? Then its first error is gone. When no server comes back, *st says so. */
int mci_mongo_again(mci_mongo_op *o, mc_status *st);

/* A driver's error as ours. `reply` may be NULL. */
mc_status mci_mongo_failed(mci_mongo_op *o, const bson_error_t *e, const bson_t *reply);

/* What a server's code means for one document of a bulk write. */
mc_status mci_mongo_code_status(uint32_t code);

/* Out of memory, or BSON that would not take one more value. */
mc_status mci_mongo_nomem(mci_mongo_op *o);

/* Milliseconds left for the server, at least 1. */
int64_t mci_mongo_left_ms(const mci_mongo_op *o);

#endif
