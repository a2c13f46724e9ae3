/* SPDX-License-Identifier: Apache-2.0 */
/* One call on its way down: deadline, what to report to the caller; and its exchanges with the cache. */
#ifndef MCI_ENGINE_CALL_H
#define MCI_ENGINE_CALL_H

#include "engine/engine.h"
#include "engine/session.h"

typedef struct mci_call {
    mci_engine *e;
    mci_deadline dl;
    int64_t began_ns;     /* monotonic */
    mc_info *info;        /* never NULL in the engine */
    mc_error *err;        /* may be NULL */
    int has_built;        /* a slice of a build was done in it, and more is left */
    int waits_for_fills;  /* what it loads must be known to be in the cache when it ends */
    mci_session *session; /* NULL: none, the engine's own settings hold */
} mci_call;

/* The settings of this call: the session's, or the engine's. */
const mci_tiers *mci_call_tiers(const mci_call *c);
int64_t mci_call_timeout_ms(const mci_call *c);
int64_t mci_call_max_age_ms(const mci_call *c); /* -1: any age */

/* Run a list of operations, count its round trips and judge the server by it. MC_OK: each operation has its own status. */
mc_status mci_call_run(mci_call *c, mci_ops *ops);
/* The same for a list of one that has to succeed: its own refusal is an error too. */
mc_status mci_call_run_one(mci_call *c, mci_ops *ops);

/* The same for a list of which every operation has to succeed. */
mc_status mci_call_run_all(mci_call *c, mci_ops *ops);

/* The same call for a part whose errors do not count. */
mci_call mci_call_quiet(const mci_call *c);
/* The same with what it did reported in `info`, for a part that says nothing about the answer; mci_call_count() adds its exchanges. */
mci_call mci_call_aside(const mci_call *c, mc_info *info);
void mci_call_count(const mci_call *c, const mc_info *aside);

/* Cache and store are both away: `err`, which is the store's, says so. */
void mci_call_both_away(mc_error *err, const mc_error *cache);

/* A fresh nonce for a derived set: "<epoch>.<random>". Sets of another epoch than the present one are not believed. `s` NULL: for any set; where
 * epochs are many, the first reader begins another then. */
void mci_call_fresh_nonce(const mci_call *c, const mci_set *s, char out[MCI_NONCE_CAP]);

#endif
