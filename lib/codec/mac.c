/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: SipHash-2-4 over a domain, a seed and a text. Refuses: keys of other lengths. Pure. */
#include "codec/mac.h"

#include "base/random.h"

#include <string.h>

static uint64_t rotl(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void rounds(uint64_t v[4], int n)
{
    for (int i = 0; i < n; i++) {
        v[0] += v[1];
        v[1] = rotl(v[1], 13) ^ v[0];
        v[0] = rotl(v[0], 32);
        v[2] += v[3];
        v[3] = rotl(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotl(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotl(v[1], 17) ^ v[2];
        v[2] = rotl(v[2], 32);
    }
}

static void word(uint64_t v[4], uint64_t m)
{
    v[3] ^= m;
    rounds(v, 2);
    v[0] ^= m;
}

static uint64_t little_endian(const unsigned char *p, size_t n)
{
    uint64_t w = 0;
    for (size_t i = 0; i < n; i++)
        w |= (uint64_t)p[i] << (8 * i);
    return w;
}

uint64_t mci_mac_sum(const mci_mac *m, uint64_t domain, uint64_t seed, const void *p, size_t n)
{
    if (m == NULL)
        return mci_checksum(seed, p, n);
    const unsigned char *u = p;
    uint64_t v[4] = {m->k0 ^ UINT64_C(0x736f6d6570736575), m->k1 ^ UINT64_C(0x646f72616e646f6d),
                     m->k0 ^ UINT64_C(0x6c7967656e657261), m->k1 ^ UINT64_C(0x7465646279746573)};
    /* One message: two words of ours, then the text; its length is in the last word, as the algorithm has it. */
    word(v, domain);
    word(v, seed);
    size_t whole = n / 8;
    for (size_t i = 0; i < whole; i++)
        word(v, little_endian(u + 8 * i, 8));
    word(v, little_endian(u + 8 * whole, n % 8) | (uint64_t)(n + 16) << 56);
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int mci_mac_init(mci_mac *m, const char *digits, const char *prefix)
{
    uint64_t k[2] = {0, 0};
    for (unsigned i = 0; i < MCI_MAC_DIGITS; i++) {
        int d = digit(digits[i]); /* a shorter text ends here: its NUL is not a digit */
        if (d < 0)
            return -1;
        unsigned byte = i / 2;
        k[byte / 8] |= (uint64_t)(unsigned)d << (8 * (byte % 8) + (i % 2 ? 0u : 4u));
    }
    if (digits[MCI_MAC_DIGITS] != '\0')
        return -1;
    *m = (mci_mac){.k0 = k[0], .k1 = k[1]};
    m->base = mci_mac_sum(m, 'P', 0, prefix, strlen(prefix));
    return 0;
}
