/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: what a document's text means, read from front to back once: its id, its fields where they are met, no name twice. Refuses, by
 * giving up: whatever it is not sure that the tree would take, and take in the same way.
 */
#include "codec/json_walk.h"

#include "base/iso8601.h"
#include "base/json_string.h"
#include "base/num.h"
#include "base/objectid.h"
#include "base/utf8.h"
#include "codec/id_check.h"
#include "codec/json_fields.h"
#include "codec/json_reader.h"
#include "codec/json_shape.h"

#include <string.h>

#define DEPTH 60       /* deeper is the tree's: its limits are above this */
#define KEYS_ALL 320   /* names remembered at a time, to find a second one of the same name */
#define KEYS_OBJECT 64 /* ... of one object */
#define STORED_MAX (32u << 20)
#define TREE_SLACK 4096 /* by so much the shape that is counted here may be below that of the text */

typedef struct walked_key {
    const char *p;
    size_t n;
} walked_key;

typedef struct walk {
    mci_reader r;
    mci_fields f;
    mci_strictness how;
    mci_shape shape;
    size_t nkeys;
    walked_key keys[KEYS_ALL];
} walk;

static int value(walk *w, mci_wanted want, int depth);

static int name(walk *w, const char **s, size_t *n)
{
    w->shape.members++;
    return mci_reader_name(&w->r, s, n);
}

/* The comma before a further member or item. */
static int another(walk *w)
{
    int comma = mci_reader_take(&w->r, ',');
    w->shape.separators += (size_t)comma;
    return comma;
}

/* ---- objects with a meaning ---- */

static int is_name(const char *p, size_t n, const char *what)
{
    return n == strlen(what) && memcmp(p, what, n) == 0;
}

/* A text that is an integer in its one spelling. */
static int int_text(walk *w, int64_t *i)
{
    const char *s;
    size_t n;
    if (w->r.p == w->r.end || *w->r.p != '"' || !mci_reader_text(&w->r, &s, &n) || mci_parse_int(s, n, i) != 0)
        return 0;
    return (s[0] != '0' || n == 1) && (s[0] != '-' || s[1] != '0');
}

static int date(walk *w, uint32_t here)
{
    const char *s;
    size_t n;
    int64_t ms;
    char iso[32];
    if (w->r.p < w->r.end && *w->r.p == '"') {
        if (!mci_reader_text(&w->r, &s, &n) || mci_ms_from_iso(s, n, &ms) != 0 || mci_iso_from_ms(ms, iso) != 0 ||
            !is_name(s, n, iso))
            return 0;
    } else {
        w->shape.objects++;
        if (!mci_reader_take(&w->r, '{') || !name(w, &s, &n) || !is_name(s, n, "$numberLong"))
            return 0;
        mci_reader_blanks(&w->r);
        if (!int_text(w, &ms) || mci_iso_from_ms(ms, iso) == 0 || !mci_reader_take(&w->r, '}'))
            return 0;
    }
    mci_fields_date(&w->f, here, ms);
    return 1;
}

/* {"$oid":TEXT} from that text on, in lower case. */
static int oid_text(walk *w, char oid[25])
{
    const char *s;
    size_t n;
    return w->r.p < w->r.end && *w->r.p == '"' && mci_reader_text(&w->r, &s, &n) && mci_objectid_normalise(s, n, oid) == 0 &&
           memcmp(oid, s, 24) == 0;
}

/* An object whose first name begins with '$', from that name on: the usual ones in their usual spelling, all others are the tree's. */
static int wrapper(walk *w, mci_wanted want)
{
    const char *p;
    size_t n;
    int64_t i;
    char oid[25];
    if (want.inside != 0 || !name(w, &p, &n))
        return 0;
    mci_reader_blanks(&w->r);
    if (is_name(p, n, "$date")) {
        if (!date(w, want.here))
            return 0;
    } else if (is_name(p, n, "$oid")) {
        if (!oid_text(w, oid))
            return 0;
        mci_fields_other(&w->f, want.here);
    } else if (is_name(p, n, "$numberLong")) {
        if (!int_text(w, &i) || i < INT32_MIN || i > INT32_MAX)
            return 0;
        mci_fields_number(&w->f, want.here, (mci_number){.is_int = 1, .i = i});
    } else {
        return 0;
    }
    return mci_reader_take(&w->r, '}');
}

/* ---- objects and arrays ---- */

/* Is the name new in this object, whose names begin at `first`? `seen` has a bit for each that was there. */
static int is_new(walk *w, size_t first, uint64_t *seen, const char *p, size_t n)
{
    unsigned char head = n > 0 ? (unsigned char)p[0] : 0;
    unsigned char tail = n > 0 ? (unsigned char)p[n - 1] : 0;
    uint64_t bit = UINT64_C(1) << ((head * 7u + tail * 3u + n * 11u) & 63);
    if ((*seen & bit) != 0)
        for (size_t i = first; i < w->nkeys; i++)
            if (w->keys[i].n == n && memcmp(w->keys[i].p, p, n) == 0)
                return 0;
    *seen |= bit;
    if (w->nkeys == KEYS_ALL || w->nkeys - first == KEYS_OBJECT)
        return 0;
    w->keys[w->nkeys++] = (walked_key){p, n};
    return 1;
}

/* The members of an object up to its end; the first comes next. `level` is the step of the paths that their names are. */
static int members(walk *w, uint32_t inside, int level)
{
    size_t first = w->nkeys;
    uint64_t seen = 0;
    do {
        const char *p;
        size_t n;
        if (!name(w, &p, &n) || (level == 0 && is_name(p, n, "_id")) || !is_new(w, first, &seen, p, n))
            return 0;
        if (w->how == MCI_STRICT && (n == 0 || *p == '$' || memchr(p, '.', n) != NULL))
            return 0;
        mci_wanted at = inside != 0 ? mci_fields_by_name(&w->f, inside, level, p, n) : (mci_wanted){0, 0};
        mci_reader_blanks(&w->r);
        if (!value(w, at, level + 1))
            return 0;
    } while (another(w));
    w->nkeys = first;
    return mci_reader_take(&w->r, '}');
}

static int object(walk *w, mci_wanted want, int depth)
{
    w->r.p++;
    w->shape.objects++;
    mci_reader_blanks(&w->r);
    if (w->r.end - w->r.p > 1 && w->r.p[0] == '"' && w->r.p[1] == '$')
        return wrapper(w, want);
    mci_fields_other(&w->f, want.here);
    if (w->r.p < w->r.end && *w->r.p == '}') {
        w->r.p++;
        return 1;
    }
    return members(w, want.inside, depth);
}

static int array(walk *w, mci_wanted want, int depth)
{
    int list = want.here != 0 ? mci_fields_list(&w->f, want.here) : -1;
    if (list == -2 || (list >= 0 && want.inside != 0))
        return 0;
    mci_fields_other(&w->f, want.here);
    w->r.p++;
    w->shape.arrays++;
    if (list >= 0)
        mci_docb_list(w->f.into, (size_t)list);
    if (mci_reader_take(&w->r, ']'))
        return 1;
    int64_t i = 0;
    do {
        mci_reader_blanks(&w->r);
        if (list >= 0 && w->r.p < w->r.end && *w->r.p == '"') {
            const char *s;
            size_t n;
            if (!mci_reader_text(&w->r, &s, &n))
                return 0;
            mci_docb_item(w->f.into, s, n);
        } else {
            mci_wanted at = want.inside != 0 ? mci_fields_by_index(&w->f, want.inside, depth, i) : (mci_wanted){0, 0};
            if (!value(w, at, depth + 1))
                return 0;
        }
        i++;
    } while (another(w));
    return mci_reader_take(&w->r, ']');
}

/* Any value, its blanks skipped. `depth`: how many steps of a path lead to it. 1 or 0. */
static int value(walk *w, mci_wanted want, int depth)
{
    mci_number number;
    const char *s;
    size_t n;
    if (w->r.p == w->r.end || depth > DEPTH || (want.inside != 0 && depth >= MCI_PATH_STEPS))
        return 0;
    switch (*w->r.p) {
    case '{':
        return object(w, want, depth);
    case '[':
        return array(w, want, depth);
    case '"':
        if (!mci_reader_text(&w->r, &s, &n))
            return 0;
        mci_fields_text(&w->f, want.here, s, n);
        return 1;
    case 't':
        mci_fields_other(&w->f, want.here);
        return mci_reader_word(&w->r, "true", 4);
    case 'f':
        mci_fields_other(&w->f, want.here);
        return mci_reader_word(&w->r, "false", 5);
    case 'n':
        return mci_reader_word(&w->r, "null", 4);
    default:
        if (!mci_reader_number(&w->r, &number))
            return 0;
        mci_fields_number(&w->f, want.here, number);
        return 1;
    }
}

/* ---- documents ---- */

static void put_new_id(walk *w, const char *id)
{
    char oid[25];
    if (w->f.spec->id_kind != MCI_ID_STRING && mci_objectid_normalise(id, strlen(id), oid) == 0) {
        mci_buf_str(w->r.out, "\"_id\":{\"$oid\":\"");
        mci_buf_str(w->r.out, oid);
        mci_buf_str(w->r.out, "\"}");
    } else {
        mci_buf_str(w->r.out, "\"_id\":");
        mci_buf_json_string(w->r.out, id, strlen(id));
    }
}

/* The value of "_id", by the collection's kind. */
static int id_value(walk *w, char id[MCI_ID_CAP])
{
    mci_id_kind kind = w->f.spec->id_kind;
    const char *s;
    size_t n;
    char oid[25];
    mci_reader_blanks(&w->r);
    if (w->r.p < w->r.end && *w->r.p == '{') {
        w->r.p++;
        if (kind == MCI_ID_STRING || !name(w, &s, &n) || !is_name(s, n, "$oid"))
            return 0;
        mci_reader_blanks(&w->r);
        return oid_text(w, id) && mci_reader_take(&w->r, '}');
    }
    if (w->r.p == w->r.end || *w->r.p != '"' || kind == MCI_ID_OBJECTID || !mci_reader_text(&w->r, &s, &n))
        return 0;
    if (kind == MCI_ID_AUTO && mci_objectid_normalise(s, n, oid) == 0)
        return 0;
    return mci_id_check(kind, s, n, id, "_id", NULL) == MC_OK;
}

/* "_id" first, or `new_id` put there. 1: members follow; 2: none do; 0. */
static int head(walk *w, const char *new_id, char id[MCI_ID_CAP], int *had_id)
{
    if (!mci_reader_take(&w->r, '{'))
        return 0;
    mci_reader_blanks(&w->r);
    *had_id = w->r.end - w->r.p > 5 && memcmp(w->r.p, "\"_id\"", 5) == 0;
    if (!*had_id) {
        if (new_id == NULL || mci_id_check(w->f.spec->id_kind, new_id, strlen(new_id), id, "_id", NULL) != MC_OK)
            return 0;
        mci_reader_cut(&w->r, w->r.p, w->r.p);
        put_new_id(w, id);
        if (mci_reader_take(&w->r, '}'))
            return 2;
        mci_buf_char(w->r.out, ',');
        return 1;
    }
    w->r.p += 5;
    if (!mci_reader_take(&w->r, ':') || !id_value(w, id))
        return 0;
    if (w->f.into != NULL)
        mci_docb_id(w->f.into, id, strlen(id));
    return mci_reader_take(&w->r, ',') ? 1 : mci_reader_take(&w->r, '}') ? 2 : 0;
}

/* What a tree would take too much memory for is the tree's to refuse; all that it would take is taken here, however long. */
static int is_allowed(const walk *w, size_t len)
{
    return mci_shape_bytes(&w->shape) + TREE_SLACK < mci_shape_most(w->how != MCI_STRICT, len);
}

static uint32_t all_fields(const mci_spec *spec)
{
    return (uint32_t)((UINT64_C(1) << spec->nfields) - 1);
}

static int document(walk *w, uint32_t fields, const char *new_id, char id[MCI_ID_CAP], int *had_id)
{
    size_t len = (size_t)(w->r.end - w->r.p);
    if (!mci_utf8_valid(w->r.p, len) || !mci_fields_split(&w->f))
        return 0;
    mci_reader_blanks(&w->r);
    int more = head(w, new_id, id, had_id);
    if (more == 0 || (more == 1 && !members(w, fields, 0)))
        return 0;
    mci_reader_blanks(&w->r);
    return w->r.p == w->r.end && !w->f.misfit && is_allowed(w, len);
}

/* Not all of it is cleared: the tables are large, and their beginnings are counted. */
static void begin(walk *w, const mci_spec *spec, mci_strictness how, const char *json, size_t len, mci_buf *out,
                  mci_docb *fields)
{
    w->f.spec = spec;
    w->how = how;
    mci_reader_begin(&w->r, json, len, out);
    w->f.into = fields;
    w->f.rank = how == MCI_STRICT && spec->rank_field >= 0 ? UINT32_C(1) << spec->rank_field : 0;
    w->f.misfit = 0;
    w->shape = (mci_shape){0};
    w->nkeys = 0;
}

int mci_walk_normalise(const mci_spec *spec, const char *json, size_t len, const char *new_id, mci_buf *out,
                       char id[MCI_ID_CAP], int *had_id)
{
    walk w;
    size_t before = out->len;
    if (len > MCI_JSON_MAX || out->failed || mci_buf_reserve(out, 0) != 0)
        return 0;
    begin(&w, spec, MCI_STRICT, json, len, out, NULL);
    int ok = document(&w, w.f.rank, new_id, id, had_id);
    if (ok)
        mci_reader_cut(&w.r, w.r.end, w.r.end);
    ok = ok && !out->failed && out->len - before <= MCI_JSON_MAX;
    mci_buf_free(&w.r.text);
    if (!ok && !out->failed) {
        out->len = before;
        out->data[before] = '\0';
    }
    return ok;
}

static int decode(const mci_spec *spec, mci_strictness how, const char *json, size_t len, mci_doc **out)
{
    walk w;
    mci_buf normal;
    mci_docb fields;
    char id[MCI_ID_CAP];
    int had_id;
    *out = NULL;
    if (len > (how == MCI_STRICT ? MCI_JSON_MAX : STORED_MAX) || spec->nfields > MCI_MAX_FIELDS)
        return 0;
    mci_buf_init(&normal, SIZE_MAX / 4);
    mci_docb_begin(&fields, spec, len + len / 2);
    begin(&w, spec, how, json, len, &normal, &fields);
    int ok = document(&w, all_fields(spec), NULL, id, &had_id);
    if (ok && w.r.from != json) { /* something was left out, or written anew */
        mci_reader_cut(&w.r, w.r.end, w.r.end);
        json = normal.data;
        len = normal.len;
    }
    if (ok && !normal.failed && (how != MCI_STRICT || len <= MCI_JSON_MAX)) {
        mci_docb_json(&fields, json, len);
        *out = mci_docb_finish(&fields);
    } else {
        mci_docb_drop(&fields);
    }
    mci_buf_free(&w.r.text);
    mci_buf_free(&normal);
    return *out != NULL;
}

int mci_walk_decode(const mci_spec *spec, const char *json, size_t len, mci_doc **out)
{
    return decode(spec, MCI_LENIENT, json, len, out);
}

int mci_walk_take(const mci_spec *spec, const char *json, size_t len, mci_doc **out)
{
    return decode(spec, MCI_STRICT, json, len, out);
}
