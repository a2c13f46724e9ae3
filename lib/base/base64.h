/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as base64. */
#ifndef MCI_BASE_BASE64_H
#define MCI_BASE_BASE64_H

#include "base/buf.h"
#include <stdint.h>

/* Append the standard base64 of the bytes, with padding. */
void mci_buf_base64(mci_buf *b, const void *p, size_t n);

/* Decoding wants the one canonical text of the bytes; `out` has room for n / 4 * 3. 0 or -1. */
int mci_base64_decode(const char *p, size_t n, uint8_t *out, size_t *out_len);

#endif
