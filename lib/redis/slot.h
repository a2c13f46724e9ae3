/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots of a Redis Cluster: which of 16384 a key lies in. Source: "Redis cluster specification" (keys distribution model): CRC-16/XMODEM of the key, or of
 * what stands between its first '{' and the next '}' when that is not empty.
 */
#ifndef MCI_REDIS_SLOT_H
#define MCI_REDIS_SLOT_H

#include <stddef.h>

#define MCI_SLOTS 16384

/* The slot of a key. */
int mci_slot_of(const char *key, size_t len);
/* The slot of the key that mci_key() makes of the two: `name` ends with '{', which `id` and a '}' follow; NULL: it is the whole key. */
int mci_slot_of_key(const char *name, const char *id);

/* For each slot a text whose slot it is, to be used as a hash tag. */
typedef struct mci_slot_tags {
    char tag[MCI_SLOTS][5];
} mci_slot_tags;
void mci_slot_tags_make(mci_slot_tags *t);

#endif
