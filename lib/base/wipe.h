/* SPDX-License-Identifier: Apache-2.0 */
/* Overwriting secrets in a way the compiler may not leave out, although nobody reads the memory again. */
#ifndef MCI_BASE_WIPE_H
#define MCI_BASE_WIPE_H

#include <stddef.h>

static inline void mci_wipe(void *p, size_t n)
{
    volatile unsigned char *v = p;
    while (n-- > 0)
        *v++ = 0;
}

#endif
