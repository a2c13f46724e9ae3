/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry of a unique key: one line of text,
 *   <epoch> <time of the load> <id>            "-" for the id: the store has none
 * and, with cache.key, a blank and a keyed sum: a "none" of somebody else's hides no document.
 */
#ifndef MCI_CODEC_UNIQUE_ENTRY_H
#define MCI_CODEC_UNIQUE_ENTRY_H

#include "codec/json.h"
#include "codec/metadata.h"

/* What a key hangs on: the collection, the name of the unique key, and the encoded key. */
typedef struct mci_unique_of {
    const mci_spec *spec;
    const char *name;
    const char *key;
} mci_unique_of;

typedef struct mci_unique_entry {
    int64_t epoch;
    int64_t written_ms;
    char id[MCI_ID_CAP]; /* "": the store has none */
} mci_unique_entry;

void mci_unique_entry_write(const mci_macs *macs, const mci_unique_of *of, const mci_unique_entry *e, mci_buf *out);
/* 0, or -1 when it is none of ours. */
int mci_unique_entry_read(const mci_macs *macs, const mci_unique_of *of, const char *p, size_t n, mci_unique_entry *out);

#endif
