/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shared connection's state, and what its leader does for all who wait on it (redis/shared.h says who leads). Everything here is called with the
 * connection's lock held, by the leader or while there is none, and lets it go in between. `me` is the caller's own turn, or NULL; turns that
 * have ended are put on `ended`, for mci_turn_settle().
 */
#ifndef MCI_REDIS_LEAD_H
#define MCI_REDIS_LEAD_H

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
    int64_t term_ns;      /* the server's term is asked for again when it was asked so long ago; 0: it is not */
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
    int64_t asked_ns;   /* when the term was asked for last */
    int64_t heard_ns;   /* when the last byte came, or it was opened */
    int64_t nearest_ns; /* shortest time from sending to the reply, lately */
    unsigned measured;
} mci_shared;

/* What the leader saw: the end, or something that ends it. */
typedef enum mci_fault {
    MCI_FAULT_END,     /* the server closed it */
    MCI_FAULT_SILENCE, /* it sends nothing */
    MCI_FAULT_REPLY,   /* the reply of the first turn cannot be used: `st` and `why` are that turn's */
    MCI_FAULT_SPENT    /* what follows cannot be read */
} mci_fault;

/* Open the connection. When that fails, those who wait are told. */
void mci_lead_connect(mci_shared *s, mci_turn *me, mci_deadline dl, mci_turn **ended);
/* Write what waits. An errno, or 0; what did not go out by the deadline is the next writer's. */
int mci_lead_write(mci_shared *s, mci_deadline dl);
/* 1 when something came, or the connection has ended. */
int mci_lead_read(mci_shared *s, const mci_turn *me, int wait, mci_deadline dl, mci_turn **ended);
/* The end: each turn that was sent is told what became of it; what was not sent waits for the next connection. `st` and `why` are of MCI_FAULT_REPLY. */
void mci_lead_break(mci_shared *s, const mci_turn *me, mci_fault what, int code, mc_status st, const mc_error *why,
                    mci_turn **ended);

#endif
