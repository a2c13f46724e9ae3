/* SPDX-License-Identifier: Apache-2.0 */
/* A store of the host's callbacks, behind a breaker. */
#ifndef MCI_STORE_GUARDED_H
#define MCI_STORE_GUARDED_H

#include "store/store.h"

/* Takes `inner` over, also on failure (it is closed then). NULL: memory is short. */
mci_store *mci_store_guarded_new(mci_store *inner);

#endif
