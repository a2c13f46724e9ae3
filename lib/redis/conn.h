/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to Redis: opened and logged in; bytes out, bytes into its decoder. Who may use it when is redis/shared.h's. */
#ifndef MCI_REDIS_CONN_H
#define MCI_REDIS_CONN_H

#include "base/clock.h"
#include "redis/batch.h"
#include "redis/connect.h"
#include "redis/uri.h"
#include <sys/uio.h>

typedef struct mci_conn {
    int fd;
    int timeout_ms; /* the socket's own receive time-out now */
    mci_decoder *decoder;
    char *chunk; /* what recv(2) fills */
} mci_conn;

/* Connect, authenticate, choose the database. `redis_ms` receives the server's time. On failure nothing is left open. `known` is what is known of the
 * host's addresses, and becomes what is known after. */
mc_status mci_conn_open(const mci_redis_addr *addr, mci_addresses *known, mci_deadline dl, mci_conn **out, int64_t *redis_ms,
                        mc_error *err);
void mci_conn_close(mci_conn *c);

/* Write the pieces in order; `*done` receives how many bytes went out. 0: all; else an errno, ETIMEDOUT when the deadline passed. */
int mci_conn_send(mci_conn *c, struct iovec *pieces, int n, mci_deadline dl, size_t *done);

typedef enum mci_received {
    MCI_RECEIVED_BYTES = 0, /* the decoder has them */
    MCI_RECEIVED_NOTHING,   /* by the deadline, or before a signal: look at the clock */
    MCI_RECEIVED_END,       /* the server closed it; `*code` is the errno, or 0 */
    MCI_RECEIVED_NO_MEMORY
} mci_received;

/* Read what is there; wait for it when `wait`. */
mci_received mci_conn_receive(mci_conn *c, int wait, mci_deadline dl, int *code);

#endif
