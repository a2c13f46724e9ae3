/* SPDX-License-Identifier: Apache-2.0 */
/* Documents <-> fields of a Redis hash. Plain fields are text that any Redis client can read; `_doc` is the whole document as
 * JSON; `_m` is the envelope. */
#ifndef MCI_CODEC_HASH_H
#define MCI_CODEC_HASH_H

#include "codec/envelope.h"

#define MCI_HASH_ENVELOPE "_m"
#define MCI_HASH_DOC "_doc"

typedef struct mci_slice {
    const char *p; /* NULL: not there */
    size_t n;
} mci_slice;

/* An encoded document: texts of the fields in the spec's order, in one buffer. */
typedef struct mci_hash_fields {
    mci_buf text;
    struct {
        size_t off;
        size_t len;
        int there;
    } field[MCI_MAX_FIELDS];
    size_t n;
} mci_hash_fields;

/*
 * Encode the fields of `d`, and fill kinds and sums of the envelope. 0; -1 when memory is short; 1 when texts and JSON together
 * have more than `max` bytes: work ends there, and what was done is of no use. Free in any case.
 */
int mci_hash_encode(const mci_doc *d, mci_seal seal, size_t max, mci_hash_fields *out, mci_envelope *e);
void mci_hash_fields_free(mci_hash_fields *f);

/* The text of a JSON string in normal form, with its quotes. 0, or -1 when it is none. */
int mci_json_unquote(const char *p, size_t n, mci_buf *out);

typedef enum mci_value_state {
    MCI_VALUE_NONE = 0, /* no such value */
    MCI_VALUE_HIT,      /* `*out` is the document */
    MCI_VALUE_NEGATIVE, /* the store had none */
    MCI_VALUE_OLD,      /* decodes, but is of an earlier epoch or past its hard deadline: a plain miss */
    MCI_VALUE_CORRUPT,  /* to be dropped */
    MCI_VALUE_NOMEM
} mci_value_state;

/*
 * Decode one value, sealed by one of `macs` (NULL: by none). `m` is the envelope; `fields` has spec->nfields slices, or is NULL when only the document was fetched; `json`
 * may be absent when only fields were. `now_ms` is Redis' clock, 0: not known.
 */
mci_value_state mci_hash_decode(const mci_macs *macs, const mci_spec *spec, const char *id, mci_slice m,
                                const mci_slice *fields, mci_slice json, int64_t epoch, int64_t now_ms, mci_doc **out,
                                mci_envelope *e);

#endif
