/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection for many threads. Whoever comes while nobody uses it becomes its leader: it writes the commands of all who wait in one go,
 * reads the replies, and wakes their owners in order. When it has its own reply it hands the lead to the next. A lone caller so writes and
 * reads on its own thread, and under load many calls share one write and one read ("leader combining").
 *
 * A call that gives up (its deadline has passed) leaves its turn: its replies are read and thrown away when they come, and nobody else notices.
 * A batch can also be posted: it is sent, and whoever uses the connection next takes its replies.
 *
 * The connection is opened when it is first needed, and again after a fault. Safe from any thread; no thread of its own.
 */
#ifndef MCI_REDIS_SHARED_H
#define MCI_REDIS_SHARED_H

#include "base/sync.h"
#include "redis/conn.h"
#include "redis/turn.h"

/* How a connection is made, and who wants to know. Called by the leader, without locks. */
typedef struct mci_shared_hooks {
    mc_status (*open)(void *ctx, mci_deadline dl, mci_conn **out, mc_error *err);
    void (*closed)(void *ctx);
    void (*log_spent)(void *ctx); /* a reply above a limit has cost the connection */
    void *ctx;
    int64_t timeout_ms;   /* a server that has sent nothing for so long while replies are due is given up */
    int64_t spin_ns;      /* a lone caller polls for so long before it sleeps */
    _Atomic int *callers; /* in an exchange now, of all connections */
} mci_shared_hooks;

typedef struct mci_shared {
    const mci_shared_hooks *hooks;
    _Atomic int callers; /* in an exchange now; a hint for choosing */
    mci_mutex lock;      /* guards what follows; what the leader alone may touch says so */
    mci_cond quiet;      /* `writing` has ended */
    mci_conn *conn;      /* the leader's; NULL: not open */
    mci_line line;
    int leading;        /* a thread writes and reads */
    int writing;        /* a thread writes: the leader, or a newcomer while the leader waits for a reply from far away */
    int far;            /* the server is so far away that a newcomer should not wait for the reply under way */
    int doubted;        /* somebody gave up waiting, and nothing has come since */
    int answers;        /* this connection has answered a batch */
    int64_t heard_ns;   /* when the last byte came, or it was opened */
    int64_t nearest_ns; /* shortest time from sending to the reply, lately */
    unsigned measured;
} mci_shared;

int mci_shared_init(mci_shared *s, const mci_shared_hooks *hooks); /* 0, or -1; `hooks` is borrowed */
/* Nobody uses it any more. What was posted has `dl` to be answered. */
void mci_shared_close(mci_shared *s, mci_deadline dl);

/*
 * Send the batch and wait for its replies. `check`: the connection is looked at first, since it may have died while nobody used it. MC_OK: every
 * command has its reply. MC_E_TIMEOUT: by `dl` there was none; `b->sent` says whether the server may have seen it.
 */
mc_status mci_shared_exchange(mci_shared *s, mci_batch *b, int check, mci_deadline dl, mci_outcome *out, mc_error *err);

/* Send the batch and do not wait. 0: it was taken, and is empty now; -1: there is no connection, nothing was done. */
int mci_shared_post(mci_shared *s, mci_batch *b, mci_posted_fn fn, void *ctx);

#endif
