/* SPDX-License-Identifier: Apache-2.0 */
/* Ids with their rank fields, as a store gives them for a board. */
#ifndef MCI_STORE_SCORES_H
#define MCI_STORE_SCORES_H

#include "base/buf.h"

/* Begin with zeros. */
typedef struct mci_scores {
    mci_buf ids; /* one text after another, each with its NUL */
    double *score;
    size_t n;
    size_t cap;
} mci_scores;

/* 0 (a rank that is infinite or not a number is left out), or -1: memory is short. */
int mci_scores_add(mci_scores *s, const char *id, size_t len, double score);
void mci_scores_clear(mci_scores *s); /* keeps the memory */
void mci_scores_free(mci_scores *s);

#endif
