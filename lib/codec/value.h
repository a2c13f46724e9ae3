/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document as a cache keeps it, in a hash of two fields: `_p`, its metadata and behind it the packed fields; `_doc`, the whole document as
 * JSON. "Not found" is metadata alone. A read of the fields asks for `_p` only, and it is proven by itself; `_doc` is proven by what is in `_p`.
 */
#ifndef MCI_CODEC_VALUE_H
#define MCI_CODEC_VALUE_H

#include "base/slice.h"
#include "codec/metadata.h"

#define MCI_VALUE_PACKED "_p"
#define MCI_VALUE_DOC "_doc"

/*
 * `_p` of a document, or of "not found" (`d` NULL), in a buffer that is begun here and freed by the caller in any case; `there` and the sums of
 * `m` are filled in (MCI_THERE_PLAIN stays). 0; -1 when memory is short; 1 when the packed fields and the JSON together have more than `max` bytes: work
 * ends there, and what was done is of no use.
 */
int mci_value_encode(const mci_doc *d, mci_seal seal, size_t max, mci_metadata *m, mci_buf *out);

typedef enum mci_value_state {
    MCI_VALUE_NONE = 0, /* no such value */
    MCI_VALUE_HIT,      /* `*out` is the document */
    MCI_VALUE_NEGATIVE, /* the store had none */
    MCI_VALUE_OLD,      /* decodes, but is of an earlier epoch or past its hard deadline: a plain miss */
    MCI_VALUE_CORRUPT,  /* to be dropped */
    MCI_VALUE_NOMEM
} mci_value_state;

/* What is read: `packed` with p NULL when the hash has none; `doc` counts only when the document's text was asked for. */
typedef struct mci_value_parts {
    mci_slice packed;
    mci_slice doc;
    int with_doc;
} mci_value_parts;

/*
 * Decode a value that is sealed by one of `macs` (NULL: by none). `now_ms` is the cache's clock, 0: not known. What is fetched beyond what was asked for
 * does not count, and a document decodes whole or not at all.
 */
mci_value_state mci_value_decode(const mci_macs *macs, const mci_spec *spec, const char *id, const mci_value_parts *parts,
                                 int64_t epoch, int64_t now_ms, mci_doc **out, mci_metadata *m);

#endif
