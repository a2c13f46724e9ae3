/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server says when a command is not for it, and the same commands once more for the one it names. What is refused so was not carried out. Source:
 * "Redis cluster specification" (redirection and resharding).
 */
#ifndef MCI_REDIS_REDIRECT_H
#define MCI_REDIS_REDIRECT_H

#include "redis/batch.h"

typedef enum mci_redirect_kind {
    MCI_REDIRECT_NONE = 0,
    MCI_REDIRECT_MOVED,  /* the slot is another's: host and port */
    MCI_REDIRECT_ASK,    /* this key is another's already, the slot not yet: host and port */
    MCI_REDIRECT_LATER,  /* TRYAGAIN: the keys are on their way, soon */
    MCI_REDIRECT_DOWN,   /* LOADING, CLUSTERDOWN, MASTERDOWN: nobody can say now; soon, or in a while */
    MCI_REDIRECT_DEMOTED /* READONLY: it is no primary any more, or never was */
} mci_redirect_kind;

typedef struct mci_redirect {
    mci_redirect_kind kind;
    char host[256]; /* "": the host that was asked */
    int port;
} mci_redirect;

/* What a reply says about where the command belongs. */
mci_redirect mci_redirect_of(const mci_reply *r);

/* Commands that go together: one, or those from MULTI to EXEC. Where those that begin with `i` end. */
size_t mci_redirect_unit(const mci_batch *b, size_t i);
/* The first thing that their replies say. */
mci_redirect mci_redirect_of_unit(const mci_batch *b, size_t i, size_t end);
/* Those commands once more; `asking`: as answer to MCI_REDIRECT_ASK. */
void mci_redirect_pack(mci_batch *to, const mci_batch *from, size_t i, size_t end, int asking);

#endif
