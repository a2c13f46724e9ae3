/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8. */
#ifndef MCI_BASE_UTF8_H
#define MCI_BASE_UTF8_H

#include <stddef.h>

/* 1 when the bytes are well-formed UTF-8 (no overlong forms, no surrogates). */
int mci_utf8_valid(const char *p, size_t n);

#endif
