/* SPDX-License-Identifier: Apache-2.0 */
/* Telling a cache that is back what was written while it was away (the queue is recovery.h). */
#ifndef MCI_ENGINE_RECOVER_H
#define MCI_ENGINE_RECOVER_H

#include "engine/call.h"

/* Drop ids that were written while the cache was away, if it is back. 0 when none of them is left. */
int mci_recover(mci_call *c);
/* The same for lists of one collection: 0 when the cache can be believed about all of its ids. */
int mci_recover_lists(mci_call *c, const mci_coll *coll);

/* What the cache could not be told is told again and again, until that is done or the deadline comes. Returns 1 when nothing is left to be told. */
int mci_recover_insist(mci_call *c);

#endif
