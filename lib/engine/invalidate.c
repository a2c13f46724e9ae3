/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: dropping values (one id, one unique key, everything). Refuses: calling a drop done before the cache has acknowledged it. */
#include "engine/invalidate.h"

#include "engine/announce.h"
#include "engine/primary.h"
#include "engine/source.h"
#include "engine/unique_key.h"

#include <stdlib.h>
#include <string.h>

static mc_status drop_encoded(mci_call *c, mci_coll *coll, const char *encoded)
{
    mci_ops ops;
    mci_ops_init(&ops);
    mci_add_drop(&ops, &coll->unique, encoded);
    mci_primary_confirm(c, &ops);
    mc_status st = mci_call_run_all(c, &ops);
    mci_ops_free(&ops);
    return st;
}

mc_status mci_invalidate_id(mci_call *c, mci_coll *coll, const char *id)
{
    char fresh[MCI_NONCE_CAP];
    mci_ops ops;
    mci_ops_init(&ops);
    mci_call_fresh_nonce(c, NULL, fresh);
    mci_add_drop(&ops, &coll->docs, id);
    mci_add_tell(&ops, coll, &id, fresh);
    mci_primary_confirm(c, &ops);
    mc_status st = mci_call_run_all(c, &ops);
    mci_slice unique = st == MC_OK ? ops.op[0].u.drop.unique : (mci_slice){NULL, 0};
    if (unique.p != NULL && unique.n > 0 && unique.n <= MCI_UNIQUE_MAX) {
        mci_buf encoded;
        mci_buf_init(&encoded, MCI_UNIQUE_MAX * 3);
        mci_unique_encode(unique.p, unique.n, &encoded);
        st = encoded.failed ? mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a key")
                            : drop_encoded(c, coll, encoded.data);
        mci_buf_free(&encoded);
    }
    if (st == MC_OK)
        mci_count(c->e->metrics, MCI_C_INVALIDATIONS);
    c->info->tier = MC_TIER_REDIS;
    mci_ops_free(&ops);
    return st;
}

/* The id that the unique key leads to, as far as the cache knows it; the key is dropped. */
static mc_status drop_unique(mci_call *c, mci_coll *coll, const char *encoded, char id[MCI_ID_CAP])
{
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op_value_read *v = &mci_ops_add(&ops, MCI_OP_VALUE_READ)->u.value_read;
    v->family = &coll->unique;
    v->id = encoded;
    v->want = MCI_WANT_FIELDS;
    mci_add_drop(&ops, &coll->unique, encoded);
    mci_primary_confirm(c, &ops);
    mc_status st = mci_call_run(c, &ops);
    if (st == MC_OK)
        st = mci_op_error(&ops.op[1], c->err);
    const char *target = st == MC_OK ? ops.op[0].u.value_read.found.target : NULL;
    if (target != NULL)
        memcpy(id, target, strlen(target) + 1);
    mci_ops_free(&ops);
    return st;
}

mc_status mci_invalidate_unique(mci_call *c, mci_coll *coll, const char *text, size_t len)
{
    mci_buf encoded;
    char id[MCI_ID_CAP] = "";
    mci_buf_init(&encoded, MCI_UNIQUE_MAX * 3);
    mci_unique_encode(text, len, &encoded);
    mc_status st = encoded.failed ? mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a key")
                                  : drop_unique(c, coll, encoded.data, id);
    mci_buf_free(&encoded);
    c->info->tier = MC_TIER_REDIS;
    if (st == MC_OK && id[0] == '\0') {
        /* The key is gone from the cache, the value may still be there: the store knows whose it is. */
        mci_doc *d = NULL;
        if (c->e->store->ops->find_alias != NULL)
            st = mci_source_find_unique(c, coll, text, len, &d, c->err);
        if (d != NULL)
            memcpy(id, mci_doc_id(d, NULL), strlen(mci_doc_id(d, NULL)) + 1);
        mci_doc_unref(d);
        st = st == MC_NOT_FOUND ? MC_OK : st;
    }
    return st == MC_OK && id[0] != '\0' ? mci_invalidate_id(c, coll, id) : st;
}

mc_status mci_invalidate_all(mci_call *c)
{
    mci_ops ops;
    mci_ops_init(&ops);
    (void)mci_ops_add(&ops, MCI_OP_EPOCH_RAISE);
    mci_primary_confirm(c, &ops);
    mc_status st = mci_call_run_one(c, &ops);
    if (st == MC_OK)
        mci_count(c->e->metrics, MCI_C_EPOCH_BUMPS);
    mci_ops_free(&ops);
    return st;
}
