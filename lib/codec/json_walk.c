/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: reading a document's text from front to back once: what is in normal form already is copied as it stands, blanks are left
 * out, numbers and escapes get their one spelling, and the fields are taken where they are met. Refuses, by giving up: whatever it
 * is not sure that the tree would take, and take in the same way.
 */
#include "codec/json_walk.h"

#include "base/iso8601.h"
#include "base/json_string.h"
#include "base/num.h"
#include "base/objectid.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "codec/json_shape.h"

#include <math.h>
#include <string.h>

#define DEPTH 60       /* deeper is the tree's: its limits are above this */
#define STEPS 8        /* of a field's path */
#define KEYS_ALL 320   /* names remembered at a time, to find a second one of the same name */
#define KEYS_OBJECT 64 /* ... of one object */
#define STORED_MAX (32u << 20)
#define TREE_MAX                                                                                                            \
    (MCI_JSON_TREE_BASE - 1) /* memory that a tree of this document would take: what needs more is the tree's to refuse */

typedef struct walked_key {
    const char *p;
    size_t n;
} walked_key;

/* One step of a field's path. */
typedef struct path_step {
    const char *p;
    size_t n;
    int last;
} path_step;

/* Which fields a value is: those whose path ends there, those whose path goes on inside. */
typedef struct wanted {
    uint32_t here;
    uint32_t inside;
} wanted;

typedef struct walk {
    const mci_spec *spec;
    mci_strictness how;
    const char *p; /* where we are */
    const char *end;
    const char *from; /* from here on what was read is to be copied */
    mci_buf *out;     /* what was copied, or written instead */
    mci_docb *fields; /* NULL: not asked for; then the rank field is looked at, */
    int misfit;       /* ... and this says that it is not as a caller may write it */
    mci_buf text;     /* a text with escapes, decoded */
    mci_shape shape;
    size_t nkeys;
    path_step path[MCI_MAX_FIELDS][STEPS];
    walked_key keys[KEYS_ALL];
} walk;

static int value(walk *w, wanted want, int depth);

/* ---- what goes into the normal form ---- */

/* What was read up to `to` stays as it is; `skip` bytes after that do not. */
static void cut(walk *w, const char *to, const char *resume)
{
    mci_buf_add(w->out, w->from, (size_t)(to - w->from));
    w->from = resume;
}

static void blanks(walk *w)
{
    const char *p = w->p;
    while (p < w->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    if (p == w->p)
        return;
    cut(w, w->p, p);
    w->p = p;
}

static int take(walk *w, char c)
{
    blanks(w);
    if (w->p == w->end || *w->p != c)
        return 0;
    w->p++;
    return 1;
}

/* ---- fields ---- */

#define EACH_FIELD(f, mask)                                                                                                 \
    for (uint32_t left_ = (mask); left_ != 0 && ((f) = (size_t)__builtin_ctz(left_), 1); left_ &= left_ - 1)

static void found_text(walk *w, uint32_t here, const char *p, size_t n)
{
    size_t f;
    if (w->fields == NULL)
        w->misfit |= here != 0 && n > 0;
    else
        EACH_FIELD(f, here)
        {
            mci_docb_str(w->fields, f, p, n);
        }
}

static int rank_allowed(const mci_spec *spec, double d)
{
    int limited = spec->rank_min != 0 || spec->rank_max != 0;
    return isfinite(d) && !(d == 0 && signbit(d)) && (!limited || (d >= spec->rank_min && d <= spec->rank_max));
}

static void found_number(walk *w, uint32_t here, int is_int, int64_t i, double d)
{
    size_t f;
    if (here == 0)
        return;
    if (w->fields == NULL) {
        w->misfit |= !rank_allowed(w->spec, is_int ? (double)i : d);
        return;
    }
    EACH_FIELD(f, here)
    {
        mci_kind declared = w->spec->fields[f].kind;
        if (declared != MCI_INT && declared != MCI_REAL)
            continue;
        if (is_int)
            mci_docb_int(w->fields, f, i);
        else
            mci_docb_real(w->fields, f, d);
    }
}

static void found_date(walk *w, uint32_t here, int64_t ms)
{
    size_t f;
    if (w->fields == NULL)
        w->misfit |= here != 0;
    else
        EACH_FIELD(f, here)
        {
            if (w->spec->fields[f].kind == MCI_DATE)
                mci_docb_int(w->fields, f, ms);
        }
}

/* Something that no field keeps. */
static void found_other(walk *w, uint32_t here)
{
    w->misfit |= w->fields == NULL && here != 0;
}

/* Split all paths. 0 when one has too many steps. */
static int split_paths(walk *w)
{
    if (w->spec->nfields > MCI_MAX_FIELDS)
        return 0;
    for (size_t f = 0; f < w->spec->nfields; f++) {
        const char *p = w->spec->fields[f].path;
        if (strncmp(p, "_id", 3) == 0 && (p[3] == '\0' || p[3] == '.'))
            return 0;
        for (size_t k = 0;; k++) {
            if (k == STEPS)
                return 0;
            size_t n = strcspn(p, ".");
            w->path[f][k] = (path_step){p, n, p[n] == '\0'};
            if (p[n] == '\0')
                break;
            p += n + 1;
        }
    }
    return 1;
}

/* Of the fields that go on inside an object at `level`, those under this name. */
static wanted by_name(const walk *w, uint32_t inside, int level, const char *p, size_t n)
{
    wanted at = {0, 0};
    size_t f;
    EACH_FIELD(f, inside)
    {
        const path_step *s = &w->path[f][level];
        if (s->n != n || memcmp(s->p, p, n) != 0)
            continue;
        *(s->last ? &at.here : &at.inside) |= UINT32_C(1) << f;
    }
    return at;
}

static wanted by_index(const walk *w, uint32_t inside, int level, int64_t index)
{
    wanted at = {0, 0};
    size_t f;
    EACH_FIELD(f, inside)
    {
        const path_step *s = &w->path[f][level];
        int64_t i;
        if (mci_parse_int(s->p, s->n, &i) != 0 || i != index)
            continue;
        *(s->last ? &at.here : &at.inside) |= UINT32_C(1) << f;
    }
    return at;
}

/* ---- texts ---- */

static unsigned hex4(const char *p)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return 0;
        v = v * 16 + (unsigned)digit;
    }
    return v;
}

/* The code point after "\u", or 0: wrong, or a NUL. */
static unsigned code_point(walk *w)
{
    unsigned c = w->end - w->p >= 4 ? hex4(w->p) : 0;
    if (c == 0 || (c >= 0xDC00 && c <= 0xDFFF))
        return 0;
    w->p += 4;
    if (c < 0xD800 || c > 0xDBFF)
        return c;
    unsigned low = w->end - w->p >= 6 && w->p[0] == '\\' && w->p[1] == 'u' ? hex4(w->p + 2) : 0;
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    w->p += 6;
    return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

static size_t utf8_put(unsigned c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* The one spelling of a code point inside a text. */
static size_t spelled(unsigned c, char out[8])
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (const char *n = named; *n != '\0'; n += 2)
        if (c == (unsigned char)*n) {
            out[0] = '\\';
            out[1] = n[1];
            return 2;
        }
    if (c >= 0x20)
        return utf8_put(c, out);
    memcpy(out, "\\u00", 4);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return 6;
}

/* One escape, at its backslash: decoded into w->text, and in its one spelling in the normal form. */
static int escape(walk *w)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    const char *begin = w->p++;
    char utf8[4];
    char spelling[8];
    unsigned c = 0;
    if (w->p == w->end)
        return 0;
    char letter = *w->p++;
    const char *at = letter != '\0' ? strchr(letters, letter) : NULL;
    if (letter == 'u')
        c = code_point(w);
    else if (at != NULL)
        c = (unsigned char)meant[at - letters];
    if (c == 0)
        return 0;
    mci_buf_add(&w->text, utf8, utf8_put(c, utf8));
    size_t n = spelled(c, spelling);
    if (n != (size_t)(w->p - begin) || memcmp(spelling, begin, n) != 0) {
        cut(w, begin, w->p);
        mci_buf_add(w->out, spelling, n);
    }
    return 1;
}

/* A text, from its quote on. *s is valid until the next one. 1 or 0. */
static int text(walk *w, const char **s, size_t *n)
{
    const char *begin = ++w->p;
    w->p += mci_json_plain(w->p, (size_t)(w->end - w->p));
    if (w->p == w->end)
        return 0;
    if (*w->p == '"') {
        *s = begin;
        *n = (size_t)(w->p++ - begin);
        return 1;
    }
    mci_buf_reset(&w->text);
    while (w->p < w->end && *w->p != '"') {
        mci_buf_add(&w->text, begin, (size_t)(w->p - begin));
        if (*w->p != '\\' || !escape(w))
            return 0; /* a control byte */
        begin = w->p;
        w->p += mci_json_plain(w->p, (size_t)(w->end - w->p));
    }
    if (w->p == w->end || w->text.failed)
        return 0;
    mci_buf_add(&w->text, begin, (size_t)(w->p++ - begin));
    *s = w->text.data;
    *n = w->text.len;
    return !w->text.failed;
}

/* The name of a member and its colon. Names with escapes are the tree's. */
static int name(walk *w, const char **s, size_t *n)
{
    blanks(w);
    if (w->p == w->end || *w->p != '"')
        return 0;
    const char *begin = ++w->p;
    w->p += mci_json_plain(w->p, (size_t)(w->end - w->p));
    if (w->p == w->end || *w->p != '"')
        return 0;
    *s = begin;
    *n = (size_t)(w->p++ - begin);
    w->shape.members++;
    return take(w, ':');
}

/* ---- numbers and words ---- */

static size_t digits(const char *p, const char *end)
{
    const char *begin = p;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return (size_t)(p - begin);
}

/* Is a number of these digits its own shortest spelling? Up to 15 digits are: two such texts never are the same number. */
static int is_shortest(const char *whole, size_t nwhole, const char *fraction, size_t nfraction)
{
    if (nwhole + nfraction > 15 || (fraction[nfraction - 1] == '0' && nfraction > 1))
        return 0;
    if (*whole != '0' || *fraction != '0')
        return 1;
    size_t zeros = 1;
    while (zeros < nfraction && fraction[zeros] == '0')
        zeros++;
    return zeros <= 4; /* smaller ones are written with an exponent */
}

static int real(walk *w, uint32_t here, const char *begin, const char *whole, size_t nwhole)
{
    const char *fraction = w->p + 1;
    size_t nfraction = 0;
    int shortest = 0;
    double d;
    if (*w->p == '.') {
        nfraction = digits(fraction, w->end);
        if (nfraction == 0)
            return 0;
        w->p = fraction + nfraction;
        shortest = is_shortest(whole, nwhole, fraction, nfraction);
    }
    if (w->p < w->end && (*w->p == 'e' || *w->p == 'E')) {
        shortest = 0;
        w->p++;
        if (w->p < w->end && (*w->p == '+' || *w->p == '-'))
            w->p++;
        size_t n = digits(w->p, w->end);
        if (n == 0)
            return 0;
        w->p += n;
    }
    size_t len = (size_t)(w->p - begin);
    if (mci_parse_double(begin, len, &d) != 0)
        return 0;
    if (!shortest) {
        char text[MCI_NUM_MAX];
        size_t n = mci_double_text(d, text);
        if (n != len || memcmp(text, begin, n) != 0) {
            cut(w, begin, w->p);
            mci_buf_add(w->out, text, n);
        }
    }
    found_number(w, here, 0, 0, d);
    return 1;
}

static int number(walk *w, uint32_t here)
{
    const char *begin = w->p;
    const char *whole = begin + (*begin == '-');
    size_t n = whole < w->end && *whole == '0' ? 1 : digits(whole, w->end);
    int64_t i;
    if (n == 0)
        return 0;
    w->p = whole + n;
    if (w->p < w->end && (*w->p == '.' || *w->p == 'e' || *w->p == 'E'))
        return real(w, here, begin, whole, n);
    if (n > 18 || (whole != begin && *whole == '0') || mci_parse_int(begin, (size_t)(w->p - begin), &i) != 0)
        return 0;
    found_number(w, here, 1, i, 0);
    return 1;
}

static int word(walk *w, uint32_t here, const char *s, size_t n)
{
    if ((size_t)(w->end - w->p) < n || memcmp(w->p, s, n) != 0)
        return 0;
    w->p += n;
    if (*s != 'n')
        found_other(w, here);
    return 1;
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
    if (w->p == w->end || *w->p != '"' || !text(w, &s, &n) || mci_parse_int(s, n, i) != 0)
        return 0;
    return (s[0] != '0' || n == 1) && (s[0] != '-' || s[1] != '0');
}

static int date(walk *w, uint32_t here)
{
    const char *s;
    size_t n;
    int64_t ms;
    char iso[32];
    if (w->p < w->end && *w->p == '"') {
        if (!text(w, &s, &n) || mci_ms_from_iso(s, n, &ms) != 0 || mci_iso_from_ms(ms, iso) != 0 || !is_name(s, n, iso))
            return 0;
    } else {
        if (!take(w, '{') || !name(w, &s, &n) || !is_name(s, n, "$numberLong"))
            return 0;
        blanks(w);
        if (!int_text(w, &ms) || mci_iso_from_ms(ms, iso) == 0 || !take(w, '}'))
            return 0;
    }
    found_date(w, here, ms);
    return 1;
}

/* {"$oid":TEXT} from that text on, in lower case. */
static int oid_text(walk *w, char oid[25])
{
    const char *s;
    size_t n;
    return w->p < w->end && *w->p == '"' && text(w, &s, &n) && mci_objectid_normalise(s, n, oid) == 0 &&
           memcmp(oid, s, 24) == 0;
}

/* An object whose first name begins with '$', from that name on: the usual ones in their usual spelling, all others are the tree's. */
static int wrapper(walk *w, wanted want)
{
    const char *p;
    size_t n;
    int64_t i;
    char oid[25];
    w->shape.objects++;
    if (want.inside != 0 || !name(w, &p, &n))
        return 0;
    blanks(w);
    if (is_name(p, n, "$date")) {
        if (!date(w, want.here))
            return 0;
    } else if (is_name(p, n, "$oid")) {
        if (!oid_text(w, oid))
            return 0;
        found_other(w, want.here);
    } else if (is_name(p, n, "$numberLong")) {
        if (!int_text(w, &i) || i < INT32_MIN || i > INT32_MAX)
            return 0;
        found_number(w, want.here, 1, i, 0);
    } else {
        return 0;
    }
    return take(w, '}');
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
        wanted at = inside != 0 ? by_name(w, inside, level, p, n) : (wanted){0, 0};
        blanks(w);
        if (!value(w, at, level + 1))
            return 0;
        blanks(w);
    } while (take(w, ','));
    w->nkeys = first;
    return take(w, '}');
}

static int object(walk *w, wanted want, int depth)
{
    w->p++;
    w->shape.objects++;
    blanks(w);
    if (w->end - w->p > 1 && w->p[0] == '"' && w->p[1] == '$')
        return wrapper(w, want);
    found_other(w, want.here);
    if (w->p < w->end && *w->p == '}') {
        w->p++;
        return 1;
    }
    return members(w, want.inside, depth);
}

/* The one list field among `here`; -1: none, -2: several. */
static int list_of(const walk *w, uint32_t here)
{
    int found = -1;
    size_t f;
    if (w->fields == NULL)
        return -1;
    EACH_FIELD(f, here)
    {
        if (w->spec->fields[f].kind == MCI_LIST)
            found = found == -1 ? (int)f : -2;
    }
    return found;
}

static int array(walk *w, wanted want, int depth)
{
    int list = want.here != 0 ? list_of(w, want.here) : -1;
    if (list == -2 || (list >= 0 && want.inside != 0))
        return 0;
    found_other(w, want.here);
    w->p++;
    w->shape.arrays++;
    if (list >= 0)
        mci_docb_list(w->fields, (size_t)list);
    if (take(w, ']'))
        return 1;
    int64_t i = 0;
    do {
        blanks(w);
        if (list >= 0 && w->p < w->end && *w->p == '"') {
            const char *s;
            size_t n;
            if (!text(w, &s, &n))
                return 0;
            mci_docb_item(w->fields, s, n);
        } else {
            wanted at = want.inside != 0 ? by_index(w, want.inside, depth, i) : (wanted){0, 0};
            if (!value(w, at, depth + 1))
                return 0;
        }
        i++;
        w->shape.separators++;
    } while (take(w, ','));
    return take(w, ']');
}

/* Any value, its blanks skipped. `depth`: how many steps of a path lead to it. 1 or 0. */
static int value(walk *w, wanted want, int depth)
{
    const char *s;
    size_t n;
    if (w->p == w->end || depth > DEPTH || (want.inside != 0 && depth >= STEPS))
        return 0;
    switch (*w->p) {
    case '{':
        return object(w, want, depth);
    case '[':
        return array(w, want, depth);
    case '"':
        if (!text(w, &s, &n))
            return 0;
        found_text(w, want.here, s, n);
        return 1;
    case 't':
        return word(w, want.here, "true", 4);
    case 'f':
        return word(w, want.here, "false", 5);
    case 'n':
        return word(w, want.here, "null", 4);
    default:
        return number(w, want.here);
    }
}

/* ---- documents ---- */

static void put_new_id(walk *w, const char *id)
{
    char oid[25];
    if (w->spec->id_kind != MCI_ID_STRING && mci_objectid_normalise(id, strlen(id), oid) == 0) {
        mci_buf_str(w->out, "\"_id\":{\"$oid\":\"");
        mci_buf_str(w->out, oid);
        mci_buf_str(w->out, "\"}");
    } else {
        mci_buf_str(w->out, "\"_id\":");
        mci_buf_json_string(w->out, id, strlen(id));
    }
}

/* The value of "_id", by the collection's kind. */
static int id_value(walk *w, char id[MCI_ID_CAP])
{
    mci_id_kind kind = w->spec->id_kind;
    const char *s;
    size_t n;
    char oid[25];
    blanks(w);
    if (w->p < w->end && *w->p == '{') {
        w->p++;
        if (kind == MCI_ID_STRING || !name(w, &s, &n) || !is_name(s, n, "$oid"))
            return 0;
        blanks(w);
        return oid_text(w, id) && take(w, '}');
    }
    if (w->p == w->end || *w->p != '"' || kind == MCI_ID_OBJECTID || !text(w, &s, &n))
        return 0;
    if (kind == MCI_ID_AUTO && mci_objectid_normalise(s, n, oid) == 0)
        return 0;
    return mci_id_check(kind, s, n, id, "_id", NULL) == MC_OK;
}

/* "_id" first, or `new_id` put there. 1: members follow; 2: none do; 0. */
static int head(walk *w, const char *new_id, char id[MCI_ID_CAP], int *had_id)
{
    if (!take(w, '{'))
        return 0;
    blanks(w);
    *had_id = w->end - w->p > 5 && memcmp(w->p, "\"_id\"", 5) == 0;
    if (!*had_id) {
        if (new_id == NULL || mci_id_check(w->spec->id_kind, new_id, strlen(new_id), id, "_id", NULL) != MC_OK)
            return 0;
        cut(w, w->p, w->p);
        put_new_id(w, id);
        if (take(w, '}'))
            return 2;
        mci_buf_char(w->out, ',');
        return 1;
    }
    w->p += 5;
    if (!take(w, ':') || !id_value(w, id))
        return 0;
    if (w->fields != NULL)
        mci_docb_id(w->fields, id, strlen(id));
    return take(w, ',') ? 1 : take(w, '}') ? 2 : 0;
}

static int document(walk *w, uint32_t fields, const char *new_id, char id[MCI_ID_CAP], int *had_id)
{
    if (!mci_utf8_valid(w->p, (size_t)(w->end - w->p)) || !split_paths(w))
        return 0;
    blanks(w);
    int more = head(w, new_id, id, had_id);
    if (more == 0 || (more == 1 && !members(w, fields, 0)))
        return 0;
    blanks(w);
    w->shape.separators += w->shape.members;
    return w->p == w->end && !w->misfit && mci_shape_bytes(&w->shape) < TREE_MAX;
}

/* Not all of it is cleared: the tables are large, and their beginnings are counted. */
static void begin(walk *w, const mci_spec *spec, mci_strictness how, const char *json, size_t len, mci_buf *out,
                  mci_docb *fields)
{
    w->spec = spec;
    w->how = how;
    w->p = w->from = json;
    w->end = json + len;
    w->out = out;
    w->fields = fields;
    w->misfit = 0;
    w->shape = (mci_shape){0};
    w->nkeys = 0;
    mci_buf_init(&w->text, SIZE_MAX / 4);
}

int mci_walk_normalise(const mci_spec *spec, const char *json, size_t len, const char *new_id, mci_buf *out,
                       char id[MCI_ID_CAP], int *had_id)
{
    walk w;
    size_t before = out->len;
    if (len > MCI_JSON_MAX || out->failed || mci_buf_reserve(out, 0) != 0)
        return 0;
    begin(&w, spec, MCI_STRICT, json, len, out, NULL);
    int ok = document(&w, spec->rank_field >= 0 ? UINT32_C(1) << spec->rank_field : 0, new_id, id, had_id);
    if (ok)
        cut(&w, w.end, w.end);
    ok = ok && !out->failed && out->len - before <= MCI_JSON_MAX;
    mci_buf_free(&w.text);
    if (!ok && !out->failed) {
        out->len = before;
        out->data[before] = '\0';
    }
    return ok;
}

int mci_walk_decode(const mci_spec *spec, const char *json, size_t len, mci_doc **out)
{
    walk w;
    mci_buf normal;
    mci_docb fields;
    char id[MCI_ID_CAP];
    int had_id;
    *out = NULL;
    if (len > STORED_MAX || spec->nfields > MCI_MAX_FIELDS)
        return 0;
    mci_buf_init(&normal, SIZE_MAX / 4);
    mci_docb_begin(&fields, spec, len + len / 2);
    begin(&w, spec, MCI_LENIENT, json, len, &normal, &fields);
    int ok = document(&w, (uint32_t)((UINT64_C(1) << spec->nfields) - 1), NULL, id, &had_id);
    if (ok && w.from != json) { /* something was left out, or written anew */
        cut(&w, w.end, w.end);
        json = normal.data;
        len = normal.len;
    }
    if (ok && !normal.failed) {
        mci_docb_json(&fields, json, len);
        *out = mci_docb_finish(&fields);
    } else {
        mci_docb_drop(&fields);
    }
    mci_buf_free(&w.text);
    mci_buf_free(&normal);
    return *out != NULL;
}
