/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a derived set from the store: one process at a time, into a set of its own, page by page, swapped in at the end; writers keep the
 * new one in step meanwhile. Callers in turn do a slice of the work each, and are answered by the store until it is done. Whatever ends a
 * builder, the next one goes on where it stopped, within seconds.
 */
#ifndef MCI_INDEX_BUILD_H
#define MCI_INDEX_BUILD_H

#include "engine/warm.h"

/*
 * Build if nobody else does, for a few milliseconds, and never longer than half of what is left of the deadline: so that the store can still
 * answer this caller. The next caller of this handle goes on. `awaited` 0: lists are answered without it, and it takes less of each call. 1: the set is
 * there now.
 */
int mci_rebuild(mci_call *c, mci_coll *coll, mci_index *ix, int awaited);
/* Build all of it, or wait until the process that builds it has done so (or has left it to us). Each step has the deadline of a call. */
mc_status mci_build_or_wait(mci_call *c, mci_coll *coll, mci_index *ix, mci_progress *progress);

#endif
