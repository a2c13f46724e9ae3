/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the document's one allocation (head, one value per field, bytes) and its count of references. Refuses to change a
 * document after mci_docb_finish(): offsets, not pointers, so that growing while it is built costs one realloc. A list has a
 * table of its items' offsets: whoever walks it asks for one item after another, in any order and from any thread.
 */
#include "base/doc.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define DOC_MAX (192u << 20) /* bytes: the largest text of a store, beside its lists with their tables */
#define NONE UINT32_MAX

struct mci_doc {
    atomic_uint refs;
    uint32_t used; /* bytes behind the values */
    uint32_t id_off;
    uint32_t id_len;
    uint32_t json_off; /* NONE: read without its JSON */
    uint32_t json_len;
    int has_fields;
    const mci_spec *spec;
    mci_val vals[]; /* spec->nfields of them, then the bytes */
};

static const mci_val ABSENT_VAL = {.kind = MCI_ABSENT};

static char *bytes_of(const mci_doc *d)
{
    return (char *)(uintptr_t)&d->vals[d->spec->nfields];
}

mci_doc *mci_doc_ref(const mci_doc *d)
{
    mci_doc *m = (mci_doc *)(uintptr_t)d; /* the count is the one thing in it that changes */
    if (m != NULL)
        atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void mci_doc_unref(const mci_doc *d)
{
    mci_doc *m = (mci_doc *)(uintptr_t)d;
    if (m == NULL || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(m);
}

const mci_spec *mci_doc_spec(const mci_doc *d)
{
    return d->spec;
}

const char *mci_doc_id(const mci_doc *d, size_t *len)
{
    if (len != NULL)
        *len = d->id_len;
    return bytes_of(d) + d->id_off;
}

const mci_val *mci_doc_val(const mci_doc *d, size_t field)
{
    return field < d->spec->nfields ? &d->vals[field] : &ABSENT_VAL;
}

const char *mci_doc_text(const mci_doc *d, size_t field)
{
    const mci_val *v = mci_doc_val(d, field);
    return v->kind == MCI_STR ? bytes_of(d) + v->u.off : NULL;
}

const char *mci_doc_item(const mci_doc *d, size_t field, size_t i)
{
    const mci_val *v = mci_doc_val(d, field);
    if (v->kind != MCI_LIST || i >= v->len)
        return NULL;
    uint32_t off;
    memcpy(&off, bytes_of(d) + v->u.off + i * sizeof off, sizeof off);
    return bytes_of(d) + off;
}

const char *mci_doc_json(const mci_doc *d, size_t *len)
{
    if (len != NULL)
        *len = d->json_off == NONE ? 0 : d->json_len;
    return d->json_off == NONE ? NULL : bytes_of(d) + d->json_off;
}

size_t mci_doc_size(const mci_doc *d)
{
    return sizeof *d + d->spec->nfields * sizeof d->vals[0] + d->used;
}

int mci_doc_has_fields(const mci_doc *d)
{
    return d->has_fields;
}

int mci_doc_number(const mci_doc *d, size_t field, double *out)
{
    const mci_val *v = mci_doc_val(d, field);
    double x = v->kind == MCI_INT ? (double)v->u.i : v->kind == MCI_REAL ? v->u.d : (double)NAN;
    if (!isfinite(x))
        return 0;
    *out = x;
    return 1;
}

/* ---- building ---- */

static size_t head_size(const mci_spec *spec)
{
    return sizeof(mci_doc) + spec->nfields * sizeof(mci_val);
}

void mci_docb_begin(mci_docb *b, const mci_spec *spec, size_t size_hint)
{
    *b = (mci_docb){.list_field = -1};
    b->cap = head_size(spec) + (size_hint < DOC_MAX ? size_hint : DOC_MAX) + 64;
    b->d = malloc(b->cap);
    if (b->d == NULL) {
        b->failed = 1;
        return;
    }
    *b->d = (mci_doc){.id_off = NONE, .json_off = NONE, .has_fields = 1, .spec = spec};
    atomic_init(&b->d->refs, 1);
    memset(b->d->vals, 0, spec->nfields * sizeof(mci_val));
}

/* Room for `n` more bytes. 0, or -1: the failure stays. */
static int room(mci_docb *b, size_t n)
{
    if (b->failed || n > DOC_MAX || b->d->used + n > DOC_MAX) {
        b->failed = 1;
        return -1;
    }
    size_t need = head_size(b->d->spec) + b->d->used + n;
    if (need > b->cap) {
        size_t cap = need + need / 2;
        mci_doc *d = realloc(b->d, cap);
        if (d == NULL) {
            b->failed = 1;
            return -1;
        }
        b->d = d;
        b->cap = cap;
    }
    return 0;
}

/* Append bytes and a NUL; their offset, or NONE. */
static uint32_t put(mci_docb *b, const char *p, size_t n)
{
    if (n >= DOC_MAX)
        b->failed = 1;
    if (room(b, n + 1) != 0)
        return NONE;
    uint32_t off = b->d->used;
    char *to = bytes_of(b->d) + off;
    if (n > 0)
        memcpy(to, p, n);
    to[n] = '\0';
    b->d->used = off + (uint32_t)n + 1;
    return off;
}

/* The list under construction is complete: its table follows its items, which are contiguous. */
static void end_list(mci_docb *b)
{
    int field = b->list_field;
    b->list_field = -1;
    if (b->failed || field < 0)
        return;
    uint32_t n = b->d->vals[field].len;
    uint32_t at = b->d->vals[field].u.off;
    if (room(b, n * sizeof at) != 0)
        return;
    char *bytes = bytes_of(b->d);
    b->d->vals[field].u.off = b->d->used;
    for (uint32_t i = 0; i < n; i++) {
        memcpy(bytes + b->d->used, &at, sizeof at);
        b->d->used += (uint32_t)sizeof at;
        at += (uint32_t)strlen(bytes + at) + 1;
    }
}

/* Where a field's value goes; NULL after a failure or for a field that the spec does not have. */
static mci_val *slot(mci_docb *b, size_t field)
{
    end_list(b);
    return b->failed || field >= b->d->spec->nfields ? NULL : &b->d->vals[field];
}

void mci_docb_id(mci_docb *b, const char *p, size_t n)
{
    end_list(b);
    uint32_t off = put(b, p, n);
    if (b->failed)
        return;
    b->d->id_off = off;
    b->d->id_len = (uint32_t)n;
}

void mci_docb_str(mci_docb *b, size_t field, const char *p, size_t n)
{
    if (slot(b, field) == NULL)
        return;
    uint32_t off = put(b, p, n);
    if (!b->failed)
        b->d->vals[field] = (mci_val){.kind = MCI_STR, .len = (uint32_t)n, .u.off = off};
}

void mci_docb_int(mci_docb *b, size_t field, int64_t v)
{
    mci_val *to = slot(b, field);
    if (to == NULL)
        return;
    mci_kind declared = b->d->spec->fields[field].kind;
    if (declared == MCI_REAL)
        *to = (mci_val){.kind = MCI_REAL, .u.d = (double)v};
    else
        *to = (mci_val){.kind = declared == MCI_DATE ? MCI_DATE : MCI_INT, .u.i = v};
}

void mci_docb_real(mci_docb *b, size_t field, double v)
{
    mci_val *to = slot(b, field);
    if (to != NULL)
        *to = (mci_val){.kind = MCI_REAL, .u.d = v};
}

void mci_docb_list(mci_docb *b, size_t field)
{
    mci_val *to = slot(b, field);
    if (to == NULL)
        return;
    *to = (mci_val){.kind = MCI_LIST, .u.off = b->d->used};
    b->list_field = (int)field;
}

void mci_docb_item(mci_docb *b, const char *p, size_t n)
{
    int field = b->list_field;
    if (b->failed || field < 0)
        return;
    if (put(b, p, n) != NONE)
        b->d->vals[field].len++;
}

void mci_docb_json(mci_docb *b, const char *p, size_t n)
{
    end_list(b);
    uint32_t off = put(b, p, n);
    if (b->failed)
        return;
    b->d->json_off = off;
    b->d->json_len = (uint32_t)n;
}

int mci_docb_parts(mci_docb *b, const char *texts, size_t n, size_t items, mci_doc_parts *out)
{
    end_list(b);
    if (n > DOC_MAX || items > DOC_MAX / sizeof(uint32_t) || room(b, n + items * sizeof(uint32_t)) != 0) {
        b->failed = 1;
        return -1;
    }
    uint32_t at = b->d->used;
    *out = (mci_doc_parts){b->d->vals, bytes_of(b->d), at, at + (uint32_t)n};
    if (n > 0)
        memcpy(out->bytes + at, texts, n);
    b->d->used = at + (uint32_t)(n + items * sizeof(uint32_t));
    return 0;
}

void mci_docb_has_fields(mci_docb *b, int yes)
{
    if (!b->failed)
        b->d->has_fields = yes != 0;
}

mci_doc *mci_docb_finish(mci_docb *b)
{
    end_list(b);
    if (!b->failed && b->d->id_off == NONE)
        mci_docb_id(b, "", 0);
    mci_doc *d = b->d;
    if (b->failed) {
        free(d);
        d = NULL;
    } else if (b->cap - head_size(d->spec) - d->used > 512) {
        mci_doc *fit = realloc(d, head_size(d->spec) + d->used + (d->used == 0)); /* documents live long: no slack */
        d = fit != NULL ? fit : d;
    }
    *b = (mci_docb){.list_field = -1};
    return d;
}

void mci_docb_drop(mci_docb *b)
{
    free(b->d);
    *b = (mci_docb){.list_field = -1};
}

static int same_value(const mci_doc *a, const mci_doc *b, size_t field)
{
    const mci_val *x = mci_doc_val(a, field);
    const mci_val *y = mci_doc_val(b, field);
    if (x->kind != y->kind)
        return 0;
    switch (x->kind) {
    case MCI_ABSENT:
        return 1;
    case MCI_REAL:
        return memcmp(&x->u.d, &y->u.d, sizeof x->u.d) == 0;
    case MCI_STR:
        return x->len == y->len && memcmp(mci_doc_text(a, field), mci_doc_text(b, field), x->len) == 0;
    case MCI_LIST:
        if (x->len != y->len)
            return 0;
        for (size_t i = 0; i < x->len; i++)
            if (strcmp(mci_doc_item(a, field, i), mci_doc_item(b, field, i)) != 0)
                return 0;
        return 1;
    default:
        return x->u.i == y->u.i;
    }
}

int mci_doc_same_fields(const mci_doc *a, const mci_doc *b)
{
    for (size_t i = 0; i < mci_doc_spec(a)->nfields; i++)
        if (!same_value(a, b, i))
            return 0;
    return 1;
}
