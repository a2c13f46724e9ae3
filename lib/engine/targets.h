/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where unique keys (titles) led when this handle last asked: the document is fetched ahead, in the exchange that says where the key leads. A
 * table of fixed size, made at its first use; what is not in it costs an exchange more, what is wrong in it as well, and no answer is taken from it.
 */
#ifndef MCI_ENGINE_TARGETS_H
#define MCI_ENGINE_TARGETS_H

#include "base/sync.h"
#include "codec/json_limits.h"

typedef struct mci_target mci_target;

typedef struct mci_targets {
    mci_mutex lock;
    mci_target *place; /* NULL until the first is noted */
} mci_targets;

int mci_targets_init(mci_targets *t); /* 0, or -1 */
void mci_targets_destroy(mci_targets *t);

/* The id this encoded key led to, or "". */
void mci_targets_get(mci_targets *t, const char *key, char id[MCI_ID_CAP]);
/* It led there. Long ids are not noted, nor is anything when memory is short. */
void mci_targets_note(mci_targets *t, const char *key, const char *id);

#endif
