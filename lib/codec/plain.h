/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a document as text that any client of a cache can read: numbers as text, lists as JSON arrays. For them alone: never read back. */
#ifndef MCI_CODEC_PLAIN_H
#define MCI_CODEC_PLAIN_H

#include "base/doc.h"

/* Append the text of one field; nothing when it is absent. Failure is the buffer's. */
void mci_plain_add(const mci_doc *d, size_t field, mci_buf *out);

#endif
