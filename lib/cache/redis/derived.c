/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: derived sets: announcements and settlements of writers, repairs, nonces. Reading is in set_read.c, building in build.c. Each script touches the four keys of one set, which lie in one slot. Refuses: numbers that no Redis has.
 */
#include "cache/redis/derived.h"

#include "scripts.h"

#include <string.h>

static void keys_of(const mci_redis_cache *rc, mci_batch *b, const mci_set *s)
{
    for (int which = 0; which < MCI_SET_KEYS; which++)
        mci_key_of_set(b, &rc->names, s, (mci_set_key)which);
}

static const char *kind_of(const mci_set *s)
{
    return s->kind == MCI_SET_GEO ? "G" : "Z";
}

static void arg_place(mci_batch *b, const mci_set *s, const mci_place *p)
{
    if (!p->there) {
        mci_arg_str(b, "");
        return;
    }
    mci_arg_double(b, p->x);
    if (s->kind == MCI_SET_GEO)
        mci_arg_double(b, p->y);
}

/* ---- writers ------------------------------------------------------------------------------------------------------ */

void mci_set_announce_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_set_announce *a = &op->u.set_announce;
    mci_cmd_script(b, &mci_script_derived_announce);
    keys_of(rc, b, a->set);
    mci_arg_str(b, a->id);
    mci_arg_str(b, a->token);
    mci_arg_int(b, a->span_ms);
    mci_arg_int(b, rc->soft_ms);
    mci_arg_str(b, a->fresh);
    for (size_t i = 1; i < op->run; i++) {
        mci_arg_str(b, op[i].u.set_announce.id);
        mci_arg_str(b, op[i].u.set_announce.token);
    }
}

int mci_set_announce_together(const mci_redis_cache *rc, const mci_op *first, const mci_op *op)
{
    const mci_op_set_announce *a = &first->u.set_announce;
    (void)rc;
    return a->set == op->u.set_announce.set && a->span_ms == op->u.set_announce.span_ms;
}

void mci_set_announce_unpack(const mci_unpack *u)
{
    mci_op_set_announce *a = &u->op->u.set_announce;
    const mci_reply *r = mci_unpack_reply(u, 0);
    if (mci_unpack_check(u, "announce a write") != MC_OK)
        return;
    a->now_ms = mci_unpack_time(u, mci_reply_item(r, 0));
    if (a->now_ms < 0 || mci_unpack_nonce(mci_reply_item(r, 1), a->nonce) != 0)
        mci_unpack_refused(u, NULL, "announce a write");
}

void mci_set_settle_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_set_settle *s = &op->u.set_settle;
    mci_cmd_script(b, &mci_script_derived_settle);
    keys_of(rc, b, s->set);
    mci_arg_str(b, s->id);
    mci_arg_str(b, s->token);
    mci_arg_str(b, s->nonce[0] != '\0' ? s->nonce : "none");
    mci_arg_int(b, s->announced_ms);
    mci_arg_int(b, rc->quarantine_ms);
    mci_arg_str(b, s->carried_out ? "P" : "A");
    mci_arg_str(b, kind_of(s->set));
    mci_arg_str(b, s->fresh);
    arg_place(b, s->set, &s->place);
    for (size_t i = 1; i < op->run; i++) {
        s = &op[i].u.set_settle;
        mci_arg_str(b, s->id);
        mci_arg_str(b, s->token);
        mci_arg_str(b, s->carried_out ? "P" : "A");
        arg_place(b, s->set, &s->place);
    }
}

/* Those that were announced at once, as the writes of an import are. */
int mci_set_settle_together(const mci_redis_cache *rc, const mci_op *first, const mci_op *op)
{
    const mci_op_set_settle *s = &first->u.set_settle;
    const mci_op_set_settle *other = &op->u.set_settle;
    (void)rc;
    return s->set == other->set && s->announced_ms == other->announced_ms && strcmp(s->nonce, other->nonce) == 0;
}

void mci_set_settle_unpack(const mci_unpack *u)
{
    mci_op_set_settle *s = &u->op->u.set_settle;
    const mci_reply *r = mci_unpack_reply(u, 0);
    int64_t settled = 0;
    int64_t others = 0;
    if (mci_unpack_check(u, "settle a place") != MC_OK)
        return;
    if (mci_reply_count(mci_reply_item(r, 2 * u->op->part), &settled) != 0 ||
        mci_reply_count(mci_reply_item(r, 2 * u->op->part + 1), &others) != 0)
        mci_unpack_refused(u, NULL, "settle a place");
    s->settled = settled == 1;
    s->others = others > 0;
}

void mci_set_tell_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_set_tell *t = &op->u.set_tell;
    mci_cmd_script(b, &mci_script_derived_tell);
    keys_of(rc, b, t->set);
    mci_arg_str(b, t->fresh);
    mci_arg_int(b, rc->quarantine_ms);
    for (size_t i = 0; i < t->n; i++)
        mci_arg_str(b, t->ids[i]);
}

void mci_set_tell_unpack(const mci_unpack *u)
{
    (void)mci_unpack_check(u, "invalidate");
}

/* ---- repairs ------------------------------------------------------------------------------------------------------ */

void mci_set_lease_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_set_lease *l = &op->u.set_lease;
    mci_cmd_script(b, &mci_script_derived_lease);
    keys_of(rc, b, l->set);
    mci_arg_str(b, l->token);
    mci_arg_int(b, rc->soft_ms);
    for (size_t i = 0; i < l->n; i++)
        mci_arg_str(b, l->ids[i]);
}

void mci_set_lease_unpack(const mci_unpack *u)
{
    mci_op_set_lease *l = &u->op->u.set_lease;
    const mci_reply *r = mci_unpack_reply(u, 0);
    if (mci_unpack_check(u, "repair") != MC_OK)
        return;
    if (mci_unpack_nonce(mci_reply_item(r, 0), l->nonce) != 0)
        mci_unpack_refused(u, NULL, "repair");
    for (size_t i = 0; i < l->n; i++) {
        int64_t yes = 0;
        (void)mci_reply_int(mci_reply_item(r, 1 + i), &yes);
        l->granted[i] = yes == 1;
    }
}

void mci_set_repair_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_set_repair *p = &op->u.set_repair;
    mci_cmd_script(b, &mci_script_derived_repair);
    keys_of(rc, b, p->set);
    mci_arg_str(b, p->token);
    mci_arg_str(b, p->nonce);
    mci_arg_int(b, rc->soft_ms);
    mci_arg_str(b, kind_of(p->set));
    for (size_t i = 0; i < p->n; i++) {
        mci_arg_str(b, p->ids[i]);
        arg_place(b, p->set, &p->places[i]);
    }
}

void mci_set_repair_unpack(const mci_unpack *u)
{
    mci_op_set_repair *p = &u->op->u.set_repair;
    if (mci_unpack_check(u, "repair") != MC_OK)
        return;
    for (size_t i = 0; i < p->n; i++) {
        int64_t yes = 0;
        (void)mci_reply_int(mci_reply_item(mci_unpack_reply(u, 0), i), &yes);
        p->done[i] = yes == 1;
    }
}

/* ---- the entire set ------------------------------------------------------------------------------------------- */

void mci_set_raise_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_set_raise *r = &op->u.set_raise;
    if (r->wipe) {
        mci_cmd(b, "UNLINK");
        keys_of(rc, b, r->set);
    }
    mci_cmd_script(b, &mci_script_derived_raise);
    keys_of(rc, b, r->set);
    mci_arg_str(b, r->fresh);
    mci_arg_int(b, rc->quarantine_ms);
    mci_arg_str(b, r->nonce);
    mci_arg_str(b, "");
}

void mci_set_raise_unpack(const mci_unpack *u)
{
    const mci_reply *r = mci_unpack_reply(u, u->op->u.set_raise.wipe ? 1 : 0);
    if (r == NULL || r->type == MCI_REPLY_ERROR)
        mci_unpack_refused(u, r, "build");
}

void mci_set_forget_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_set_forget *f = &op->u.set_forget;
    for (int which = MCI_KEY_SET; which <= MCI_KEY_PENDING; which++) {
        mci_cmd(b, "ZREM");
        mci_key_of_set(b, &rc->names, f->set, (mci_set_key)which);
        mci_arg(b, f->member.p, f->member.n);
    }
}

void mci_set_forget_unpack(const mci_unpack *u)
{
    (void)mci_unpack_check(u, "remove a member");
}
