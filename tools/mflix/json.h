/* SPDX-License-Identifier: Apache-2.0 */
/* A small writer of JSON: one object, straight to a stream, commas and escapes taken care of. */
#ifndef MFLIX_JSON_H
#define MFLIX_JSON_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH 12

typedef struct json {
    FILE *f;
    int depth;
    int count[JSON_MAX_DEPTH]; /* members written so far, per level */
} json;

/* In every call: `key` is NULL inside an array and at the top. Text that is no UTF-8 is written with U+FFFD in its place. */
void json_init(json *j, FILE *f);
void json_object(json *j, const char *key);
void json_end_object(json *j);
void json_array(json *j, const char *key);
void json_end_array(json *j);
void json_text(json *j, const char *key, const char *text); /* NULL writes null */
void json_text_n(json *j, const char *key, const char *text, size_t size);
void json_int(json *j, const char *key, int64_t value);
void json_number(json *j, const char *key, double value); /* shortest form that reads back equal; null when not finite */
void json_fixed(json *j, const char *key, double value, int decimals);
void json_bool(json *j, const char *key, int value);
void json_null(json *j, const char *key);
void json_raw(json *j, const char *key, const char *data, size_t size); /* `data` is JSON already */
void json_finish(json *j);                                              /* the newline at the end */

#endif
