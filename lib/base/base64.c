/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: bytes as base64. Refuses what is not the one canonical text of the bytes. */
#include "base/base64.h"

#include <string.h>

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void mci_buf_base64(mci_buf *b, const void *p, size_t n)
{
    const uint8_t *u = p;
    for (size_t i = 0; i < n && !b->failed; i += 3) {
        size_t left = n - i;
        unsigned v = (unsigned)u[i] << 16 | (left > 1 ? (unsigned)u[i + 1] << 8 : 0) | (left > 2 ? (unsigned)u[i + 2] : 0);
        char four[4] = {BASE64[v >> 18], BASE64[v >> 12 & 63], left > 1 ? BASE64[v >> 6 & 63] : '=',
                        left > 2 ? BASE64[v & 63] : '='};
        mci_buf_add(b, four, 4);
    }
}

int mci_base64_decode(const char *p, size_t n, uint8_t *out, size_t *out_len)
{
    size_t o = 0;
    if (n % 4 != 0)
        return -1;
    for (size_t i = 0; i < n; i += 4) {
        size_t pad = i + 4 == n ? (size_t)(p[n - 1] == '=') + (size_t)(p[n - 1] == '=' && p[n - 2] == '=') : 0;
        unsigned v = 0;
        for (size_t k = 0; k < 4; k++) {
            const char *at = k + pad >= 4 ? BASE64 : p[i + k] != '\0' ? strchr(BASE64, p[i + k]) : NULL;
            if (at == NULL)
                return -1;
            v = v << 6 | (unsigned)(at - BASE64);
        }
        if ((pad == 1 && (v & 0xFF) != 0) || (pad == 2 && (v & 0xFFFF) != 0))
            return -1; /* bits that no byte holds: not the canonical text */
        out[o++] = (uint8_t)(v >> 16);
        if (pad < 2)
            out[o++] = (uint8_t)(v >> 8);
        if (pad < 1)
            out[o++] = (uint8_t)v;
    }
    *out_len = o;
    return 0;
}
