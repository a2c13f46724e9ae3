/* SPDX-License-Identifier: Apache-2.0 */
/* Dropping values on demand. */
#ifndef MCI_ENGINE_INVALIDATE_H
#define MCI_ENGINE_INVALIDATE_H

#include "engine/call.h"

/* One id: its value, its unique key as far as the value has it, its places in derived sets. */
mc_status mci_invalidate_id(mci_call *c, mci_coll *coll, const char *id);
/* One unique key, and the document it leads to. */
mc_status mci_invalidate_unique(mci_call *c, mci_coll *coll, const char *text, size_t len);
/* Everything: the epoch is raised, and whatever was stored before is not believed any more. */
mc_status mci_invalidate_all(mci_call *c);

#endif
