/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the values that Extended JSON writes as an object of one member with '$': recognising each, and its one spelling. Refuses
 * values that are nearly one, so that no caller's text can become an operator.
 */
#include "codec/ejson_types.h"

#include "base/base64.h"
#include "base/iso8601.h"
#include "base/json_string.h"
#include "base/num.h"
#include "base/objectid.h"
#include "codec/decimal128.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static int int_text(const json_t *v, int64_t *out)
{
    return json_is_string(v) && mci_parse_int(json_string_value(v), json_string_length(v), out) == 0;
}

static int double_wrapped(const json_t *v, double *out)
{
    if (!json_is_string(v))
        return 0;
    const char *s = json_string_value(v);
    if (strcmp(s, "NaN") == 0)
        *out = (double)NAN;
    else if (strcmp(s, "Infinity") == 0)
        *out = (double)INFINITY;
    else if (strcmp(s, "-Infinity") == 0)
        *out = -(double)INFINITY;
    else
        return mci_parse_double(s, json_string_length(v), out) == 0;
    return 1;
}

/* A Decimal128 as the nearest double. One that no double comes near is not a number to us. */
static int decimal_wrapped(const json_t *v, double *out)
{
    mci_buf text;
    if (!json_is_string(v))
        return 0;
    mci_buf_init(&text, MCI_DECIMAL128_MAX);
    int ok = mci_decimal128_put(&text, json_string_value(v)) && !text.failed;
    if (ok && (text.data[0] == 'N' || strchr(text.data, 'I') != NULL))
        *out = text.data[0] == 'N' ? (double)NAN : text.data[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    else if (ok)
        ok = mci_parse_double(text.data, text.len, out) == 0;
    mci_buf_free(&text);
    return ok;
}

/* The only member of a one-member object, if that is its name. */
static const json_t *only(const json_t *o, const char *key)
{
    return json_object_size(o) == 1 ? json_object_get(o, key) : NULL;
}

int mci_ejson_number(const json_t *v, int64_t *i, double *d)
{
    if (json_is_integer(v)) {
        *i = json_integer_value(v);
        return 1;
    }
    if (json_is_real(v)) {
        *d = json_real_value(v);
        return 2;
    }
    const json_t *w = only(v, "$numberLong");
    if (w != NULL)
        return int_text(w, i);
    w = only(v, "$numberInt");
    if (w != NULL)
        return int_text(w, i) && *i >= INT32_MIN && *i <= INT32_MAX;
    w = only(v, "$numberDouble");
    if (w != NULL)
        return double_wrapped(w, d) ? 2 : 0;
    w = only(v, "$numberDecimal");
    return w != NULL && decimal_wrapped(w, d) ? 2 : 0;
}

int mci_ejson_date(const json_t *v, int64_t *ms)
{
    const json_t *w = only(v, "$date");
    double unused;
    if (json_is_string(w))
        return mci_ms_from_iso(json_string_value(w), json_string_length(w), ms) == 0;
    return w != NULL && mci_ejson_number(w, ms, &unused) == 1;
}

int mci_ejson_oid(const json_t *v, char out[25])
{
    const json_t *w = only(v, "$oid");
    return json_is_string(w) && mci_objectid_normalise(json_string_value(w), json_string_length(w), out) == 0;
}

void mci_ejson_put_string(mci_buf *out, const json_t *s)
{
    mci_buf_json_string(out, json_string_value(s), json_string_length(s));
}

void mci_ejson_put_double(mci_buf *out, double d)
{
    char text[MCI_NUM_MAX];
    size_t n = mci_double_text(d, text);
    if (isfinite(d)) {
        mci_buf_add(out, text, n);
        return;
    }
    mci_buf_str(out, "{\"$numberDouble\":\"");
    mci_buf_add(out, text, n);
    mci_buf_str(out, "\"}");
}

static void put_int64(mci_buf *out, int64_t i)
{
    int small = i >= INT32_MIN && i <= INT32_MAX; /* bare, it would come back as an int32 */
    if (small)
        mci_buf_str(out, "{\"$numberLong\":\"");
    mci_buf_int(out, i);
    if (small)
        mci_buf_str(out, "\"}");
}

/* ---- writers ---- */

/* What a writer is given: an object of one member. It returns 1, or 0 when this is no such value; what it has appended is then cut
 * back by whoever asked. */
typedef struct source {
    const json_t *object;
    const char *key;
    const json_t *value;
    mci_strictness how;
} source;

static int hex_byte(const char *s, unsigned *out)
{
    size_t n = strlen(s);
    if (n < 1 || n > 2 || strspn(s, "0123456789abcdefABCDEF") != n)
        return 0;
    *out = (unsigned)strtoul(s, NULL, 16);
    return 1;
}

static int put_binary(const source *from, mci_buf *out)
{
    const json_t *w = from->value;
    const json_t *base64 = json_object_get(w, "base64");
    const json_t *type = json_object_get(w, "subType");
    unsigned byte;
    if (json_object_size(w) != 2 || !json_is_string(base64) || !json_is_string(type) ||
        !hex_byte(json_string_value(type), &byte))
        return 0;
    size_t n = json_string_length(base64);
    uint8_t *raw = malloc(n / 4 * 3 + 1);
    size_t raw_len;
    if (raw == NULL)
        out->failed = 1;
    int ok = raw != NULL && mci_base64_decode(json_string_value(base64), n, raw, &raw_len) == 0;
    free(raw);
    if (!ok)
        return raw == NULL;
    mci_buf_str(out, "{\"$binary\":{\"base64\":");
    mci_ejson_put_string(out, base64);
    mci_buf_fmt(out, ",\"subType\":\"%02x\"}}", byte);
    return 1;
}

static int put_uuid(const source *from, mci_buf *out)
{
    const char *s = json_string_value(from->value);
    size_t n = json_string_length(from->value);
    uint8_t raw[16];
    size_t digits = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (s[i] != '-')
                return 0;
            continue;
        }
        int c = tolower((unsigned char)s[i]);
        if (!isxdigit(c) || digits == 32)
            return 0;
        unsigned v = (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        raw[digits / 2] = (uint8_t)(digits % 2 == 0 ? v << 4 : raw[digits / 2] | v);
        digits++;
    }
    if (n != 36)
        return 0;
    mci_buf_str(out, "{\"$binary\":{\"base64\":\"");
    mci_buf_base64(out, raw, sizeof raw);
    mci_buf_str(out, "\",\"subType\":\"04\"}}");
    return 1;
}

static int put_regex(const source *from, mci_buf *out)
{
    const json_t *w = from->value;
    const json_t *pattern = json_object_get(w, "pattern");
    const json_t *options = json_object_get(w, "options");
    if (json_object_size(w) != 2 || !json_is_string(pattern) || !json_is_string(options))
        return 0;
    if (strlen(json_string_value(pattern)) != json_string_length(pattern))
        return 0; /* a NUL: BSON has no room for it */
    mci_buf_str(out, "{\"$regularExpression\":{\"pattern\":");
    mci_ejson_put_string(out, pattern);
    mci_buf_str(out, ",\"options\":");
    const char *given = json_string_value(options);
    if (from->how == MCI_LENIENT) {
        mci_ejson_put_string(out, options);
    } else {
        mci_buf_char(out, '"');
        for (const char *letter = "ilmsux"; *letter != '\0'; letter++)
            if (strchr(given, *letter) != NULL)
                mci_buf_char(out, *letter);
        mci_buf_char(out, '"');
        if (strspn(given, "ilmsux") != strlen(given))
            return 0;
    }
    mci_buf_str(out, "}}");
    return 1;
}

static int put_timestamp(const source *from, mci_buf *out)
{
    const json_t *w = from->value;
    const json_t *t = json_object_get(w, "t");
    const json_t *i = json_object_get(w, "i");
    if (json_object_size(w) != 2 || !json_is_integer(t) || !json_is_integer(i))
        return 0;
    json_int_t tv = json_integer_value(t);
    json_int_t iv = json_integer_value(i);
    if (tv < 0 || tv > UINT32_MAX || iv < 0 || iv > UINT32_MAX)
        return 0;
    mci_buf_str(out, "{\"$timestamp\":{\"t\":");
    mci_buf_int(out, tv);
    mci_buf_str(out, ",\"i\":");
    mci_buf_int(out, iv);
    mci_buf_str(out, "}}");
    return 1;
}

static int put_pointer(const source *from, mci_buf *out)
{
    const json_t *w = from->value;
    const json_t *ref = json_object_get(w, "$ref");
    char oid[25];
    if (json_object_size(w) != 2 || !json_is_string(ref) || !mci_ejson_oid(json_object_get(w, "$id"), oid))
        return 0;
    mci_buf_str(out, "{\"$dbPointer\":{\"$ref\":");
    mci_ejson_put_string(out, ref);
    mci_buf_fmt(out, ",\"$id\":{\"$oid\":\"%s\"}}}", oid);
    return 1;
}

/* {"$key":"text"} as it is. */
static int put_text(const source *from, mci_buf *out)
{
    if (!json_is_string(from->value))
        return 0;
    mci_buf_fmt(out, "{\"%s\":", from->key);
    mci_ejson_put_string(out, from->value);
    mci_buf_char(out, '}');
    return 1;
}

static int put_number(const source *from, mci_buf *out)
{
    int64_t i = 0;
    double d = 0;
    int kind = mci_ejson_number(from->object, &i, &d);
    if (kind == 0)
        return 0;
    if (kind == 2)
        mci_ejson_put_double(out, d);
    else if (strcmp(from->key, "$numberInt") == 0)
        mci_buf_int(out, i);
    else
        put_int64(out, i);
    return 1;
}

static int put_decimal(const source *from, mci_buf *out)
{
    mci_buf_str(out, "{\"$numberDecimal\":\"");
    int ok = json_is_string(from->value) && mci_decimal128_put(out, json_string_value(from->value));
    mci_buf_str(out, "\"}");
    return ok;
}

static int put_oid(const source *from, mci_buf *out)
{
    char oid[25];
    if (!mci_ejson_oid(from->object, oid))
        return 0;
    mci_buf_fmt(out, "{\"$oid\":\"%s\"}", oid);
    return 1;
}

static int put_date(const source *from, mci_buf *out)
{
    int64_t ms = 0;
    char iso[32];
    if (!mci_ejson_date(from->object, &ms))
        return 0;
    if (mci_iso_from_ms(ms, iso) == 0) {
        mci_buf_str(out, "{\"$date\":\"");
        mci_buf_str(out, iso);
        mci_buf_str(out, "\"}");
        return 1;
    }
    mci_buf_str(out, "{\"$date\":{\"$numberLong\":\"");
    mci_buf_int(out, ms);
    mci_buf_str(out, "\"}}");
    return 1;
}

static int put_undefined(const source *from, mci_buf *out)
{
    if (!json_is_true(from->value))
        return 0;
    mci_buf_str(out, "{\"$undefined\":true}");
    return 1;
}

/* {"$minKey":1}, {"$maxKey":1} */
static int put_bound(const source *from, mci_buf *out)
{
    if (!json_is_integer(from->value) || json_integer_value(from->value) != 1)
        return 0;
    mci_buf_fmt(out, "{\"%s\":1}", from->key);
    return 1;
}

/* ---- the table ---- */

typedef struct ejson_type {
    const char *key;
    int (*put)(const source *from, mci_buf *out);
    const char *form; /* how it is written, for a caller who did not; NULL: a number */
} ejson_type;

static const ejson_type types[] = {
    {"$oid", put_oid, "an ObjectId: {\"$oid\":TEXT} takes 24 hexadecimal digits"},
    {"$date", put_date, "a date: {\"$date\":TEXT} takes one like 1954-09-01T00:00:00Z, or {\"$numberLong\":MILLISECONDS}"},
    {"$binary", put_binary, "binary data: write {\"$binary\":{\"base64\":TEXT,\"subType\":HEX}}"},
    {"$uuid", put_uuid, "a UUID: {\"$uuid\":TEXT} takes 36 characters, 8-4-4-4-12"},
    {"$regularExpression", put_regex, "a regular expression: write {\"pattern\":TEXT,\"options\":LETTERS OF ilmsux}"},
    {"$timestamp", put_timestamp, "a timestamp: write {\"$timestamp\":{\"t\":SECONDS,\"i\":NUMBER}}"},
    {"$dbPointer", put_pointer, "a database pointer: write {\"$ref\":TEXT,\"$id\":{\"$oid\":TEXT}}"},
    {"$code", put_text, "code: {\"$code\":TEXT}, or with a \"$scope\" that is an object"},
    {"$symbol", put_text, "a symbol: write {\"$symbol\":TEXT}"},
    {"$undefined", put_undefined, "undefined: write {\"$undefined\":true}"},
    {"$minKey", put_bound, "a least key: write {\"$minKey\":1}"},
    {"$maxKey", put_bound, "a greatest key: write {\"$maxKey\":1}"},
    {"$numberInt", put_number, NULL},
    {"$numberLong", put_number, NULL},
    {"$numberDouble", put_number, NULL},
    {"$numberDecimal", put_decimal, NULL},
};

static const ejson_type *type_of(const char *key)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].key, key) == 0)
            return &types[i];
    return NULL;
}

const char *mci_ejson_form(const char *key)
{
    const ejson_type *type = type_of(key);
    return type != NULL ? type->form : NULL;
}

int mci_ejson_put(const json_t *o, mci_strictness how, mci_buf *out)
{
    source from = {.object = o, .how = how};
    void *member = json_object_size(o) == 1 ? json_object_iter((json_t *)(uintptr_t)o) : NULL;
    if (member == NULL)
        return 0;
    from.key = json_object_iter_key(member);
    from.value = json_object_iter_value(member);
    const ejson_type *type = type_of(from.key);
    return type != NULL && type->put(&from, out);
}
