/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the bounded queue of ids to drop. Refuses: forgetting an id before Redis has acknowledged its removal, unless the queue is
 * full (counted) or the value's TTL has passed.
 */
#include "engine/recovery.h"

#include <stdlib.h>
#include <string.h>

int mci_recovery_init(mci_recovery *r, size_t max)
{
    memset(r, 0, sizeof *r);
    atomic_init(&r->count, 0);
    r->max = max;
    return mci_mutex_init(&r->lock);
}

static mci_recovery_item **slot_of(mci_recovery *r, size_t coll, int unique, const char *id)
{
    uint32_t h = (uint32_t)coll * 2u + (uint32_t)unique;
    for (const char *p = id; *p != '\0'; p++)
        h = h * 16777619u ^ (unsigned char)*p;
    mci_recovery_item **at = &r->bucket[h % MCI_RECOVERY_BUCKETS];
    while (*at != NULL && !((*at)->coll == coll && (*at)->unique == unique && strcmp((*at)->id, id) == 0))
        at = &(*at)->next_in_bucket;
    return at;
}

static void unlink_item(mci_recovery *r, mci_recovery_item *it)
{
    *slot_of(r, it->coll, it->unique, it->id) = it->next_in_bucket;
    if (it->older != NULL)
        it->older->newer = it->newer;
    else
        r->oldest = it->newer;
    if (it->newer != NULL)
        it->newer->older = it->older;
    else
        r->newest = it->older;
    atomic_fetch_sub(&r->count, 1);
    r->of_coll[it->coll] -= (size_t)(it->unique == 0);
    free(it->id);
    free(it);
}

void mci_recovery_destroy(mci_recovery *r)
{
    while (r->oldest != NULL)
        unlink_item(r, r->oldest);
    mci_mutex_destroy(&r->lock);
}

/* With the lock held: an id that was to be remembered is not. */
static void lose(mci_recovery *r, int64_t until_ns)
{
    if (atomic_load(&r->all_until_ns) < until_ns)
        atomic_store(&r->all_until_ns, until_ns);
}

static int push(mci_recovery *r, size_t coll, int unique, const char *id, int64_t until_ns, int unknown)
{
    int lost = 0;
    mci_mutex_lock(&r->lock);
    mci_recovery_item *it = *slot_of(r, coll, unique, id);
    if (it == NULL) {
        it = calloc(1, sizeof *it);
        char *copy = strdup(id);
        if (it == NULL || copy == NULL || r->max == 0) {
            free(it);
            free(copy);
            r->seq++;
            lose(r, until_ns);
            mci_mutex_unlock(&r->lock);
            return 1;
        }
        it->id = copy;
        it->coll = coll;
        it->unique = unique;
        *slot_of(r, coll, unique, id) = it;
        it->older = r->newest;
        if (r->newest != NULL)
            r->newest->newer = it;
        else
            r->oldest = it;
        r->newest = it;
        atomic_fetch_add(&r->count, 1);
        r->of_coll[coll] += (size_t)(unique == 0);
    }
    it->unknown |= unknown;
    it->until_ns = until_ns;
    it->seq = ++r->seq;
    if (atomic_load(&r->count) > r->max) {
        lose(r, r->oldest->until_ns);
        unlink_item(r, r->oldest);
        lost = 1;
    }
    mci_mutex_unlock(&r->lock);
    return lost;
}

int mci_recovery_push(mci_recovery *r, size_t coll, int unique, const char *id, int64_t until_ns)
{
    return push(r, coll, unique, id, until_ns, 0);
}

int mci_recovery_push_unknown(mci_recovery *r, size_t coll, int unique, const char *id, int64_t until_ns)
{
    return push(r, coll, unique, id, until_ns, 1);
}

/* Nothing in Redis is believed any more. */
static int lost_some(const mci_recovery *r)
{
    int64_t until = atomic_load_explicit(&r->all_until_ns, memory_order_acquire);
    return until != 0 && until > mci_now_ns();
}

int mci_recovery_is_empty(const mci_recovery *r)
{
    return atomic_load_explicit(&r->count, memory_order_acquire) == 0 &&
           atomic_load_explicit(&r->all_until_ns, memory_order_acquire) == 0;
}

int mci_recovery_has(mci_recovery *r, size_t coll, int unique, const char *id)
{
    if (mci_recovery_is_empty(r))
        return 0;
    mci_mutex_lock(&r->lock);
    int there = lost_some(r) || *slot_of(r, coll, unique, id) != NULL;
    mci_mutex_unlock(&r->lock);
    return there;
}

int mci_recovery_has_any(mci_recovery *r, size_t coll)
{
    if (mci_recovery_is_empty(r))
        return 0;
    mci_mutex_lock(&r->lock);
    int there = lost_some(r) || r->of_coll[coll] > 0;
    mci_mutex_unlock(&r->lock);
    return there;
}

uint64_t mci_recovery_all(mci_recovery *r)
{
    mci_mutex_lock(&r->lock);
    uint64_t seq = lost_some(r) ? r->seq : 0;
    if (seq == 0)
        atomic_store(&r->all_until_ns, 0);
    mci_mutex_unlock(&r->lock);
    return seq;
}

size_t mci_recovery_all_done(mci_recovery *r, uint64_t seq)
{
    size_t done = 0;
    mci_mutex_lock(&r->lock);
    for (mci_recovery_item *it = r->oldest, *next = NULL; it != NULL; it = next) {
        next = it->newer;
        if (it->seq <= seq && !it->unknown) {
            unlink_item(r, it);
            done++;
        }
    }
    if (r->seq == seq) /* nothing more was pushed out meanwhile */
        atomic_store(&r->all_until_ns, 0);
    mci_mutex_unlock(&r->lock);
    return done;
}

size_t mci_recovery_begin(mci_recovery *r, mci_recovery_copy *out, size_t cap)
{
    size_t n = 0;
    mci_mutex_lock(&r->lock);
    int64_t now = mci_now_ns();
    while (!r->draining && r->oldest != NULL && r->oldest->until_ns < now)
        unlink_item(r, r->oldest);
    for (mci_recovery_item *it = r->draining ? NULL : r->oldest; it != NULL && n < cap; it = it->newer) {
        out[n].id = strdup(it->id);
        if (out[n].id == NULL)
            break;
        out[n].coll = it->coll;
        out[n].unique = it->unique;
        out[n].unknown = it->unknown;
        out[n++].seq = it->seq;
    }
    if (n > 0)
        r->draining = 1;
    mci_mutex_unlock(&r->lock);
    return n;
}

size_t mci_recovery_finish(mci_recovery *r, mci_recovery_copy *copies, size_t n, int ok)
{
    size_t done = 0;
    mci_mutex_lock(&r->lock);
    for (size_t i = 0; i < n; i++) {
        mci_recovery_item *it = *slot_of(r, copies[i].coll, copies[i].unique, copies[i].id);
        if (ok && it != NULL && it->seq == copies[i].seq) {
            unlink_item(r, it);
            done++;
        }
        free(copies[i].id);
    }
    r->draining = 0;
    mci_mutex_unlock(&r->lock);
    return done;
}
