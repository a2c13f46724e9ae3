/* SPDX-License-Identifier: Apache-2.0 */
/* One document that is asked for, and what became of it. */
#ifndef MCI_ENGINE_ITEM_H
#define MCI_ENGINE_ITEM_H

#include "engine/call.h"

typedef struct mci_item {
    const char *id; /* checked; borrowed */
    mc_status status;
    mci_doc *doc; /* owned by whoever asked */
    mc_info info; /* tier, cache, flags, age; round trips are the call's */
} mci_item;

#endif
