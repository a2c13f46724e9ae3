/* SPDX-License-Identifier: Apache-2.0 */
/* Letters of ASCII, whatever the locale of the host. */
#ifndef MCI_BASE_ASCII_H
#define MCI_BASE_ASCII_H

#include <stddef.h>

/* a to z for A to Z, every other byte as it is. */
char mci_ascii_lower(char c);

/* 1 when the n bytes are the same but for the case of a to z; both texts may end before. */
int mci_same_word(const char *a, const char *b, size_t n);

#endif
