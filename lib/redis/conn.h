/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to Redis: opened, authenticated, used for one batch at a time, thrown away at the first fault. */
#ifndef MCI_REDIS_CONN_H
#define MCI_REDIS_CONN_H

#include "base/clock.h"
#include "redis/batch.h"
#include "redis/uri.h"

typedef struct mci_conn {
    int fd;
    mci_decoder *decoder;
    int64_t last_used_ns;
    int timeout_ms; /* the socket's own receive and send time-out now */
    int used;       /* 1 after the first batch: an end of file may then be an idle time-out of the server */
    struct mci_conn *next;
} mci_conn;

/* Connect, authenticate, choose the database. `redis_ms` receives the server's time. On failure nothing is left open. */
mc_status mci_conn_open(const mci_redis_addr *addr, mci_deadline dl, mci_conn **out, int64_t *redis_ms, mc_error *err);
void mci_conn_close(mci_conn *c);

/* Write the commands `first`.. of the batch from the given bytes and read one reply for each. Any failure leaves the
 * connection unusable: close it. `*eof` is set when the server had closed it before a reply byte came. */
mc_status mci_conn_exchange(mci_conn *c, mci_batch *b, mci_deadline dl, int *eof, mc_error *err);

/* 1 when the server has closed it, or has sent something nobody asked for. */
int mci_conn_is_dead(const mci_conn *c);

#endif
