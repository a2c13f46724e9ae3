/* SPDX-License-Identifier: Apache-2.0 */
/* A small writer of JSON: one object, straight to a stream, commas and escapes taken care of. */
#ifndef MFLIX_JSON_OUT_H
#define MFLIX_JSON_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH 12

typedef struct json {
    FILE *f;
    int depth;
    int count[JSON_MAX_DEPTH]; /* members written so far, per level */
} json;

/* In every call: `key` is NULL inside an array and at the top. Text that is not UTF-8 is written with U+FFFD in its place. */
void put_begin(json *j, FILE *f);
void put_object(json *j, const char *key);
void put_end_object(json *j);
void put_array(json *j, const char *key);
void put_end_array(json *j);
void put_text(json *j, const char *key, const char *text); /* NULL writes null */
void put_text_n(json *j, const char *key, const char *text, size_t size);
void put_int(json *j, const char *key, int64_t value);
void put_number(json *j, const char *key, double value); /* shortest form that reads back equal; null when not finite */
void put_fixed(json *j, const char *key, double value, int decimals);
void put_bool(json *j, const char *key, int value);
void put_null(json *j, const char *key);
void put_raw(json *j, const char *key, const char *data, size_t size); /* `data` is JSON already */
void put_finish(json *j);                                              /* the newline at the end */

#endif
