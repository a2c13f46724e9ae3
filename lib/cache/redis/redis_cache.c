/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: running a list of operations as one pipeline for each server. Refuses: knowing what
 * is in a script's arguments and replies; the file of each kind of operation does.
 */
#include "cache/redis/redis_cache.h"

#include "base/wipe.h"
#include "cache/redis/build.h"
#include "cache/redis/check.h"
#include "cache/redis/counter.h"
#include "cache/redis/derived.h"
#include "cache/redis/parts.h"
#include "cache/redis/prefix.h"
#include "cache/redis/set_read.h"
#include "cache/redis/strings.h"
#include "cache/redis/value.h"
#include "codec/json_limits.h"
#include "redis/refusal.h"
#include "scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void nothing_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    (void)rc;
    (void)b;
    (void)op;
}

static void nothing_unpack(const mci_unpack *u)
{
    (void)u;
}

/* ---- each kind of operation --------------------------------------------------------------------------------------- */

/* Does it need the epoch beside it? Those that lead to something being stored see to it that there is one. */
typedef enum epoch_need { NO_EPOCH = 0, SEES_EPOCH, MAKES_EPOCH } epoch_need;

static const struct {
    mci_pack_fn pack;
    mci_unpack_fn unpack;
    epoch_need epoch;
    mci_together_fn together; /* NULL: always a command of its own */
} kinds[MCI_OP_KINDS] = {
    [MCI_OP_EPOCH_READ] = {nothing_pack, nothing_unpack, SEES_EPOCH, NULL},
    [MCI_OP_EPOCH_RAISE] = {mci_epoch_raise_pack, mci_epoch_raise_unpack, NO_EPOCH, NULL},
    [MCI_OP_IDENTITY] = {mci_identity_pack, mci_identity_unpack, NO_EPOCH, NULL},
    [MCI_OP_VALUE_READ] = {mci_value_read_pack, mci_value_read_unpack, SEES_EPOCH, NULL},
    [MCI_OP_VALUE_ACQUIRE] = {mci_value_acquire_pack, mci_value_acquire_unpack, MAKES_EPOCH, mci_value_acquire_together},
    [MCI_OP_VALUE_COMMIT] = {mci_value_commit_pack, mci_value_commit_unpack, NO_EPOCH, mci_value_commit_together},
    [MCI_OP_VALUE_ANNOUNCE] = {mci_value_announce_pack, mci_value_announce_unpack, MAKES_EPOCH, mci_value_announce_together},
    [MCI_OP_VALUE_DROP] = {mci_value_drop_pack, mci_value_drop_unpack, NO_EPOCH, NULL},
    [MCI_OP_STRING_READ] = {mci_string_read_pack, mci_string_read_unpack, NO_EPOCH, NULL},
    [MCI_OP_STRING_ACQUIRE] = {mci_string_acquire_pack, mci_string_acquire_unpack, NO_EPOCH, NULL},
    [MCI_OP_STRING_SET] = {mci_string_set_pack, mci_string_set_unpack, NO_EPOCH, NULL},
    [MCI_OP_STRING_REMOVE] = {mci_string_remove_pack, mci_string_remove_unpack, NO_EPOCH, NULL},
    [MCI_OP_SET_READ] = {mci_set_read_pack, mci_set_read_unpack, SEES_EPOCH, NULL},
    [MCI_OP_SET_ANNOUNCE] = {mci_set_announce_pack, mci_set_announce_unpack, MAKES_EPOCH, mci_set_announce_together},
    [MCI_OP_SET_SETTLE] = {mci_set_settle_pack, mci_set_settle_unpack, NO_EPOCH, mci_set_settle_together},
    [MCI_OP_SET_TELL] = {mci_set_tell_pack, mci_set_tell_unpack, NO_EPOCH, NULL},
    [MCI_OP_SET_LEASE] = {mci_set_lease_pack, mci_set_lease_unpack, NO_EPOCH, NULL},
    [MCI_OP_SET_REPAIR] = {mci_set_repair_pack, mci_set_repair_unpack, NO_EPOCH, NULL},
    [MCI_OP_SET_RAISE] = {mci_set_raise_pack, mci_set_raise_unpack, NO_EPOCH, NULL},
    [MCI_OP_SET_FORGET] = {mci_set_forget_pack, mci_set_forget_unpack, NO_EPOCH, NULL},
    [MCI_OP_BUILD_BEGIN] = {mci_build_begin_pack, mci_build_begin_unpack, MAKES_EPOCH, NULL},
    [MCI_OP_BUILD_PAGE] = {mci_build_page_pack, mci_build_page_unpack, NO_EPOCH, NULL},
    [MCI_OP_BUILD_SWAP] = {mci_build_swap_pack, mci_build_swap_unpack, NO_EPOCH, NULL},
    [MCI_OP_BUILD_LEAVE] = {mci_build_leave_pack, mci_build_leave_unpack, NO_EPOCH, NULL},
    [MCI_OP_COUNTER_ADD] = {mci_counter_add_pack, mci_counter_add_unpack, NO_EPOCH, NULL},
    [MCI_OP_COUNTER_PAGE] = {mci_counter_page_pack, mci_counter_page_unpack, NO_EPOCH, NULL},
    [MCI_OP_COUNTER_CLEAR] = {mci_counter_clear_pack, mci_counter_clear_unpack, NO_EPOCH, NULL},
};

/* All keys of an operation lie in one slot. */
static int slot_of(const mci_redis_cache *rc, const mci_op *op)
{
    const mci_key_names *k = &rc->names;
    switch (op->kind) {
    case MCI_OP_VALUE_READ:
        return mci_slot_of_value(k, op->u.value_read.family, op->u.value_read.id);
    case MCI_OP_VALUE_ACQUIRE:
        return mci_slot_of_value(k, op->u.acquire.family, op->u.acquire.id);
    case MCI_OP_VALUE_COMMIT:
        return mci_slot_of_value(k, op->u.commit.family, op->u.commit.id);
    case MCI_OP_VALUE_ANNOUNCE:
        return mci_slot_of_value(k, op->u.announce.family, op->u.announce.id);
    case MCI_OP_VALUE_DROP:
        return mci_slot_of_value(k, op->u.drop.family, op->u.drop.id);
    case MCI_OP_STRING_READ:
        return mci_slot_of_string(k, op->u.string_read.key);
    case MCI_OP_STRING_ACQUIRE:
        return mci_slot_of_string(k, op->u.acquire.id);
    case MCI_OP_STRING_SET:
        return mci_slot_of_string(k, op->u.string_set.key);
    case MCI_OP_STRING_REMOVE:
        return mci_slot_of_string(k, op->u.string_remove.key);
    case MCI_OP_EPOCH_READ:
    case MCI_OP_EPOCH_RAISE:
    case MCI_OP_IDENTITY:
        return mci_slot_of_prefix(k);
    default:
        return mci_slot_of_set(k, mci_op_set(op));
    }
}

/*
 * Epochs go first: what is too large takes the replies behind it along, and what is stored is at least as new as they are. In one slot, what one operation
 * needs all others see.
 */
static void pack_epochs(mci_parts *p)
{
    const mci_ops *ops = p->ops;
    epoch_need most = NO_EPOCH;
    for (size_t i = 0; i < ops->n; i++)
        if (kinds[ops->op[i].kind].epoch > most)
            most = kinds[ops->op[i].kind].epoch;
    for (size_t i = 0; most != NO_EPOCH && i < ops->n; i++) {
        epoch_need need = kinds[ops->op[i].kind].epoch;
        if (need != NO_EPOCH)
            mci_parts_epoch(p, ops->op[i].slot, most == MAKES_EPOCH);
        if (p->rc->names.tags == NULL && p->nepochs > 0)
            return;
    }
}

/* A part that could not be packed, or whose server was not reached, has no replies: its operations say why. */
static void refuse(mci_ops *ops, mci_op *op, mc_status st, const mc_error *why)
{
    mc_error *copy = mci_op_why(ops, op);
    if (copy != NULL)
        *copy = *why;
    op->status = st;
    ops->partial = 1;
}

/* A full server takes no first epoch; the commit that it refuses reports it. */
static void look_for_refusal(mci_ops *ops, const mci_batch *b, size_t from, int moves)
{
    for (size_t i = from; i < b->n && ops->refusal == NULL; i++) {
        const mci_reply *r = mci_batch_reply(b, i);
        const mci_refusal *refusal = mci_refusal_of(r);
        if (refusal == NULL)
            continue;
        ops->refusal = r->u.str;
        ops->refusal_lasts = refusal->lasting == MCI_LASTS_ALWAYS || (refusal->lasting == MCI_LASTS_HERE && !moves);
    }
}

static void unpack(mci_parts *p, mci_deadline dl)
{
    mci_ops *ops = p->ops;
    for (size_t i = 0; i < p->n; i++) {
        int made = p->nepochs > 0 && p->epoch[0].part == i && p->epoch[0].at > 0;
        if (p->part[i].status == MC_OK)
            look_for_refusal(ops, &p->batch[i], (size_t)made, p->rc->head.moves);
    }
    mci_parts_epochs(p, dl);
    for (size_t i = 0; i < ops->n; i++) {
        mci_op *op = &ops->op[i];
        if (op->status != MC_OK) /* nobody is known to have its slot */
            continue;
        if (p->part[op->server].status != MC_OK) {
            refuse(ops, op, p->part[op->server].status, &p->part[op->server].err);
            continue;
        }
        op->epoch = p->nepochs > 0 ? mci_parts_epoch_of(p, op->slot) : 0;
        kinds[op->kind].unpack(&(mci_unpack){p->rc, p->part[op->server].redis, ops, op, &p->batch[op->server], op->first});
    }
}

/* ---- what nobody waits for: ends of loads, and pages of builds (the next page finds out) --------------------------- */

typedef struct detached_end {
    const mci_family *family;
    char id[MCI_ID_CAP];
    size_t first; /* as the operation's */
    size_t part;
    int together;
} detached_end;

typedef struct detached {
    mci_redis_cache *rc;
    mci_redis *redis;
    size_t n;
    detached_end end[];
} detached;

/* The replies. One that is missing says that it is not stored. */
static void take_detached(void *ctx, const mci_batch *b)
{
    detached *d = ctx;
    mci_redis_cache *rc = d->rc;
    mci_servers_posted(rc->servers, d->redis, b);
    for (size_t i = 0; i < d->n; i++) {
        const detached_end *e = &d->end[i];
        int full = 0;
        int stored = mci_value_stored(mci_batch_reply(b, e->first), e->together, e->part, &full);
        rc->filled(rc->filled_ctx, e->family, e->id, stored, full);
    }
    free(d);
}

/* 0: it is on its way, and `b` is empty. */
static int send_detached(mci_redis_cache *rc, const mci_ops *ops, mci_redis *redis, mci_batch *b)
{
    detached *d = calloc(1, sizeof *d + ops->n * sizeof d->end[0]);
    if (d == NULL)
        return -1;
    d->rc = rc;
    d->redis = redis;
    for (size_t i = 0; i < ops->n && ops->op[i].kind == MCI_OP_VALUE_COMMIT; i++, d->n++) {
        const mci_op_commit *k = &ops->op[i].u.commit;
        d->end[i].family = k->family;
        d->end[i].first = ops->op[i].first;
        d->end[i].part = ops->op[i].part;
        d->end[i].together = mci_is_together(&ops->op[i]);
        (void)snprintf(d->end[i].id, sizeof d->end[i].id, "%s", k->id);
    }
    if (mci_redis_post(redis, b, take_detached, d) == 0)
        return 0;
    free(d);
    return -1;
}

/* ---- a list ------------------------------------------------------------------------------------------------------- */

/* Which of those that stand beside it go into one command with the operation. */
static size_t run_of(const mci_redis_cache *rc, mci_op *op, size_t left)
{
    mci_together_fn together = kinds[op->kind].together;
    for (op->run = 1; together != NULL && op->run < MCI_PARTS_MAX && op->run < left; op->run++) {
        mci_op *next = op + op->run;
        if (next->kind != op->kind || !together(rc, op, next))
            break;
        next->first = op->first;
        next->part = op->run;
        next->run = 0;
        next->server = op->server;
        next->status = MC_OK;
        next->why = NULL;
    }
    return op->run;
}

/* Each operation into the batch of its slot. */
static void pack(mci_parts *p)
{
    mci_ops *ops = p->ops;
    mc_error nobody;
    for (size_t i = 0; i < ops->n; i++)
        ops->op[i].slot = slot_of(p->rc, &ops->op[i]);
    pack_epochs(p);
    for (size_t i = 0, run = 1; i < ops->n; i += run) {
        mci_op *op = &ops->op[i];
        mci_batch *b = mci_parts_for(p, op->slot, &op->server);
        run = 1;
        op->status = MC_OK;
        op->why = NULL;
        if (b == NULL) {
            refuse(ops, op, mci_fail(&nobody, MC_E_CLUSTER, MC_TIER_REDIS, "no node of the cluster has slot %d", op->slot),
                   &nobody);
            continue;
        }
        op->first = b->n;
        op->part = 0;
        run = run_of(p->rc, op, ops->n - i);
        kinds[op->kind].pack(p->rc, b, op);
    }
}

/* Redis turns out to be a node of a cluster. What named keys of several slots has not been run; the rest of the list may be run twice. */
static int has_slots(const mci_parts *p)
{
    if (p->n == 0 || atomic_load_explicit(&p->rc->many_slots, memory_order_relaxed))
        return 0;
    for (size_t i = 0; i < p->batch[0].n; i++) {
        const mci_reply *r = mci_batch_reply(&p->batch[0], i);
        if (r != NULL && r->type == MCI_REPLY_ERROR && strncmp(r->u.str, "CROSSSLOT", 9) == 0) {
            atomic_store_explicit(&p->rc->many_slots, 1, memory_order_relaxed);
            return 1;
        }
    }
    return 0;
}

/* What was packed shall be on so many replicas before the answer comes. */
static void pack_wait(mci_parts *p, mci_deadline dl)
{
    for (size_t i = 0; i < p->n && p->ops->wait_replicas > 0; i++) {
        int left = mci_deadline_left_ms(dl);
        mci_cmd(&p->batch[i], "WAIT");
        mci_arg_int(&p->batch[i], p->ops->wait_replicas);
        mci_arg_int(&p->batch[i], left / 2 > p->rc->wait_ms ? p->rc->wait_ms : left > 1 ? left / 2 : 1);
    }
}

static void unpack_wait(mci_parts *p)
{
    for (size_t i = 0; i < p->n && p->ops->wait_replicas > 0; i++) {
        int64_t have = 0;
        if (mci_reply_count(mci_batch_reply(&p->batch[i], p->batch[i].n - 1), &have) != 0 || have < p->ops->wait_replicas)
            p->ops->few_replicas = 1;
    }
}

static mc_status run(mci_cache *c, mci_ops *ops, mci_deadline dl, mc_error *err)
{
    mci_redis_cache *rc = (mci_redis_cache *)c;
    mci_parts p;
    if (ops->n == 1 && ops->op[0].kind == MCI_OP_EPOCH_RAISE && mci_servers_have_slots(rc->servers))
        return mci_raise_all(rc, ops, dl, err);
    mc_status st = mci_servers_ready(rc->servers, ops->after_ns, dl, err);
    if (st != MC_OK)
        return st;
    mci_parts_init(&p, rc, ops);
    pack(&p);
    pack_wait(&p, dl);
    if (ops->failed) {
        mci_parts_free(&p);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for the operations");
    }
    if (ops->detach && p.n == 1 && !ops->partial && send_detached(rc, ops, p.part[0].redis, &p.batch[0]) == 0) {
        ops->detached = ops->sent = 1;
        mci_parts_free(&p);
        return MC_OK;
    }
    st = mci_parts_run(&p, dl, err);
    int again = st == MC_OK && has_slots(&p);
    if (st == MC_OK && !again) {
        unpack(&p, dl);
        unpack_wait(&p);
    }
    mci_parts_free(&p);
    return again ? run(c, ops, dl, err) : st;
}

/* ---- a cache ------------------------------------------------------------------------------------------------------ */

static mc_status ping(mci_cache *c, mci_deadline dl, mc_error *err)
{
    return mci_servers_ping(((mci_redis_cache *)c)->servers, dl, err);
}

static int64_t now_ms(const mci_cache *c)
{
    return mci_servers_now_ms(((const mci_redis_cache *)c)->servers);
}

static int is_up(mci_cache *c)
{
    return mci_servers_are_up(((mci_redis_cache *)c)->servers);
}

static int64_t changed_ns(const mci_cache *c)
{
    return mci_servers_changed_ns(((const mci_redis_cache *)c)->servers);
}

static int add_family(mci_cache *c, mci_family *f)
{
    mci_redis_cache *rc = (mci_redis_cache *)c;
    int number = mci_keys_add_family(&rc->names, f);
    if (number < 0)
        return -1;
    f->number = (size_t)number;
    return mci_value_init(rc, f);
}

static int add_set(mci_cache *c, mci_set *s)
{
    int number = mci_keys_add_set(&((mci_redis_cache *)c)->names, s);
    if (number >= 0)
        s->number = (size_t)number;
    return number < 0 ? -1 : 0;
}

static void close_cache(mci_cache *c)
{
    mci_redis_cache *rc = (mci_redis_cache *)c;
    mci_servers_close(rc->servers);
    mci_tls_free(rc->tls);
    free((void *)(uintptr_t)rc->epoch_there);
    for (size_t i = 0; i < rc->names.nfamilies; i++)
        for (int want = 0; want <= MCI_WANT_BOTH; want++)
            mci_args_free(&rc->fields[i][want]);
    mci_keys_free(&rc->names);
    mci_wipe(rc, sizeof *rc);
    free(rc);
}

static int check(mci_cache *c, int64_t step_ms, mc_findings *out)
{
    return mci_redis_check((mci_redis_cache *)c, step_ms, out);
}

static void name(const mci_cache *c, const mci_family *f, const char *id, mci_buf *out)
{
    const mci_redis_cache *rc = (const mci_redis_cache *)c;
    if (f != NULL)
        mci_key_text_of_value(&rc->names, f, id, out);
    else
        mci_key_text_of_string(&rc->names, id, out);
}

static const mci_cache_ops redis_cache_ops = {run, ping, now_ms, is_up, add_family, add_set, close_cache, name, check};

static mc_status open_servers(mci_redis_cache *rc, const mci_redis_cache_options *opt, mci_random *rnd, mci_metrics *metrics,
                              mci_log *log, mc_error *err)
{
    mci_servers_options servers = opt->servers;
    mc_status st = servers.redis.addr.tls ? mci_tls_open(&opt->tls, metrics, log, &rc->tls, err) : MC_OK;
    servers.redis.tls = rc->tls;
    if (st == MC_OK)
        st = mci_servers_open(&servers, rnd, metrics, log, &rc->servers, err);
    mci_wipe(&servers, sizeof servers);
    return st;
}

mc_status mci_redis_cache_open(const mci_redis_cache_options *opt, mci_random *rnd, mci_metrics *metrics, mci_log *log,
                               mci_cache **out, mc_error *err)
{
    *out = NULL;
    mci_redis_cache *rc = calloc(1, sizeof *rc);
    if (rc == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a cache");
    rc->head.ops = &redis_cache_ops;
    rc->rnd = rnd;
    rc->macs = opt->macs;
    rc->value_max_bytes = opt->value_max_bytes;
    rc->filled = opt->filled;
    rc->filled_ctx = opt->filled_ctx;
    rc->quarantine_ms = opt->quarantine_ms;
    rc->soft_ms = opt->quarantine_ms < MCI_SOFT_MS ? opt->quarantine_ms : MCI_SOFT_MS;
    rc->wait_ms = opt->servers.redis.timeout_ms / 2 + 1;
    rc->distrust = opt->distrust;
    rc->check_ns = opt->servers.check_ms * 1000000;
    mci_keys_init(&rc->names, opt->prefix, opt->raw_strings);
    int slots = opt->servers.redis.addr.topology == MCI_CLUSTER;
    atomic_init(&rc->many_slots, slots);
    rc->head.many_epochs = slots;
    rc->head.moves = opt->servers.redis.addr.topology != MCI_SINGLE;
    rc->head.changed_ns = rc->head.moves ? changed_ns : NULL;
    rc->epoch_there = calloc(slots ? MCI_SLOTS : 1, sizeof *rc->epoch_there);
    mc_status st = rc->epoch_there == NULL || (slots && mci_keys_use_slots(&rc->names) != 0)
                       ? mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a cache")
                       : open_servers(rc, opt, rnd, metrics, log, err);
    if (st != MC_OK) {
        close_cache(&rc->head);
        return st;
    }
    *out = &rc->head;
    return MC_OK;
}
