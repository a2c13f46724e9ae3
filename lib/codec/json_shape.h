/* SPDX-License-Identifier: Apache-2.0 */
/* What a JSON text will cost as a tree, known before a parser makes one. */
#ifndef MCI_CODEC_JSON_SHAPE_H
#define MCI_CODEC_JSON_SHAPE_H

#include <stddef.h>

/* Counted, not understood: of a text that is not JSON it says something, and the parser refuses that text. */
typedef struct mci_shape {
    int depth;
    size_t objects;
    size_t arrays;
    size_t members;
    size_t separators; /* values, give or take one for each object and array */
} mci_shape;

/* Ends when the text is nested deeper than `limit`; `depth` tells. */
mci_shape mci_shape_measure(const char *json, size_t len, int limit);

/* Bytes that a tree of this shape takes, beside its texts. */
size_t mci_shape_bytes(const mci_shape *s);

/* How many a text of `len` bytes may take: a caller's, or one that is stored. */
size_t mci_shape_most(int stored, size_t len);

#endif
