/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as bytes that every machine reads alike: little-endian. One load or store on the machines that are so themselves. */
#ifndef MCI_BASE_ENDIAN_H
#define MCI_BASE_ENDIAN_H

#include <stdint.h>
#include <string.h>

/* From the machine's order to little-endian, or back. */
static inline uint64_t mci_le64(uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(v);
#else
    return v;
#endif
}

static inline uint64_t mci_load64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return mci_le64(v);
}

static inline void mci_store64(void *p, uint64_t v)
{
    v = mci_le64(v);
    memcpy(p, &v, sizeof v);
}

#endif
