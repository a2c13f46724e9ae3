/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chosen fields of a document as compact bytes, for caches and stores that keep them. They are decoded in one pass into the document's one
 * allocation. Layout (numbers little-endian; a varint has 7 bits in each byte, the lowest first, and the highest bit set in all but the last):
 *   version      1 byte: MCI_PACKED_VERSION
 *   fingerprint  4 bytes: of the names, paths and kinds of the collection's fields
 *   kinds        4 bits for each field, the first in the low half of its byte (an odd last one has 0 beside it)
 *   items        varint: the items of all lists together
 *   bytes        varint: of all texts, with their NULs
 *   numbers      for each field, in order: an integer or a date as a varint (zigzag), a real as its 8 bytes, a list as the varint of its items
 *   texts        of each text and each item, in order of the fields, with a NUL behind it: the last byte, if there are texts
 * Neither the id nor the JSON text is in them: who keeps the bytes keeps those beside them.
 */
#ifndef MCI_BASE_PACKED_H
#define MCI_BASE_PACKED_H

#include "base/doc.h"

#define MCI_PACKED_VERSION 1

/* Append the fields of `d`, which was read with its fields. Failure is the buffer's. */
void mci_packed_encode(const mci_doc *d, mci_buf *out);

/*
 * The document of these bytes. `json` may be NULL: without its text; else the caller has checked that it is JSON, as it has checked the id. Any
 * bytes may come in: 0 and `*out`; -1 when they are not what mci_packed_encode() writes for this collection; 1 when memory is short.
 */
int mci_packed_decode(const mci_spec *spec, const char *p, size_t n, const char *id, size_t id_len, const char *json,
                      size_t json_len, mci_doc **out);

/* Of the names, paths and kinds of a collection's fields, in order; never 0. What is packed under another one does not decode. */
uint32_t mci_packed_fingerprint(const mci_spec *spec);

#endif
