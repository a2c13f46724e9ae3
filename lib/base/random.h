/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness for tokens, jitter and new ids, and the checksum of cached values. No secrets are made here. */
#ifndef MCI_BASE_RANDOM_H
#define MCI_BASE_RANDOM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* One per client; safe from any thread. */
typedef struct mci_random {
    uint64_t seed[2];
    _Atomic uint64_t counter;
} mci_random;

/* Seed from the operating system. 0, or -1 when it gives none. */
int mci_random_init(mci_random *r);

uint64_t mci_random_u64(mci_random *r);

/* Evenly from 0 to n-1 (n > 0). */
uint64_t mci_random_below(mci_random *r, uint64_t n);

/* A token nobody else has: 32 hexadecimal digits and a NUL. */
void mci_random_token(mci_random *r, char out[33]);

/* A new ObjectId (seconds, 5 random bytes, counter) as 24 hexadecimal digits and a NUL. Source: the ObjectId specification. */
void mci_random_objectid(mci_random *r, char out[25]);

/* 64-bit checksum, the same on every machine. Detects damage; is not a signature. */
uint64_t mci_checksum(uint64_t seed, const void *p, size_t n);

#endif
