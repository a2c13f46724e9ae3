/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose values are in this Redis under this prefix: beside the epoch stands the identity of the database they were read from. A handle
 * over another database does not touch them. Taking them over (option store.adopt, or a database in memory before it, which
 * nobody else can have use of) raises the epoch, so that nothing of the other database is handed out.
 */
#ifndef MCI_ENGINE_IDENTITY_H
#define MCI_ENGINE_IDENTITY_H

#include "engine/engine.h"

/* Take the identity from the settings or the store; "": cannot be told, nothing is compared. Before the first call. */
void mci_identity_init(mci_engine *e);

/* The script that compares, appended; and what its reply says: MC_OK (the epoch is verified), MC_E_DATABASE, or another error. */
void mci_identity_cmd(mci_engine *e, mci_batch *b, int adopt);
mc_status mci_identity_reply(mci_engine *e, const mci_reply *r, int64_t *epoch, mc_error *err);

/*
 * May values of this epoch be believed? An epoch that has not been seen is asked about once. 1: yes, and `*epoch` is the present one; 0:
 * they are another database's, or Redis could not say: the call is flagged, and goes to the store.
 */
int mci_identity_holds(mci_call *c, int64_t *epoch);

#endif
