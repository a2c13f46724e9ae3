/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: checking callers' documents and ids, and turning text into documents with their fields taken out. Refuses to guess: a
 * document is either in normal form with an id of the collection's kind, or an error that names field and limit.
 */
#include "codec/json.h"

#include "base/error.h"
#include "base/json_string.h"
#include "base/objectid.h"
#include "codec/json_tree.h"
#include "codec/json_walk.h"

#include <math.h>
#include <string.h>

/* ---- ids ---- */

/* The id in a "_id" value, by the collection's kind. MC_OK, MC_E_TYPE, MC_E_ARG, MC_E_UTF8. */
static mc_status id_of(mci_id_kind kind, const json_t *v, char out[MCI_ID_CAP], mc_error *err)
{
    char oid[25];
    if (mci_ejson_oid(v, oid)) {
        if (kind == MCI_ID_STRING)
            return mci_fail(err, MC_E_TYPE, MC_TIER_NONE, "_id: an ObjectId, but ids of this collection are texts");
        memcpy(out, oid, sizeof oid);
        return MC_OK;
    }
    if (json_is_object(v) && !mci_tree_is_wrapper(v)) { /* an operator is named as one */
        void *member = json_object_iter((json_t *)(uintptr_t)v);
        const char *name = member != NULL ? json_object_iter_key(member) : "$oid";
        mc_status st = strcmp(name, "$oid") == 0 ? MC_OK : mci_tree_check_key(name, err);
        if (st != MC_OK)
            return st;
    }
    if (!json_is_string(v))
        return mci_fail(err, MC_E_TYPE, MC_TIER_NONE, "_id: neither a valid {\"$oid\":...} nor a text");
    if (kind == MCI_ID_OBJECTID)
        return mci_fail(err, MC_E_TYPE, MC_TIER_NONE, "_id: a text, but ids of this collection are {\"$oid\":...}");
    if (kind == MCI_ID_AUTO && mci_objectid_normalise(json_string_value(v), json_string_length(v), oid) == 0)
        return mci_fail(err, MC_E_TYPE, MC_TIER_NONE,
                        "_id: 24 hexadecimal digits stand for {\"$oid\":...} in this collection");
    return mci_id_check(kind, json_string_value(v), json_string_length(v), out, "_id", err);
}

static void put_id(const mci_spec *spec, const char *id, mci_buf *out)
{
    char oid[25];
    if (spec->id_kind != MCI_ID_STRING && mci_objectid_normalise(id, strlen(id), oid) == 0)
        mci_buf_fmt(out, "{\"_id\":{\"$oid\":\"%s\"}", oid);
    else {
        mci_buf_str(out, "{\"_id\":");
        mci_buf_json_string(out, id, strlen(id));
    }
}

/* The document with "_id" first. */
static mc_status write_document(const mci_spec *spec, const json_t *tree, const char *id, mci_strictness how, mci_buf *out,
                                mc_error *err)
{
    const char *key;
    json_t *value;
    put_id(spec, id, out);
    json_object_foreach((json_t *)(uintptr_t)tree, key, value)
    {
        mc_status st;
        if (strcmp(key, "_id") == 0)
            continue;
        if (how == MCI_STRICT && (st = mci_tree_check_key(key, err)) != MC_OK)
            return st;
        mci_buf_char(out, ',');
        mci_buf_json_string(out, key, strlen(key));
        mci_buf_char(out, ':');
        if ((st = mci_tree_write(value, how, out, err)) != MC_OK)
            return mci_tree_within(err, st, key);
    }
    mci_buf_char(out, '}');
    return out->failed ? mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "document: out of memory, or more than %zu bytes", out->max)
                       : MC_OK;
}

/* ---- the rank field ---- */

mc_status mci_json_check_rank(const mci_spec *spec, json_t *tree, mc_error *err)
{
    if (spec->rank_field < 0)
        return MC_OK;
    const char *path = spec->fields[spec->rank_field].path;
    json_t *v = mci_tree_at(tree, path);
    int64_t i = 0;
    double d = 0;
    if (v == NULL || json_is_null(v) || (json_is_string(v) && json_string_length(v) == 0))
        return MC_OK;
    int kind = mci_ejson_number(v, &i, &d);
    if (kind == 0)
        return mci_fail(err, MC_E_TYPE, MC_TIER_NONE, "%s: must be a number, \"\" or missing", path);
    if (kind == 1)
        d = (double)i;
    int limited = spec->rank_min != 0 || spec->rank_max != 0;
    if (limited && !(d >= spec->rank_min && d <= spec->rank_max)) /* NaN too */
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "%s: outside %g to %g", path, spec->rank_min, spec->rank_max);
    if (!isfinite(d))
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "%s: must be a finite number", path);
    if (kind == 2 && d == 0 && signbit(d)) {
        /* -0.0 sorts like 0 but reads differently: stored as 0. */
        const char *wrapper = json_object_get(v, "$numberDecimal") != NULL ? "$numberDecimal" : "$numberDouble";
        if (json_is_real(v)) {
            (void)json_real_set(v, 0.0);
        } else if (json_object_set_new(v, wrapper, json_string("0.0")) != 0) {
            return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "%s: out of memory", path);
        }
    }
    return MC_OK;
}

/* ---- a caller's document ---- */

mc_status mci_json_document_by_tree(const mci_spec *spec, const char *json, size_t len, const char *new_id, mci_buf *out,
                                    char id[MCI_ID_CAP], int *had_id, mc_error *err)
{
    json_t *tree;
    id[0] = '\0';
    mc_status st = mci_tree_parse(json, len, MCI_STRICT, "json", &tree, err);
    if (st != MC_OK)
        return st;
    const json_t *given = json_object_get(tree, "_id");
    if (had_id != NULL)
        *had_id = given != NULL;
    if (given != NULL)
        st = id_of(spec->id_kind, given, id, err);
    else if (new_id == NULL)
        st = mci_fail(err, MC_E_ARG, MC_TIER_NONE, "json: has no _id");
    else
        st = mci_id_check(spec->id_kind, new_id, strlen(new_id), id, "_id", err);
    if (st == MC_OK)
        st = mci_json_check_rank(spec, tree, err);
    size_t before = out->len;
    if (st == MC_OK)
        st = write_document(spec, tree, id, MCI_STRICT, out, err);
    if (st == MC_OK && out->len - before > MCI_JSON_MAX)
        st = mci_fail(err, MC_E_TOOBIG, MC_TIER_NONE, "json: more than %u bytes in normal form", MCI_JSON_MAX);
    json_decref(tree);
    return st;
}

mc_status mci_json_document(const mci_spec *spec, const char *json, size_t len, const char *new_id, mci_buf *out,
                            char id[MCI_ID_CAP], int *had_id, mc_error *err)
{
    int had = 0;
    if (!mci_walk_normalise(spec, json, len, new_id, out, id, &had))
        return mci_json_document_by_tree(spec, json, len, new_id, out, id, had_id, err);
    if (had_id != NULL)
        *had_id = had;
    return MC_OK;
}

/* ---- a stored document ---- */

static int is_text(const json_t *v)
{
    return json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v);
}

/* One field into the document; mongo_bson.c has the same rules. */
static void take_field(mci_docb *b, size_t field, mci_kind declared, const json_t *v)
{
    int64_t i = 0;
    double d = 0;
    int number_fits = declared == MCI_INT || declared == MCI_REAL;
    if (v == NULL)
        return;
    if (is_text(v)) {
        mci_docb_str(b, field, json_string_value(v), json_string_length(v));
    } else if (json_is_array(v) && declared == MCI_LIST) {
        mci_docb_list(b, field);
        for (size_t k = 0; k < json_array_size(v); k++) {
            const json_t *item = json_array_get(v, k);
            if (is_text(item))
                mci_docb_item(b, json_string_value(item), json_string_length(item));
        }
    } else if (declared == MCI_DATE && mci_ejson_date(v, &i)) {
        mci_docb_int(b, field, i);
    } else if (number_fits) {
        int kind = mci_ejson_number(v, &i, &d);
        if (kind == 1)
            mci_docb_int(b, field, i);
        else if (kind == 2 && isfinite(d))
            mci_docb_real(b, field, d);
    }
}

mc_status mci_json_decode_by_tree(const mci_spec *spec, const char *json, size_t len, mci_doc **out, mc_error *err)
{
    json_t *tree;
    mci_buf text;
    mci_docb b;
    char id[MCI_ID_CAP];
    *out = NULL;
    mc_status st = mci_tree_parse(json, len, MCI_LENIENT, "document", &tree, err);
    if (st != MC_OK)
        return st;
    mci_buf_init(&text, SIZE_MAX / 4);
    st = id_of(spec->id_kind, json_object_get(tree, "_id"), id, err);
    if (st == MC_OK) {
        (void)mci_buf_reserve(&text, len + 16);
        st = write_document(spec, tree, id, MCI_LENIENT, &text, err);
    }
    if (st == MC_OK) {
        mci_docb_begin(&b, spec, text.len + text.len / 2);
        mci_docb_id(&b, id, strlen(id));
        for (size_t f = 0; f < spec->nfields; f++)
            take_field(&b, f, spec->fields[f].kind, mci_tree_at(tree, spec->fields[f].path));
        mci_docb_json(&b, text.data, text.len);
        *out = mci_docb_finish(&b);
        if (*out == NULL)
            st = mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "document: out of memory");
    }
    mci_buf_free(&text);
    json_decref(tree);
    return st;
}

mc_status mci_json_decode(const mci_spec *spec, const char *json, size_t len, mci_doc **out, mc_error *err)
{
    return mci_walk_decode(spec, json, len, out) ? MC_OK : mci_json_decode_by_tree(spec, json, len, out, err);
}

mc_status mci_json_take(const mci_spec *spec, const char *json, size_t len, mci_doc **out, mc_error *err)
{
    char id[MCI_ID_CAP];
    mci_buf text;
    if (mci_walk_take(spec, json, len, out))
        return MC_OK;
    mci_buf_init(&text, (size_t)2 * MCI_JSON_MAX);
    mc_status st = mci_json_document(spec, json, len, NULL, &text, id, NULL, err);
    if (st == MC_OK)
        st = mci_json_decode(spec, text.data, text.len, out, err);
    mci_buf_free(&text);
    return st;
}
