/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that somebody else owns. */
#ifndef MCI_BASE_SLICE_H
#define MCI_BASE_SLICE_H

#include <stddef.h>

typedef struct mci_slice {
    const char *p; /* NULL: not there */
    size_t n;
} mci_slice;

#endif
