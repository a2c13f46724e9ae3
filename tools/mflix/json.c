/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the JSON that the program prints. Refuses nothing: bytes that are no UTF-8 (they can come from the command line)
 * become U+FFFD, so that what is printed is JSON whatever was asked.
 */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void json_init(json *j, FILE *f)
{
    memset(j, 0, sizeof *j);
    j->f = f;
}

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

static void put_quoted(FILE *f, const char *text, size_t size)
{
    const unsigned char *s = (const unsigned char *)text;
    fputc('"', f);
    while (size > 0) {
        size_t n = utf8_length(s, size);
        if (n == 0) {
            fputs("\xEF\xBF\xBD", f);
            n = 1;
        } else if (*s == '"' || *s == '\\') {
            fputc('\\', f);
            fputc(*s, f);
        } else if (*s == '\n') {
            fputs("\\n", f);
        } else if (*s < 0x20 || *s == 0x7F) {
            fprintf(f, "\\u%04x", *s);
        } else {
            fwrite(s, 1, n, f);
        }
        s += n;
        size -= n;
    }
    fputc('"', f);
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

void json_object(json *j, const char *key)
{
    open_level(j, key, '{');
}

void json_array(json *j, const char *key)
{
    open_level(j, key, '[');
}

void json_end_object(json *j)
{
    j->depth--;
    fputc('}', j->f);
}

void json_end_array(json *j)
{
    j->depth--;
    fputc(']', j->f);
}

void json_text_n(json *j, const char *key, const char *text, size_t size)
{
    lead(j, key);
    put_quoted(j->f, text, size);
}

void json_text(json *j, const char *key, const char *text)
{
    if (text)
        json_text_n(j, key, text, strlen(text));
    else
        json_null(j, key);
}

void json_int(json *j, const char *key, int64_t value)
{
    lead(j, key);
    fprintf(j->f, "%" PRId64, value);
}

void json_number(json *j, const char *key, double value)
{
    char text[40];
    if (!isfinite(value)) {
        json_null(j, key);
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

void json_fixed(json *j, const char *key, double value, int decimals)
{
    if (!isfinite(value)) {
        json_null(j, key);
        return;
    }
    lead(j, key);
    fprintf(j->f, "%.*f", decimals, value);
}

void json_bool(json *j, const char *key, int value)
{
    lead(j, key);
    fputs(value ? "true" : "false", j->f);
}

void json_null(json *j, const char *key)
{
    lead(j, key);
    fputs("null", j->f);
}

void json_raw(json *j, const char *key, const char *data, size_t size)
{
    lead(j, key);
    fwrite(data, 1, size, j->f);
}

void json_finish(json *j)
{
    fputc('\n', j->f);
}
