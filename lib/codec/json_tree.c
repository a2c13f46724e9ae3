/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: parsing under limits, and writing the normal form. Refuses: deep nesting before the parser sees it, duplicate keys, and
 * (strict) every '$' that is not Extended JSON, so that no caller's text can become an operator.
 */
#include "codec/json_tree.h"

#include "base/error.h"
#include "base/json_string.h"
#include "base/num.h"
#include "base/utf8.h"
#include "codec/json_limits.h"
#include "codec/json_shape.h"

#include <stdio.h>
#include <string.h>

#define STORED_MAX (48u << 20) /* a document of 16 MiB of BSON is longer as text */
#define STORED_DEPTH 68        /* normal form may nest a little deeper than the text it came from (dates, decimals) */

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
    size_t most = mci_shape_most(how != MCI_STRICT, len);
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

/* ---- objects that mean something else ---- */

static const char *first_key(const json_t *o, const json_t **value)
{
    void *it = json_object_iter((json_t *)(uintptr_t)o);
    *value = it != NULL ? json_object_iter_value(it) : NULL;
    return it != NULL ? json_object_iter_key(it) : "";
}

/* Code with variables: the one type that holds a document. Its scope, or NULL. */
static const json_t *scope_of(const json_t *o)
{
    const json_t *scope = json_object_get(o, "$scope");
    const json_t *unused;
    if (json_object_size(o) != 2 || !json_is_string(json_object_get(o, "$code")) || !json_is_object(scope) ||
        first_key(scope, &unused)[0] == '$')
        return NULL;
    return scope;
}

int mci_tree_is_wrapper(const json_t *v)
{
    const json_t *unused;
    if (!json_is_object(v) || first_key(v, &unused)[0] != '$')
        return 0;
    mci_buf nowhere = {.failed = 1}; /* swallows what is written */
    return scope_of(v) != NULL || mci_ejson_put(v, MCI_LENIENT, &nowhere);
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
        return mci_fail(err, MC_E_FIELD, MC_TIER_NONE, "field name '%.64s' begins with '$' and is not Extended JSON", key);
    if (strchr(key, '.') != NULL)
        return mci_fail(err, MC_E_FIELD, MC_TIER_NONE, "field name '%.64s' has a dot", key);
    return MC_OK;
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

static mc_status write_value(const json_t *v, mci_strictness how, mci_buf *out, mc_error *err);

static mc_status write_object(const json_t *o, mci_strictness how, mci_buf *out, mc_error *err)
{
    const json_t *value;
    const char *key = first_key(o, &value);
    int dbref = 0;
    if (key[0] == '$') {
        size_t before = out->len;
        const json_t *scope = scope_of(o);
        if (scope != NULL) {
            mci_buf_str(out, "{\"$code\":");
            mci_ejson_put_string(out, json_object_get(o, "$code"));
            mci_buf_str(out, ",\"$scope\":");
            mc_status st = write_value(scope, how, out, err);
            mci_buf_char(out, '}');
            return st;
        }
        if (mci_ejson_put(o, how, out))
            return MC_OK;
        if (!out->failed)
            out->len = before;
        dbref = is_dbref(o);
        if (how == MCI_STRICT && !dbref && strncmp(key, "$number", 7) == 0)
            return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, ": the value of '%.64s' is not a number of that type", key);
        const char *meant = how == MCI_STRICT && !dbref ? mci_ejson_form(key) : NULL;
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
        mci_ejson_put_string(out, v);
        return MC_OK;
    case JSON_INTEGER:
        mci_buf_int(out, json_integer_value(v));
        return MC_OK;
    case JSON_REAL:
        mci_ejson_put_double(out, json_real_value(v));
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
