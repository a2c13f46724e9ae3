/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The immutable, reference-counted document: one allocation that holds the chosen fields, decoded, and the JSON text when
 * it was asked for. Every layer speaks it. Also the description of a collection that says which fields those are.
 */
#ifndef MCI_BASE_DOC_H
#define MCI_BASE_DOC_H

#include "base/buf.h"
#include <mflixcache/types.h>
#include <stdint.h>

#define MCI_MAX_FIELDS 32

/* What a field is declared as. A value that does not fit its declaration is kept as MCI_STR ("1981è" for a year). */
typedef enum mci_kind {
    MCI_ABSENT = 0, /* missing, null, or of a shape we do not keep (object, mixed array) */
    MCI_STR = 1,    /* UTF-8 text */
    MCI_INT = 2,    /* int32, int64; a double that is a whole number does not count */
    MCI_REAL = 3,   /* double; an integer is widened when the field is declared REAL */
    MCI_LIST = 4,   /* array of texts; other elements are skipped */
    MCI_DATE = 5    /* milliseconds since 1970, signed */
} mci_kind;

typedef struct mci_field {
    const char *name; /* name in the Redis hash */
    const char *path; /* dotted path in the document; a number is an array index ("location.geo.coordinates.0") */
    mci_kind kind;
} mci_field;

typedef enum mci_id_kind {
    MCI_ID_OBJECTID = 0, /* 24 hex digits <-> ObjectId */
    MCI_ID_STRING = 1,   /* a text, even when it looks like an ObjectId */
    MCI_ID_AUTO = 2      /* 24 hex digits <-> ObjectId, anything else <-> a text */
} mci_id_kind;

/* A collection, as engine and stores need to know it. Static or owned by the client; outlives its documents. */
typedef struct mci_spec {
    const char *name; /* collection in the store, and part of Redis keys ("movies") */
    const char *key;  /* singular, for value keys ("movie") */
    const mci_field *fields;
    size_t nfields;
    mci_id_kind id_kind;
    int alias_field; /* index of the field that is a second key, or -1 */
    int rank_field;  /* index of the number the board orders by, or -1 */
    int lon_field;   /* indexes of the coordinates, or -1 */
    int lat_field;
    double rank_min; /* the numbers that may be written into the rank field; both 0: any finite number */
    double rank_max;
    uint32_t fingerprint; /* mci_packed_fingerprint() of it, known beforehand; 0: not known, worked out each time */
} mci_spec;

typedef struct mci_val {
    uint8_t kind; /* mci_kind */
    uint32_t len; /* STR: bytes; LIST: number of items */
    union {
        int64_t i;    /* INT, DATE */
        double d;     /* REAL */
        uint32_t off; /* STR: its text; LIST: a table with the place of each item */
    } u;
} mci_val;

typedef struct mci_doc mci_doc;

mci_doc *mci_doc_ref(const mci_doc *d);
void mci_doc_unref(const mci_doc *d); /* NULL is fine */

const mci_spec *mci_doc_spec(const mci_doc *d);
const char *mci_doc_id(const mci_doc *d, size_t *len);
const mci_val *mci_doc_val(const mci_doc *d, size_t field);         /* never NULL; kind ABSENT when missing */
const char *mci_doc_text(const mci_doc *d, size_t field);           /* STR only; NULL else */
const char *mci_doc_item(const mci_doc *d, size_t field, size_t i); /* LIST only; NULL past the end. Any i costs the same */
const char *mci_doc_json(const mci_doc *d, size_t *len);            /* NULL when read without it */
size_t mci_doc_size(const mci_doc *d);                              /* bytes of memory it takes */
int mci_doc_has_fields(const mci_doc *d);                           /* 0 when only the JSON was read */

/* The number of a field, INT or REAL, when it is finite. 1 or 0. */
int mci_doc_number(const mci_doc *d, size_t field, double *out);

/* Are all fields of two documents of one collection the same? */
int mci_doc_same_fields(const mci_doc *a, const mci_doc *b);

/*
 * Building: begin, any number of puts, then finish (which hands the document out) or drop. Failures are sticky: finish
 * returns NULL. Strings need not be NUL-terminated; they may hold no NUL. One thread.
 */
typedef struct mci_docb {
    mci_doc *d;
    size_t cap;
    int failed;
    int list_field;
} mci_docb;

void mci_docb_begin(mci_docb *b, const mci_spec *spec, size_t size_hint);
void mci_docb_id(mci_docb *b, const char *p, size_t n);
void mci_docb_str(mci_docb *b, size_t field, const char *p, size_t n);
void mci_docb_int(mci_docb *b, size_t field, int64_t v); /* kind as declared: INT, DATE; widened for REAL */
void mci_docb_real(mci_docb *b, size_t field, double v);
void mci_docb_list(mci_docb *b, size_t field); /* then items, contiguous: nothing else in between */
void mci_docb_item(mci_docb *b, const char *p, size_t n);
void mci_docb_json(mci_docb *b, const char *p, size_t n);

/*
 * For a decoder that knows all sizes beforehand and fills in the values itself: the texts, each with a NUL behind it, put at once, and room for
 * the tables of so many list items. What it gives is good until the next call. 0, or -1.
 */
typedef struct mci_doc_parts {
    mci_val *vals;   /* of all fields; ABSENT when nothing was put */
    char *bytes;     /* what the offsets of values and in tables count from */
    uint32_t texts;  /* offset of the first text */
    uint32_t tables; /* offset of the first table: 4 bytes for each item, at any address */
} mci_doc_parts;

int mci_docb_parts(mci_docb *b, const char *texts, size_t n, size_t items, mci_doc_parts *out);

void mci_docb_has_fields(mci_docb *b, int yes);
mci_doc *mci_docb_finish(mci_docb *b);
void mci_docb_drop(mci_docb *b);

#endif
