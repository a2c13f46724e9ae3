/* SPDX-License-Identifier: Apache-2.0 */
/* How large, deep and costly a caller's JSON may be. */
#ifndef MCI_CODEC_JSON_LIMITS_H
#define MCI_CODEC_JSON_LIMITS_H

#include <stddef.h>

#define MCI_JSON_MAX (15u * 1024u * 1024u)    /* bytes of a document or patch */
#define MCI_JSON_TREE_BASE ((size_t)16 << 20) /* bytes of memory for a caller's text while it is looked at: this, and ... */
#define MCI_JSON_TREE_FACTOR 16               /* ... so many for each byte of it */
#define MCI_JSON_DEPTH 64                     /* levels of a caller's text */
/* What is stored already was taken once, perhaps by another program: it is read in any shape that is not made to hurt. */
#define MCI_JSON_STORED_TREE_BASE ((size_t)64 << 20)
#define MCI_JSON_STORED_TREE_FACTOR 32
#define MCI_ID_CAP 257 /* longest id, with its NUL */

#endif
