/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: derived sets: reading them together with what is to be known to believe them, announcements and settlements of writers, repairs.
 * Building is in build.c. Each script touches the four keys of one set, which lie in one slot. Refuses: numbers that no Redis has.
 */
#include "cache/redis/derived.h"

#include "base/num.h"
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

static int take_nonce(const mci_reply *r, char out[MCI_NONCE_CAP])
{
    mci_slice n = mci_reply_slice(r);
    if (n.p == NULL || n.n >= MCI_NONCE_CAP)
        return -1;
    memcpy(out, n.p, n.n);
    out[n.n] = '\0';
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static void arg_range(mci_batch *b, const mci_score_range *r)
{
    char below[MCI_NUM_MAX + 1] = "(";
    (void)mci_double_text(r->high, below + 1);
    mci_arg_double(b, r->low);
    mci_arg_str(b, below);
}

static void arg_question(mci_batch *b, const mci_op_set_read *s)
{
    static const char *const words[] = {[MCI_QUERY_PAGE] = "page",
                                        [MCI_QUERY_PLACE] = "place",
                                        [MCI_QUERY_NEAR] = "near",
                                        [MCI_QUERY_COUNTS] = "counts",
                                        [MCI_QUERY_RANGES] = "ranges"};
    mci_arg_str(b, words[s->query]);
    switch (s->query) {
    case MCI_QUERY_PAGE:
        mci_arg_int(b, s->offset);
        mci_arg_int(b, s->count);
        break;
    case MCI_QUERY_PLACE:
        mci_arg_str(b, s->id);
        break;
    case MCI_QUERY_NEAR:
        mci_arg_double(b, s->lon);
        mci_arg_double(b, s->lat);
        mci_arg_double(b, s->radius_m);
        mci_arg_int(b, s->count);
        break;
    default:
        mci_arg_int(b, s->query == MCI_QUERY_COUNTS ? (int64_t)s->nranges : s->count);
        for (size_t i = 0; i < s->nranges; i++)
            arg_range(b, &s->ranges[i]);
    }
}

void mci_set_read_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op)
{
    const mci_op_set_read *s = &op->u.set_read;
    mci_cmd_script(b, &mci_script_derived_read);
    mci_key_of_set(b, &rc->names, s->set, MCI_KEY_SET);
    mci_key_of_set(b, &rc->names, s->set, MCI_KEY_PENDING);
    mci_arg_int(b, MCI_DUE_MAX);
    arg_question(b, s);
}

/* ids that are due; 0, or -1. */
static int take_due(const mci_unpack *u, const mci_reply *r, mci_set_answer *a)
{
    if (r == NULL || r->type != MCI_REPLY_ARRAY)
        return -1;
    size_t n = r->len < MCI_DUE_MAX + 1 ? r->len : MCI_DUE_MAX + 1;
    mci_slice *due = mci_arena_alloc(&u->ops->arena, n * sizeof *due + 1);
    if (due == NULL)
        return -1;
    for (size_t i = 0; i < n; i++) {
        due[i] = mci_reply_slice(mci_reply_item(r, i));
        if (due[i].p == NULL)
            return -1;
    }
    a->due = due;
    a->ndue = n;
    return 0;
}

static mci_member *room_for(const mci_unpack *u, size_t n)
{
    return mci_arena_alloc(&u->ops->arena, n * sizeof(mci_member) + 1);
}

static int take_page(const mci_unpack *u, const mci_reply *r, const mci_op_set_read *s, mci_set_answer *a)
{
    mci_member *m = r != NULL && r->type == MCI_REPLY_ARRAY ? room_for(u, (size_t)s->count) : NULL;
    if (m == NULL)
        return -1;
    a->n = mci_unpack_members(r, (size_t)s->count, m);
    a->members = m;
    return 0;
}

static int take_place(const mci_reply *r, mci_set_answer *a)
{
    if (r == NULL || r->type != MCI_REPLY_ARRAY || r->len < 3)
        return -1;
    if (mci_reply_item(r, 0)->type == MCI_REPLY_NIL)
        return 0;
    a->there =
        mci_reply_double(mci_reply_item(r, 0), &a->score) == 0 && mci_reply_count(mci_reply_item(r, 2), &a->above) == 0;
    return a->there ? 0 : -1;
}

static int take_near(const mci_unpack *u, const mci_reply *r, const mci_op_set_read *s, mci_set_answer *a)
{
    mci_member *m = r != NULL && r->type == MCI_REPLY_ARRAY ? room_for(u, (size_t)s->count) : NULL;
    if (m == NULL)
        return -1;
    for (size_t i = 0; i < r->len && a->n < (size_t)s->count; i++) {
        const mci_reply *one = mci_reply_item(r, i);
        int64_t cell = 0;
        m[a->n].id = mci_reply_slice(mci_reply_item(one, 0));
        if (m[a->n].id.p == NULL || mci_reply_count(mci_reply_item(one, 1), &cell) != 0)
            return -1;
        m[a->n++].score = (double)cell;
    }
    a->members = m;
    return 0;
}

static int take_counts(const mci_unpack *u, const mci_reply *r, const mci_op_set_read *s, mci_set_answer *a)
{
    int64_t *counts = mci_arena_alloc(&u->ops->arena, s->nranges * sizeof *counts + 1);
    if (counts == NULL || r == NULL || r->type != MCI_REPLY_ARRAY || r->len != s->nranges)
        return -1;
    for (size_t i = 0; i < s->nranges; i++)
        if (mci_reply_count(mci_reply_item(r, i), &counts[i]) != 0)
            return -1;
    a->counts = counts;
    a->ncounts = s->nranges;
    return 0;
}

static int take_ranges(const mci_unpack *u, const mci_reply *r, const mci_op_set_read *s, mci_set_answer *a)
{
    size_t total = 0;
    if (r == NULL || r->type != MCI_REPLY_ARRAY || r->len > s->nranges)
        return -1;
    for (size_t i = 0; i < r->len; i++) {
        const mci_reply *one = mci_reply_item(r, i);
        total += one != NULL && one->type == MCI_REPLY_ARRAY ? one->len / 2 : 0;
    }
    mci_member *m = room_for(u, total);
    if (m == NULL)
        return -1;
    for (size_t i = 0; i < r->len; i++)
        a->n += mci_unpack_members(mci_reply_item(r, i), (size_t)s->count, m + a->n);
    a->members = m;
    return 0;
}

static int take_answer(const mci_unpack *u, const mci_reply *r, const mci_op_set_read *s, mci_set_answer *a)
{
    switch (s->query) {
    case MCI_QUERY_PAGE:
        return take_page(u, r, s, a);
    case MCI_QUERY_PLACE:
        return take_place(r, a);
    case MCI_QUERY_NEAR:
        return take_near(u, r, s, a);
    case MCI_QUERY_COUNTS:
        return take_counts(u, r, s, a);
    default:
        return take_ranges(u, r, s, a);
    }
}

void mci_set_read_unpack(const mci_unpack *u)
{
    mci_op_set_read *s = &u->op->u.set_read;
    mci_set_answer *a = &s->answer;
    const mci_reply *r = mci_unpack_reply(u, 0);
    int64_t wanted = 0;
    s->too_big = mci_reply_too_big(r) && r->len > 0;
    if (mci_unpack_check(u, "read a list") != MC_OK)
        return;
    a->now_ms = mci_unpack_time(u, mci_reply_item(r, 0));
    if (a->now_ms < 0 || take_nonce(mci_reply_item(r, 1), a->nonce) != 0 || take_due(u, mci_reply_item(r, 3), a) != 0 ||
        mci_reply_count(mci_reply_item(r, 4), &wanted) != 0 || mci_reply_count(mci_reply_item(r, 5), &a->size) != 0 ||
        take_answer(u, mci_reply_item(r, 6), s, a) != 0) {
        mci_unpack_refused(u, NULL, "read a list");
        return;
    }
    a->build_wanted = wanted == 1;
    a->complete = mci_reply_is(mci_reply_item(r, 2), "W")   ? MCI_COMPLETE
                  : mci_reply_is(mci_reply_item(r, 2), "P") ? MCI_COMPLETE_PROVISIONAL
                                                            : MCI_INCOMPLETE;
}

/* ---- writers ------------------------------------------------------------------------------------------------------ */

void mci_set_announce_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op)
{
    const mci_op_set_announce *a = &op->u.set_announce;
    mci_cmd_script(b, &mci_script_derived_announce);
    keys_of(rc, b, a->set);
    mci_arg_str(b, a->id);
    mci_arg_str(b, a->token);
    mci_arg_int(b, a->span_ms);
    mci_arg_int(b, rc->soft_ms);
    mci_arg_str(b, a->fresh);
}

void mci_set_announce_unpack(const mci_unpack *u)
{
    mci_op_set_announce *a = &u->op->u.set_announce;
    const mci_reply *r = mci_unpack_reply(u, 0);
    if (mci_unpack_check(u, "announce a write") != MC_OK)
        return;
    a->now_ms = mci_unpack_time(u, mci_reply_item(r, 0));
    if (a->now_ms < 0 || take_nonce(mci_reply_item(r, 1), a->nonce) != 0)
        mci_unpack_refused(u, NULL, "announce a write");
}

void mci_set_settle_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op)
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
}

void mci_set_settle_unpack(const mci_unpack *u)
{
    mci_op_set_settle *s = &u->op->u.set_settle;
    const mci_reply *r = mci_unpack_reply(u, 0);
    int64_t settled = 0;
    int64_t others = 0;
    if (mci_unpack_check(u, "settle a place") != MC_OK)
        return;
    if (mci_reply_count(mci_reply_item(r, 0), &settled) != 0 || mci_reply_count(mci_reply_item(r, 1), &others) != 0)
        mci_unpack_refused(u, NULL, "settle a place");
    s->settled = settled == 1;
    s->others = others > 0;
}

void mci_set_tell_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op)
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

void mci_set_lease_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op)
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
    if (take_nonce(mci_reply_item(r, 0), l->nonce) != 0)
        mci_unpack_refused(u, NULL, "repair");
    for (size_t i = 0; i < l->n; i++) {
        int64_t yes = 0;
        (void)mci_reply_int(mci_reply_item(r, 1 + i), &yes);
        l->granted[i] = yes == 1;
    }
}

void mci_set_repair_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op)
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

void mci_set_raise_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op)
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

void mci_set_forget_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op)
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
