/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be known about both ends, for a person or a program that asks. */
#ifndef MCI_ENGINE_CHECK_H
#define MCI_ENGINE_CHECK_H

#include "engine/call.h"

/* Look at the cache and, unless the engine has none, at the store. `store_error` (may be NULL): why it has none. */
void mci_check(mci_call *c, const mc_error *store_error, mc_findings *out);

#endif
