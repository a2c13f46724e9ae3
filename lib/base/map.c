/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the table of slots; it doubles when there are as many items as slots, and stays as it is when memory is short. Refuses: owning items. */
#include "base/map.h"

#include "base/random.h"

#include <stdlib.h>
#include <string.h>

void mci_map_init(mci_map *m, uint64_t seed)
{
    *m = (mci_map){.slots = 1, .seed = seed};
}

void mci_map_free(mci_map *m)
{
    free(m->slot);
    mci_map_init(m, m->seed);
}

static mci_map_item **head_of(const mci_map *m, uint64_t hash)
{
    mci_map *w = (mci_map *)(uintptr_t)m;
    return w->slot != NULL ? &w->slot[hash & (w->slots - 1)] : &w->one;
}

mci_map_item *mci_map_find(const mci_map *m, const char *key, size_t len)
{
    if (m->n == 0)
        return NULL;
    uint64_t hash = mci_checksum(m->seed, key, len);
    for (mci_map_item *i = *head_of(m, hash); i != NULL; i = i->next)
        if (i->hash == hash && i->len == len && memcmp(i->key, key, len) == 0)
            return i;
    return NULL;
}

static void grow(mci_map *m)
{
    size_t slots = m->slots < 16 ? 16 : m->slots * 2;
    mci_map_item **slot = calloc(slots, sizeof *slot);
    if (slot == NULL)
        return;
    for (size_t i = 0; i < m->slots; i++) {
        mci_map_item *next;
        for (mci_map_item *item = mci_map_slot(m, i); item != NULL; item = next) {
            mci_map_item **head = &slot[item->hash & (slots - 1)];
            next = item->next;
            item->next = *head;
            *head = item;
        }
    }
    free(m->slot);
    m->slot = slot;
    m->slots = slots;
    m->one = NULL;
}

void mci_map_add(mci_map *m, mci_map_item *item, const char *key, size_t len)
{
    if (m->n >= m->slots)
        grow(m);
    *item = (mci_map_item){.hash = mci_checksum(m->seed, key, len), .key = key, .len = len};
    mci_map_item **head = head_of(m, item->hash);
    item->next = *head;
    *head = item;
    m->n++;
}

void mci_map_remove(mci_map *m, mci_map_item *item)
{
    mci_map_item **at = head_of(m, item->hash);
    while (*at != NULL && *at != item)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = item->next;
    item->next = NULL;
    m->n--;
}

mci_map_item *mci_map_slot(const mci_map *m, size_t i)
{
    return m->slot != NULL ? m->slot[i] : i == 0 ? m->one : NULL;
}

mci_map_item *mci_map_next(const mci_map *m, const mci_map_item *after)
{
    if (after != NULL && after->next != NULL)
        return after->next;
    for (size_t i = after == NULL ? 0 : (after->hash & (m->slots - 1)) + 1; i < m->slots; i++)
        if (mci_map_slot(m, i) != NULL)
            return mci_map_slot(m, i);
    return NULL;
}
