/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members with a score, in order: by score, of equals by id. A member's score costs one look-up; its rank, the member of a rank, and how many
 * lie below a score cost O(log n). One thread at a time.
 */
#ifndef MCI_CACHE_MEMORY_RANKED_H
#define MCI_CACHE_MEMORY_RANKED_H

#include <stddef.h>
#include <stdint.h>

typedef struct mci_ranked mci_ranked;
typedef struct mci_ranked_member mci_ranked_member;

mci_ranked *mci_ranked_new(uint64_t seed); /* NULL when memory is short */
void mci_ranked_free(mci_ranked *r);       /* NULL is fine */

/* Add a member or give it another score (not NaN). 0; -1 when memory is short: it is as it was. */
int mci_ranked_put(mci_ranked *r, const char *id, double score);
int mci_ranked_remove(mci_ranked *r, const char *id); /* 1: it was there */
/* The members of scores `low` to `high`, both among them. */
void mci_ranked_remove_range(mci_ranked *r, double low, double high);

size_t mci_ranked_size(const mci_ranked *r);
size_t mci_ranked_bytes(const mci_ranked *r); /* memory it takes */
const mci_ranked_member *mci_ranked_find(const mci_ranked *r, const char *id);
/* How many stand after it, that is, before it when the highest comes first. */
size_t mci_ranked_above(const mci_ranked *r, const mci_ranked_member *m);
/* The member before which `n` stand when the highest comes first; NULL past the end. */
const mci_ranked_member *mci_ranked_from_top(const mci_ranked *r, size_t n);
/* The lowest member of at least that score; NULL: there is none. */
const mci_ranked_member *mci_ranked_from(const mci_ranked *r, double score);
/* How many have a lower score. */
size_t mci_ranked_below(const mci_ranked *r, double score);

/* Neighbours in order; NULL past the end. */
const mci_ranked_member *mci_ranked_higher(const mci_ranked_member *m);
const mci_ranked_member *mci_ranked_lower(const mci_ranked_member *m);
const char *mci_ranked_id(const mci_ranked_member *m);
double mci_ranked_score(const mci_ranked_member *m);

#endif
