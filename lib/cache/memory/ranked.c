/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: a skip list whose links know how many members they pass over, and a map from id to member. (Source of the idea: W. Pugh, "A skip
 * list cookbook".) Refuses: two members of one id.
 */
#include "cache/memory/ranked.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define LEVELS 24 /* each member reaches the next level with one chance in four */

typedef struct link {
    mci_ranked_member *next;
    size_t passes; /* members from here to `next`, `next` among them; at the end: that are left */
} link;

struct mci_ranked_member {
    mci_map_item item;
    double score;
    char *id;
    mci_ranked_member *lower; /* NULL: the lowest */
    unsigned levels;
    link up[];
};

struct mci_ranked {
    mci_map by_id;
    uint64_t random;
    size_t bytes;
    unsigned levels;
    mci_ranked_member *highest;
    mci_ranked_member *head; /* before the lowest; has all levels */
};

mci_ranked *mci_ranked_new(uint64_t seed)
{
    mci_ranked *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->head = calloc(1, sizeof *r->head + LEVELS * sizeof(link));
    if (r->head == NULL) {
        free(r);
        return NULL;
    }
    mci_map_init(&r->by_id, seed);
    r->random = seed | 1;
    r->levels = 1;
    return r;
}

void mci_ranked_free(mci_ranked *r)
{
    if (r == NULL)
        return;
    mci_ranked_member *next;
    for (mci_ranked_member *m = r->head; m != NULL; m = next) {
        next = m->up[0].next;
        free(m);
    }
    mci_map_free(&r->by_id);
    free(r);
}

static int is_before(const mci_ranked_member *m, double score, const char *id)
{
    return m->score != score ? m->score < score : strcmp(m->id, id) < 0;
}

/* Per level the last member before a place, and how many stand up to it. */
typedef struct way {
    mci_ranked_member *last[LEVELS];
    size_t count[LEVELS];
} way;

static void walk_to(const mci_ranked *r, double score, const char *id, way *w)
{
    mci_ranked_member *m = r->head;
    size_t count = 0;
    for (unsigned l = LEVELS; l-- > 0;) {
        while (l < r->levels && m->up[l].next != NULL && is_before(m->up[l].next, score, id)) {
            count += m->up[l].passes;
            m = m->up[l].next;
        }
        w->last[l] = m;
        w->count[l] = count;
    }
}

static void link_in(mci_ranked *r, mci_ranked_member *m)
{
    way w;
    walk_to(r, m->score, m->id, &w);
    size_t size = r->by_id.n; /* without it, or with it when it only moves: it is not linked then */
    for (; r->levels < m->levels; r->levels++)
        r->head->up[r->levels] = (link){NULL, size};
    for (unsigned l = 0; l < r->levels; l++) {
        link *before = &w.last[l]->up[l];
        size_t between = w.count[0] - w.count[l];
        if (l >= m->levels) {
            before->passes++;
            continue;
        }
        m->up[l] = (link){before->next, before->passes - between};
        *before = (link){m, between + 1};
    }
    m->lower = w.last[0] == r->head ? NULL : w.last[0];
    if (m->up[0].next != NULL)
        m->up[0].next->lower = m;
    else
        r->highest = m;
}

static void link_out(mci_ranked *r, mci_ranked_member *m)
{
    way w;
    walk_to(r, m->score, m->id, &w);
    for (unsigned l = 0; l < r->levels; l++) {
        link *before = &w.last[l]->up[l];
        if (l < m->levels && before->next == m)
            *before = (link){m->up[l].next, before->passes + m->up[l].passes - 1};
        else
            before->passes--;
    }
    if (m->up[0].next != NULL)
        m->up[0].next->lower = m->lower;
    else
        r->highest = m->lower;
}

static unsigned some_levels(mci_ranked *r)
{
    unsigned levels = 1;
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    r->random ^= r->random << 17;
    for (uint64_t bits = r->random >> 8; levels < LEVELS && (bits & 3) == 0; bits >>= 2)
        levels++;
    return levels;
}

static size_t bytes_of(const mci_ranked_member *m)
{
    return sizeof *m + m->levels * sizeof(link) + m->item.len + 1 + 2 * sizeof(void *);
}

int mci_ranked_put(mci_ranked *r, const char *id, double score)
{
    size_t len = strlen(id);
    mci_ranked_member *m = (mci_ranked_member *)mci_map_find(&r->by_id, id, len);
    if (m != NULL) {
        if (m->score == score)
            return 0;
        link_out(r, m);
        m->score = score;
        r->by_id.n--;
        link_in(r, m);
        r->by_id.n++;
        return 0;
    }
    unsigned levels = some_levels(r);
    m = calloc(1, sizeof *m + levels * sizeof(link) + len + 1);
    if (m == NULL)
        return -1;
    m->levels = levels;
    m->score = score;
    m->id = (char *)&m->up[levels];
    memcpy(m->id, id, len + 1);
    link_in(r, m);
    mci_map_add(&r->by_id, &m->item, m->id, len);
    r->bytes += bytes_of(m);
    return 0;
}

static void drop(mci_ranked *r, mci_ranked_member *m)
{
    link_out(r, m);
    mci_map_remove(&r->by_id, &m->item);
    r->bytes -= bytes_of(m);
    free(m);
}

int mci_ranked_remove(mci_ranked *r, const char *id)
{
    mci_ranked_member *m = (mci_ranked_member *)mci_map_find(&r->by_id, id, strlen(id));
    if (m == NULL)
        return 0;
    drop(r, m);
    return 1;
}

void mci_ranked_remove_range(mci_ranked *r, double low, double high)
{
    mci_ranked_member *m = (mci_ranked_member *)(uintptr_t)mci_ranked_from(r, low);
    while (m != NULL && m->score <= high) {
        mci_ranked_member *next = m->up[0].next;
        drop(r, m);
        m = next;
    }
}

size_t mci_ranked_size(const mci_ranked *r)
{
    return r->by_id.n;
}

size_t mci_ranked_bytes(const mci_ranked *r)
{
    return r->bytes + sizeof *r;
}

const mci_ranked_member *mci_ranked_find(const mci_ranked *r, const char *id)
{
    return (const mci_ranked_member *)mci_map_find(&r->by_id, id, strlen(id));
}

size_t mci_ranked_above(const mci_ranked *r, const mci_ranked_member *m)
{
    way w;
    walk_to(r, m->score, m->id, &w);
    return r->by_id.n - w.count[0] - 1;
}

const mci_ranked_member *mci_ranked_from_top(const mci_ranked *r, size_t n)
{
    if (n >= r->by_id.n)
        return NULL;
    size_t left = r->by_id.n - n; /* that many links of length one from the head */
    const mci_ranked_member *m = r->head;
    for (unsigned l = r->levels; l-- > 0;)
        while (m->up[l].next != NULL && m->up[l].passes <= left) {
            left -= m->up[l].passes;
            m = m->up[l].next;
        }
    return m;
}

const mci_ranked_member *mci_ranked_from(const mci_ranked *r, double score)
{
    way w;
    walk_to(r, score, "", &w); /* before every id */
    return w.last[0]->up[0].next;
}

size_t mci_ranked_below(const mci_ranked *r, double score)
{
    way w;
    walk_to(r, score, "", &w);
    return w.count[0];
}

const mci_ranked_member *mci_ranked_higher(const mci_ranked_member *m)
{
    return m->up[0].next;
}

const mci_ranked_member *mci_ranked_lower(const mci_ranked_member *m)
{
    return m->lower;
}

const char *mci_ranked_id(const mci_ranked_member *m)
{
    return m->id;
}

double mci_ranked_score(const mci_ranked_member *m)
{
    return m->score;
}
