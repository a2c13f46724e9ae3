/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a collection in a document that is read from front to back: which of them a value is, and what they keep of it. */
#ifndef MCI_CODEC_JSON_FIELDS_H
#define MCI_CODEC_JSON_FIELDS_H

#include "base/doc.h"
#include "codec/json_reader.h"

#define MCI_PATH_STEPS 8

typedef struct mci_path_step {
    const char *p;
    size_t n;
    int last;
} mci_path_step;

/* Which fields a value is, a bit for each: those whose path ends there, those whose path goes on inside. */
typedef struct mci_wanted {
    uint32_t here;
    uint32_t inside;
} mci_wanted;

typedef struct mci_fields {
    const mci_spec *spec;
    mci_docb *into; /* NULL: nothing is kept */
    uint32_t rank;  /* the rank field's bit, when it is to be as a caller may write it; */
    int misfit;     /* ... this says that it is not */
    mci_path_step path[MCI_MAX_FIELDS][MCI_PATH_STEPS];
} mci_fields;

/* Split all paths, of the spec that is set already. 1; 0: one has too many steps, or is that of the id. */
int mci_fields_split(mci_fields *m);

/* Of the fields that go on inside an object or array (`level`: how many steps lead to it), those under this name or index. */
mci_wanted mci_fields_by_name(const mci_fields *m, uint32_t inside, int level, const char *p, size_t n);
mci_wanted mci_fields_by_index(const mci_fields *m, uint32_t inside, int level, int64_t index);

/* The one field among `here` that keeps a list; -1: none, -2: several. */
int mci_fields_list(const mci_fields *m, uint32_t here);

/* A value of the fields `here`; the last of these: one that no field keeps. */
void mci_fields_text(mci_fields *m, uint32_t here, const char *p, size_t n);
void mci_fields_number(mci_fields *m, uint32_t here, mci_number v);
void mci_fields_date(mci_fields *m, uint32_t here, int64_t ms);
void mci_fields_other(mci_fields *m, uint32_t here);

#endif
