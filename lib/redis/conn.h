/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to Redis: opened, authenticated, used for one batch at a time, thrown away at the first fault. */
#ifndef MCI_REDIS_CONN_H
#define MCI_REDIS_CONN_H

#include "base/clock.h"
#include "redis/batch.h"
#include "redis/connect.h"
#include "redis/uri.h"

typedef struct mci_conn {
    int fd;
    mci_decoder *decoder;
    int64_t last_used_ns;
    int timeout_ms; /* the socket's own receive and send time-out now */
    int used;       /* 1 after the first batch: an end of file may then be an idle time-out of the server */
    int spent;      /* 1: what follows on it cannot be read any more; to be closed though the exchange went well */
    struct mci_conn *next;
} mci_conn;

/* Connect, authenticate, choose the database. `redis_ms` receives the server's time. On failure nothing is left open. `known` is what is known of the
 * host's addresses, and becomes what is known after. */
mc_status mci_conn_open(const mci_redis_addr *addr, mci_addresses *known, mci_deadline dl, mci_conn **out, int64_t *redis_ms,
                        mc_error *err);
void mci_conn_close(mci_conn *c);

/*
 * Write the commands of the batch and read one reply for each. Any failure leaves the connection unusable: close it. `*eof` is set
 * when the server had closed it before a reply byte came. A reply above a limit, or one so large that it does not come in time, is
 * no failure of the server: it and all after it become error replies (mci_reply_too_big()), and the connection is spent.
 */
mc_status mci_conn_exchange(mci_conn *c, mci_batch *b, mci_deadline dl, int *eof, mc_error *err);

/* 1 when the server has closed it, or has sent something nobody asked for. */
int mci_conn_is_dead(const mci_conn *c);

#endif
