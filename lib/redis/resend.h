/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts that the server did not know: the same calls with the scripts' texts. */
#ifndef MCI_REDIS_RESEND_H
#define MCI_REDIS_RESEND_H

#include "redis/batch.h"

/* Did the server know no such script? */
int mci_is_noscript(const mci_command *c);

/* Initializes `full` with those commands of `b`, to be run and freed by the caller; returns how many. 0: `full` is untouched. */
size_t mci_resend_pack(const mci_batch *b, mci_batch *full);
/* The replies, in the places of the refusals. */
void mci_resend_take(mci_batch *b, mci_batch *full);

#endif
