/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the JSON that the program prints; strings are jansson's, numbers keep the digits they are asked for, documents stay as they
 * are. Refuses nothing: bytes that are not UTF-8 (they can come from the command line) become U+FFFD, so that what is printed is JSON
 * whatever was asked.
 */
#include "json_out.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void put_begin(json *j, FILE *f)
{
    memset(j, 0, sizeof *j);
    j->f = f;
}

/* The text as a JSON string. One that is not UTF-8 gets U+FFFD for each of its bytes above 127. */
static json_t *string_of(const char *text, size_t size)
{
    json_t *s = json_stringn(text, size);
    char *copy = s ? NULL : malloc(3 * size + 1);
    size_t n = 0;
    for (size_t i = 0; copy && i < size; i++) {
        int high = (unsigned char)text[i] > 0x7F;
        memcpy(copy + n, high ? "\xEF\xBF\xBD" : text + i, high ? 3 : 1);
        n += high ? 3 : 1;
    }
    if (copy)
        s = json_stringn(copy, n);
    free(copy);
    return s;
}

static void put_quoted(FILE *f, const char *text, size_t size)
{
    json_t *s = string_of(text, size);
    char *quoted = s ? json_dumps(s, JSON_ENCODE_ANY) : NULL;
    for (const char *p = quoted ? quoted : "null"; *p; p++) {
        if (*p == 0x7F) /* jansson leaves it; a terminal does not */
            fputs("\\u007f", f);
        else
            fputc(*p, f);
    }
    free(quoted);
    json_decref(s);
}

static void lead(json *j, const char *key)
{
    if (j->count[j->depth]++ > 0)
        fputc(',', j->f);
    if (key) {
        put_quoted(j->f, key, strlen(key));
        fputc(':', j->f);
    }
}

static void open_level(json *j, const char *key, char bracket)
{
    lead(j, key);
    fputc(bracket, j->f);
    if (j->depth + 1 >= JSON_MAX_DEPTH)
        abort(); /* a mistake in this program: no answer nests so deep */
    j->count[++j->depth] = 0;
}

void put_object(json *j, const char *key)
{
    open_level(j, key, '{');
}

void put_array(json *j, const char *key)
{
    open_level(j, key, '[');
}

void put_end_object(json *j)
{
    j->depth--;
    fputc('}', j->f);
}

void put_end_array(json *j)
{
    j->depth--;
    fputc(']', j->f);
}

void put_text_n(json *j, const char *key, const char *text, size_t size)
{
    lead(j, key);
    put_quoted(j->f, text, size);
}

void put_text(json *j, const char *key, const char *text)
{
    if (text)
        put_text_n(j, key, text, strlen(text));
    else
        put_null(j, key);
}

void put_int(json *j, const char *key, int64_t value)
{
    lead(j, key);
    fprintf(j->f, "%" PRId64, value);
}

void put_number(json *j, const char *key, double value)
{
    char text[40];
    if (!isfinite(value)) {
        put_null(j, key);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (!(back < value) && !(back > value))
            break;
    }
    lead(j, key);
    fputs(text, j->f);
}

void put_fixed(json *j, const char *key, double value, int decimals)
{
    if (!isfinite(value)) {
        put_null(j, key);
        return;
    }
    lead(j, key);
    fprintf(j->f, "%.*f", decimals, value);
}

void put_bool(json *j, const char *key, int value)
{
    lead(j, key);
    fputs(value ? "true" : "false", j->f);
}

void put_null(json *j, const char *key)
{
    lead(j, key);
    fputs("null", j->f);
}

void put_raw(json *j, const char *key, const char *data, size_t size)
{
    lead(j, key);
    fwrite(data, 1, size, j->f);
}

void put_finish(json *j)
{
    fputc('\n', j->f);
}
