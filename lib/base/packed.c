/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: packed fields, both ways. Refuses: bytes of another version or another collection, kinds that a field cannot have, and
 * whatever ends too early or too late: what decodes is a whole document.
 */
#include "base/packed.h"

#include "base/endian.h"
#include "base/random.h"
#include "base/utf8.h"

#include <string.h>

#define HEAD 5        /* version and fingerprint */
#define VARINT_MAX 10 /* bytes of 64 bits, 7 in each */

uint32_t mci_packed_fingerprint(const mci_spec *spec)
{
    uint64_t sum = spec->nfields;
    for (size_t i = 0; i < spec->nfields; i++) {
        const mci_field *f = &spec->fields[i];
        sum = mci_checksum(sum, f->name, strlen(f->name));
        sum = mci_checksum(sum + (uint64_t)f->kind, f->path, strlen(f->path));
    }
    uint32_t print = (uint32_t)(sum ^ sum >> 32);
    return print != 0 ? print : 1;
}

static uint32_t fingerprint(const mci_spec *spec)
{
    return spec->fingerprint != 0 ? spec->fingerprint : mci_packed_fingerprint(spec);
}

/* The kinds of values that a field may hold which is declared so, one bit for each. As the stores decode: a text stays one, and a number may be no whole one. */
#define ANY (1u << MCI_ABSENT | 1u << MCI_STR)
static const unsigned may_hold[] = {
    [MCI_ABSENT] = ANY,
    [MCI_STR] = ANY,
    [MCI_INT] = ANY | 1u << MCI_INT | 1u << MCI_REAL,
    [MCI_REAL] = ANY | 1u << MCI_REAL,
    [MCI_LIST] = ANY | 1u << MCI_LIST,
    [MCI_DATE] = ANY | 1u << MCI_DATE,
};

/* ---- encoding ---------------------------------------------------------------------------------------------------- */

static char *put_varint(char *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (char)(v | 0x80);
    *p++ = (char)v;
    return p;
}

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static char *put_number(char *p, const mci_val *v)
{
    uint64_t bits;
    switch (v->kind) {
    case MCI_INT:
    case MCI_DATE:
        return put_varint(p, zigzag(v->u.i));
    case MCI_LIST:
        return put_varint(p, v->len);
    case MCI_REAL:
        memcpy(&bits, &v->u.d, sizeof bits);
        mci_store64(p, bits);
        return p + sizeof bits;
    default:
        return p;
    }
}

typedef struct extent {
    uint64_t items; /* of all lists */
    uint64_t bytes; /* of all texts and items, with their NULs */
} extent;

static extent measure(const mci_doc *d)
{
    extent e = {0, 0};
    for (size_t i = 0; i < mci_doc_spec(d)->nfields; i++) {
        const mci_val *v = mci_doc_val(d, i);
        e.bytes += v->kind == MCI_STR ? (uint64_t)v->len + 1 : 0;
        e.items += v->kind == MCI_LIST ? v->len : 0;
        for (uint32_t k = 0; v->kind == MCI_LIST && k < v->len; k++)
            e.bytes += strlen(mci_doc_item(d, i, k)) + 1;
    }
    return e;
}

static char *put_text(char *p, const char *text, size_t n)
{
    memcpy(p, text, n + 1);
    return p + n + 1;
}

static void put_texts(const mci_doc *d, char *p)
{
    for (size_t i = 0; i < mci_doc_spec(d)->nfields; i++) {
        const mci_val *v = mci_doc_val(d, i);
        if (v->kind == MCI_STR)
            p = put_text(p, mci_doc_text(d, i), v->len);
        for (uint32_t k = 0; v->kind == MCI_LIST && k < v->len; k++) {
            const char *item = mci_doc_item(d, i, k);
            p = put_text(p, item, strlen(item));
        }
    }
}

void mci_packed_encode(const mci_doc *d, mci_buf *out)
{
    const mci_spec *spec = mci_doc_spec(d);
    char head[HEAD + (MCI_MAX_FIELDS + 1) / 2 + (2 + MCI_MAX_FIELDS) * VARINT_MAX];
    uint32_t print = fingerprint(spec);
    extent e = measure(d);
    char *p = head;
    *p++ = MCI_PACKED_VERSION;
    for (unsigned i = 0; i < 4; i++)
        *p++ = (char)(print >> (8 * i));
    for (size_t i = 0; i < spec->nfields; i += 2)
        *p++ = (char)(mci_doc_val(d, i)->kind | mci_doc_val(d, i + 1)->kind << 4); /* past the last one: absent */
    p = put_varint(p, e.items);
    p = put_varint(p, e.bytes);
    for (size_t i = 0; i < spec->nfields; i++)
        p = put_number(p, mci_doc_val(d, i));
    size_t n = (size_t)(p - head);
    if (mci_buf_reserve(out, n + (size_t)e.bytes) != 0)
        return;
    memcpy(out->data + out->len, head, n);
    put_texts(d, out->data + out->len + n);
    out->len += n + (size_t)e.bytes;
    out->data[out->len] = '\0';
}

/* ---- decoding ---------------------------------------------------------------------------------------------------- */

/* What is still to be read: numbers from the front, texts behind them. */
typedef struct cursor {
    const char *p;
    const char *end; /* of the numbers */
    mci_doc_parts to;
    uint32_t texts_end;
    uint64_t items; /* that no list has taken yet */
    int bad;        /* something ended too early, or was a number that is none */
} cursor;

static uint64_t take_varint(cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; c->p < c->end; shift += 7) {
        uint64_t byte = (unsigned char)*c->p++;
        if (shift == 63 && byte > 1)
            break;
        v |= (byte & 0x7f) << shift;
        if (byte < 0x80)
            return v;
    }
    c->bad = 1;
    return 0;
}

static int64_t take_int(cursor *c)
{
    uint64_t v = take_varint(c);
    uint64_t bits = v >> 1 ^ (v & 1 ? UINT64_MAX : 0);
    int64_t i;
    memcpy(&i, &bits, sizeof i);
    return i;
}

static double take_real(cursor *c)
{
    double d = 0;
    if (c->end - c->p < (ptrdiff_t)sizeof d) {
        c->bad = 1;
        return 0;
    }
    uint64_t bits = mci_load64(c->p);
    c->p += sizeof bits;
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* The length of the text that comes next. The last of all bytes is a NUL: while there is one left, it ends. */
static uint32_t take_text(cursor *c)
{
    if (c->to.texts >= c->texts_end) {
        c->bad = 1;
        return 0;
    }
    uint32_t n = (uint32_t)strlen(c->to.bytes + c->to.texts);
    c->to.texts += n + 1;
    return n;
}

static mci_val take_list(cursor *c)
{
    uint64_t n = take_varint(c);
    mci_val v = {.kind = MCI_LIST, .len = (uint32_t)n, .u.off = c->to.tables};
    if (n > c->items) {
        c->bad = 1;
        return v;
    }
    c->items -= n;
    for (; n > 0 && !c->bad; n--) {
        memcpy(c->to.bytes + c->to.tables, &c->to.texts, sizeof c->to.texts);
        c->to.tables += (uint32_t)sizeof c->to.texts;
        (void)take_text(c);
    }
    return v;
}

static mci_val take_value(cursor *c, unsigned kind)
{
    mci_val v = {.kind = (uint8_t)kind};
    switch (kind) {
    case MCI_STR:
        v.u.off = c->to.texts;
        v.len = take_text(c);
        return v;
    case MCI_INT:
    case MCI_DATE:
        v.u.i = take_int(c);
        return v;
    case MCI_REAL:
        v.u.d = take_real(c);
        return v;
    case MCI_LIST:
        return take_list(c);
    default:
        return v;
    }
}

/* All fields; 0, or -1 when they are not just what is there. */
static int take_fields(cursor *c, const mci_spec *spec, const unsigned char *kinds)
{
    for (size_t i = 0; i < spec->nfields; i++) {
        unsigned kind = kinds[i / 2] >> (i % 2 * 4) & 15;
        if (!(may_hold[spec->fields[i].kind] >> kind & 1))
            return -1;
        c->to.vals[i] = take_value(c, kind);
    }
    int beside = spec->nfields % 2 ? kinds[spec->nfields / 2] >> 4 : 0;
    return c->bad || c->p != c->end || c->to.texts != c->texts_end || c->items != 0 || beside != 0 ? -1 : 0;
}

static int is_ours(const mci_spec *spec, const char *p)
{
    uint32_t print = 0;
    for (unsigned i = 0; i < 4; i++)
        print |= (uint32_t)(unsigned char)p[1 + i] << (8 * i);
    return p[0] == MCI_PACKED_VERSION && print == fingerprint(spec);
}

int mci_packed_decode(const mci_spec *spec, const char *p, size_t n, const char *id, size_t id_len, const char *json,
                      size_t json_len, mci_doc **out)
{
    size_t nkinds = (spec->nfields + 1) / 2;
    mci_docb b;
    *out = NULL;
    if (n < HEAD + nkinds || !is_ours(spec, p))
        return -1;
    cursor c = {.p = p + HEAD + nkinds, .end = p + n};
    c.items = take_varint(&c);
    uint64_t texts = take_varint(&c);
    if (c.bad || texts > (size_t)(c.end - c.p) || texts > UINT32_MAX || c.items > texts) /* each item has a byte at least */
        return -1;
    c.end -= texts;
    /* NULs are between the texts, so that what is well-formed as a whole is well-formed in each. */
    if (texts > 0 && (c.end[texts - 1] != '\0' || !mci_utf8_valid(c.end, (size_t)texts)))
        return -1;
    mci_docb_begin(&b, spec, (size_t)(texts + c.items * sizeof(uint32_t)) + id_len + 1 + (json != NULL ? json_len + 1 : 0));
    if (b.failed)
        return 1;
    mci_docb_id(&b, id, id_len);
    int rc = mci_docb_parts(&b, c.end, (size_t)texts, (size_t)c.items, &c.to);
    c.texts_end = c.to.texts + (uint32_t)texts;
    if (rc != 0 || take_fields(&c, spec, (const unsigned char *)p + HEAD) != 0) {
        mci_docb_drop(&b);
        return rc != 0 ? 1 : -1;
    }
    if (json != NULL)
        mci_docb_json(&b, json, json_len);
    *out = mci_docb_finish(&b);
    return *out != NULL ? 0 : 1;
}
