/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope of a cached value: field `_m` of its hash. One line of text:
 *   M1 D <epoch> <written> <soft> <hard> <version> <kinds> <fields sum> <document sum> <envelope sum>
 * with D for a document and N for "not found", times in milliseconds of Redis' clock, one letter per field of the
 * collection (S text, I integer, R real, L list, T time, - missing), and sums in hexadecimal, seeded with the id: a value that
 * was cut, edited, written by another layout, or copied from another id does not decode.
 */
#ifndef MCI_CODEC_ENVELOPE_H
#define MCI_CODEC_ENVELOPE_H

#include "base/doc.h"

#define MCI_ENVELOPE_MAX 256

typedef struct mci_envelope {
    int negative;
    int64_t epoch;
    int64_t written_ms; /* when the store was asked */
    int64_t soft_ms;    /* refresh after this; as hard_ms in this release */
    int64_t hard_ms;    /* never served after this */
    int64_t version;    /* of the document; 0: not known */
    char kinds[MCI_MAX_FIELDS + 1];
    uint64_t fields_sum;
    uint64_t doc_sum;
} mci_envelope;

/* Seed of the sums for one value. */
uint64_t mci_envelope_seed(const mci_spec *spec, const char *id, size_t id_len);

void mci_envelope_write(const mci_envelope *e, uint64_t seed, mci_buf *out);

/* 0, or -1 when it is none of ours. */
int mci_envelope_read(const char *p, size_t n, uint64_t seed, mci_envelope *out);

#endif
