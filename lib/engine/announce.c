/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the operations by which the cache hears of an id. Refuses: running them. */
#include "engine/announce.h"

int64_t mci_suspect_ms(const mci_engine *e)
{
    return e->set.write_suspect_ms > e->set.write_quarantine_ms ? e->set.write_suspect_ms : e->set.write_quarantine_ms;
}

void mci_add_announce(mci_ops *ops, const mci_family *family, const char *id, const char *token, int64_t span_ms,
                      int stores_nothing)
{
    mci_op_announce *a = &mci_ops_add(ops, MCI_OP_VALUE_ANNOUNCE)->u.announce;
    a->family = family;
    a->id = id;
    a->token = token;
    a->span_ms = span_ms;
    a->stores_nothing = stores_nothing;
}

void mci_add_drop(mci_ops *ops, const mci_family *family, const char *id)
{
    mci_op_drop *d = &mci_ops_add(ops, MCI_OP_VALUE_DROP)->u.drop;
    d->family = family;
    d->id = id;
}

void mci_add_tell(mci_ops *ops, const mci_coll *coll, const char *const *id, const char *fresh)
{
    for (size_t i = 0; i < coll->nindexes; i++) {
        if (!mci_index_is_derived(&coll->index[i]))
            continue;
        mci_op_set_tell *t = &mci_ops_add(ops, MCI_OP_SET_TELL)->u.set_tell;
        t->set = &coll->index[i].set;
        t->ids = id;
        t->n = 1;
        t->fresh = fresh;
    }
}
