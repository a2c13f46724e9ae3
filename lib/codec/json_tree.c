/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: parsing under limits, recognising Extended JSON values, writing the normal form. Refuses: deep nesting before the parser
 * sees it, duplicate keys, and (strict) every '$' that is no Extended JSON, so that no caller's text can become an operator.
 */
#include "codec/json_tree.h"

#include "base/ascii.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/iso8601.h"
#include "base/json_string.h"
#include "base/num.h"
#include "base/objectid.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "codec/json_shape.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORED_MAX (48u << 20) /* a document of 16 MiB of BSON is longer as text */
/* What is stored already was taken once, perhaps by another program: it is read in any shape that is not made to hurt. */
#define STORED_TREE_BASE ((size_t)64 << 20)
#define STORED_TREE_FACTOR 32
#define STORED_DEPTH 68 /* normal form may nest a little deeper than the text it came from (dates, decimals) */

/* ---- parsing ---- */

static mc_status parse_failed(const json_error_t *e, const char *name, mc_error *err)
{
    mc_status st = MC_E_JSON;
    switch (json_error_code(e)) {
    case json_error_out_of_memory:
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "%s: out of memory", name);
    case json_error_numeric_overflow:
        st = MC_E_RANGE;
        break;
    case json_error_invalid_utf8:
        st = MC_E_UTF8;
        break;
    case json_error_stack_overflow:
        st = MC_E_DEPTH;
        break;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "%s: \\u0000 is not allowed (at byte %d)", name, e->position);
    default:
        break;
    }
    return mci_fail(err, st, MC_TIER_NONE, "%s: %s (at byte %d)", name, e->text, e->position);
}

mc_status mci_tree_parse(const char *json, size_t len, mci_strictness how, const char *name, json_t **out, mc_error *err)
{
    size_t max = how == MCI_STRICT ? MCI_JSON_MAX : STORED_MAX;
    int depth = how == MCI_STRICT ? MCI_JSON_DEPTH : STORED_DEPTH;
    *out = NULL;
    if (len > max)
        return mci_fail(err, MC_E_TOOBIG, MC_TIER_NONE, "%s: %zu bytes, more than %zu", name, len, max);
    if (!mci_utf8_valid(json, len))
        return mci_fail(err, MC_E_UTF8, MC_TIER_NONE, "%s: not valid UTF-8", name);
    mci_shape s = mci_shape_measure(json, len, depth);
    size_t most =
        how == MCI_STRICT ? MCI_JSON_TREE_BASE + MCI_JSON_TREE_FACTOR * len : STORED_TREE_BASE + STORED_TREE_FACTOR * len;
    if (s.depth > depth)
        return mci_fail(err, MC_E_DEPTH, MC_TIER_NONE, "%s: nested deeper than %d levels", name, depth);
    if (mci_shape_bytes(&s) > most)
        return mci_fail(
            err, MC_E_TOOBIG, MC_TIER_NONE,
            "%s: %zu objects, %zu arrays and %zu members need %zu bytes of memory; for %zu bytes of text %zu are the limit",
            name, s.objects, s.arrays, s.members, mci_shape_bytes(&s), len, most);
    json_error_t e;
    json_t *tree = json_loadb(json, len, JSON_REJECT_DUPLICATES | (how == MCI_STRICT ? 0 : JSON_ALLOW_NUL), &e);
    if (tree == NULL)
        return parse_failed(&e, name, err);
    if (!json_is_object(tree)) {
        json_decref(tree);
        return mci_fail(err, MC_E_JSON, MC_TIER_NONE, "%s: not a JSON object", name);
    }
    *out = tree;
    return MC_OK;
}

/* ---- Extended JSON values ---- */

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

static int put_decimal(mci_buf *out, const char *s);

/* A Decimal128 as the nearest double. One that no double comes near is no number to us. */
static int decimal_wrapped(const json_t *v, double *out)
{
    mci_buf text;
    if (!json_is_string(v))
        return 0;
    mci_buf_init(&text, 8192); /* 6,176 places behind the point are the most */
    int ok = put_decimal(&text, json_string_value(v)) && !text.failed;
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

int mci_tree_number(const json_t *v, int64_t *i, double *d)
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

int mci_tree_date(const json_t *v, int64_t *ms)
{
    const json_t *w = only(v, "$date");
    double unused;
    if (json_is_string(w))
        return mci_ms_from_iso(json_string_value(w), json_string_length(w), ms) == 0;
    return w != NULL && mci_tree_number(w, ms, &unused) == 1;
}

int mci_tree_oid(const json_t *v, char out[25])
{
    const json_t *w = only(v, "$oid");
    return json_is_string(w) && mci_objectid_normalise(json_string_value(w), json_string_length(w), out) == 0;
}

static void put_string(mci_buf *out, const json_t *s)
{
    mci_buf_json_string(out, json_string_value(s), json_string_length(s));
}

static void put_double(mci_buf *out, double d)
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

static void put_date(mci_buf *out, int64_t ms)
{
    char iso[32];
    if (mci_iso_from_ms(ms, iso) == 0) {
        mci_buf_str(out, "{\"$date\":\"");
        mci_buf_str(out, iso);
        mci_buf_str(out, "\"}");
        return;
    }
    mci_buf_str(out, "{\"$date\":{\"$numberLong\":\"");
    mci_buf_int(out, ms);
    mci_buf_str(out, "\"}}");
}

/* Decimal128 as libbson spells it: at most 34 digits, scientific when the exponent is positive or the number is tiny. */
static int put_decimal(mci_buf *out, const char *s)
{
    char digits[35];
    int n = 0;
    int seen = 0;
    int64_t exp = 0;
    int negative = *s == '-';
    s += *s == '-' || *s == '+';
    if (mci_same_word(s, "nan", 4) || mci_same_word(s, "inf", 4) || mci_same_word(s, "infinity", 9)) {
        mci_buf_str(out, *s == 'n' || *s == 'N' ? "NaN" : negative ? "-Infinity" : "Infinity");
        return 1;
    }
    for (int point = 0; (*s >= '0' && *s <= '9') || (*s == '.' && !point); s++) {
        if (*s == '.') {
            point = 1;
            continue;
        }
        seen = 1;
        exp -= point;
        if (n == 34 && *s != '0')
            return 0; /* would have to be rounded */
        if (n == 34)
            exp++;
        else if (n > 0 || *s != '0')
            digits[n++] = *s;
    }
    if (!seen)
        return 0;
    if (*s == 'e' || *s == 'E') {
        char *end;
        s++;
        if (!isdigit((unsigned char)s[*s == '-' || *s == '+']))
            return 0;
        long e = strtol(s, &end, 10);
        exp += e > 100000 ? 100000 : e < -100000 ? -100000 : e;
        s = end;
    }
    if (*s != '\0')
        return 0;
    if (n == 0) {
        digits[n++] = '0';
        exp = exp > 6111 ? 6111 : exp < -6176 ? -6176 : exp;
    }
    for (; exp > 6111 && n < 34; exp--)
        digits[n++] = '0';
    for (; exp < -6176 && n > 1 && digits[n - 1] == '0'; exp++)
        n--;
    if (exp > 6111 || exp < -6176)
        return 0;
    int64_t adjusted = exp + n - 1;
    if (negative)
        mci_buf_char(out, '-');
    if (exp > 0 || adjusted < -6) {
        mci_buf_char(out, digits[0]);
        if (n > 1)
            mci_buf_char(out, '.');
        mci_buf_add(out, digits + 1, (size_t)n - 1);
        mci_buf_str(out, adjusted < 0 ? "E" : "E+");
        mci_buf_int(out, adjusted);
        return 1;
    }
    int whole = (int)(n + exp); /* digits before the point */
    if (whole <= 0)
        mci_buf_str(out, "0.");
    for (int i = whole; i < 0; i++)
        mci_buf_char(out, '0');
    for (int i = 0; i < n; i++) {
        if (i == whole && i > 0)
            mci_buf_char(out, '.');
        mci_buf_char(out, digits[i]);
    }
    return 1;
}

static int hex_byte(const char *s, unsigned *out)
{
    size_t n = strlen(s);
    if (n < 1 || n > 2 || strspn(s, "0123456789abcdefABCDEF") != n)
        return 0;
    *out = (unsigned)strtoul(s, NULL, 16);
    return 1;
}

static int put_binary(mci_buf *out, const json_t *w)
{
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
    put_string(out, base64);
    mci_buf_fmt(out, ",\"subType\":\"%02x\"}}", byte);
    return 1;
}

static int put_uuid(mci_buf *out, const char *s, size_t n)
{
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

static int put_regex(mci_buf *out, const json_t *w, mci_strictness how)
{
    const json_t *pattern = json_object_get(w, "pattern");
    const json_t *options = json_object_get(w, "options");
    if (json_object_size(w) != 2 || !json_is_string(pattern) || !json_is_string(options))
        return 0;
    if (strlen(json_string_value(pattern)) != json_string_length(pattern))
        return 0; /* a NUL: BSON has no room for it */
    mci_buf_str(out, "{\"$regularExpression\":{\"pattern\":");
    put_string(out, pattern);
    mci_buf_str(out, ",\"options\":");
    const char *given = json_string_value(options);
    if (how == MCI_LENIENT) {
        put_string(out, options);
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

static int put_timestamp(mci_buf *out, const json_t *w)
{
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

static int put_pointer(mci_buf *out, const json_t *w)
{
    const json_t *ref = json_object_get(w, "$ref");
    char oid[25];
    if (json_object_size(w) != 2 || !json_is_string(ref) || !mci_tree_oid(json_object_get(w, "$id"), oid))
        return 0;
    mci_buf_str(out, "{\"$dbPointer\":{\"$ref\":");
    put_string(out, ref);
    mci_buf_fmt(out, ",\"$id\":{\"$oid\":\"%s\"}}}", oid);
    return 1;
}

/* {"$key":"text"} as it is. */
static int put_text(mci_buf *out, const char *key, const json_t *w)
{
    if (!json_is_string(w))
        return 0;
    mci_buf_fmt(out, "{\"%s\":", key);
    put_string(out, w);
    mci_buf_char(out, '}');
    return 1;
}

static int put_number(mci_buf *out, const char *key, const json_t *o)
{
    int64_t i = 0;
    double d = 0;
    int kind = mci_tree_number(o, &i, &d);
    if (kind == 0)
        return 0;
    if (kind == 2)
        put_double(out, d);
    else if (strcmp(key, "$numberInt") == 0)
        mci_buf_int(out, i);
    else
        put_int64(out, i);
    return 1;
}

static mc_status write_value(const json_t *v, mci_strictness how, mci_buf *out, mc_error *err);

static const char *first_key(const json_t *o, const json_t **value)
{
    void *it = json_object_iter((json_t *)(uintptr_t)o);
    *value = it != NULL ? json_object_iter_value(it) : NULL;
    return it != NULL ? json_object_iter_key(it) : "";
}

/* Write `o`, whose first key is `key`, as an Extended JSON value: 1, or 0 when it is none (the buffer is then to be cut back).
 * Errors inside a $scope go to *st. */
static int put_wrapper(const json_t *o, const char *key, const json_t *w, mci_strictness how, mci_buf *out, mc_status *st,
                       mc_error *err)
{
    int64_t i = 0;
    char oid[25];
    if (json_object_size(o) == 2) {
        const json_t *code = json_object_get(o, "$code");
        const json_t *scope = json_object_get(o, "$scope");
        const json_t *unused;
        if (!json_is_string(code) || !json_is_object(scope) || first_key(scope, &unused)[0] == '$')
            return 0;
        mci_buf_str(out, "{\"$code\":");
        put_string(out, code);
        mci_buf_str(out, ",\"$scope\":");
        *st = write_value(scope, how, out, err);
        mci_buf_char(out, '}');
        return 1;
    }
    if (json_object_size(o) != 1)
        return 0;
    if (strcmp(key, "$oid") == 0)
        return mci_tree_oid(o, oid) ? (mci_buf_fmt(out, "{\"$oid\":\"%s\"}", oid), 1) : 0;
    if (strncmp(key, "$number", 7) == 0 && strcmp(key, "$numberDecimal") != 0)
        return put_number(out, key, o);
    if (strcmp(key, "$date") == 0)
        return mci_tree_date(o, &i) ? (put_date(out, i), 1) : 0;
    if (strcmp(key, "$numberDecimal") == 0) {
        mci_buf_str(out, "{\"$numberDecimal\":\"");
        int ok = json_is_string(w) && put_decimal(out, json_string_value(w));
        mci_buf_str(out, "\"}");
        return ok;
    }
    if (strcmp(key, "$binary") == 0)
        return put_binary(out, w);
    if (strcmp(key, "$uuid") == 0)
        return json_is_string(w) && put_uuid(out, json_string_value(w), json_string_length(w));
    if (strcmp(key, "$regularExpression") == 0)
        return put_regex(out, w, how);
    if (strcmp(key, "$timestamp") == 0)
        return put_timestamp(out, w);
    if (strcmp(key, "$dbPointer") == 0)
        return put_pointer(out, w);
    if (strcmp(key, "$code") == 0 || strcmp(key, "$symbol") == 0)
        return put_text(out, key, w);
    if (strcmp(key, "$undefined") == 0)
        return json_is_true(w) ? (mci_buf_str(out, "{\"$undefined\":true}"), 1) : 0;
    if (strcmp(key, "$minKey") == 0 || strcmp(key, "$maxKey") == 0)
        return json_is_integer(w) && json_integer_value(w) == 1 ? (mci_buf_fmt(out, "{\"%s\":1}", key), 1) : 0;
    return 0;
}

int mci_tree_is_wrapper(const json_t *v)
{
    const json_t *w;
    if (!json_is_object(v) || first_key(v, &w)[0] != '$')
        return 0;
    mci_buf nowhere = {.failed = 1}; /* swallows what is written */
    mc_status st = MC_OK;
    return put_wrapper(v, first_key(v, &w), w, MCI_LENIENT, &nowhere, &st, NULL);
}

/* A database reference is a plain object with these names, by convention. */
static int is_dbref(const json_t *o)
{
    return json_is_string(json_object_get(o, "$ref")) && json_object_get(o, "$id") != NULL;
}

/* ---- the normal form ---- */

mc_status mci_tree_check_key(const char *key, mc_error *err)
{
    if (key[0] == '\0')
        return mci_fail(err, MC_E_FIELD, MC_TIER_NONE, "a field name is empty");
    if (key[0] == '$')
        return mci_fail(err, MC_E_FIELD, MC_TIER_NONE, "field name '%.64s' begins with '$' and is no Extended JSON", key);
    if (strchr(key, '.') != NULL)
        return mci_fail(err, MC_E_FIELD, MC_TIER_NONE, "field name '%.64s' has a dot", key);
    return MC_OK;
}

/* What an object whose first name is `key` was meant to be, and how that is written; NULL: nothing that is known. */
static const char *meaning(const char *key)
{
    static const char *const forms[][2] = {
        {"$oid", "an ObjectId: {\"$oid\":TEXT} takes 24 hexadecimal digits"},
        {"$date", "a date: {\"$date\":TEXT} takes one like 1954-09-01T00:00:00Z, or {\"$numberLong\":MILLISECONDS}"},
        {"$binary", "binary data: {\"$binary\":{\"base64\":TEXT,\"subType\":HEX}} is meant"},
        {"$uuid", "a UUID: {\"$uuid\":TEXT} takes 36 characters, 8-4-4-4-12"},
        {"$regularExpression", "a regular expression: {\"pattern\":TEXT,\"options\":LETTERS OF ilmsux} is meant"},
        {"$timestamp", "a timestamp: {\"$timestamp\":{\"t\":SECONDS,\"i\":NUMBER}} is meant"},
        {"$dbPointer", "a database pointer: {\"$ref\":TEXT,\"$id\":{\"$oid\":TEXT}} is meant"},
        {"$code", "code: {\"$code\":TEXT}, or with a \"$scope\" that is an object"},
        {"$symbol", "a symbol: {\"$symbol\":TEXT} is meant"},
        {"$undefined", "undefined: {\"$undefined\":true} is meant"},
        {"$minKey", "a least key: {\"$minKey\":1} is meant"},
        {"$maxKey", "a greatest key: {\"$maxKey\":1} is meant"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(forms[i][0], key) == 0)
            return forms[i][1];
    return NULL;
}

/* Such an error begins as ": why" and gets its path, name by name, on the way out. */
mc_status mci_tree_within(mc_error *err, mc_status st, const char *name)
{
    if (err == NULL || (st != MC_E_TYPE && st != MC_E_RANGE))
        return st;
    char rest[sizeof err->text];
    memcpy(rest, err->text, sizeof rest);
    const char *dot = rest[0] == ':' || rest[0] == '[' || name[0] == '\0' ? "" : ".";
    (void)snprintf(err->text, sizeof err->text, "%.64s%s%.400s", name, dot, rest);
    return st;
}

static mc_status write_object(const json_t *o, mci_strictness how, mci_buf *out, mc_error *err)
{
    const json_t *value;
    const char *key = first_key(o, &value);
    int dbref = 0;
    if (key[0] == '$') {
        size_t before = out->len;
        mc_status st = MC_OK;
        if (put_wrapper(o, key, value, how, out, &st, err))
            return st;
        if (!out->failed)
            out->len = before;
        dbref = is_dbref(o);
        if (how == MCI_STRICT && !dbref && strncmp(key, "$number", 7) == 0)
            return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, ": the value of '%.64s' is no number of that type", key);
        const char *meant = how == MCI_STRICT && !dbref ? meaning(key) : NULL;
        if (meant != NULL)
            return mci_fail(err, MC_E_TYPE, MC_TIER_NONE, ": not %s", meant);
    }
    mci_buf_char(out, '{');
    int first = 1;
    mc_status st = MC_OK;
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
    {
        int ref_key = dbref && (strcmp(key, "$ref") == 0 || strcmp(key, "$id") == 0 || strcmp(key, "$db") == 0);
        if (how == MCI_STRICT && !ref_key && (st = mci_tree_check_key(key, err)) != MC_OK)
            return st;
        if (!first)
            mci_buf_char(out, ',');
        first = 0;
        mci_buf_json_string(out, key, strlen(key));
        mci_buf_char(out, ':');
        if ((st = write_value(value, how, out, err)) != MC_OK)
            return mci_tree_within(err, st, key);
    }
    mci_buf_char(out, '}');
    return MC_OK;
}

static mc_status write_value(const json_t *v, mci_strictness how, mci_buf *out, mc_error *err)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return write_object(v, how, out, err);
    case JSON_ARRAY:
        mci_buf_char(out, '[');
        for (size_t i = 0; i < json_array_size(v); i++) {
            if (i > 0)
                mci_buf_char(out, ',');
            mc_status st = write_value(json_array_get(v, i), how, out, err);
            if (st != MC_OK) {
                char index[24];
                (void)snprintf(index, sizeof index, "[%zu]", i);
                return mci_tree_within(err, st, index);
            }
        }
        mci_buf_char(out, ']');
        return MC_OK;
    case JSON_STRING:
        put_string(out, v);
        return MC_OK;
    case JSON_INTEGER:
        mci_buf_int(out, json_integer_value(v));
        return MC_OK;
    case JSON_REAL:
        put_double(out, json_real_value(v));
        return MC_OK;
    case JSON_TRUE:
        mci_buf_str(out, "true");
        return MC_OK;
    case JSON_FALSE:
        mci_buf_str(out, "false");
        return MC_OK;
    default:
        mci_buf_str(out, "null");
        return MC_OK;
    }
}

mc_status mci_tree_write(const json_t *v, mci_strictness how, mci_buf *out, mc_error *err)
{
    mc_status st = write_value(v, how, out, err);
    if (st == MC_OK && out->failed)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "out of memory, or more than %zu bytes", out->max);
    return st;
}

/* ---- paths ---- */

json_t *mci_tree_at(json_t *root, const char *path)
{
    json_t *at = root;
    while (at != NULL) {
        size_t n = strcspn(path, ".");
        int64_t index;
        if (json_is_array(at))
            at = mci_parse_int(path, n, &index) == 0 && index >= 0 ? json_array_get(at, (size_t)index) : NULL;
        else
            at = json_is_object(at) ? json_object_getn(at, path, n) : NULL;
        if (path[n] == '\0')
            return at;
        path += n + 1;
    }
    return NULL;
}
