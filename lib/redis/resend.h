/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts that the server did not know: the same calls with the scripts' texts. */
#ifndef MCI_REDIS_RESEND_H
#define MCI_REDIS_RESEND_H

#include "redis/batch.h"
#include <stdatomic.h>

/* Scripts that a server has run: what is sent and not waited for cannot be sent again with its text. Any thread. */
#define MCI_SCRIPTS_KNOWN 4 /* so many are posted at most */
typedef struct mci_scripts_known {
    _Atomic(const mci_script *) at[MCI_SCRIPTS_KNOWN];
} mci_scripts_known;

void mci_scripts_forget(mci_scripts_known *k);
/* The server has run the scripts of this batch. */
void mci_scripts_learn(mci_scripts_known *k, const mci_batch *b);
/* Has it run all of them? */
int mci_scripts_are_known(mci_scripts_known *k, const mci_batch *b);

/* Did the server know no such script? */
int mci_is_noscript(const mci_command *c);

/* Initializes `full` with those commands of `b`, to be run and freed by the caller; returns how many. 0: `full` is untouched. */
size_t mci_resend_pack(const mci_batch *b, mci_batch *full);
/* The replies, in the places of the refusals. */
void mci_resend_take(mci_batch *b, mci_batch *full);

#endif
