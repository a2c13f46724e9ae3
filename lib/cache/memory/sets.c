/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: what may be asked of a derived set in this process, and handing its other operations to its slot; counters. Refuses: answering
 * anything but what is known to believe the answer beside it.
 */
#include "cache/memory/sets.h"

#include "base/sphere.h"
#include "cache/memory/slot_build.h"

#include <math.h>
#include <string.h>

#define MEMBER 160 /* about what one takes */

static mci_slot *slot_of(const mci_memory_run *run, const mci_set *s)
{
    return &run->m->sets[s->number];
}

static void *room(const mci_memory_run *run, size_t n, size_t size)
{
    void *p = n <= SIZE_MAX / size - 1 ? mci_arena_alloc(&run->ops->arena, n * size + 1) : NULL;
    if (p == NULL)
        mci_memory_refuse(run);
    return p;
}

static int take(const mci_memory_run *run, const mci_ranked_member *m, mci_member *out)
{
    const char *id = mci_ranked_id(m);
    size_t n = strlen(id);
    *out = (mci_member){{mci_arena_text(&run->ops->arena, id, n), n}, mci_ranked_score(m)};
    if (out->id.p == NULL)
        mci_memory_refuse(run);
    return out->id.p != NULL;
}

/* ---- questions ---------------------------------------------------------------------------------------------------- */

/* Members from place `offset`, the highest first. Returns how many. */
static size_t page(const mci_memory_run *run, const mci_ranked *r, int64_t offset, int64_t count, const mci_member **out)
{
    size_t size = mci_ranked_size(r);
    size_t n = 0;
    size_t most = offset < 0 || (size_t)offset >= size ? 0 : size - (size_t)offset;
    if (count >= 0 && (size_t)count < most)
        most = (size_t)count;
    mci_member *members = room(run, most, sizeof *members);
    if (members == NULL)
        return 0;
    *out = members;
    for (const mci_ranked_member *m = mci_ranked_from_top(r, (size_t)offset); n < most; m = mci_ranked_lower(m))
        if (!take(run, m, &members[n++]))
            return 0;
    return n;
}

static void place(const mci_ranked *r, const char *id, mci_set_answer *a)
{
    const mci_ranked_member *m = mci_ranked_find(r, id);
    a->there = m != NULL;
    if (m == NULL)
        return;
    a->score = mci_ranked_score(m);
    a->above = (int64_t)mci_ranked_above(r, m);
}

static void counts(const mci_memory_run *run, const mci_ranked *r, const mci_op_set_read *s, mci_set_answer *a)
{
    int64_t *n = room(run, s->nranges, sizeof *n);
    if (n == NULL)
        return;
    for (size_t i = 0; i < s->nranges; i++)
        n[i] = (int64_t)(mci_ranked_below(r, s->ranges[i].high) - mci_ranked_below(r, s->ranges[i].low));
    a->counts = n;
    a->ncounts = s->nranges;
}

static void ranges(const mci_memory_run *run, const mci_ranked *r, const mci_op_set_read *s, mci_set_answer *a)
{
    size_t total = 0;
    for (size_t i = 0; i < s->nranges; i++) {
        size_t n = mci_ranked_below(r, s->ranges[i].high) - mci_ranked_below(r, s->ranges[i].low);
        total += (int64_t)n < s->count ? n : (size_t)s->count;
    }
    mci_member *members = room(run, total, sizeof *members);
    if (members == NULL)
        return;
    a->members = members;
    for (size_t i = 0; i < s->nranges; i++) {
        const mci_ranked_member *m = mci_ranked_from(r, s->ranges[i].low);
        for (int64_t k = 0; k < s->count && m != NULL && mci_ranked_score(m) < s->ranges[i].high; k++) {
            if (!take(run, m, &members[a->n++]))
                return;
            m = mci_ranked_higher(m);
        }
    }
}

/* A member and how far it is; the nearest `count` of them in order. */
typedef struct near_one {
    const mci_ranked_member *m;
    double distance;
} near_one;

static void keep_nearest(near_one *best, size_t *n, size_t count, near_one one)
{
    if (*n == count && (count == 0 || !(one.distance < best[count - 1].distance)))
        return;
    size_t i = *n < count ? (*n)++ : count - 1;
    for (; i > 0 && one.distance < best[i - 1].distance; i--)
        best[i] = best[i - 1];
    best[i] = one;
}

static void near(const mci_memory_run *run, const mci_ranked *r, const mci_op_set_read *s, mci_set_answer *a)
{
    mci_sphere_cell cell[MCI_SPHERE_CELLS];
    size_t ncells = mci_sphere_cover(s->lon, s->lat, s->radius_m, cell);
    size_t count = (size_t)s->count < mci_ranked_size(r) ? (size_t)s->count : mci_ranked_size(r);
    size_t n = 0;
    near_one *best = room(run, count, sizeof *best);
    mci_member *members = best != NULL ? room(run, count, sizeof *members) : NULL;
    if (members == NULL)
        return;
    for (size_t i = 0; i < ncells; i++) {
        double low = 0;
        double high = 0;
        mci_sphere_scores(&cell[i], &low, &high);
        for (const mci_ranked_member *m = mci_ranked_from(r, low); m != NULL && mci_ranked_score(m) < high;
             m = mci_ranked_higher(m)) {
            double lon = 0;
            double lat = 0;
            (void)mci_sphere_decode(mci_ranked_score(m), &lon, &lat);
            double distance = mci_sphere_distance(s->lon, s->lat, lon, lat);
            if (distance <= s->radius_m)
                keep_nearest(best, &n, count, (near_one){m, distance});
        }
    }
    a->members = members;
    for (; a->n < n && take(run, best[a->n].m, &members[a->n]); a->n++)
        continue;
}

static void due(const mci_memory_run *run, const mci_slot *slot, mci_set_answer *a)
{
    mci_slice *ids = room(run, MCI_DUE_MAX + 1, sizeof *ids);
    if (ids == NULL)
        return;
    a->due = ids;
    for (const mci_ranked_member *m = mci_ranked_from(slot->pending, -INFINITY);
         m != NULL && mci_ranked_score(m) <= (double)run->now_ms && a->ndue <= MCI_DUE_MAX; m = mci_ranked_higher(m)) {
        mci_member one;
        if (!take(run, m, &one))
            return;
        ids[a->ndue++] = one.id;
    }
}

void mci_memory_set_read(const mci_memory_run *run)
{
    mci_op_set_read *s = &run->op->u.set_read;
    const mci_slot *slot = slot_of(run, s->set);
    mci_set_answer *a = &s->answer;
    *a = (mci_set_answer){.now_ms = run->now_ms};
    s->too_big = 0;
    memcpy(a->nonce, slot->nonce, sizeof a->nonce);
    a->complete = mci_slot_is_complete(slot, run->now_ms) ? MCI_COMPLETE : MCI_INCOMPLETE;
    a->size = (int64_t)mci_ranked_size(slot->set);
    due(run, slot, a);
    switch (s->query) {
    case MCI_QUERY_PAGE:
        a->n = page(run, slot->set, s->offset, s->count, &a->members);
        break;
    case MCI_QUERY_PLACE:
        place(slot->set, s->id, a);
        break;
    case MCI_QUERY_NEAR:
        near(run, slot->set, s, a);
        break;
    case MCI_QUERY_COUNTS:
        counts(run, slot->set, s, a);
        break;
    default:
        ranges(run, slot->set, s, a);
    }
}

/* ---- everything else ---------------------------------------------------------------------------------------------- */

/* There has to be room for the page, about and then exactly: else the old set goes, and when even that is not enough, what was built. */
static int page_of_build(const mci_memory_run *run)
{
    mci_op_build_page *p = &run->op->u.build_page;
    mci_slot *slot = slot_of(run, p->set);
    size_t more = p->n * MEMBER;
    if (mci_memory_make_room(run->m, more, NULL, slot) == 0 ||
        (mci_slot_forget_set(slot) == 0 && mci_memory_make_room(run->m, more, NULL, slot) == 0)) {
        if (mci_slot_page(slot, p, run->now_ms) != 0)
            return -1;
        if (mci_memory_make_room(run->m, 0, NULL, slot) == 0)
            return 0;
    }
    p->added = 0;
    mci_slot_end_build(slot);
    return -1;
}

void mci_memory_set_write(const mci_memory_run *run)
{
    mci_op *op = run->op;
    const mci_memory_cache *mc = run->mc;
    int failed = 0;
    switch (op->kind) {
    case MCI_OP_SET_ANNOUNCE:
        failed = mci_slot_announce(slot_of(run, op->u.set_announce.set), &op->u.set_announce, run->now_ms, mc->soft_ms);
        break;
    case MCI_OP_SET_SETTLE:
        failed = mci_slot_settle(slot_of(run, op->u.set_settle.set), &op->u.set_settle, run->now_ms, mc->quarantine_ms);
        break;
    case MCI_OP_SET_TELL:
        failed = mci_slot_tell(slot_of(run, op->u.set_tell.set), &op->u.set_tell, run->now_ms);
        break;
    case MCI_OP_SET_LEASE:
        failed = mci_slot_lease(slot_of(run, op->u.set_lease.set), &op->u.set_lease, run->now_ms, mc->soft_ms);
        break;
    case MCI_OP_SET_REPAIR:
        failed = mci_slot_repair(slot_of(run, op->u.set_repair.set), &op->u.set_repair, run->now_ms, mc->soft_ms);
        break;
    case MCI_OP_SET_RAISE:
        failed = mci_slot_raise(slot_of(run, op->u.set_raise.set), &op->u.set_raise);
        break;
    case MCI_OP_SET_FORGET: /* nobody but us can have put anything in */
        break;
    case MCI_OP_BUILD_BEGIN:
        failed = mci_slot_build(slot_of(run, op->u.build_begin.set), &op->u.build_begin, &run->ops->arena, run->now_ms);
        break;
    case MCI_OP_BUILD_PAGE:
        failed = page_of_build(run);
        break;
    case MCI_OP_BUILD_SWAP:
        failed = mci_slot_swap(slot_of(run, op->u.build_swap.set), &op->u.build_swap, run->now_ms);
        break;
    default:
        mci_slot_leave(slot_of(run, op->u.build_leave.set), &op->u.build_leave);
    }
    if (failed)
        mci_memory_refuse(run);
}

void mci_memory_counter(const mci_memory_run *run)
{
    if (run->op->kind == MCI_OP_COUNTER_PAGE) {
        mci_op_counter_page *p = &run->op->u.counter_page;
        p->n = page(run, slot_of(run, p->set)->set, p->offset, p->count, &p->members);
        return;
    }
    if (run->op->kind == MCI_OP_COUNTER_CLEAR) {
        mci_ranked_remove_range(slot_of(run, run->op->u.counter_clear.set)->set, -INFINITY, INFINITY);
        return;
    }
    mci_op_counter_add *c = &run->op->u.counter_add;
    mci_ranked *r = slot_of(run, c->set)->set;
    const mci_ranked_member *m = mci_ranked_find(r, c->id);
    double total = m != NULL ? mci_ranked_score(m) + 1 : 1;
    if ((m == NULL && mci_memory_make_room(run->m, strlen(c->id) + MEMBER, NULL, NULL) != 0) ||
        mci_ranked_put(r, c->id, total) != 0)
        mci_memory_refuse(run);
    else
        c->total = total;
}
