/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: counters in a sorted set. Refuses: what is in their place and is not a set: the caller must clear it. */
#include "cache/redis/counter.h"

void mci_counter_add_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    mci_cmd(b, "ZINCRBY");
    mci_key_of_set(b, &rc->names, op->u.counter_add.set, MCI_KEY_SET);
    mci_arg_int(b, 1);
    mci_arg_str(b, op->u.counter_add.id);
}

void mci_counter_add_unpack(const mci_unpack *u)
{
    mci_op_counter_add *a = &u->op->u.counter_add;
    const mci_reply *r = mci_unpack_reply(u, 0);
    a->wrong_kind = mci_reply_is_wrong_type(r);
    if (mci_unpack_check(u, "record view") == MC_OK && mci_reply_double(r, &a->total) != 0)
        a->total = 0; /* anybody may ZADD */
}

void mci_counter_page_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_counter_page *p = &op->u.counter_page;
    mci_cmd(b, "ZREVRANGE");
    mci_key_of_set(b, &rc->names, p->set, MCI_KEY_SET);
    mci_arg_int(b, p->offset);
    mci_arg_int(b, p->offset + p->count - 1);
    mci_arg_str(b, "WITHSCORES");
}

void mci_counter_page_unpack(const mci_unpack *u)
{
    mci_op_counter_page *p = &u->op->u.counter_page;
    const mci_reply *r = mci_unpack_reply(u, 0);
    p->wrong_kind = mci_reply_is_wrong_type(r);
    if (p->wrong_kind || mci_unpack_check(u, "trending") != MC_OK)
        return;
    mci_member *out = mci_arena_alloc(&u->ops->arena, (size_t)p->count * sizeof *out + 1);
    p->n = out != NULL ? mci_unpack_members(r, (size_t)p->count, out) : 0;
    p->members = out;
    if (out == NULL)
        mci_unpack_refused(u, NULL, "trending");
}

void mci_counter_clear_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    mci_cmd(b, "DEL");
    mci_key_of_set(b, &rc->names, op->u.counter_clear.set, MCI_KEY_SET);
}

void mci_counter_clear_unpack(const mci_unpack *u)
{
    (void)mci_unpack_check(u, "clear a counter");
}
