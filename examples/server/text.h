/* SPDX-License-Identifier: Apache-2.0 */
/* A growing text, and JSON written into it with the commas taken care of. Memory that is short is remembered, not reported. */
#ifndef MFLIX_SERVER_TEXT_H
#define MFLIX_SERVER_TEXT_H

#include <stddef.h>
#include <stdint.h>

typedef struct text {
    char *data; /* NUL-terminated once something was added; NULL before */
    size_t size;
    size_t room;
    int failed; /* memory was short: the text is not whole */
    int comma;  /* the next member of the JSON needs one before it */
} text;

void text_free(text *t);
void text_add(text *t, const char *data, size_t size);
void text_str(text *t, const char *s);
void text_fmt(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_double(text *t, double value); /* the shortest form that reads back equal */

/* In every call `key` is NULL inside an array and at the top. */
void put_open(text *t, const char *key, char bracket);
void put_close(text *t, char bracket);
void put_text(text *t, const char *key, const char *value); /* NULL writes null */
void put_int(text *t, const char *key, int64_t value);
void put_double(text *t, const char *key, double value); /* null when not finite */
void put_bool(text *t, const char *key, int value);
void put_null(text *t, const char *key);
void put_raw(text *t, const char *key, const char *data, size_t size); /* `data` is JSON already */

#endif
