/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the texts that answers are made of. Refuses nothing: bytes that are no UTF-8 (they can come from a request) become
 * U+FFFD, so that what is sent is JSON whatever was asked.
 */
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_free(text *t)
{
    free(t->data);
    memset(t, 0, sizeof *t);
}

/* Room for `more` bytes and a NUL after them. */
static int reserve(text *t, size_t more)
{
    if (t->failed)
        return 0;
    if (t->room - t->size > more)
        return 1;
    size_t room = t->room ? t->room : 512;
    while (room - t->size <= more && room <= SIZE_MAX / 2)
        room *= 2;
    char *data = room - t->size > more ? realloc(t->data, room) : NULL;
    if (!data) {
        t->failed = 1;
        return 0;
    }
    t->data = data;
    t->room = room;
    return 1;
}

void text_add(text *t, const char *data, size_t size)
{
    if (!reserve(t, size))
        return;
    if (size > 0)
        memcpy(t->data + t->size, data, size);
    t->size += size;
    t->data[t->size] = '\0';
}

void text_str(text *t, const char *s)
{
    text_add(t, s, strlen(s));
}

void text_fmt(text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (n < 0 || !reserve(t, (size_t)n)) {
        t->failed = 1;
        return;
    }
    va_start(list, format);
    vsnprintf(t->data + t->size, (size_t)n + 1, format, list);
    va_end(list);
    t->size += (size_t)n;
}

void text_double(text *t, double value)
{
    char s[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, value);
        double back = strtod(s, NULL);
        if (!(back < value) && !(back > value))
            break;
    }
    text_str(t, s);
}

/* ---- JSON */

/* Length of the UTF-8 sequence at `s`, 0 when it is none. Source: RFC 3629 section 4. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    unsigned char a = s[0];
    size_t n = a < 0x80 ? 1 : a >= 0xC2 && a < 0xE0 ? 2 : a >= 0xE0 && a < 0xF0 ? 3 : a >= 0xF0 && a < 0xF5 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((a == 0xE0 && s[1] < 0xA0) || (a == 0xED && s[1] > 0x9F) || (a == 0xF0 && s[1] < 0x90) || (a == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

static void add_quoted(text *t, const char *value)
{
    const unsigned char *s = (const unsigned char *)value;
    size_t size = strlen(value);
    text_add(t, "\"", 1);
    while (size > 0) {
        size_t n = utf8_length(s, size);
        if (n == 0) {
            text_str(t, "\xEF\xBF\xBD");
            n = 1;
        } else if (*s == '"' || *s == '\\') {
            text_fmt(t, "\\%c", *s);
        } else if (*s < 0x20 || *s == 0x7F) {
            text_fmt(t, "\\u%04x", *s);
        } else {
            text_add(t, (const char *)s, n);
        }
        s += n;
        size -= n;
    }
    text_add(t, "\"", 1);
}

static void lead(text *t, const char *key)
{
    if (t->comma)
        text_add(t, ",", 1);
    t->comma = 1;
    if (key) {
        add_quoted(t, key);
        text_add(t, ":", 1);
    }
}

void put_open(text *t, const char *key, char bracket)
{
    lead(t, key);
    text_add(t, &bracket, 1);
    t->comma = 0;
}

void put_close(text *t, char bracket)
{
    text_add(t, &bracket, 1);
    t->comma = 1;
}

void put_text(text *t, const char *key, const char *value)
{
    if (!value) {
        put_null(t, key);
        return;
    }
    lead(t, key);
    add_quoted(t, value);
}

void put_int(text *t, const char *key, int64_t value)
{
    lead(t, key);
    text_fmt(t, "%" PRId64, value);
}

void put_double(text *t, const char *key, double value)
{
    if (!isfinite(value)) {
        put_null(t, key);
        return;
    }
    lead(t, key);
    text_double(t, value);
}

void put_bool(text *t, const char *key, int value)
{
    lead(t, key);
    text_str(t, value ? "true" : "false");
}

void put_null(text *t, const char *key)
{
    lead(t, key);
    text_str(t, "null");
}

void put_raw(text *t, const char *key, const char *data, size_t size)
{
    lead(t, key);
    text_add(t, data, size);
}
