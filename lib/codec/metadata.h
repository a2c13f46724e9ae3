/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept beside a cached value: 42 bytes, numbers little-endian.
 *   sum      8  of all that follows, and of what lies behind the metadata under the same name (the packed fields of a document)
 *   layout   1  MCI_LAYOUT
 *   there    1  what the value has (mci_there); nothing: the store had none
 *   epoch    8  of the cache, before the store was asked
 *   written  8  when the store was asked, in milliseconds of the cache's clock
 *   hard     8  not served after this
 *   value    8  sum of the text that is kept apart: a document's JSON, a string
 * Both sums hang on collection and id: what was cut, edited, written in another layout, or copied from another id is corrupt. With a key
 * (cache.key) they are keyed, and nobody else can make them.
 */
#ifndef MCI_CODEC_METADATA_H
#define MCI_CODEC_METADATA_H

#include "base/doc.h"
#include "codec/mac.h"

#define MCI_LAYOUT 2 /* 1 was a line of text */
#define MCI_METADATA_SIZE 42

typedef enum mci_there {
    MCI_THERE_TEXT = 1,   /* the text that is kept apart */
    MCI_THERE_FIELDS = 2, /* packed fields behind the metadata */
    MCI_THERE_PLAIN = 4,  /* readable fields beside them, for other clients: nothing of ours reads them */
    MCI_THERE_STALE = 8   /* of a string: it came from the snapshot file */
} mci_there;

typedef struct mci_metadata {
    unsigned there; /* mci_there; 0: "not found" */
    int64_t epoch;
    int64_t written_ms;
    int64_t hard_ms;
    uint64_t text_sum;
} mci_metadata;

/* What the sums of one value hang on: a key, or none, and the collection and id it belongs to. */
typedef struct mci_seal {
    const mci_mac *mac; /* NULL: plain checksums */
    uint64_t seed;
} mci_seal;

mci_seal mci_seal_of(const mci_mac *mac, const mci_spec *spec, const char *id, size_t id_len);
/* The seal by the first key, or by none. */
mci_seal mci_seal_own(const mci_macs *macs, const mci_spec *spec, const char *id, size_t id_len);
/* Sum of the text that is kept apart. */
uint64_t mci_seal_text(mci_seal seal, const char *p, size_t n);

/* Append the metadata; what belongs behind it follows; then mci_metadata_seal() with the length from before. Failure is the buffer's. */
void mci_metadata_add(const mci_metadata *m, mci_buf *out);
void mci_metadata_seal(mci_seal seal, mci_buf *out, size_t begin);

/*
 * Read metadata, and prove it and all behind it with any key that is accepted (`macs` NULL or empty: none is needed); `seal` receives the one that
 * fits. 0, or -1 when it is none of ours.
 */
int mci_metadata_open(const mci_macs *macs, const mci_spec *spec, const char *id, const char *p, size_t n, mci_metadata *out,
                      mci_seal *seal);

#endif
