/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: chunks of memory that are freed together. Refuses: more than the ceiling. */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 992 /* the replies to a read fit in; a block this small comes from malloc's own cache of the thread */
#define CHUNK 4096

struct mci_arena_chunk {
    mci_arena_chunk *next;
    size_t size;
    _Alignas(16) char bytes[];
};

void mci_arena_init(mci_arena *a, size_t max)
{
    *a = (mci_arena){.max = max};
}

void *mci_arena_alloc(mci_arena *a, size_t n)
{
    if (n > a->max) {
        a->over = 1;
        return NULL;
    }
    n = (n + 15) & ~(size_t)15;
    if (a->head == NULL || a->head->size - a->used < n) {
        size_t least = a->head == NULL ? FIRST : CHUNK;
        size_t size = n > least ? n : least;
        if (size > a->max || a->total > a->max - size) {
            a->over = 1;
            return NULL;
        }
        mci_arena_chunk *c = malloc(sizeof *c + size);
        if (c == NULL)
            return NULL;
        c->next = a->head;
        c->size = size;
        a->head = c;
        a->used = 0;
        a->total += size;
    }
    void *p = a->head->bytes + a->used;
    a->used += n;
    return p;
}

void mci_arena_free(mci_arena *a)
{
    while (a->head != NULL) {
        mci_arena_chunk *next = a->head->next;
        free(a->head);
        a->head = next;
    }
    a->used = 0;
    a->total = 0;
}

void mci_arena_adopt(mci_arena *a, mci_arena *from)
{
    if (from->head == NULL)
        return;
    mci_arena_chunk *last = from->head;
    while (last->next != NULL)
        last = last->next;
    last->next = a->head;
    a->head = from->head;
    a->used = from->used;
    a->total += from->total;
    *from = (mci_arena){.max = from->max};
}

char *mci_arena_text(mci_arena *a, const char *p, size_t n)
{
    char *out = mci_arena_alloc(a, n + 1);
    if (out == NULL)
        return NULL;
    if (n > 0)
        memcpy(out, p, n);
    out[n] = '\0';
    return out;
}
