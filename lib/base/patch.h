/* SPDX-License-Identifier: Apache-2.0 */
/* A change to a document, flattened: the same list of steps for every store, so that all stores mean the same by it. */
#ifndef MCI_BASE_PATCH_H
#define MCI_BASE_PATCH_H

#include <stddef.h>

typedef struct mci_step {
    char *path; /* dotted path; every parent must be an object or missing, else MC_E_CONFLICT (removing: nothing changes) */
    char *json; /* normalised Extended JSON of the new value; NULL removes the field */
    size_t len;
} mci_step;

typedef struct mci_patch {
    mci_step *steps; /* no path is a prefix of another, none twice */
    size_t n;
} mci_patch;

/* Add a step (both texts are copied). 0, or -1 when memory is short. */
int mci_patch_add(mci_patch *p, const char *path, const char *json, size_t len);
void mci_patch_free(mci_patch *p);

#endif
