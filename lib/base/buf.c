/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the growing buffer. Refuses: growth past its ceiling, and half-written content (failure is sticky and checked once). */
#include "base/buf.h"

#include "base/wipe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mci_buf_init(mci_buf *b, size_t max)
{
    *b = (mci_buf){.max = max};
}

void mci_buf_free(mci_buf *b)
{
    free(b->data);
    *b = (mci_buf){.max = b->max};
}

void mci_buf_reset(mci_buf *b)
{
    b->len = 0;
    b->failed = b->over = 0;
}

void mci_buf_wipe(mci_buf *b)
{
    mci_wipe(b->data, b->cap);
    b->len = 0;
}

int mci_buf_reserve(mci_buf *b, size_t more)
{
    if (!b->failed && (more > b->max || b->len > b->max - more))
        b->failed = b->over = 1;
    if (b->failed)
        return -1;
    size_t need = b->len + more + 1;
    if (need <= b->cap)
        return 0;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need)
        cap += cap / 2 + 64;
    char *data = realloc(b->data, cap);
    if (data == NULL) {
        b->failed = 1;
        return -1;
    }
    b->data = data;
    b->cap = cap;
    return 0;
}

void mci_buf_add(mci_buf *b, const void *p, size_t n)
{
    if (mci_buf_reserve(b, n) != 0)
        return;
    if (n > 0)
        memcpy(b->data + b->len, p, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void mci_buf_str(mci_buf *b, const char *s)
{
    mci_buf_add(b, s, strlen(s));
}

void mci_buf_char(mci_buf *b, char c)
{
    mci_buf_add(b, &c, 1);
}

void mci_buf_int(mci_buf *b, int64_t v)
{
    char digits[24];
    char *end = digits + sizeof digits;
    char *p = end;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        *--p = (char)('0' + u % 10);
        u /= 10;
    } while (u > 0);
    if (v < 0)
        *--p = '-';
    mci_buf_add(b, p, (size_t)(end - p));
}

void mci_buf_fmt(mci_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        b->failed = 1;
    else if (mci_buf_reserve(b, (size_t)n) == 0) {
        (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    va_end(ap);
}

char *mci_buf_take(mci_buf *b, size_t *len)
{
    if (b->failed || mci_buf_reserve(b, 0) != 0) {
        mci_buf_free(b);
        return NULL;
    }
    b->data[b->len] = '\0';
    char *p = b->data;
    if (len != NULL)
        *len = b->len;
    *b = (mci_buf){.max = b->max};
    return p;
}
