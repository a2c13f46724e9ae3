/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to Redis: opened and logged in; bytes out, bytes into its decoder. Who may use it when is redis/shared.h's. */
#ifndef MCI_REDIS_CONN_H
#define MCI_REDIS_CONN_H

#include "base/clock.h"
#include "redis/batch.h"
#include "redis/connect.h"
#include "redis/stream.h"
#include "redis/tls.h"
#include "redis/uri.h"

typedef struct mci_conn {
    mci_stream *stream;
    mci_decoder *decoder;
    char *chunk;         /* what is received, on its way to the decoder */
    mci_term term;       /* of the server, when it was asked last */
    unsigned generation; /* whoever opened it numbers it */
} mci_conn;

/* Connect, shake hands (`tls`, which is there when the address asks for it), authenticate, choose the database, ask for the term. `redis_ms` receives the server's time. On failure nothing is left open. `known` is what is known of the
 * host's addresses, and becomes what is known after. */
mc_status mci_conn_open(const mci_redis_addr *addr, mci_addresses *known, mci_tls *tls, mci_deadline dl, mci_conn **out,
                        int64_t *redis_ms, mc_error *err);
void mci_conn_close(mci_conn *c);

/* As mci_stream_send(). */
int mci_conn_send(mci_conn *c, struct iovec *pieces, int n, mci_deadline dl, size_t *done);

/* Read what is there into the decoder; wait for it when `wait`. */
mci_received mci_conn_receive(mci_conn *c, int wait, mci_deadline dl, int *code);

/* End it for whoever uses it now, from any thread. It is still to be closed. */
void mci_conn_shut(mci_conn *c);

#endif
