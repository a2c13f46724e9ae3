/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the generator behind tokens and jitter, and the value checksum. Refuses: cryptographic use.
 * The generator is a counter run through a 128-bit multiply-and-fold, so threads share it by one atomic add.
 */
#include "base/random.h"

#include "base/clock.h"
#include "base/endian.h"
#include "base/portable.h"

#include <string.h>

/* The low half of a product, and its high half. */
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t *high)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 u128;
    u128 m = (u128)a * b;
    *high = (uint64_t)(m >> 64);
    return (uint64_t)m;
#else /* 32-bit machines: by halves */
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t cross1 = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    uint64_t cross2 = (a & UINT32_MAX) * (b >> 32) + (cross1 & UINT32_MAX);
    *high = (a >> 32) * (b >> 32) + (cross1 >> 32) + (cross2 >> 32);
    return cross2 << 32 | (low & UINT32_MAX);
#endif
}

/* Odd constants with about half their bits set; taken from the digits of pi and e. */
#define K1 UINT64_C(0x243f6a8885a308d3)
#define K2 UINT64_C(0x13198a2e03707345)
#define K3 UINT64_C(0xb7e151628aed2a6b)

static uint64_t fold(uint64_t a, uint64_t b)
{
    uint64_t high = 0;
    uint64_t low = multiply(a, b, &high);
    return low ^ high;
}

int mci_random_init(mci_random *r)
{
    if (mci_random_bytes(r->seed, sizeof r->seed) != 0)
        return -1;
    atomic_init(&r->counter, r->seed[0] ^ r->seed[1]);
    return 0;
}

uint64_t mci_random_u64(mci_random *r)
{
    uint64_t c = atomic_fetch_add_explicit(&r->counter, 1, memory_order_relaxed);
    uint64_t x = fold(c * K3 ^ r->seed[0], K1 ^ r->seed[1]);
    return fold(x ^ K2, c ^ r->seed[1]) ^ x;
}

uint64_t mci_random_below(mci_random *r, uint64_t n)
{
    uint64_t high = 0;
    (void)multiply(mci_random_u64(r), n, &high);
    return high;
}

static void hex(uint64_t v, unsigned digits, char *out)
{
    for (unsigned i = digits; i-- > 0; v >>= 4)
        out[i] = "0123456789abcdef"[v & 15];
}

void mci_random_token(mci_random *r, char out[33])
{
    hex(r->seed[0] ^ mci_random_u64(r), 16, out);
    hex(mci_random_u64(r), 16, out + 16);
    out[32] = '\0';
}

void mci_random_objectid(mci_random *r, char out[25])
{
    uint64_t c = atomic_fetch_add_explicit(&r->counter, 1, memory_order_relaxed);
    hex((uint64_t)(mci_wall_ms() / 1000) & 0xffffffff, 8, out);
    hex(r->seed[0] >> 24, 10, out + 8);
    hex(c & 0xffffff, 6, out + 18);
    out[24] = '\0';
}

uint64_t mci_checksum(uint64_t seed, const void *p, size_t n)
{
    const unsigned char *b = p;
    uint64_t h = seed ^ K1 ^ ((uint64_t)n * K3);
    size_t left = n;
    for (; left >= 16; left -= 16, b += 16)
        h = fold(mci_load64(b) ^ K2, mci_load64(b + 8) ^ h);
    unsigned char tail[16] = {0};
    if (left > 0)
        memcpy(tail, b, left);
    h = fold(mci_load64(tail) ^ K2, mci_load64(tail + 8) ^ h ^ K3);
    return fold(h ^ K1, K3 ^ (uint64_t)n);
}
