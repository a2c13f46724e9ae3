/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that lives as long as a batch: bump allocation, freed as a whole. One thread at a time. */
#ifndef MCI_BASE_ARENA_H
#define MCI_BASE_ARENA_H

#include <stddef.h>

typedef struct mci_arena_chunk mci_arena_chunk;
typedef struct mci_arena {
    mci_arena_chunk *head;
    size_t used; /* in the newest chunk */
    size_t total;
    size_t max; /* ceiling over all chunks: a server cannot make us take more */
    int over;   /* something was refused for it, or for the number of items */
} mci_arena;

void mci_arena_init(mci_arena *a, size_t max);
void *mci_arena_alloc(mci_arena *a, size_t n); /* 16-byte aligned; NULL at the ceiling */
void mci_arena_free(mci_arena *a);
void mci_arena_adopt(mci_arena *a, mci_arena *from); /* everything `from` holds now belongs to `a` */
/* A copy with a NUL after it; NULL at the ceiling. */
char *mci_arena_text(mci_arena *a, const char *p, size_t n);

#endif
