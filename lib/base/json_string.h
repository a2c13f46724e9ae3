/* SPDX-License-Identifier: Apache-2.0 */
/* Texts as JSON strings. */
#ifndef MCI_BASE_JSON_STRING_H
#define MCI_BASE_JSON_STRING_H

#include "base/buf.h"

/* Append the bytes as a JSON string with quotes; the input is valid UTF-8. Escapes '"', '\\' and control bytes only. */
void mci_buf_json_string(mci_buf *b, const char *p, size_t n);

/* How many bytes from `p` on may stand in a JSON string as they are: up to the first '"', '\\' or control byte, or n. */
size_t mci_json_plain(const char *p, size_t n);

/* The text of a JSON string as it is written above, with its quotes, in place of what the buffer holds. 0, or -1 when it is none. */
int mci_json_unquote(const char *p, size_t n, mci_buf *out);

#endif
