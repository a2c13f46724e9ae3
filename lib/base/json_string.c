/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: a text as a JSON string. Refuses to check its encoding: callers hand in valid UTF-8. */
#include "base/json_string.h"

#include <stdint.h>
#include <string.h>

static int must_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* First byte at or after `i` that must be escaped, or n. Eight bytes at a time: most text has none. */
static size_t plain_run(const unsigned char *u, size_t i, size_t n)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t tops = 0x8080808080808080u;
    uint64_t eight;
    while (n - i >= sizeof eight) {
        memcpy(&eight, u + i, sizeof eight);
        uint64_t quote = eight ^ (ones * '"');
        uint64_t slash = eight ^ (ones * '\\');
        uint64_t hit = ((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
        if ((hit & tops) != 0)
            break;
        i += sizeof eight;
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
