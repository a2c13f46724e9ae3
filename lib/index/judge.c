/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: believing a derived set. Refuses: taking an error for an empty set. */
#include "index/judge.h"

#include "engine/identity.h"
#include "index/build.h"
#include "index/nonce.h"
#include "index/repair.h"

void mci_leave_old_epoch(mci_call *c, const mci_index *ix)
{
    mci_ops ops;
    mci_call quiet = mci_call_quiet(c);
    mci_ops_init(&ops);
    mci_op_set_read *r = &mci_ops_add(&ops, MCI_OP_SET_READ)->u.set_read;
    r->set = &ix->set;
    r->query = MCI_QUERY_PAGE;
    r->count = 1;
    if (mci_call_run_one(&quiet, &ops) == MC_OK && ops.epoch_status == MC_OK) {
        const mci_set_answer *a = &ops.op[0].u.set_read.answer;
        if (a->nonce[0] != '\0' && mci_nonce_epoch(a->nonce) != ops.op[0].epoch)
            (void)mci_nonce_raise(c, ix, a->nonce, 0);
    }
    mci_ops_free(&ops);
}

static mci_belief build(mci_call *c, mci_coll *coll, mci_index *ix)
{
    return mci_rebuild(c, coll, ix, 1) ? MCI_ASK_AGAIN : MCI_ASK_STORE;
}

/* Until the second build is wanted, whatever is built would be as provisional as what is there: the store answers, and nothing is scanned. */
static mci_belief await_second_build(mci_call *c, mci_coll *coll, mci_index *ix, const mci_set_answer *a)
{
    if (a->build_wanted)
        return build(c, coll, ix);
    if (a->ndue > MCI_DUE_MAX) /* so many stand before the mark that says it is wanted */
        (void)mci_repair(c, coll, ix, a->due, a->ndue);
    return MCI_ASK_STORE;
}

mci_belief mci_judge(mci_call *c, mci_coll *coll, mci_index *ix, const mci_ops *ops, const mci_op *op)
{
    static const mci_belief next[] = {
        [MCI_REPAIR_CLEAN] = MCI_BELIEVED, [MCI_REPAIR_DONE] = MCI_ASK_AGAIN, [MCI_REPAIR_LEFT] = MCI_ASK_STORE};
    const mci_set_answer *a = &op->u.set_read.answer;
    int strict = c->e->set.write_mode == MCI_WRITE_STRICT;
    if (op->u.set_read.too_big) { /* a member that no reader can take */
        mci_count(c->e->metrics, MCI_C_CORRUPT);
        (void)mci_nonce_raise(c, ix, "", 1); /* the next call builds anew */
        return MCI_ASK_STORE;
    }
    if (op->status != MC_OK || ops->epoch_status != MC_OK) {
        (void)mci_op_error(op, c->err);
        return MCI_ASK_STORE;
    }
    switch (mci_identity_of(c, ops)) {
    case MCI_IDENTITY_FOREIGN:
        return MCI_ASK_STORE;
    case MCI_IDENTITY_MOVED:
        return MCI_ASK_AGAIN;
    default:
        break;
    }
    atomic_store_explicit(&ix->size, a->size, memory_order_relaxed);
    if (a->nonce[0] != '\0' && mci_nonce_epoch(a->nonce) != op->epoch)
        return mci_nonce_raise(c, ix, a->nonce, 0) ? build(c, coll, ix) : MCI_ASK_STORE;
    if (a->nonce[0] == '\0' || a->complete == MCI_INCOMPLETE)
        return build(c, coll, ix);
    if (a->complete == MCI_COMPLETE_PROVISIONAL && strict)
        return await_second_build(c, coll, ix, a);
    mci_belief belief = next[mci_repair(c, coll, ix, a->due, a->ndue)];
    /* It is complete; who wrote when its keys were lost, only a second build can know. */
    if (belief == MCI_BELIEVED && a->build_wanted)
        (void)mci_rebuild(c, coll, ix, 0);
    return belief;
}
