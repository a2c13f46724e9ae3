/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: what belongs to all keys of a prefix: raising the epoch, and whose values these are. Refuses: an epoch that not every node has acknowledged. */
#include "cache/redis/prefix.h"

#include "scripts.h"

void mci_epoch_raise_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    (void)op;
    mci_cmd(b, "SET");
    mci_key_of_epoch(b, &rc->names, b->slot);
    mci_arg_int(b, mci_fresh_epoch(rc));
}

void mci_epoch_raise_unpack(const mci_unpack *u)
{
    (void)mci_unpack_check(u, "invalidate all");
}

/* In a cluster each slot has its own: all of them, on every node, acknowledged. Commands that follow redirections are among them. */
#define RAISE_AT_ONCE 2048

static mc_status raise_slots(mci_redis_cache *rc, mci_ops *ops, int first, int end, mci_deadline dl, mc_error *err)
{
    mci_parts p;
    mci_parts_init(&p, rc, ops);
    mc_status st = MC_OK;
    for (int slot = first; st == MC_OK && slot < end; slot++) {
        size_t part = 0;
        mci_batch *b = mci_parts_for(&p, slot, &part);
        if (b == NULL)
            st = mci_fail(err, MC_E_CLUSTER, MC_TIER_REDIS, "no node of the cluster has slot %d", slot);
        else
            mci_epoch_raise_pack(rc, b, NULL);
    }
    if (st == MC_OK)
        st = mci_parts_run(&p, dl, err);
    for (size_t i = 0; i < p.n && st == MC_OK; i++) {
        if (p.part[i].status != MC_OK)
            st = p.part[i].status;
        for (size_t k = 0; k < p.batch[i].n && st == MC_OK; k++)
            st = mci_reply_error(mci_batch_reply(&p.batch[i], k), "invalidate all", err);
    }
    mci_parts_free(&p);
    return st;
}

mc_status mci_raise_all(mci_redis_cache *rc, mci_ops *ops, mci_deadline dl, mc_error *err)
{
    mc_status st = mci_servers_ready(rc->servers, 0, dl, err);
    for (int slot = 0; st == MC_OK && slot < MCI_SLOTS; slot += RAISE_AT_ONCE)
        st = raise_slots(rc, ops, slot, slot + RAISE_AT_ONCE, dl, err);
    ops->epoch_status = MC_E_INTERNAL;
    return st;
}

void mci_identity_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    mci_cmd_script(b, &mci_script_identity);
    mci_key_fixed(b, &rc->names, MCI_KEY_PROBE);
    mci_key_fixed(b, &rc->names, MCI_KEY_EPOCH);
    mci_key_fixed(b, &rc->names, MCI_KEY_IDENTITY);
    mci_arg_str(b, op->u.identity.identity);
    mci_arg_str(b, op->u.identity.adopt ? "1" : "");
    mci_arg_int(b, mci_fresh_epoch(rc));
}

void mci_identity_unpack(const mci_unpack *u)
{
    const mci_reply *r = mci_unpack_reply(u, 0);
    int64_t ours = 0;
    if (mci_unpack_check(u, "ping") != MC_OK)
        return;
    int64_t epoch = 0;
    if (mci_reply_int(mci_reply_item(r, 0), &ours) != 0 || mci_reply_count(mci_reply_item(r, 1), &epoch) != 0) {
        mci_unpack_refused(u, NULL, "ping");
        return;
    }
    int late = 0;
    const char *wrong = mci_why_not_believed(u->rc, u->batch, &late);
    if (wrong != NULL) {
        u->op->status = mci_fail(mci_op_why(u->ops, u->op), MC_E_CACHE, MC_TIER_REDIS, "%s", wrong);
        if (!late)
            u->ops->refusal = wrong;
        return;
    }
    u->ops->epoch = mci_epoch_in_term(u->rc, epoch, u->rc->distrust ? u->batch->term.tag : 0);
    u->ops->epoch_status = MC_OK;
    u->op->u.identity.ours = ours == 1;
    u->op->u.identity.whose = mci_reply_slice(mci_reply_item(r, 2));
}
