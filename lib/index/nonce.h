/* SPDX-License-Identifier: Apache-2.0 */
/* The nonce of a derived set: of which epoch it is, and a new one in its place. */
#ifndef MCI_INDEX_NONCE_H
#define MCI_INDEX_NONCE_H

#include "engine/call.h"

/* The epoch in a nonce; -1 when it has none. */
int64_t mci_nonce_epoch(const char *nonce);
/* Begin a new nonce: the old one is of another epoch; or (`wipe`) something in the set's keys is none of ours. 1: done. */
int mci_nonce_raise(mci_call *c, const mci_index *ix, const char *nonce, int wipe);

#endif
