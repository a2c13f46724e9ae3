/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may load what the cache does not hold: one lease for all, single flight within the process, waiting for other processes. Used for
 * documents, unique keys and strings alike. The way of a lease:
 *   mci_lease_ask() into a list, run it, mci_lease_take() its answer -> what to do next
 *   OWN: load, commit with .token and .epoch, then mci_lease_land(), which wakes whoever joined
 *   JOIN: mci_lease_join() sleeps until the load of another thread lands       WAIT: mci_lease_pause(), then ask again
 * A lease belongs to one thread.
 */
#ifndef MCI_ENGINE_LEASE_H
#define MCI_ENGINE_LEASE_H

#include "engine/call.h"

#define MCI_GIVE_BACK_MS 20 /* past the deadline, to return a lease */

typedef enum mci_lease_next {
    MCI_LEASE_FOUND, /* a value is cached: use it, or mci_lease_reject() it and ask again */
    MCI_LEASE_OWN,   /* load, and fill */
    MCI_LEASE_LOAD,  /* load, and do not fill: a write is under way, or others have had their time */
    MCI_LEASE_JOIN,  /* another thread of this process loads */
    MCI_LEASE_WAIT,  /* another process loads */
    MCI_LEASE_FAILED /* the cache refused: load, and say that it could not be used */
} mci_lease_next;

typedef struct mci_lease {
    const mci_family *family; /* NULL: a string */
    const char *id;           /* borrowed */
    int64_t not_before_ns;    /* a load that began before is not joined */
    int patient;              /* waits for other processes */
    int alone;                /* it is asked for apart from others */
    char token[MCI_TOKEN_SIZE];
    int64_t epoch;
    int64_t now_ms;   /* the engine's clock when it was given */
    int quarantined;  /* a write is under way */
    mci_buf rejected; /* the name of what could not be used */
    mci_flight *own;
    mci_flight *joined;
    int has_shared; /* looked for a load to share */
    int64_t waiting_since_ns;
    int64_t wait_ms;
    int too_big; /* answers that were above the limit */
} mci_lease;

void mci_lease_init(mci_lease *l, const mci_family *family, const char *id);
void mci_lease_free(mci_lease *l);

/* What was found cannot be used: the next question removes exactly this. */
void mci_lease_reject(mci_lease *l, const mci_found *found);

/*
 * 1: another thread of this process has asked since this call began: join it (mci_lease_join()), which fails when it did not get the lease; then ask.
 * Once in a call.
 */
int mci_lease_share(mci_call *c, mci_lease *l);

/* The question, as one more operation. The load is made known to this process before the lease is given. */
void mci_lease_ask(mci_call *c, mci_lease *l, mci_ops *ops, mci_want want);
/* The list with the question could not be run. */
void mci_lease_lost(mci_call *c, mci_lease *l);
/* The answer. `op` is the question, after its list was run. */
mci_lease_next mci_lease_take(mci_call *c, mci_lease *l, const mci_ops *ops, const mci_op *op);

/* Wait for the load that was joined. 0: `*status` and `*doc` (a reference) are its outcome; -1: it is of no use. */
int mci_lease_join(mci_call *c, mci_lease *l, mc_status *status, mci_doc **doc);
/* How long to sleep before asking again; longer each time. */
int64_t mci_lease_pause_ms(mci_lease *l);

/* The load ended. */
void mci_lease_land(mci_call *c, mci_lease *l, mc_status status, mci_doc *doc);

#endif
