/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the texts that answers are made of; strings in JSON are jansson's. Refuses nothing: bytes that are not UTF-8 (they can come from a request) become
 * U+FFFD, so that what is sent is JSON whatever was asked.
 */
#include "text.h"

#include <inttypes.h>
#include <jansson.h>
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

/* The text as a JSON string. One that is not UTF-8 gets U+FFFD for each of its bytes above 127. */
static json_t *string_of(const char *value)
{
    size_t size = strlen(value), n = 0;
    json_t *s = json_string(value);
    char *copy = s ? NULL : malloc(3 * size + 1);
    for (size_t i = 0; copy && i < size; i++) {
        int high = (unsigned char)value[i] > 0x7F;
        memcpy(copy + n, high ? "\xEF\xBF\xBD" : value + i, high ? 3 : 1);
        n += high ? 3 : 1;
    }
    if (copy)
        s = json_stringn(copy, n);
    free(copy);
    return s;
}

static void add_quoted(text *t, const char *value)
{
    json_t *s = string_of(value);
    char *quoted = s ? json_dumps(s, JSON_ENCODE_ANY) : NULL;
    json_decref(s);
    if (!quoted) {
        t->failed = 1;
        return;
    }
    const char *p = quoted;
    for (size_t n = strcspn(p, "\x7F"); p[n]; n = strcspn(p, "\x7F")) { /* jansson leaves it; a terminal does not */
        text_add(t, p, n);
        text_str(t, "\\u007f");
        p += n + 1;
    }
    text_str(t, p);
    free(quoted);
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
