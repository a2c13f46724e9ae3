/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's byte streams, held to the deadline of the operation they serve. Its own time-outs are the same for all operations of
 * a pool and begin anew with each exchange, so that connecting, authenticating, sending and a retry would each get the whole time.
 */
#ifndef MCI_STORE_MONGO_WIRE_H
#define MCI_STORE_MONGO_WIRE_H

#include "base/clock.h"
#include <mongoc/mongoc.h>

/* One client of the pool; outlives it. Whoever has taken the client from the pool sets the deadline. */
typedef struct mci_mongo_wire {
    mongoc_client_t *client;
    mci_deadline dl;
    uint64_t thread; /* that has it, 0: none */
    int failures;    /* of commands, in the operation under way */
} mci_mongo_wire;

/* From now on every connection of the client keeps to a deadline. Once in a client's life. */
void mci_mongo_wire_attach(mci_mongo_wire *w, mongoc_client_t *client);
/* The deadline of the operation that begins. */
void mci_mongo_wire_until(mci_mongo_wire *w, mci_deadline dl);

#endif
