/* SPDX-License-Identifier: Apache-2.0 */
/* Changing one value in a document's text in normal form, without a tree. */
#ifndef MCI_CODEC_JSON_SPLICE_H
#define MCI_CODEC_JSON_SPLICE_H

#include "base/buf.h"
#include "base/patch.h"

/* `json` with one step of a patch applied, appended to `out`: 1. 0: the tree decides, what `out` holds means nothing. */
int mci_json_splice(const char *json, size_t len, const mci_step *step, mci_buf *out);

#endif
