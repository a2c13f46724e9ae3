/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: answering lists of operations by order. Refuses: keeping anything: what was stored is gone. */
#include "fake_cache.h"

#include <string.h>

static const char *const names[MCI_OP_KINDS] = {
    [MCI_OP_EPOCH_READ] = "epoch",
    [MCI_OP_EPOCH_RAISE] = "raise",
    [MCI_OP_IDENTITY] = "identity",
    [MCI_OP_VALUE_READ] = "read",
    [MCI_OP_VALUE_ACQUIRE] = "acquire",
    [MCI_OP_VALUE_COMMIT] = "commit",
    [MCI_OP_VALUE_ANNOUNCE] = "announce",
    [MCI_OP_VALUE_DROP] = "drop",
    [MCI_OP_STRING_READ] = "string",
    [MCI_OP_STRING_ACQUIRE] = "string_acquire",
    [MCI_OP_STRING_SET] = "string_set",
    [MCI_OP_STRING_REMOVE] = "string_remove",
    [MCI_OP_SET_READ] = "set",
    [MCI_OP_SET_ANNOUNCE] = "set_announce",
    [MCI_OP_SET_SETTLE] = "settle",
    [MCI_OP_SET_TELL] = "tell",
    [MCI_OP_SET_LEASE] = "lease",
    [MCI_OP_SET_REPAIR] = "repair",
    [MCI_OP_SET_RAISE] = "set_raise",
    [MCI_OP_SET_FORGET] = "forget",
    [MCI_OP_BUILD_BEGIN] = "build",
    [MCI_OP_BUILD_PAGE] = "page",
    [MCI_OP_BUILD_SWAP] = "swap",
    [MCI_OP_BUILD_LEAVE] = "leave",
    [MCI_OP_COUNTER_ADD] = "count",
    [MCI_OP_COUNTER_PAGE] = "counted",
    [MCI_OP_COUNTER_CLEAR] = "clear",
};

static void note(fake_cache *f, const char *text)
{
    strncat(f->trace, text, sizeof f->trace - strlen(f->trace) - 1);
}

static void default_answer(mci_ops *ops, mci_op *op)
{
    switch (op->kind) {
    case MCI_OP_IDENTITY:
        op->u.identity.ours = 1;
        ops->epoch = FAKE_EPOCH;
        ops->epoch_status = MC_OK;
        break;
    case MCI_OP_VALUE_ACQUIRE:
    case MCI_OP_STRING_ACQUIRE:
        op->u.acquire.acquired = MCI_ACQUIRED_LEASE;
        op->u.acquire.now_ms = FAKE_NOW_MS;
        break;
    case MCI_OP_VALUE_COMMIT:
        op->u.commit.stored = op->u.commit.mode == MCI_COMMIT_FILL || op->u.commit.mode == MCI_COMMIT_POST;
        break;
    case MCI_OP_VALUE_ANNOUNCE:
        op->u.announce.now_ms = FAKE_NOW_MS;
        break;
    case MCI_OP_STRING_SET:
        op->u.string_set.stored = 1;
        break;
    case MCI_OP_SET_READ:
        memcpy(op->u.set_read.answer.nonce, FAKE_NONCE, sizeof FAKE_NONCE);
        op->u.set_read.answer.complete = MCI_COMPLETE;
        break;
    case MCI_OP_SET_ANNOUNCE:
        op->u.set_announce.now_ms = FAKE_NOW_MS;
        memcpy(op->u.set_announce.nonce, FAKE_NONCE, sizeof FAKE_NONCE);
        break;
    case MCI_OP_SET_SETTLE:
        op->u.set_settle.settled = 1;
        break;
    case MCI_OP_SET_LEASE:
        memset(op->u.set_lease.granted, 1, op->u.set_lease.n);
        break;
    case MCI_OP_SET_REPAIR:
        memset(op->u.set_repair.done, 1, op->u.set_repair.n);
        break;
    case MCI_OP_BUILD_BEGIN:
        op->u.build_begin.ours = 1;
        op->u.build_begin.cursor = (mci_slice){"", 0};
        memcpy(op->u.build_begin.nonce, FAKE_NONCE, sizeof FAKE_NONCE);
        break;
    case MCI_OP_BUILD_PAGE:
        op->u.build_page.added = 1;
        break;
    case MCI_OP_BUILD_SWAP:
        op->u.build_swap.swapped = 1;
        break;
    default:
        break;
    }
}

static void refuse(mci_ops *ops, mci_op *op)
{
    mc_error *why = mci_arena_alloc(&ops->arena, sizeof *why);
    op->status = MC_E_CACHE;
    if (why != NULL) {
        *why = (mc_error){0};
        (void)mci_fail(why, MC_E_CACHE, MC_TIER_REDIS, "refused by the test");
    }
    op->why = why;
}

static mc_status run(mci_cache *c, mci_ops *ops, mci_deadline dl, mc_error *err)
{
    fake_cache *f = (fake_cache *)c;
    (void)dl;
    f->lists++;
    f->once_lists += ops->once;
    note(f, f->trace[0] != '\0' ? " " : "");
    for (size_t i = 0; i < ops->n; i++) {
        note(f, i > 0 ? "+" : "");
        note(f, names[ops->op[i].kind]);
    }
    if (f->fail_list == f->lists || f->fail_list == -1)
        return mci_fail(err, MC_E_CACHE, MC_TIER_REDIS, "the cache is away");
    ops->round_trips = 1;
    ops->sent = 1;
    if (f->lose_list == f->lists)
        return mci_fail(err, MC_E_TIMEOUT, MC_TIER_REDIS, "no answer came back");
    ops->epoch = f->epoch_unknown ? 0 : FAKE_EPOCH;
    for (size_t i = 0; i < ops->n; i++)
        ops->op[i].epoch = ops->epoch;
    ops->epoch_status = f->epoch_unknown ? MC_E_PROTO : MC_OK;
    for (size_t i = 0; i < ops->n; i++) {
        if (f->refuse_list == f->lists && (size_t)f->refuse_op == i) {
            refuse(ops, &ops->op[i]);
            continue;
        }
        default_answer(ops, &ops->op[i]);
        if (f->answer != NULL)
            f->answer(f->user, ops, &ops->op[i]);
    }
    return MC_OK;
}

static mc_status ping(mci_cache *c, mci_deadline dl, mc_error *err)
{
    (void)c;
    (void)dl;
    (void)err;
    return MC_OK;
}

static int64_t now_ms(const mci_cache *c)
{
    (void)c;
    return FAKE_NOW_MS;
}

static int is_up(mci_cache *c)
{
    return !((fake_cache *)c)->down;
}

static int add_family(mci_cache *c, mci_family *family)
{
    family->number = (size_t)((fake_cache *)c)->families++;
    return 0;
}

static int add_set(mci_cache *c, mci_set *s)
{
    s->number = (size_t)((fake_cache *)c)->sets++;
    return 0;
}

static void close_cache(mci_cache *c)
{
    (void)c;
}

static const mci_cache_ops fake_ops = {run, ping, now_ms, is_up, add_family, add_set, close_cache, NULL, NULL};

void fake_cache_init(fake_cache *f)
{
    memset(f, 0, sizeof *f);
    f->head.ops = &fake_ops;
}

void fake_cache_reset(fake_cache *f)
{
    int families = f->families;
    int sets = f->sets;
    fake_cache_init(f);
    f->families = families;
    f->sets = sets;
}
