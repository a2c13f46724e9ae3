/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: reading a derived set together with what is to be known to believe it: nonce, ids due, marker, and then the answer. Refuses: an answer
 * that is older than what is known about it: pending is always read before the set.
 */
#include "cache/redis/set_read.h"

#include "base/clock.h"
#include "base/num.h"
#include "scripts.h"

#include <string.h>

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

/*
 * Pages, places and what is near are asked for by plain commands, which cost Redis a third of the script: what is due and the nonce first, then page and marker
 * together. Due is judged by the server's clock as this process knows it.
 */
static void plain_pack(mci_redis_cache *rc, mci_batch *b, const mci_op_set_read *s, int64_t now_ms)
{
    mci_cmd(b, "ZRANGEBYSCORE");
    mci_key_of_set(b, &rc->names, s->set, MCI_KEY_PENDING);
    mci_arg_str(b, "-inf");
    mci_arg_int(b, now_ms);
    mci_arg_str(b, "LIMIT");
    mci_arg_int(b, 0);
    mci_arg_int(b, MCI_DUE_MAX + 2); /* '?' may be among them */
    mci_cmd(b, "ZRANGEBYSCORE");
    mci_key_of_set(b, &rc->names, s->set, MCI_KEY_PENDING);
    mci_arg_str(b, "+inf");
    mci_arg_str(b, "+inf");
    mci_arg_str(b, "LIMIT");
    mci_arg_int(b, 0);
    mci_arg_int(b, 2);
    mci_cmd(b, "MULTI");
    mci_cmd(b, "ZRANGE");
    mci_key_of_set(b, &rc->names, s->set, MCI_KEY_SET);
    mci_arg_int(b, 0);
    mci_arg_int(b, 0);
    if (s->query == MCI_QUERY_PAGE) {
        mci_cmd(b, "ZREVRANGE");
        mci_key_of_set(b, &rc->names, s->set, MCI_KEY_SET);
        mci_arg_int(b, s->offset);
        mci_arg_int(b, s->offset + s->count - 1);
        mci_arg_str(b, "WITHSCORES");
    } else if (s->query == MCI_QUERY_NEAR) {
        mci_cmd(b, "GEOSEARCH");
        mci_key_of_set(b, &rc->names, s->set, MCI_KEY_SET);
        mci_arg_str(b, "FROMLONLAT");
        mci_arg_double(b, s->lon);
        mci_arg_double(b, s->lat);
        mci_arg_str(b, "BYRADIUS");
        mci_arg_double(b, s->radius_m);
        mci_arg_str(b, "m");
        mci_arg_str(b, "ASC");
        mci_arg_str(b, "COUNT");
        mci_arg_int(b, s->count);
        mci_arg_str(b, "WITHHASH");
        mci_cmd(b, "ZCARD");
        mci_key_of_set(b, &rc->names, s->set, MCI_KEY_SET);
    } else {
        mci_cmd(b, "ZREVRANK");
        mci_key_of_set(b, &rc->names, s->set, MCI_KEY_SET);
        mci_arg_str(b, s->id);
        mci_cmd(b, "ZSCORE");
        mci_key_of_set(b, &rc->names, s->set, MCI_KEY_SET);
        mci_arg_str(b, s->id);
    }
    mci_cmd(b, "EXEC");
}

#define FORM_SCRIPT 0
#define FORM_PLAIN 1

void mci_set_read_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_set_read *s = &op->u.set_read;
    int64_t now = b->clock_ms == 0 ? 0 : mci_now_ns() / 1000000 + b->clock_ms;
    if (now != 0 && s->query <= MCI_QUERY_NEAR && (s->query != MCI_QUERY_PAGE || s->count > 0)) {
        op->form = FORM_PLAIN;
        plain_pack(rc, b, s, now);
        return;
    }
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

/* The marks of pending: an id has no blank, and is not '?'. */
static int is_id(mci_slice member)
{
    return member.p != NULL && memchr(member.p, ' ', member.n) == NULL && memchr(member.p, '?', member.n) == NULL;
}

/* What is due: ids, and whether one more build is. 0, or -1. */
static int take_plain_due(const mci_unpack *u, const mci_reply *r, mci_set_answer *a)
{
    mci_slice *due = mci_arena_alloc(&u->ops->arena, (MCI_DUE_MAX + 1) * sizeof *due);
    if (due == NULL || r == NULL || r->type != MCI_REPLY_ARRAY)
        return -1;
    for (size_t i = 0; i < r->len; i++) {
        mci_slice member = mci_reply_slice(mci_reply_item(r, i));
        if (mci_reply_is(mci_reply_item(r, i), "?"))
            a->build_wanted = 1;
        else if (is_id(member) && a->ndue <= MCI_DUE_MAX)
            due[a->ndue++] = member;
    }
    a->due = due;
    return 0;
}

/* The nonce: the one member that stands at the end of pending. Anything else: it was lost. */
static void take_plain_nonce(const mci_reply *r, mci_set_answer *a)
{
    mci_slice top = mci_reply_slice(mci_reply_item(r, 0));
    if (r != NULL && r->type == MCI_REPLY_ARRAY && r->len == 1 && top.p != NULL && top.n > 2 &&
        top.n - 2 < sizeof a->nonce && memcmp(top.p, "! ", 2) == 0) {
        memcpy(a->nonce, top.p + 2, top.n - 2);
        a->nonce[top.n - 2] = '\0';
    }
}

/* Is the lowest member the marker of this nonce? */
static mci_completeness complete_by(const mci_reply *lowest, const char *nonce)
{
    mci_slice m = mci_reply_slice(mci_reply_item(lowest, 0));
    size_t n = strlen(nonce);
    if (n == 0 || m.p == NULL || m.n != n + 2 || memcmp(m.p + 2, nonce, n) != 0 || m.p[1] != ' ')
        return MCI_INCOMPLETE;
    return m.p[0] == '!' ? MCI_COMPLETE : m.p[0] == '~' ? MCI_COMPLETE_PROVISIONAL : MCI_INCOMPLETE;
}

static int take_plain_answer(const mci_unpack *u, const mci_reply *exec, const mci_op_set_read *s, mci_set_answer *a)
{
    const mci_reply *first = mci_reply_item(exec, 1);
    if (first == NULL || first->type == MCI_REPLY_ERROR)
        return first != NULL && mci_reply_is_wrong_type(first) ? 0 : -1; /* no set of ours: it is not complete, then */
    if (s->query == MCI_QUERY_PAGE)
        return take_page(u, first, s, a);
    if (s->query == MCI_QUERY_NEAR)
        return mci_reply_count(mci_reply_item(exec, 2), &a->size) == 0 ? take_near(u, first, s, a) : -1;
    const mci_reply *score = mci_reply_item(exec, 2);
    if (first->type == MCI_REPLY_NIL)
        return 0;
    a->there = mci_reply_count(first, &a->above) == 0 && mci_reply_double(score, &a->score) == 0;
    return a->there ? 0 : -1;
}

static void plain_unpack(const mci_unpack *u, mci_op_set_read *s, mci_set_answer *a)
{
    size_t last = s->query == MCI_QUERY_PAGE ? 5 : 6;
    const mci_reply *exec = mci_unpack_reply(u, last);
    for (size_t i = 0; i <= last; i++) {
        const mci_reply *r = mci_unpack_reply(u, i);
        const mci_reply *page = i == last ? mci_reply_item(r, 1) : NULL;
        s->too_big |= (mci_reply_too_big(r) && r->len > 0) || (mci_reply_too_big(page) && page->len > 0);
        if (r == NULL || (r->type == MCI_REPLY_ERROR && !mci_reply_is_wrong_type(r))) {
            mci_unpack_refused(u, r, "read a list");
            return;
        }
    }
    if (mci_reply_is_wrong_type(mci_unpack_reply(u, 0)) || mci_reply_is_wrong_type(mci_unpack_reply(u, 1)))
        return; /* pending is none of ours: it counts as lost */
    take_plain_nonce(mci_unpack_reply(u, 1), a);
    if (take_plain_due(u, mci_unpack_reply(u, 0), a) != 0 || take_plain_answer(u, exec, s, a) != 0) {
        mci_unpack_refused(u, NULL, "read a list");
        return;
    }
    a->complete = complete_by(mci_reply_item(exec, 0), a->nonce);
}

void mci_set_read_unpack(const mci_unpack *u)
{
    mci_op_set_read *s = &u->op->u.set_read;
    mci_set_answer *a = &s->answer;
    const mci_reply *r = mci_unpack_reply(u, 0);
    int64_t wanted = 0;
    if (u->op->form == FORM_PLAIN) {
        plain_unpack(u, s, a);
        return;
    }
    s->too_big = mci_reply_too_big(r) && r->len > 0;
    if (mci_unpack_check(u, "read a list") != MC_OK)
        return;
    a->now_ms = mci_unpack_time(u, mci_reply_item(r, 0));
    if (a->now_ms < 0 || mci_unpack_nonce(mci_reply_item(r, 1), a->nonce) != 0 ||
        take_due(u, mci_reply_item(r, 3), a) != 0 || mci_reply_count(mci_reply_item(r, 4), &wanted) != 0 ||
        mci_reply_count(mci_reply_item(r, 5), &a->size) != 0 || take_answer(u, mci_reply_item(r, 6), s, a) != 0) {
        mci_unpack_refused(u, NULL, "read a list");
        return;
    }
    a->build_wanted = wanted == 1;
    a->complete = mci_reply_is(mci_reply_item(r, 2), "W")   ? MCI_COMPLETE
                  : mci_reply_is(mci_reply_item(r, 2), "P") ? MCI_COMPLETE_PROVISIONAL
                                                            : MCI_INCOMPLETE;
}
