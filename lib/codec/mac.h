/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums with a key: SipHash-2-4 with 64 bits (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012). Who does not have the key can
 * neither make a sum that fits nor learn the key from sums. Without a key the same calls give the plain checksum, which finds damage only.
 */
#ifndef MCI_CODEC_MAC_H
#define MCI_CODEC_MAC_H

#include <stddef.h>
#include <stdint.h>

#define MCI_MAC_DIGITS 32 /* a key as text: 16 bytes in hexadecimal */

typedef struct mci_mac {
    uint64_t k0, k1;
    uint64_t base; /* sum of the key prefix: what was sealed under another prefix does not fit */
} mci_mac;

/* The keys of a client: the first writes, all are accepted. None: plain checksums. */
typedef struct mci_macs {
    mci_mac mac[2];
    size_t n;
} mci_macs;

/* 32 hexadecimal digits. 0, or -1 when it is something else. */
int mci_mac_init(mci_mac *m, const char *digits, const char *prefix);

/*
 * Sum of a text, hanging on `seed`. `domain` keeps sums of different things apart: a field's is not a document's. `m` NULL: the plain checksum, for
 * which only the seed counts.
 */
uint64_t mci_mac_sum(const mci_mac *m, uint64_t domain, uint64_t seed, const void *p, size_t n);

#endif
