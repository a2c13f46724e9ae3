/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash map whose items are part of what is kept in it: adding allocates nothing but, now and then, a larger table, and never fails. Keys
 * are bytes that the item's owner holds. One thread at a time.
 */
#ifndef MCI_BASE_MAP_H
#define MCI_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct mci_map_item {
    struct mci_map_item *next; /* of the same slot */
    uint64_t hash;
    const char *key;
    size_t len;
} mci_map_item;

typedef struct mci_map {
    mci_map_item **slot; /* NULL while nothing was ever added: then `one` is the only slot */
    mci_map_item *one;
    size_t slots;
    size_t n;
    uint64_t seed;
} mci_map;

/* `seed`: something that nobody outside knows, so that nobody can choose keys that meet in one slot. */
void mci_map_init(mci_map *m, uint64_t seed);
/* The table; items are their owner's. */
void mci_map_free(mci_map *m);

mci_map_item *mci_map_find(const mci_map *m, const char *key, size_t len);
/* `item` is in no map, and no other has its key. */
void mci_map_add(mci_map *m, mci_map_item *item, const char *key, size_t len);
void mci_map_remove(mci_map *m, mci_map_item *item);

/* All items in any order: NULL for the first; NULL at the end. The one before may be removed once its successor is known. */
mci_map_item *mci_map_next(const mci_map *m, const mci_map_item *after);
/* The first item of slot `i` below m->slots, or NULL: for who walks the map a little at a time while it changes. */
mci_map_item *mci_map_slot(const mci_map *m, size_t i);

#endif
