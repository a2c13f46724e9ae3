/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May what a derived set said be believed? It may when the set is complete, of the present epoch, of our database, and no id is due. What is
 * wrong is repaired where that can be done now: built, repaired, raised to the present epoch.
 */
#ifndef MCI_INDEX_JUDGE_H
#define MCI_INDEX_JUDGE_H

#include "engine/call.h"

typedef enum mci_belief {
    MCI_BELIEVED,
    MCI_ASK_AGAIN, /* something was repaired */
    MCI_ASK_STORE  /* not now: the store has to answer */
} mci_belief;

/* `op` is a SET_READ of `ops` after it was run. */
mci_belief mci_judge(mci_call *c, mci_coll *coll, mci_index *ix, const mci_ops *ops, const mci_op *op);

/* Before a set is built on purpose: what is left of another epoch is not gone on with. */
void mci_leave_old_epoch(mci_call *c, const mci_index *ix);

#endif
