/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: running a list of operations as one pipeline, and what belongs to the entire prefix: epoch and identity. Refuses: knowing what
 * is in a script's arguments and replies; the file of each kind of operation does.
 */
#include "cache/redis/redis_cache.h"

#include "base/wipe.h"
#include "cache/redis/build.h"
#include "cache/redis/counter.h"
#include "cache/redis/derived.h"
#include "cache/redis/set_read.h"
#include "cache/redis/strings.h"
#include "cache/redis/value.h"
#include "codec/json_limits.h"
#include "redis/refusal.h"
#include "scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- epoch and identity ------------------------------------------------------------------------------------------- */

/* A reply that should be an epoch: a number as text, or nothing (0). -1 when it is neither. */
static int reply_epoch(const mci_reply *r, int64_t *out)
{
    *out = 0;
    if (r == NULL || r->type == MCI_REPLY_NIL)
        return r == NULL ? -1 : 0;
    return mci_reply_count(r, out) == 0 && *out > 0 ? 0 : -1;
}

static void epoch_raise_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    (void)op;
    mci_cmd(b, "SET");
    mci_key_fixed(b, &rc->names, MCI_KEY_EPOCH);
    mci_arg_int(b, mci_fresh_epoch(rc));
}

static void epoch_raise_unpack(const mci_unpack *u)
{
    (void)mci_unpack_check(u, "invalidate all");
}

static void identity_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    mci_cmd_script(b, &mci_script_identity);
    mci_key_fixed(b, &rc->names, MCI_KEY_PROBE);
    mci_key_fixed(b, &rc->names, MCI_KEY_EPOCH);
    mci_key_fixed(b, &rc->names, MCI_KEY_IDENTITY);
    mci_arg_str(b, op->u.identity.identity);
    mci_arg_str(b, op->u.identity.adopt ? "1" : "");
    mci_arg_int(b, mci_fresh_epoch(rc));
}

static void identity_unpack(const mci_unpack *u)
{
    const mci_reply *r = mci_unpack_reply(u, 0);
    int64_t ours = 0;
    if (mci_unpack_check(u, "ping") != MC_OK)
        return;
    if (mci_reply_int(mci_reply_item(r, 0), &ours) != 0 || reply_epoch(mci_reply_item(r, 1), &u->ops->epoch) != 0) {
        mci_unpack_refused(u, NULL, "ping");
        return;
    }
    u->ops->epoch_status = MC_OK;
    u->op->u.identity.ours = ours == 1;
    u->op->u.identity.whose = mci_reply_slice(mci_reply_item(r, 2));
}

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
    [MCI_OP_EPOCH_READ] = {nothing_pack, nothing_unpack, SEES_EPOCH},
    [MCI_OP_EPOCH_RAISE] = {epoch_raise_pack, epoch_raise_unpack, NO_EPOCH},
    [MCI_OP_IDENTITY] = {identity_pack, identity_unpack, NO_EPOCH},
    [MCI_OP_VALUE_READ] = {mci_value_read_pack, mci_value_read_unpack, SEES_EPOCH},
    [MCI_OP_VALUE_ACQUIRE] = {mci_value_acquire_pack, mci_value_acquire_unpack, MAKES_EPOCH},
    [MCI_OP_VALUE_COMMIT] = {mci_value_commit_pack, mci_value_commit_unpack, NO_EPOCH, mci_value_commit_together},
    [MCI_OP_VALUE_ANNOUNCE] = {mci_value_announce_pack, mci_value_announce_unpack, MAKES_EPOCH, mci_value_announce_together},
    [MCI_OP_VALUE_DROP] = {mci_value_drop_pack, mci_value_drop_unpack, NO_EPOCH},
    [MCI_OP_STRING_READ] = {mci_string_read_pack, mci_string_read_unpack, NO_EPOCH},
    [MCI_OP_STRING_ACQUIRE] = {mci_string_acquire_pack, mci_string_acquire_unpack, NO_EPOCH},
    [MCI_OP_STRING_SET] = {mci_string_set_pack, mci_string_set_unpack, NO_EPOCH},
    [MCI_OP_STRING_REMOVE] = {mci_string_remove_pack, mci_string_remove_unpack, NO_EPOCH},
    [MCI_OP_SET_READ] = {mci_set_read_pack, mci_set_read_unpack, SEES_EPOCH},
    [MCI_OP_SET_ANNOUNCE] = {mci_set_announce_pack, mci_set_announce_unpack, MAKES_EPOCH, mci_set_announce_together},
    [MCI_OP_SET_SETTLE] = {mci_set_settle_pack, mci_set_settle_unpack, NO_EPOCH, mci_set_settle_together},
    [MCI_OP_SET_TELL] = {mci_set_tell_pack, mci_set_tell_unpack, NO_EPOCH},
    [MCI_OP_SET_LEASE] = {mci_set_lease_pack, mci_set_lease_unpack, NO_EPOCH},
    [MCI_OP_SET_REPAIR] = {mci_set_repair_pack, mci_set_repair_unpack, NO_EPOCH},
    [MCI_OP_SET_RAISE] = {mci_set_raise_pack, mci_set_raise_unpack, NO_EPOCH},
    [MCI_OP_SET_FORGET] = {mci_set_forget_pack, mci_set_forget_unpack, NO_EPOCH},
    [MCI_OP_BUILD_BEGIN] = {mci_build_begin_pack, mci_build_begin_unpack, MAKES_EPOCH},
    [MCI_OP_BUILD_PAGE] = {mci_build_page_pack, mci_build_page_unpack, NO_EPOCH},
    [MCI_OP_BUILD_SWAP] = {mci_build_swap_pack, mci_build_swap_unpack, NO_EPOCH},
    [MCI_OP_BUILD_LEAVE] = {mci_build_leave_pack, mci_build_leave_unpack, NO_EPOCH},
    [MCI_OP_COUNTER_ADD] = {mci_counter_add_pack, mci_counter_add_unpack, NO_EPOCH},
    [MCI_OP_COUNTER_PAGE] = {mci_counter_page_pack, mci_counter_page_unpack, NO_EPOCH},
    [MCI_OP_COUNTER_CLEAR] = {mci_counter_clear_pack, mci_counter_clear_unpack, NO_EPOCH},
};

/* The epoch goes first: what is too large takes the replies behind it along, and what is stored is at least as new as it. */
static size_t pack_epoch(mci_redis_cache *rc, mci_batch *b, const mci_ops *ops)
{
    epoch_need need = NO_EPOCH;
    for (size_t i = 0; i < ops->n; i++)
        if (kinds[ops->op[i].kind].epoch > need)
            need = kinds[ops->op[i].kind].epoch;
    if (need == NO_EPOCH)
        return 0;
    if (need == MAKES_EPOCH && atomic_load_explicit(&rc->epoch_missing, memory_order_relaxed)) {
        mci_cmd(b, "SET");
        mci_key_fixed(b, &rc->names, MCI_KEY_EPOCH);
        mci_arg_int(b, mci_fresh_epoch(rc));
        mci_arg_str(b, "NX");
    }
    mci_cmd(b, "GET");
    mci_key_fixed(b, &rc->names, MCI_KEY_EPOCH);
    return b->n;
}

/* Something else is in the place of the epoch: no value could ever be believed again. */
static void heal_epoch(mci_redis_cache *rc, mci_deadline dl)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "DEL");
    mci_key_fixed(&b, &rc->names, MCI_KEY_EPOCH);
    (void)mci_redis_exec(rc->redis, &b, dl, NULL);
    mci_batch_free(&b);
}

static void unpack_epoch(mci_redis_cache *rc, mci_ops *ops, const mci_reply *r, mci_deadline dl)
{
    mc_error *why = mci_arena_alloc(&ops->arena, sizeof *why);
    if (why != NULL)
        *why = (mc_error){0};
    ops->epoch_why = why;
    ops->epoch_status = mci_reply_error(r, "read", why);
    if (reply_epoch(r, &ops->epoch) != 0) {
        if (ops->epoch_status == MC_OK)
            ops->epoch_status = mci_fail(why, MC_E_PROTO, MC_TIER_REDIS, "the epoch in Redis is not a number");
        ops->epoch = 0;
        if (mci_reply_is_wrong_type(r) || (r != NULL && r->type == MCI_REPLY_STRING))
            heal_epoch(rc, dl);
    }
    int missing = ops->epoch == 0;
    if (atomic_load_explicit(&rc->epoch_missing, memory_order_relaxed) != missing)
        atomic_store_explicit(&rc->epoch_missing, missing, memory_order_relaxed);
}

/* Each operation into commands of its own, or into one with those of its kind that stand beside it. */
static void pack(mci_redis_cache *rc, mci_batch *b, mci_ops *ops)
{
    for (size_t i = 0; i < ops->n; i += ops->op[i].run) {
        mci_op *op = &ops->op[i];
        mci_together_fn together = kinds[op->kind].together;
        op->first = b->n;
        op->part = 0;
        for (op->run = 1; together != NULL && op->run < MCI_PARTS_MAX && i + op->run < ops->n; op->run++) {
            mci_op *next = op + op->run;
            if (next->kind != op->kind || !together(rc, op, next))
                break;
            next->first = op->first;
            next->part = op->run;
        }
        kinds[op->kind].pack(rc, b, op);
    }
}

/* A full server takes no first epoch; the commit that it refuses reports it. */
static void look_for_refusal(mci_ops *ops, const mci_batch *b, size_t epoch_end)
{
    for (size_t i = epoch_end > 1 ? 1 : 0; i < b->n; i++) {
        const mci_reply *r = mci_batch_reply(b, i);
        const mci_refusal *refusal = mci_refusal_of(r);
        if (refusal == NULL)
            continue;
        ops->refusal = r->u.str;
        ops->refusal_lasts = refusal->lasting;
        return;
    }
}

static void unpack(mci_redis_cache *rc, mci_ops *ops, const mci_batch *b, size_t epoch_end, mci_deadline dl)
{
    ops->epoch_status = MC_E_INTERNAL; /* not asked */
    if (epoch_end > 0)
        unpack_epoch(rc, ops, mci_batch_reply(b, epoch_end - 1), dl);
    for (size_t i = 0; i < ops->n; i++) {
        mci_op *op = &ops->op[i];
        kinds[op->kind].unpack(&(mci_unpack){rc, ops, op, b, op->first});
    }
}

/* ---- ends of loads that nobody waits for -------------------------------------------------------------------------- */

typedef struct detached_end {
    const mci_family *family;
    char id[MCI_ID_CAP];
} detached_end;

typedef struct detached {
    mci_redis_cache *rc;
    detached_end end[]; /* one for each command */
} detached;

/* The replies. One that is missing says that it is not stored. */
static void take_detached(void *ctx, const mci_batch *b)
{
    detached *d = ctx;
    mci_redis_cache *rc = d->rc;
    mci_redis_posted(rc->redis, b);
    for (size_t i = 0; i < b->n; i++) {
        int full = 0;
        int stored = mci_value_stored(mci_batch_reply(b, i), &full);
        rc->filled(rc->filled_ctx, d->end[i].family, d->end[i].id, stored, full);
    }
    free(d);
}

/* 0: it is on its way, and `b` is empty. */
static int send_detached(mci_redis_cache *rc, const mci_ops *ops, mci_batch *b)
{
    detached *d = calloc(1, sizeof *d + ops->n * sizeof d->end[0]);
    if (d == NULL)
        return -1;
    d->rc = rc;
    for (size_t i = 0; i < ops->n; i++) {
        const mci_op_commit *k = &ops->op[i].u.commit;
        d->end[i].family = k->family;
        (void)snprintf(d->end[i].id, sizeof d->end[i].id, "%s", k->id);
    }
    if (mci_redis_post(rc->redis, b, take_detached, d) == 0)
        return 0;
    free(d);
    return -1;
}

/* ---- a list ------------------------------------------------------------------------------------------------------- */

/* Redis turns out to be a node of a cluster. What named keys of several slots has not been run; the rest of the list may be run twice. */
static int has_slots(mci_redis_cache *rc, const mci_batch *b)
{
    if (atomic_load_explicit(&rc->many_slots, memory_order_relaxed))
        return 0;
    for (size_t i = 0; i < b->n; i++) {
        const mci_reply *r = mci_batch_reply(b, i);
        if (r != NULL && r->type == MCI_REPLY_ERROR && strncmp(r->u.str, "CROSSSLOT", 9) == 0) {
            atomic_store_explicit(&rc->many_slots, 1, memory_order_relaxed);
            return 1;
        }
    }
    return 0;
}

static mc_status run(mci_cache *c, mci_ops *ops, mci_deadline dl, mc_error *err)
{
    mci_redis_cache *rc = (mci_redis_cache *)c;
    mci_batch b;
    if (ops->failed)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for the operations");
    mci_batch_init(&b);
    b.once = ops->once;
    size_t epoch_end = pack_epoch(rc, &b, ops);
    pack(rc, &b, ops);
    if (ops->detach && send_detached(rc, ops, &b) == 0) {
        ops->detached = ops->sent = 1;
        mci_batch_free(&b);
        return MC_OK;
    }
    int again = 0;
    mc_status st = mci_redis_exec(rc->redis, &b, dl, err);
    ops->round_trips = b.round_trips;
    ops->sent = b.sent;
    ops->repeated = b.repeated;
    if (st == MC_OK && !(again = has_slots(rc, &b))) {
        look_for_refusal(ops, &b, epoch_end);
        unpack(rc, ops, &b, epoch_end, dl);
        mci_arena_adopt(&ops->arena, &b.arena); /* outputs point into the replies */
    }
    mci_batch_free(&b);
    return again ? run(c, ops, dl, err) : st;
}

/* ---- a cache ------------------------------------------------------------------------------------------------------ */

static mc_status ping(mci_cache *c, mci_deadline dl, mc_error *err)
{
    return mci_redis_ping(((mci_redis_cache *)c)->redis, dl, err);
}

static int64_t now_ms(const mci_cache *c)
{
    return mci_redis_now_ms(((const mci_redis_cache *)c)->redis);
}

static int is_up(mci_cache *c)
{
    return mci_redis_is_up(((mci_redis_cache *)c)->redis);
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
    mci_redis_close(rc->redis);
    mci_tls_free(rc->tls);
    for (size_t i = 0; i < rc->names.nfamilies; i++)
        for (int want = 0; want <= MCI_WANT_BOTH; want++)
            mci_args_free(&rc->fields[i][want]);
    mci_keys_free(&rc->names);
    mci_wipe(rc, sizeof *rc);
    free(rc);
}

static const mci_cache_ops redis_cache_ops = {run, ping, now_ms, is_up, add_family, add_set, close_cache};

mc_status mci_redis_cache_open(const mci_redis_cache_options *opt, mci_random *rnd, mci_metrics *metrics, mci_log *log,
                               mci_cache **out, mc_error *err)
{
    *out = NULL;
    mci_redis_cache *rc = calloc(1, sizeof *rc);
    if (rc == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for a cache");
    mci_redis_options redis = opt->redis;
    mc_status st = redis.addr.tls ? mci_tls_open(&opt->tls, metrics, log, &rc->tls, err) : MC_OK;
    redis.tls = rc->tls;
    if (st == MC_OK)
        st = mci_redis_open(&redis, rnd, metrics, log, &rc->redis, err);
    mci_wipe(&redis, sizeof redis);
    if (st != MC_OK) {
        mci_tls_free(rc->tls);
        free(rc);
        return st;
    }
    rc->head.ops = &redis_cache_ops;
    rc->rnd = rnd;
    rc->macs = opt->macs;
    rc->value_max_bytes = opt->value_max_bytes;
    rc->filled = opt->filled;
    rc->filled_ctx = opt->filled_ctx;
    rc->quarantine_ms = opt->quarantine_ms;
    rc->soft_ms = opt->quarantine_ms < MCI_SOFT_MS ? opt->quarantine_ms : MCI_SOFT_MS;
    atomic_init(&rc->epoch_missing, 1);
    atomic_init(&rc->many_slots, opt->redis.addr.topology == MCI_CLUSTER);
    mci_keys_init(&rc->names, opt->prefix, opt->raw_strings);
    *out = &rc->head;
    return MC_OK;
}
