/* SPDX-License-Identifier: Apache-2.0 */
/* ObjectIds as text. */
#ifndef MCI_BASE_OBJECTID_H
#define MCI_BASE_OBJECTID_H

#include <stddef.h>

/* 24 hexadecimal digits? Writes them in lower case with a NUL. 0 or -1. */
int mci_objectid_normalise(const char *p, size_t n, char out[25]);

#endif
