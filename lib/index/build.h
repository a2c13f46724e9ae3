/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a derived set from the store: one process at a time, into a set of its own, page by page, swapped in at the end; writers keep the
 * new one in step meanwhile. Whatever ends a builder, the next one goes on where it stopped, within seconds.
 */
#ifndef MCI_INDEX_BUILD_H
#define MCI_INDEX_BUILD_H

#include "engine/warm.h"

/* Build if nobody else does. MC_OK: it is there now; MC_NOT_FOUND: another is building it. `progress` may be NULL; with it each step has
 * the deadline of a call, without it the entire build has the call's. */
mc_status mci_build(mci_call *c, mci_coll *coll, mci_index *ix, mci_progress *progress);
/* The same within half of what is left of the deadline, so that the store can still answer when that is not enough. 1: done. */
int mci_rebuild(mci_call *c, mci_coll *coll, mci_index *ix);
/* Build it, or wait until the process that builds it has done so (or has left it to us). */
mc_status mci_build_or_wait(mci_call *c, mci_coll *coll, mci_index *ix, mci_progress *progress);

#endif
