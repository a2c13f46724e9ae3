/* SPDX-License-Identifier: Apache-2.0 */
/* What a callback of the host's store puts documents into: they are decoded, and held to what was asked for, as they come. */
#ifndef MCI_STORE_DOCUMENT_SINK_H
#define MCI_STORE_DOCUMENT_SINK_H

#include "store/store.h"

/* One of many ids, and where its document belongs. */
typedef struct mci_sink_place {
    const char *id;
    size_t i;
} mci_sink_place;

/* Set up by the caller: the first block. `out` has room for `limit`; with `places` (sorted by mci_sink_sort()) a document goes where
 * its id has, else they follow each other. One thread. */
struct mc_document_sink {
    const mci_store_env *env;
    const mci_spec *spec;
    const char *want; /* the id that was asked for, or NULL */
    const mci_sink_place *places;
    mci_doc **out;
    size_t limit;
    int skip_broken; /* a corrupt document is left out, instead of failing the call */
    char **raw;      /* the first document's bytes as they came, for replace-if-unchanged; or NULL */
    mc_error *err;

    size_t n;       /* documents taken */
    size_t offered; /* also those that were left out */
    char *last;     /* with skip_broken: id of the last one taken; malloc'ed */
    size_t raw_len;
    mc_status st; /* the first refusal; nothing is taken after it */
};

/* Ascending by id. */
void mci_sink_sort(mci_sink_place *places, size_t n);

#endif
