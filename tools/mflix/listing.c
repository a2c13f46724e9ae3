/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns reading the one list that the benchmark needs, in one pass and without building anything. Refuses what is no JSON
 * where it looks (RFC 8259), nesting above 64, ids that hold a NUL. Values it does not need are only passed over.
 */
#include "listing.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define MAX_DEPTH 64

typedef struct cursor {
    const char *p, *end;
} cursor;

static void blanks(cursor *c)
{
    while (c->p < c->end && strchr(" \t\r\n", *c->p) && *c->p)
        c->p++;
}

/* Pass over `wanted` and the blanks before it; 0 when something else stands there. */
static int take(cursor *c, char wanted)
{
    blanks(c);
    if (c->p == c->end || *c->p != wanted)
        return 0;
    c->p++;
    return 1;
}

static int hex4(cursor *c, uint32_t *out)
{
    *out = 0;
    if (c->end - c->p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int ch = tolower((unsigned char)*c->p++);
        if (!isxdigit(ch))
            return -1;
        *out = *out * 16 + (uint32_t)(isdigit(ch) ? ch - '0' : ch - 'a' + 10);
    }
    return 0;
}

/* The character of an escape, the backslash being passed. Returns -1 for what is none, and for NUL. */
static int escape(cursor *c, uint32_t *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t low;
    if (c->p == c->end)
        return -1;
    char ch = *c->p++;
    const char *at = ch ? strchr(from, ch) : NULL;
    if (at) {
        *out = (unsigned char)to[at - from];
        return 0;
    }
    if (ch != 'u' || hex4(c, out) || *out == 0 || (*out >= 0xDC00 && *out < 0xE000))
        return -1;
    if (*out < 0xD800 || *out >= 0xE000)
        return 0;
    if (c->end - c->p < 6 || *c->p++ != '\\' || *c->p++ != 'u' || hex4(c, &low) || low < 0xDC00 || low >= 0xE000)
        return -1;
    *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
    return 0;
}

static size_t utf8(char *to, uint32_t ch)
{
    size_t n = ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i > 1; i--) {
        to[i - 1] = (char)(0x80 | (ch & 0x3F));
        ch >>= 6;
    }
    to[0] = (char)(lead[n] | ch);
    return n;
}

/* A string, whose opening quote is next. With `out` NULL it is passed over; else it must fit, with its NUL. */
static int string(cursor *c, char *out, size_t size)
{
    size_t at = 0;
    if (!take(c, '"'))
        return -1;
    while (c->p < c->end && *c->p != '"') {
        char bytes[4] = {*c->p};
        uint32_t ch;
        size_t n = 1;
        if ((unsigned char)*c->p < 0x20)
            return -1;
        if (*c->p++ == '\\') {
            if (escape(c, &ch))
                return -1;
            n = utf8(bytes, ch);
        }
        if (!out)
            continue;
        if (at + n >= size)
            return -1;
        memcpy(out + at, bytes, n);
        at += n;
    }
    if (c->p == c->end)
        return -1;
    c->p++;
    if (out)
        out[at] = '\0';
    return 0;
}

/* Pass over one value, whatever it is. */
static int skip(cursor *c, int depth)
{
    blanks(c);
    if (c->p == c->end || depth > MAX_DEPTH)
        return -1;
    if (*c->p == '"')
        return string(c, NULL, 0);
    if (*c->p != '{' && *c->p != '[') { /* a number or a word: whatever is made of their characters */
        const char *begin = c->p;
        while (c->p < c->end && (isalnum((unsigned char)*c->p) || (*c->p && strchr("+-.", *c->p))))
            c->p++;
        return c->p > begin ? 0 : -1;
    }
    int object = *c->p++ == '{';
    char close = object ? '}' : ']';
    if (take(c, close))
        return 0;
    do {
        if (object && (string(c, NULL, 0) || !take(c, ':')))
            return -1;
        if (skip(c, depth + 1))
            return -1;
    } while (take(c, ','));
    return take(c, close) ? 0 : -1;
}

static int movie(cursor *c, listing_fn fn, void *user)
{
    char key[16], id[LISTING_ID];
    int found = 0;
    if (!take(c, '{') || take(c, '}'))
        return -1;
    do {
        cursor before = *c;
        if (string(c, key, sizeof key)) { /* not one of ours: too long */
            *c = before;
            key[0] = '\0';
            if (string(c, NULL, 0))
                return -1;
        }
        if (!take(c, ':'))
            return -1;
        if (strcmp(key, "id") != 0) {
            if (skip(c, 1))
                return -1;
        } else if (string(c, id, sizeof id)) {
            return -1;
        } else {
            found = 1;
        }
    } while (take(c, ','));
    return take(c, '}') && found ? fn(id, user) : -1;
}

static int movies(cursor *c, listing_fn fn, void *user)
{
    if (!take(c, '['))
        return -1;
    if (take(c, ']'))
        return 0;
    do {
        int rc = movie(c, fn, user);
        if (rc)
            return rc;
    } while (take(c, ','));
    return take(c, ']') ? 0 : -1;
}

int listing_ids(const char *data, size_t n, listing_fn fn, void *user)
{
    cursor c = {data, data + n};
    char key[16];
    int found = 0;
    if (!take(&c, '{') || take(&c, '}'))
        return -1;
    do {
        if (string(&c, key, sizeof key) || !take(&c, ':'))
            return -1;
        int ours = strcmp(key, "movies") == 0;
        int rc = ours ? movies(&c, fn, user) : skip(&c, 1);
        if (rc)
            return rc;
        found |= ours;
    } while (take(&c, ','));
    return take(&c, '}') && found ? 0 : -1;
}
