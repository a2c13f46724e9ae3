/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the steps by which a derived set is built: begin, page, swap, leave. Refuses: a page of a builder whose right is over. */
#include "cache/redis/build.h"

#include "scripts.h"

#include <string.h>

static void begin(const mci_redis_cache *rc, mci_batch *b, const mci_script *script, const mci_set *s, const char *token)
{
    mci_cmd_script(b, script);
    for (int which = 0; which < MCI_SET_KEYS; which++)
        mci_key_of_set(b, &rc->names, s, (mci_set_key)which);
    mci_arg_str(b, token);
}

void mci_build_begin_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_build_begin *g = &op->u.build_begin;
    begin(rc, b, &mci_script_derived_build, g->set, g->token);
    mci_arg_int(b, g->hold_ms);
    mci_arg_str(b, g->fresh);
    mci_arg_int(b, rc->quarantine_ms);
}

void mci_build_begin_unpack(const mci_unpack *u)
{
    mci_op_build_begin *g = &u->op->u.build_begin;
    const mci_reply *r = mci_unpack_reply(u, 0);
    int64_t ours = 0;
    int64_t provisional = 0;
    if (mci_unpack_check(u, "build") != MC_OK)
        return;
    if (mci_reply_count(mci_reply_item(r, 0), &ours) != 0) {
        mci_unpack_refused(u, NULL, "build");
        return;
    }
    if (ours != 1)
        return;
    mci_slice nonce = mci_reply_slice(mci_reply_item(r, 1));
    g->cursor = mci_reply_slice(mci_reply_item(r, 3));
    if (nonce.p == NULL || nonce.n == 0 || nonce.n >= sizeof g->nonce || g->cursor.p == NULL ||
        mci_reply_count(mci_reply_item(r, 4), &provisional) != 0) {
        mci_unpack_refused(u, NULL, "build");
        return;
    }
    memcpy(g->nonce, nonce.p, nonce.n);
    g->nonce[nonce.n] = '\0';
    g->provisional = provisional == 1;
    g->ours = 1;
}

void mci_build_page_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_build_page *p = &op->u.build_page;
    int geo = p->set->kind == MCI_SET_GEO;
    begin(rc, b, &mci_script_derived_page, p->set, p->token);
    mci_arg_str(b, p->nonce);
    mci_arg_int(b, p->hold_ms);
    mci_arg_str(b, p->after != NULL ? p->after : "");
    mci_arg_str(b, p->cursor != NULL ? p->cursor : "");
    mci_arg_str(b, geo ? "G" : "Z");
    for (size_t i = 0; i < p->n; i++) {
        mci_arg_double(b, p->places[i].x);
        if (geo)
            mci_arg_double(b, p->places[i].y);
        mci_arg_str(b, p->ids[i]);
    }
}

static int is_one(const mci_unpack *u)
{
    int64_t one = 0;
    if (mci_unpack_check(u, "build") != MC_OK)
        return 0;
    return mci_reply_int(mci_unpack_reply(u, 0), &one) == 0 && one == 1;
}

void mci_build_page_unpack(const mci_unpack *u)
{
    u->op->u.build_page.added = is_one(u);
}

void mci_build_swap_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_build_swap *s = &op->u.build_swap;
    begin(rc, b, &mci_script_derived_swap, s->set, s->token);
    mci_arg_str(b, s->nonce);
    mci_arg_int(b, s->ttl_ms);
}

void mci_build_swap_unpack(const mci_unpack *u)
{
    u->op->u.build_swap.swapped = is_one(u);
}

void mci_build_leave_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    begin(rc, b, &mci_script_derived_leave, op->u.build_leave.set, op->u.build_leave.token);
}

void mci_build_leave_unpack(const mci_unpack *u)
{
    (void)mci_unpack_check(u, "build");
}
