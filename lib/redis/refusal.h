/* SPDX-License-Identifier: Apache-2.0 */
/* Error replies of a server that answers and cannot be used: full, read-only, loading, an account without a permission, a cluster. */
#ifndef MCI_REDIS_REFUSAL_H
#define MCI_REDIS_REFUSAL_H

#include "redis/reply.h"

typedef struct mci_refusal {
    const char *text; /* what the error begins with */
    int lasting;      /* it will not end by waiting */
} mci_refusal;

/* Which of them the reply is; NULL: none. */
const mci_refusal *mci_refusal_of(const mci_reply *r);

#endif
