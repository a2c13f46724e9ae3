/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The breaker of a store: a database that is away costs a call its time-out once, then nothing until one call has tried again. One
 * call at a time tries.
 */
#ifndef MCI_STORE_GATE_H
#define MCI_STORE_GATE_H

#include "base/breaker.h"
#include "base/random.h"
#include "base/sync.h"
#include "observe/log.h"
#include "observe/metrics.h"

typedef struct mci_store_gate {
    mci_metrics *metrics; /* these two: set before the first operation */
    mci_log *log;
    mci_random rnd;
    mci_mutex lock;      /* all below */
    mci_breaker breaker; /* threshold 0: not in use, everything passes */
    mc_error last;
    int unseen; /* it was opened because no server is known, so it is over when one is */
} mci_store_gate;

/* What an operation says of the database. */
typedef enum mci_verdict {
    MCI_STORE_ANSWERS = 0, /* it gave an answer, be it an error */
    MCI_STORE_SILENT,      /* the connection broke, or nothing came within the time */
    MCI_STORE_AWAY,        /* nobody there to connect to */
    MCI_STORE_NOT_ASKED    /* the operation ended before it came to that */
} mci_verdict;

/* A permission to go on, to be ended with mci_store_gate_leave(). */
typedef struct mci_pass {
    mci_gate gate;
    int forced;
} mci_pass;

int mci_store_gate_init(mci_store_gate *g); /* 0, or -1 */
void mci_store_gate_destroy(mci_store_gate *g);

/* Put it into use. Before the first operation. */
void mci_store_gate_bind(mci_store_gate *g, int64_t backoff_min_ms, int64_t backoff_max_ms, int64_t failures,
                         mci_metrics *metrics, mci_log *log);

/* `seen`: a server is known right now (a store that does not know says 0). `force`: go on in any case (a ping). MC_OK, or the last
 * failure's status with its text. */
mc_status mci_store_gate_enter(mci_store_gate *g, int seen, int force, mci_pass *out, mc_error *err);
/* MC_OK while the store is used, else as a refused entry. */
mc_status mci_store_gate_state(mci_store_gate *g, mc_error *err);
/* `why` is the error of a failed operation, else NULL. */
void mci_store_gate_leave(mci_store_gate *g, mci_pass pass, mci_verdict v, const mc_error *why);

#endif
