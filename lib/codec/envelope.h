/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope of a cached value: field `_m` of its hash. One line of text:
 *   M1 D <epoch> <written> <soft> <hard> <version> <kinds> <fields sum> <document sum> <envelope sum>
 * with D for a document and N for "not found", times in milliseconds of Redis' clock, one letter per field of the
 * collection (S text, I integer, R real, L list, T time, - missing), and sums in hexadecimal, seeded with the id: a value that
 * was cut, edited, written by another layout, or copied from another id is corrupt. With a key (cache.key) the sums are keyed, and
 * nobody else can make them.
 */
#ifndef MCI_CODEC_ENVELOPE_H
#define MCI_CODEC_ENVELOPE_H

#include "base/doc.h"
#include "codec/mac.h"

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

/* What the sums of one value hang on: a key, or none, and the collection and id it belongs to. */
typedef struct mci_seal {
    const mci_mac *mac; /* NULL: plain checksums */
    uint64_t seed;
} mci_seal;

mci_seal mci_envelope_seal(const mci_mac *mac, const mci_spec *spec, const char *id, size_t id_len);
/* The seal by the first key, or by none. */
mci_seal mci_envelope_own_seal(const mci_macs *macs, const mci_spec *spec, const char *id, size_t id_len);

void mci_envelope_write(const mci_envelope *e, mci_seal seal, mci_buf *out);

/* 0, or -1 when it is none of ours. */
int mci_envelope_read(const char *p, size_t n, mci_seal seal, mci_envelope *out);
/* The same with every key that is accepted (`macs` NULL: none is needed); `seal` receives the one that fits. */
int mci_envelope_open(const mci_macs *macs, const mci_spec *spec, const char *id, const char *p, size_t n, mci_envelope *out,
                      mci_seal *seal);
/* Sum of a whole value: of a document's text, of a string. */
uint64_t mci_seal_value(mci_seal seal, const char *p, size_t n);

#endif
