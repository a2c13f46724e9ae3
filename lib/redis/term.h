/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a server which term it is in (redis/batch.h says what that is). */
#ifndef MCI_REDIS_TERM_H
#define MCI_REDIS_TERM_H

#include "redis/batch.h"

/* INFO replication, as the batch's next command. */
void mci_term_ask(mci_batch *b);
/* The reply to it. An error reply is MCI_TERM_NONE. */
mci_term mci_term_of(const mci_reply *r, int64_t asked_ns);

#endif
