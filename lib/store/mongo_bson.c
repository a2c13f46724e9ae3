/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the translation between BSON and the normal form. Refuses: BSON that does not hold together, text that is not UTF-8,
 * and libbson's own JSON functions: its writer is many times slower, its reader depends on the host's locale.
 */
#include "store/mongo_bson.h"

#include "base/base64.h"
#include "base/error.h"
#include "base/iso8601.h"
#include "base/json_string.h"
#include "base/num.h"
#include "base/objectid.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

#define DEPTH_MAX 64 /* levels of documents and arrays, as for callers' texts */

/* ---- BSON to text ---- */

typedef struct writer {
    mci_buf *out;
    mc_error *err;
    mc_status st;
} writer;

static void write_members(writer *w, bson_iter_t *it, int array, int skip_id, int depth);

static void fail(writer *w, mc_status st, const char *what)
{
    if (w->st == MC_OK)
        w->st = mci_fail(w->err, st, MC_TIER_STORE, "stored document: %s", what);
}

static void write_text(writer *w, const char *p, size_t n)
{
    if (!mci_utf8_valid(p, n))
        fail(w, MC_E_UTF8, "a text is not valid UTF-8");
    else
        mci_buf_json_string(w->out, p, n);
}

static void write_int(mci_buf *out, const char *before, int64_t i, const char *after)
{
    mci_buf_str(out, before);
    mci_buf_int(out, i);
    mci_buf_str(out, after);
}

static void write_double(mci_buf *out, double d)
{
    char text[MCI_NUM_MAX];
    size_t n = mci_double_text(d, text);
    if (!isfinite(d))
        mci_buf_str(out, "{\"$numberDouble\":\"");
    mci_buf_add(out, text, n);
    if (!isfinite(d))
        mci_buf_str(out, "\"}");
}

static void write_date(mci_buf *out, int64_t ms)
{
    char iso[32];
    if (mci_iso_from_ms(ms, iso) != 0) {
        write_int(out, "{\"$date\":{\"$numberLong\":\"", ms, "\"}}");
        return;
    }
    mci_buf_str(out, "{\"$date\":\"");
    mci_buf_str(out, iso);
    mci_buf_str(out, "\"}");
}

static void write_oid(mci_buf *out, const bson_oid_t *oid)
{
    char hex[25];
    bson_oid_to_string(oid, hex);
    mci_buf_str(out, "{\"$oid\":\"");
    mci_buf_add(out, hex, 24);
    mci_buf_str(out, "\"}");
}

static void write_nested(writer *w, const bson_iter_t *it, int array, int depth)
{
    bson_iter_t child;
    if (depth >= DEPTH_MAX)
        fail(w, MC_E_DEPTH, "nested deeper than 64 levels");
    else if (!bson_iter_recurse(it, &child))
        fail(w, MC_E_STORE, "broken BSON");
    else
        write_members(w, &child, array, 0, depth + 1);
}

/* libbson's lengths of these two types count the final NUL in some releases and not in others. */
static size_t without_nul(const char *p, uint32_t len)
{
    return len > 0 && p[len - 1] == '\0' ? len - 1 : len;
}

static void write_code(writer *w, const bson_iter_t *it, int depth)
{
    uint32_t len;
    uint32_t scope_len;
    const uint8_t *scope;
    bson_iter_t child;
    bson_t doc;
    const char *code;
    mci_buf_str(w->out, "{\"$code\":");
    if (bson_iter_type(it) == BSON_TYPE_CODE) {
        code = bson_iter_code(it, &len);
        write_text(w, code, len);
    } else {
        code = bson_iter_codewscope(it, &len, &scope_len, &scope);
        write_text(w, code, without_nul(code, len));
        mci_buf_str(w->out, ",\"$scope\":");
        if (depth >= DEPTH_MAX)
            fail(w, MC_E_DEPTH, "nested deeper than 64 levels");
        else if (!bson_init_static(&doc, scope, scope_len) || !bson_iter_init(&child, &doc))
            fail(w, MC_E_STORE, "broken BSON");
        else
            write_members(w, &child, 0, 0, depth + 1);
    }
    mci_buf_char(w->out, '}');
}

/* The types that are seldom met. */
static void write_rare(writer *w, const bson_iter_t *it, int depth)
{
    mci_buf *out = w->out;
    uint32_t len;
    switch (bson_iter_type(it)) {
    case BSON_TYPE_BINARY: {
        bson_subtype_t subtype;
        const uint8_t *data;
        bson_iter_binary(it, &subtype, &len, &data);
        mci_buf_str(out, "{\"$binary\":{\"base64\":\"");
        mci_buf_base64(out, data, len);
        mci_buf_fmt(out, "\",\"subType\":\"%02x\"}}", (unsigned)subtype);
        break;
    }
    case BSON_TYPE_REGEX: {
        const char *options;
        const char *pattern = bson_iter_regex(it, &options);
        mci_buf_str(out, "{\"$regularExpression\":{\"pattern\":");
        write_text(w, pattern, strlen(pattern));
        mci_buf_str(out, ",\"options\":");
        write_text(w, options, strlen(options));
        mci_buf_str(out, "}}");
        break;
    }
    case BSON_TYPE_DBPOINTER: {
        const char *name;
        const bson_oid_t *oid;
        bson_iter_dbpointer(it, &len, &name, &oid);
        mci_buf_str(out, "{\"$dbPointer\":{\"$ref\":");
        write_text(w, name, strlen(name)); /* libbson is not of one mind whether the length counts the NUL */
        mci_buf_str(out, ",\"$id\":");
        write_oid(out, oid);
        mci_buf_str(out, "}}");
        break;
    }
    case BSON_TYPE_CODE:
    case BSON_TYPE_CODEWSCOPE:
        write_code(w, it, depth);
        break;
    case BSON_TYPE_SYMBOL: {
        const char *symbol = bson_iter_symbol(it, &len);
        mci_buf_str(out, "{\"$symbol\":");
        write_text(w, symbol, without_nul(symbol, len));
        mci_buf_char(out, '}');
        break;
    }
    case BSON_TYPE_TIMESTAMP: {
        uint32_t t;
        uint32_t i;
        bson_iter_timestamp(it, &t, &i);
        write_int(out, "{\"$timestamp\":{\"t\":", t, ",\"i\":");
        write_int(out, "", i, "}}");
        break;
    }
    case BSON_TYPE_DECIMAL128: {
        bson_decimal128_t dec;
        char text[BSON_DECIMAL128_STRING];
        bson_iter_decimal128(it, &dec);
        bson_decimal128_to_string(&dec, text);
        mci_buf_fmt(out, "{\"$numberDecimal\":\"%s\"}", text);
        break;
    }
    case BSON_TYPE_UNDEFINED:
        mci_buf_str(out, "{\"$undefined\":true}");
        break;
    case BSON_TYPE_MINKEY:
        mci_buf_str(out, "{\"$minKey\":1}");
        break;
    case BSON_TYPE_MAXKEY:
        mci_buf_str(out, "{\"$maxKey\":1}");
        break;
    default:
        fail(w, MC_E_STORE, "a BSON type that is not known");
    }
}

static void write_value(writer *w, const bson_iter_t *it, int depth)
{
    mci_buf *out = w->out;
    uint32_t len;
    switch (bson_iter_type(it)) {
    case BSON_TYPE_UTF8: {
        const char *s = bson_iter_utf8(it, &len);
        write_text(w, s, len);
        break;
    }
    case BSON_TYPE_INT32:
        mci_buf_int(out, bson_iter_int32(it));
        break;
    case BSON_TYPE_INT64: {
        int64_t i = bson_iter_int64(it);
        if (i >= INT32_MIN && i <= INT32_MAX) /* bare, it would come back as an int32 */
            write_int(out, "{\"$numberLong\":\"", i, "\"}");
        else
            mci_buf_int(out, i);
        break;
    }
    case BSON_TYPE_DOUBLE:
        write_double(out, bson_iter_double(it));
        break;
    case BSON_TYPE_BOOL:
        mci_buf_str(out, bson_iter_bool(it) ? "true" : "false");
        break;
    case BSON_TYPE_NULL:
        mci_buf_add(out, "null", 4);
        break;
    case BSON_TYPE_DATE_TIME:
        write_date(out, bson_iter_date_time(it));
        break;
    case BSON_TYPE_OID:
        write_oid(out, bson_iter_oid(it));
        break;
    case BSON_TYPE_DOCUMENT:
        write_nested(w, it, 0, depth);
        break;
    case BSON_TYPE_ARRAY:
        write_nested(w, it, 1, depth);
        break;
    default:
        write_rare(w, it, depth);
    }
}

/* The members of one document or array, brackets included. `skip_id`: "_id" was written already, without a closing brace. */
static void write_members(writer *w, bson_iter_t *it, int array, int skip_id, int depth)
{
    int first = !skip_id;
    if (!skip_id)
        mci_buf_char(w->out, array ? '[' : '{');
    while (w->st == MC_OK && bson_iter_next(it)) {
        if (skip_id && strcmp(bson_iter_key(it), "_id") == 0)
            continue;
        if (!first)
            mci_buf_char(w->out, ',');
        first = 0;
        if (!array) {
            write_text(w, bson_iter_key(it), strlen(bson_iter_key(it)));
            mci_buf_char(w->out, ':');
        }
        write_value(w, it, depth);
    }
    if (it->err_off != 0)
        fail(w, MC_E_STORE, "broken BSON");
    mci_buf_char(w->out, array ? ']' : '}');
}

mc_status mci_bson_write(const bson_t *doc, mci_buf *out, mc_error *err)
{
    writer w = {.out = out, .err = err, .st = MC_OK};
    bson_iter_t it;
    int has_id = bson_iter_init_find(&it, doc, "_id");
    if (has_id) {
        mci_buf_str(out, "{\"_id\":");
        write_value(&w, &it, 1);
    }
    if (!bson_iter_init(&it, doc))
        fail(&w, MC_E_STORE, "broken BSON");
    else
        write_members(&w, &it, 0, has_id, 1);
    if (w.st == MC_OK && out->failed)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "stored document: out of memory");
    return w.st;
}

/* ---- BSON to document ---- */

int mci_bson_id(const mci_spec *spec, const bson_iter_t *it, char oid[25], const char **text, size_t *len)
{
    if (bson_iter_type(it) == BSON_TYPE_OID && spec->id_kind != MCI_ID_STRING) {
        bson_oid_to_string(bson_iter_oid(it), oid);
        *text = oid;
        *len = 24;
        return 0;
    }
    if (bson_iter_type(it) != BSON_TYPE_UTF8 || spec->id_kind == MCI_ID_OBJECTID)
        return -1;
    uint32_t n;
    *text = bson_iter_utf8(it, &n);
    *len = n;
    if (n == 0 || strlen(*text) != n || !mci_utf8_valid(*text, n))
        return -1;
    return spec->id_kind == MCI_ID_AUTO && mci_objectid_normalise(*text, n, oid) == 0 ? -1 : 0;
}

/* Move to a dotted path. bson_iter_find_descendant() is not enough: it knows no difference between an array and a document
 * whose names are numbers, and neither do we: in BSON an array is a document with the names "0", "1", ... */
static int find_path(const bson_t *doc, const char *path, bson_iter_t *out)
{
    bson_iter_t it;
    return bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, path, out);
}

static int is_plain_text(const bson_iter_t *it, const char **text, uint32_t *len)
{
    if (bson_iter_type(it) != BSON_TYPE_UTF8)
        return 0;
    *text = bson_iter_utf8(it, len);
    return strlen(*text) == *len;
}

/* A Decimal128 as the nearest double: 1 or 0. */
static int decimal_number(const bson_iter_t *it, double *out)
{
    bson_decimal128_t dec;
    char text[BSON_DECIMAL128_STRING];
    if (bson_iter_type(it) != BSON_TYPE_DECIMAL128 || !bson_iter_decimal128(it, &dec))
        return 0;
    bson_decimal128_to_string(&dec, text);
    return mci_parse_double(text, strlen(text), out) == 0; /* not NaN, not Infinity */
}

/* One field into the document; codec/json.c has the same rules. */
static void take_field(mci_docb *b, size_t field, mci_kind declared, const bson_iter_t *it)
{
    const char *text;
    uint32_t len;
    double d;
    bson_iter_t item;
    bson_type_t type = bson_iter_type(it);
    int number_fits = declared == MCI_INT || declared == MCI_REAL;
    if (is_plain_text(it, &text, &len)) {
        mci_docb_str(b, field, text, len);
    } else if (type == BSON_TYPE_ARRAY && declared == MCI_LIST && bson_iter_recurse(it, &item)) {
        mci_docb_list(b, field);
        while (bson_iter_next(&item))
            if (is_plain_text(&item, &text, &len))
                mci_docb_item(b, text, len);
    } else if (type == BSON_TYPE_DATE_TIME && declared == MCI_DATE) {
        mci_docb_int(b, field, bson_iter_date_time(it));
    } else if ((type == BSON_TYPE_INT32 || type == BSON_TYPE_INT64) && number_fits) {
        mci_docb_int(b, field, bson_iter_as_int64(it));
    } else if (type == BSON_TYPE_DOUBLE && number_fits && isfinite(bson_iter_double(it))) {
        mci_docb_real(b, field, bson_iter_double(it));
    } else if (type == BSON_TYPE_DECIMAL128 && number_fits && decimal_number(it, &d)) {
        mci_docb_real(b, field, d);
    }
}

mc_status mci_bson_decode(const mci_spec *spec, const bson_t *doc, mci_doc **out, mc_error *err)
{
    bson_iter_t it;
    char oid[25];
    const char *id;
    size_t id_len;
    mci_buf text;
    mci_docb b;
    *out = NULL;
    if (!bson_iter_init_find(&it, doc, "_id") || mci_bson_id(spec, &it, oid, &id, &id_len) != 0)
        return mci_fail(err, MC_E_TYPE, MC_TIER_STORE, "stored document: its _id is not of the kind of collection %s",
                        spec->name);
    mci_buf_init(&text, SIZE_MAX / 4);
    (void)mci_buf_reserve(&text, doc->len + doc->len / 4);
    mc_status st = mci_bson_write(doc, &text, err);
    if (st == MC_OK) {
        mci_docb_begin(&b, spec, text.len + text.len / 2);
        mci_docb_id(&b, id, id_len);
        for (size_t f = 0; f < spec->nfields; f++)
            if (find_path(doc, spec->fields[f].path, &it))
                take_field(&b, f, spec->fields[f].kind, &it);
        mci_docb_json(&b, text.data, text.len);
        *out = mci_docb_finish(&b);
        if (*out == NULL)
            st = mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "stored document: out of memory");
    }
    mci_buf_free(&text);
    return st;
}

int mci_bson_number(const bson_t *doc, const char *path, double *out)
{
    bson_iter_t it;
    if (!find_path(doc, path, &it))
        return 0;
    if (BSON_ITER_HOLDS_DOUBLE(&it))
        *out = bson_iter_double(&it);
    else if (BSON_ITER_HOLDS_INT(&it))
        *out = (double)bson_iter_as_int64(&it);
    else if (!decimal_number(&it, out))
        return 0;
    return isfinite(*out) != 0;
}
