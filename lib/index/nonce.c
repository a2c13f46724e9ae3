/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: replacing a set's nonce. Refuses: doing so when another has done it. */
#include "index/nonce.h"

#include <stdlib.h>

int64_t mci_nonce_epoch(const char *nonce)
{
    char *end = NULL;
    long long v = strtoll(nonce, &end, 10);
    return end != nonce && *end == '.' ? (int64_t)v : -1;
}

int mci_nonce_raise(mci_call *c, const mci_index *ix, const char *nonce, int wipe)
{
    char fresh[MCI_NONCE_CAP];
    mci_ops ops;
    mci_ops_init(&ops);
    mci_call_fresh_nonce(c, &ix->set, fresh);
    mci_op_set_raise *r = &mci_ops_add(&ops, MCI_OP_SET_RAISE)->u.set_raise;
    r->set = &ix->set;
    r->nonce = nonce;
    r->fresh = fresh;
    r->wipe = wipe;
    mci_call quiet = mci_call_quiet(c);
    int ok = mci_call_run_one(&quiet, &ops) == MC_OK;
    mci_ops_free(&ops);
    return ok;
}
