/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the grammar of JSON, without meaning. Refuses: blanks (normal form has none), recursion, and building anything. */
#include "codec/json_scan.h"

#include "base/json_string.h"
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

#define LEVELS 256

typedef struct scan {
    const unsigned char *p;
    const unsigned char *end;
    uint8_t is_object[LEVELS];
    int depth;
} scan;

static int is_hex(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int is_digit(const scan *s)
{
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static int take(scan *s, char c)
{
    if (s->p == s->end || *s->p != (unsigned char)c)
        return 0;
    s->p++;
    return 1;
}

static int take_text(scan *s)
{
    if (!take(s, '"'))
        return 0;
    for (;;) {
        s->p += mci_json_plain((const char *)s->p, (size_t)(s->end - s->p));
        if (take(s, '"'))
            return 1;
        if (!take(s, '\\') || s->p == s->end)
            return 0;
        unsigned char c = *s->p++;
        if (c == 'u') {
            if (s->end - s->p < 4 || !is_hex(s->p[0]) || !is_hex(s->p[1]) || !is_hex(s->p[2]) || !is_hex(s->p[3]))
                return 0;
            s->p += 4;
        } else if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL) {
            return 0;
        }
    }
}

static int take_digits(scan *s)
{
    if (!is_digit(s))
        return 0;
    while (is_digit(s))
        s->p++;
    return 1;
}

static int take_number(scan *s)
{
    (void)take(s, '-');
    if (!take(s, '0') && !take_digits(s))
        return 0;
    if (take(s, '.') && !take_digits(s))
        return 0;
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+'))
            (void)take(s, '-');
        return take_digits(s);
    }
    return 1;
}

static int take_word(scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
        return 0;
    s->p += n;
    return 1;
}

static int take_key(scan *s)
{
    return take_text(s) && take(s, ':');
}

/* A value, or the beginning of one: 1 whole, 2 begun (its first member or item comes next), 0 wrong. */
static int take_value(scan *s)
{
    if (s->p == s->end)
        return 0;
    unsigned char c = *s->p;
    if (c == '{' || c == '[') {
        s->p++;
        if (take(s, c == '{' ? '}' : ']'))
            return 1;
        if (s->depth == LEVELS)
            return 0;
        s->is_object[s->depth++] = c == '{';
        return c == '[' || take_key(s) ? 2 : 0;
    }
    if (c == '"')
        return take_text(s);
    if (c == 't')
        return take_word(s, "true");
    if (c == 'f')
        return take_word(s, "false");
    return c == 'n' ? take_word(s, "null") : take_number(s);
}

int mci_json_scan(const char *p, size_t n)
{
    scan s = {.p = (const unsigned char *)p, .end = (const unsigned char *)p + n};
    if (n == 0 || *p != '{' || !mci_utf8_valid(p, n))
        return 0;
    for (;;) {
        int what = take_value(&s);
        if (what == 0)
            return 0;
        if (what == 2)
            continue;
        while (s.depth > 0 && take(&s, s.is_object[s.depth - 1] ? '}' : ']'))
            s.depth--;
        if (s.depth == 0)
            return s.p == s.end;
        if (!take(&s, ',') || (s.is_object[s.depth - 1] && !take_key(&s)))
            return 0;
    }
}
