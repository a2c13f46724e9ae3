/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: BSON from the normal form, value by value with typed appends. Refuses bson_new_from_json(): it depends on the host's
 * locale, and reads some texts differently from the parser that checked them.
 */
#include "base/base64.h"
#include "base/error.h"
#include "base/iso8601.h"
#include "base/num.h"
#include "base/objectid.h"
#include "store/mongo_bson.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DOC_BYTES_MAX (16u << 20) /* what MongoDB takes */
#define KEY_LEN(key) ((int)strlen(key))

typedef enum answer {
    NOT_SPECIAL = 0, /* a plain object */
    DONE = 1,
    TOO_LARGE = -1
} answer;

static int append_members(bson_t *to, const json_t *o);
static int append_value(bson_t *to, const char *key, int key_len, const json_t *v);

static const char *text_of(const json_t *v)
{
    return json_is_string(v) ? json_string_value(v) : NULL;
}

static answer answer_of(bool appended)
{
    return appended ? DONE : TOO_LARGE;
}

static answer append_long(bson_t *to, const char *key, int n, const json_t *w)
{
    int64_t i;
    if (!json_is_string(w) || mci_parse_int(json_string_value(w), json_string_length(w), &i) != 0)
        return NOT_SPECIAL;
    return answer_of(bson_append_int64(to, key, n, i));
}

static answer append_double(bson_t *to, const char *key, int n, const char *s)
{
    double d;
    if (s == NULL)
        return NOT_SPECIAL;
    if (strcmp(s, "NaN") == 0)
        d = (double)NAN;
    else if (strcmp(s, "Infinity") == 0)
        d = (double)INFINITY;
    else if (strcmp(s, "-Infinity") == 0)
        d = -(double)INFINITY;
    else if (mci_parse_double(s, strlen(s), &d) != 0)
        return NOT_SPECIAL;
    return answer_of(bson_append_double(to, key, n, d));
}

static answer append_date(bson_t *to, const char *key, int n, const json_t *w)
{
    int64_t ms;
    if (json_is_string(w)) {
        if (mci_ms_from_iso(json_string_value(w), json_string_length(w), &ms) != 0)
            return NOT_SPECIAL;
        return answer_of(bson_append_date_time(to, key, n, ms));
    }
    const json_t *number = json_object_get(w, "$numberLong");
    if (!json_is_string(number) || mci_parse_int(json_string_value(number), json_string_length(number), &ms) != 0)
        return NOT_SPECIAL;
    return answer_of(bson_append_date_time(to, key, n, ms));
}

static answer append_oid(bson_t *to, const char *key, int n, const json_t *w)
{
    char hex[25];
    bson_oid_t oid;
    if (!json_is_string(w) || mci_objectid_normalise(json_string_value(w), json_string_length(w), hex) != 0)
        return NOT_SPECIAL;
    bson_oid_init_from_string(&oid, hex);
    return answer_of(bson_append_oid(to, key, n, &oid));
}

static answer append_binary(bson_t *to, const char *key, int n, const json_t *w)
{
    const json_t *base64 = json_object_get(w, "base64");
    const char *subtype = text_of(json_object_get(w, "subType"));
    if (!json_is_string(base64) || subtype == NULL)
        return NOT_SPECIAL;
    size_t raw_len;
    uint8_t *raw = malloc(json_string_length(base64) / 4 * 3 + 1);
    answer a = NOT_SPECIAL;
    if (raw == NULL)
        return TOO_LARGE;
    if (mci_base64_decode(json_string_value(base64), json_string_length(base64), raw, &raw_len) == 0)
        a = answer_of(bson_append_binary(to, key, n, (bson_subtype_t)strtoul(subtype, NULL, 16), raw, (uint32_t)raw_len));
    free(raw);
    return a;
}

static answer append_code(bson_t *to, const char *key, int n, const char *code, const json_t *scope)
{
    bson_t inner;
    if (code == NULL)
        return NOT_SPECIAL;
    if (scope == NULL)
        return answer_of(bson_append_code(to, key, n, code));
    bson_init(&inner);
    int ok = append_members(&inner, scope) == 0 && bson_append_code_with_scope(to, key, n, code, &inner);
    bson_destroy(&inner);
    return ok ? DONE : TOO_LARGE;
}

static answer append_rare(bson_t *to, const char *key, int n, const char *name, const json_t *w)
{
    const char *s = text_of(w);
    if (strcmp(name, "$regularExpression") == 0) {
        const char *pattern = text_of(json_object_get(w, "pattern"));
        const char *options = text_of(json_object_get(w, "options"));
        if (pattern == NULL || options == NULL)
            return NOT_SPECIAL;
        return answer_of(bson_append_regex(to, key, n, pattern, options));
    }
    if (strcmp(name, "$timestamp") == 0) {
        const json_t *t = json_object_get(w, "t");
        const json_t *i = json_object_get(w, "i");
        if (!json_is_integer(t) || !json_is_integer(i))
            return NOT_SPECIAL;
        return answer_of(
            bson_append_timestamp(to, key, n, (uint32_t)json_integer_value(t), (uint32_t)json_integer_value(i)));
    }
    if (strcmp(name, "$dbPointer") == 0) {
        const char *ref = text_of(json_object_get(w, "$ref"));
        const char *hex = text_of(json_object_get(json_object_get(w, "$id"), "$oid"));
        bson_oid_t oid;
        if (ref == NULL || hex == NULL || !bson_oid_is_valid(hex, strlen(hex)))
            return NOT_SPECIAL;
        bson_oid_init_from_string(&oid, hex);
        return answer_of(bson_append_dbpointer(to, key, n, ref, &oid));
    }
    if (strcmp(name, "$numberDecimal") == 0) {
        bson_decimal128_t dec;
        if (s == NULL || !bson_decimal128_from_string(s, &dec))
            return NOT_SPECIAL;
        return answer_of(bson_append_decimal128(to, key, n, &dec));
    }
    if (strcmp(name, "$symbol") == 0 && s != NULL)
        return answer_of(bson_append_symbol(to, key, n, s, (int)json_string_length(w)));
    if (strcmp(name, "$undefined") == 0 && json_is_true(w))
        return answer_of(bson_append_undefined(to, key, n));
    if (strcmp(name, "$minKey") == 0 && json_is_integer(w))
        return answer_of(bson_append_minkey(to, key, n));
    if (strcmp(name, "$maxKey") == 0 && json_is_integer(w))
        return answer_of(bson_append_maxkey(to, key, n));
    return NOT_SPECIAL;
}

/* An object whose first name begins with '$': an Extended JSON value, or a plain object after all. */
static answer append_special(bson_t *to, const char *key, int n, const json_t *o)
{
    void *it = json_object_iter((json_t *)(uintptr_t)o);
    const char *name = it != NULL ? json_object_iter_key(it) : "";
    const json_t *w = it != NULL ? json_object_iter_value(it) : NULL;
    const json_t *scope = json_object_get(o, "$scope");
    if (name[0] != '$')
        return NOT_SPECIAL;
    if (strcmp(name, "$code") == 0 && json_object_size(o) == (scope != NULL ? 2u : 1u))
        return append_code(to, key, n, text_of(w), scope);
    if (json_object_size(o) != 1)
        return NOT_SPECIAL;
    if (strcmp(name, "$oid") == 0)
        return append_oid(to, key, n, w);
    if (strcmp(name, "$date") == 0)
        return append_date(to, key, n, w);
    if (strcmp(name, "$numberLong") == 0)
        return append_long(to, key, n, w);
    if (strcmp(name, "$numberDouble") == 0)
        return append_double(to, key, n, text_of(w));
    if (strcmp(name, "$binary") == 0)
        return append_binary(to, key, n, w);
    return append_rare(to, key, n, name, w);
}

/* bson_append_array_begin() would save the copy; it is on its way out in libbson 2.3 and its successor is not in 1.x. */
static int append_array(bson_t *to, const char *key, int n, const json_t *v)
{
    bson_t child;
    int st = 0;
    bson_init(&child);
    for (size_t i = 0; i < json_array_size(v) && st == 0; i++) {
        char buf[16];
        const char *index;
        size_t len = bson_uint32_to_string((uint32_t)i, &index, buf, sizeof buf);
        st = append_value(&child, index, (int)len, json_array_get(v, i));
    }
    if (st == 0 && !bson_append_array(to, key, n, &child))
        st = -1;
    bson_destroy(&child);
    return st;
}

/* 0, or -1: BSON would grow too large. */
static int append_value(bson_t *to, const char *key, int n, const json_t *v)
{
    bson_t child;
    switch (json_typeof(v)) {
    case JSON_STRING:
        return bson_append_utf8(to, key, n, json_string_value(v), (int)json_string_length(v)) ? 0 : -1;
    case JSON_INTEGER: {
        json_int_t i = json_integer_value(v);
        if (i >= INT32_MIN && i <= INT32_MAX)
            return bson_append_int32(to, key, n, (int32_t)i) ? 0 : -1;
        return bson_append_int64(to, key, n, i) ? 0 : -1;
    }
    case JSON_REAL:
        return bson_append_double(to, key, n, json_real_value(v)) ? 0 : -1;
    case JSON_TRUE:
    case JSON_FALSE:
        return bson_append_bool(to, key, n, json_is_true(v)) ? 0 : -1;
    case JSON_NULL:
        return bson_append_null(to, key, n) ? 0 : -1;
    case JSON_ARRAY:
        return append_array(to, key, n, v);
    case JSON_OBJECT:
        break;
    }
    answer a = append_special(to, key, n, v);
    if (a != NOT_SPECIAL)
        return a == DONE ? 0 : -1;
    if (!bson_append_document_begin(to, key, n, &child))
        return -1;
    int st = append_members(&child, v);
    return bson_append_document_end(to, &child) && st == 0 ? 0 : -1;
}

static int append_members(bson_t *to, const json_t *o)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)o, key, value) if (append_value(to, key, KEY_LEN(key), value) != 0) return -1;
    return 0;
}

static mc_status parse(const char *json, size_t len, size_t flags, json_t **out, mc_error *err)
{
    json_error_t e;
    *out = json_loadb(json, len, JSON_ALLOW_NUL | flags, &e);
    if (*out != NULL)
        return MC_OK;
    int no_memory = json_error_code(&e) == json_error_out_of_memory;
    return mci_fail(err, no_memory ? MC_E_NOMEM : MC_E_JSON, MC_TIER_STORE, "document: %s", e.text);
}

static mc_status too_large(mc_error *err)
{
    return mci_fail(err, MC_E_TOOBIG, MC_TIER_STORE, "the document is larger than %u bytes as BSON", DOC_BYTES_MAX);
}

mc_status mci_bson_from_json(const char *json, size_t len, bson_t *out, mc_error *err)
{
    json_t *tree;
    bson_init(out);
    mc_status st = parse(json, len, 0, &tree, err);
    if (st != MC_OK)
        return st;
    if (!json_is_object(tree))
        st = mci_fail(err, MC_E_JSON, MC_TIER_STORE, "document: not a JSON object");
    else if (append_members(out, tree) != 0 || out->len > DOC_BYTES_MAX)
        st = too_large(err);
    json_decref(tree);
    return st;
}

mc_status mci_bson_append_json(bson_t *to, const char *key, const char *json, size_t len, mc_error *err)
{
    json_t *tree;
    mc_status st = parse(json, len, JSON_DECODE_ANY, &tree, err);
    if (st != MC_OK)
        return st;
    if (append_value(to, key, KEY_LEN(key), tree) != 0)
        st = too_large(err);
    json_decref(tree);
    return st;
}

int mci_bson_append_id(const mci_spec *spec, bson_t *to, const char *key, const char *id)
{
    char hex[25];
    bson_oid_t oid;
    if (spec->id_kind == MCI_ID_STRING || mci_objectid_normalise(id, strlen(id), hex) != 0)
        return bson_append_utf8(to, key, -1, id, -1) ? 0 : -1;
    bson_oid_init_from_string(&oid, hex);
    return bson_append_oid(to, key, -1, &oid) ? 0 : -1;
}
