/* SPDX-License-Identifier: Apache-2.0 */
/* The sample data as lines of JSON, when it is there, and the collections it fills. */
#ifndef SUPPORT_DATA_H
#define SUPPORT_DATA_H

#include "base/doc.h"
#include <stddef.h>

typedef struct data_lines {
    char **line;
    size_t *len;
    size_t n;
} data_lines;

/* "movies.ndjson.gz" and the like. 0; -1 when the data is not there (then there are no lines). */
int data_load(const char *file, data_lines *out);
void data_free(data_lines *d);

/* Indexes into data_movie_fields. */
enum {
    F_TITLE,
    F_YEAR,
    F_GENRES,
    F_DIRECTORS,
    F_CAST,
    F_RATING,
    F_VOTES,
    F_RUNTIME,
    F_RELEASED,
    F_PLOT,
    F_POSTER,
    F_TYPE,
    F_MOVIE_COUNT
};

/* Collections as the library describes them; `name` and `id_kind` are the caller's choice. */
mci_spec data_movie_spec(const char *name, mci_id_kind id_kind);
mci_spec data_theater_spec(const char *name, mci_id_kind id_kind);

/* Do two documents say the same? Compares id, every field and the JSON text; prints the first difference. */
int data_same(const mci_doc *a, const mci_doc *b);

#endif
