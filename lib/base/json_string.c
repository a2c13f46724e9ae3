/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: a text as a JSON string, and back. Refuses to check its encoding: callers hand in valid UTF-8. */
#include "base/json_string.h"

#include "base/endian.h"

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static int must_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

#ifdef __SSE2__
/* Which of 16 bytes must be escaped, one bit for each. */
static unsigned must_escape16(const unsigned char *u)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)u);
    __m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control));
}
#endif

/*
 * First byte at or after `i` that must be escaped, or n. Sixteen bytes at a time where the processor can, and eight. In a word of eight the
 * lowest byte that is marked must be; those above it may be marked by its borrow.
 */
static size_t plain_run(const unsigned char *u, size_t i, size_t n)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t tops = 0x8080808080808080u;
#ifdef __SSE2__
    for (; n - i >= 16; i += 16) {
        unsigned hits = must_escape16(u + i);
        if (hits != 0)
            return i + (size_t)__builtin_ctz(hits);
    }
#endif
    for (; n - i >= sizeof ones; i += sizeof ones) {
        uint64_t eight = mci_load64(u + i);
        uint64_t quote = eight ^ (ones * '"');
        uint64_t slash = eight ^ (ones * '\\');
        uint64_t hit = (((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops;
        if (hit != 0)
            return i + (size_t)__builtin_ctzll(hit) / 8;
    }
    while (i < n && !must_escape(u[i]))
        i++;
    return i;
}

size_t mci_json_plain(const char *p, size_t n)
{
    return plain_run((const unsigned char *)p, 0, n);
}

void mci_buf_json_string(mci_buf *b, const char *p, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *u = (const unsigned char *)p;
    size_t i = 0;
    mci_buf_char(b, '"');
    while (i < n && !b->failed) {
        size_t end = plain_run(u, i, n);
        mci_buf_add(b, p + i, end - i);
        i = end;
        if (i == n)
            break;
        unsigned char c = u[i++];
        char esc[6] = {'\\', (char)c, 0, 0, 0, 0};
        size_t len = 2;
        switch (c) {
        case '"':
        case '\\':
            break;
        case '\b':
            esc[1] = 'b';
            break;
        case '\f':
            esc[1] = 'f';
            break;
        case '\n':
            esc[1] = 'n';
            break;
        case '\r':
            esc[1] = 'r';
            break;
        case '\t':
            esc[1] = 't';
            break;
        default:
            esc[1] = 'u';
            esc[2] = esc[3] = '0';
            esc[4] = hex[c >> 4];
            esc[5] = hex[c & 15];
            len = 6;
        }
        mci_buf_add(b, esc, len);
    }
    mci_buf_char(b, '"');
}

/* One escape of a JSON string, after the backslash. Bytes written to `out`, or 0 when it is none we write. */
static size_t unescape(const char **p, const char *end, char out[1])
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (*p == end)
        return 0;
    char c = *(*p)++;
    const char *at = c == '\0' ? NULL : strchr(from, c);
    if (at != NULL) {
        out[0] = to[at - from];
        return 1;
    }
    if (c != 'u' || end - *p < 4 || memcmp(*p, "00", 2) != 0)
        return 0;
    unsigned v = 0;
    for (int i = 2; i < 4; i++) {
        char h = (*p)[i];
        unsigned digit = h >= '0' && h <= '9' ? (unsigned)(h - '0') : h >= 'a' && h <= 'f' ? (unsigned)(h - 'a' + 10) : 99;
        if (digit > 15)
            return 0;
        v = v << 4 | digit;
    }
    *p += 4;
    out[0] = (char)v;
    return v > 0 && v < 0x80 ? 1 : 0; /* control bytes only: every other byte is written as it is */
}

static int take_string(const char **p, const char *end, mci_buf *out)
{
    mci_buf_reset(out);
    mci_buf_add(out, "", 0);
    while (*p < end && **p != '"') {
        char c = *(*p)++;
        if (c == '\\' && unescape(p, end, &c) == 0)
            return -1;
        mci_buf_char(out, c);
    }
    return *p < end && *(*p)++ == '"' && !out->failed ? 0 : -1;
}

int mci_json_unquote(const char *p, size_t n, mci_buf *out)
{
    const char *end = p + n;
    return n >= 2 && *p++ == '"' && take_string(&p, end, out) == 0 && p == end ? 0 : -1;
}
