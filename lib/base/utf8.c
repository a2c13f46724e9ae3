/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: what is well-formed UTF-8. Refuses: conversions; texts stay as they are. */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Length of the sequence at p (at most `left` bytes), 0 when it is not well-formed. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    unsigned char c = p[0];
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    size_t n;
    if (c < 0x80)
        return 1;
    if (c >= 0xC2 && c <= 0xDF) {
        n = 2;
    } else if ((c & 0xF0) == 0xE0) {
        n = 3;
        low = c == 0xE0 ? 0xA0 : 0x80;  /* overlong */
        high = c == 0xED ? 0x9F : 0xBF; /* surrogates */
    } else if (c >= 0xF0 && c <= 0xF4) {
        n = 4;
        low = c == 0xF0 ? 0x90 : 0x80;
        high = c == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (left < n || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return n;
}

int mci_utf8_valid(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t i = 0;
    while (i < n) {
        uint64_t w[4];
        while (n - i >= sizeof w) {
            memcpy(w, u + i, sizeof w);
            if (((w[0] | w[1] | w[2] | w[3]) & HIGH_BITS) != 0)
                break;
            i += sizeof w;
        }
        while (n - i >= sizeof w[0]) {
            memcpy(w, u + i, sizeof w[0]);
            if ((w[0] & HIGH_BITS) != 0)
                break;
            i += sizeof w[0];
        }
        if (i == n)
            return 1;
        size_t step = utf8_sequence(u + i, n - i);
        if (step == 0)
            return 0;
        i += step;
    }
    return 1;
}
