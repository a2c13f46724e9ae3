/* SPDX-License-Identifier: Apache-2.0 */
/* Error replies of a server that answers and cannot be used: full, read-only, loading, an account without a permission, a cluster. */
#ifndef MCI_REDIS_REFUSAL_H
#define MCI_REDIS_REFUSAL_H

#include "redis/reply.h"

enum { MCI_LASTS_ALWAYS = 1, MCI_LASTS_HERE };

typedef struct mci_refusal {
    const char *text; /* what the error begins with */
    int lasting; /* it does not end by waiting: MCI_LASTS_ALWAYS, or MCI_LASTS_HERE: unless another server may take its place; 0: it does */
} mci_refusal;

/* Which of them the reply is; NULL: none. */
const mci_refusal *mci_refusal_of(const mci_reply *r);

#endif
