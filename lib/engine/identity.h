/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose values are in this cache under this prefix: beside the epoch is the identity of the database they were read from. A handle
 * over another database does not touch them. Taking them over (option store.adopt, or a database in memory before it, which
 * nobody else can have use of) raises the epoch, so that nothing of the other database is handed out.
 */
#ifndef MCI_ENGINE_IDENTITY_H
#define MCI_ENGINE_IDENTITY_H

#include "engine/call.h"

/* Take the identity from the settings or the store; "": not known, nothing is compared. Before the first call. */
void mci_identity_init(mci_engine *e);

/* The operation that compares, as the first of a list; and what it says: MC_OK (the epoch is verified), MC_E_DATABASE, or another error. */
void mci_identity_add(mci_engine *e, mci_ops *ops, int adopt);
mc_status mci_identity_judge(mci_engine *e, const mci_ops *ops, mc_error *err);

typedef enum mci_identity_state {
    MCI_IDENTITY_FOREIGN = 0, /* another database's, or Redis could not say: the call is flagged, and goes to the store */
    MCI_IDENTITY_OURS,
    MCI_IDENTITY_MOVED /* ours from now on: what this list has brought is not believed */
} mci_identity_state;

/* May what this list has brought be believed? An epoch that has not been seen is asked about once. */
mci_identity_state mci_identity_of(mci_call *c, const mci_ops *ops);

#endif
