/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: batches by server, epochs by slot, and the term in an epoch. Refuses: an epoch of a server of which it is not known, by now, that it is the
 * primary and in which term.
 */
#include "cache/redis/parts.h"

#include "base/syncpoint.h"

#include <stdlib.h>
#include <string.h>

#define EPOCH_BITS ((INT64_C(1) << 53) - 1)

void mci_parts_init(mci_parts *p, mci_redis_cache *rc, mci_ops *ops)
{
    p->rc = rc;
    p->ops = ops;
    p->n = 0;
    p->part = &p->one_part;
    p->batch = &p->one_batch;
    p->cap = 1;
    p->epoch = &p->one_epoch;
    p->nepochs = 0;
    p->epoch_cap = 1;
}

void mci_parts_free(mci_parts *p)
{
    for (size_t i = 0; i < p->n; i++) {
        mci_arena_adopt(&p->ops->arena, &p->batch[i].arena); /* outputs point into the replies */
        mci_batch_free(&p->batch[i]);
    }
    if (p->part != &p->one_part) {
        free(p->part);
        free(p->batch);
    }
    if (p->epoch != &p->one_epoch)
        free(p->epoch);
}

/* More than one server: room for all that there may be. */
static int grow(mci_parts *p)
{
    mci_redis_part *part = calloc(MCI_NODES_MAX, sizeof *part);
    mci_batch *batch = calloc(MCI_NODES_MAX, sizeof *batch);
    if (part == NULL || batch == NULL) {
        free(part);
        free(batch);
        return -1;
    }
    part[0] = p->one_part;
    batch[0] = p->one_batch;
    part[0].batch = &batch[0];
    p->part = part;
    p->batch = batch;
    p->cap = MCI_NODES_MAX;
    return 0;
}

mci_batch *mci_parts_for(mci_parts *p, int slot, size_t *part)
{
    mci_redis *r = mci_servers_of(p->rc->servers, slot);
    size_t i = 0;
    while (i < p->n && p->part[i].redis != r)
        i++;
    if (r == NULL || (i == p->cap && (i == MCI_NODES_MAX || grow(p) != 0))) {
        p->ops->failed |= r != NULL;
        return NULL;
    }
    if (i == p->n) {
        mci_batch *b = &p->batch[i];
        mci_batch_init(b);
        b->once = p->ops->once;
        b->clock_ms = mci_redis_clock_offset_ms(r);
        p->part[i].redis = r;
        p->part[i].batch = b;
        p->part[i].status = MC_OK;
        p->n++;
    }
    *part = i;
    p->batch[i].slot = slot;
    return &p->batch[i];
}

void mci_parts_epoch(mci_parts *p, int slot, int make)
{
    size_t part = 0;
    for (size_t i = 0; i < p->nepochs; i++)
        if (p->epoch[i].slot == slot)
            return;
    mci_batch *b = mci_parts_for(p, slot, &part);
    if (b == NULL)
        return;
    if (p->nepochs == p->epoch_cap) {
        size_t cap = p->epoch_cap * 2 + 14;
        mci_slot_epoch *more = malloc(cap * sizeof *more);
        if (more == NULL) {
            p->ops->failed = 1;
            return;
        }
        memcpy(more, p->epoch, p->nepochs * sizeof *more);
        if (p->epoch != &p->one_epoch)
            free(p->epoch);
        p->epoch = more;
        p->epoch_cap = cap;
    }
    /* In a cluster most slots were looked at long ago, if ever: a node that has lost everything since would give a lease in no epoch, and the fill be in vain. */
    if (make && (p->rc->names.tags != NULL || !atomic_load_explicit(&p->rc->epoch_there[slot], memory_order_relaxed))) {
        mci_cmd(b, "SET");
        mci_key_of_epoch(b, &p->rc->names, slot);
        mci_arg_int(b, mci_fresh_epoch(p->rc));
        mci_arg_str(b, "NX");
    }
    mci_cmd(b, "GET");
    mci_key_of_epoch(b, &p->rc->names, slot);
    p->epoch[p->nepochs++] = (mci_slot_epoch){.slot = slot, .part = part, .at = b->n - 1};
}

mc_status mci_parts_run(mci_parts *p, mci_deadline dl, mc_error *err)
{
    for (size_t i = 0; i < p->n; i++)
        p->part[i].err = (mc_error){0};
    mci_servers_exec(p->rc->servers, p->part, p->n, dl);
    size_t failed = 0;
    int trips = 0;
    for (size_t i = 0; i < p->n; i++) {
        const mci_redis_part *one = &p->part[i];
        failed += one->status != MC_OK;
        trips = one->batch->round_trips > trips ? one->batch->round_trips : trips;
        p->ops->sent |= one->batch->sent;
        p->ops->repeated |= one->batch->repeated;
        if (one->status != MC_OK && err != NULL)
            *err = one->err;
    }
    p->ops->round_trips = trips; /* side by side */
    p->ops->partial = failed > 0;
    return failed > 0 && failed == p->n ? p->part[0].status : MC_OK;
}

/* ---- epochs ------------------------------------------------------------------------------------------------------- */

int64_t mci_epoch_in_term(const mci_redis_cache *rc, int64_t epoch, int64_t tag)
{
    int64_t more = rc->names.tags != NULL ? rc->head.scope : 0;
    if (tag != 0 && MCI_SAFEGUARD(MCI_SAFEGUARD_SWITCH)) /* far from the number beside it */
        more ^= (int64_t)((uint64_t)mci_servers_switch(rc->servers) * UINT64_C(0x9e3779b97f4a7c15) >> 11);
    return epoch == 0 ? 0 : (((epoch - 1) ^ tag ^ more) & EPOCH_BITS) + 1;
}

const char *mci_why_not_believed(const mci_redis_cache *rc, const mci_batch *b, int *late)
{
    *late = 0;
    if (!rc->distrust)
        return NULL;
    if (!mci_servers_are_known(rc->servers))
        return "it was too long ago that a majority of the Sentinels named the primary";
    if (b->term.kind == MCI_TERM_REPLICA)
        return "Redis is a replica of another server, whose values may be old";
    if (b->term.kind == MCI_TERM_NONE)
        return "Redis does not tell its replication id (INFO replication), by which values of an earlier life of a server "
               "are known; "
               "allow it, or set cache.lineage=trust";
    if (mci_now_ns() - b->term.asked_ns <= rc->check_ns || !MCI_SAFEGUARD(MCI_SAFEGUARD_RECHECK))
        return NULL;
    *late = 1;
    return "it was too long ago that Redis told its replication id";
}

/* A reply that should be an epoch: a number as text, or nothing (0). -1 when it is neither. */
static int read_epoch(const mci_reply *r, int64_t *out)
{
    *out = 0;
    if (r == NULL || r->type == MCI_REPLY_NIL)
        return r == NULL ? -1 : 0;
    return mci_reply_count(r, out) == 0 && *out > 0 ? 0 : -1;
}

/* Something else is in the place of the epoch: no value could ever be believed again. */
static void heal(const mci_parts *p, const mci_slot_epoch *e, mci_deadline dl)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "DEL");
    mci_key_of_epoch(&b, &p->rc->names, e->slot);
    (void)mci_redis_exec(p->part[e->part].redis, &b, dl, NULL);
    mci_batch_free(&b);
}

static mc_status take_epoch(mci_parts *p, mci_slot_epoch *e, mci_deadline dl, mc_error *why)
{
    const mci_redis_part *part = &p->part[e->part];
    const mci_reply *r = mci_batch_reply(part->batch, e->at);
    if (part->status != MC_OK) {
        if (why != NULL)
            *why = part->err;
        return part->status;
    }
    mc_status st = mci_reply_error(r, "read", why);
    if (read_epoch(r, &e->epoch) != 0) {
        e->epoch = 0;
        if (st == MC_OK)
            st = mci_fail(why, MC_E_PROTO, MC_TIER_REDIS, "the epoch in Redis is not a number");
        if (mci_reply_is_wrong_type(r) || (r != NULL && r->type == MCI_REPLY_STRING))
            heal(p, e, dl);
    }
    unsigned char there = e->epoch != 0;
    if (atomic_load_explicit(&p->rc->epoch_there[e->slot], memory_order_relaxed) != there)
        atomic_store_explicit(&p->rc->epoch_there[e->slot], there, memory_order_relaxed);
    const char *wrong = st == MC_OK ? mci_why_not_believed(p->rc, part->batch, &p->ops->epoch_late) : NULL;
    if (wrong != NULL)
        return mci_fail(why, MC_E_CACHE, MC_TIER_REDIS, "%s", wrong);
    int64_t tag = p->rc->distrust && MCI_SAFEGUARD(MCI_SAFEGUARD_TERM) ? part->batch->term.tag : 0;
    e->epoch = mci_epoch_in_term(p->rc, e->epoch, tag);
    return st;
}

void mci_parts_epochs(mci_parts *p, mci_deadline dl)
{
    mci_ops *ops = p->ops;
    ops->epoch_status = p->nepochs > 0 ? MC_OK : MC_E_INTERNAL; /* not asked */
    if (p->nepochs == 0)
        return;
    mc_error *why = mci_arena_alloc(&ops->arena, sizeof *why);
    if (why != NULL)
        *why = (mc_error){0};
    ops->epoch_why = why;
    for (size_t i = 0; i < p->nepochs && ops->epoch_status == MC_OK; i++) {
        ops->epoch_status = take_epoch(p, &p->epoch[i], dl, why);
        ops->epoch = p->epoch[i].epoch;
    }
    if (ops->epoch_status != MC_OK)
        ops->epoch = 0;
}

int64_t mci_parts_epoch_of(const mci_parts *p, int slot)
{
    for (size_t i = 0; i < p->nepochs; i++)
        if (p->epoch[i].slot == slot)
            return p->epoch[i].epoch;
    return 0;
}
