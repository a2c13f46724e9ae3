/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: reading the sample data through gzip, and comparing documents. Refuses nothing: absent data is an empty set. */
#include "data.h"

#include "servers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int data_load(const char *file, data_lines *out)
{
    char path[1024];
    char command[1200];
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    *out = (data_lines){0};
    if (srv_data_file(file, path, sizeof path) != 0 || strchr(path, '\'') != NULL)
        return -1;
    (void)snprintf(command, sizeof command, "gzip -dc '%s'", path);
    FILE *f = popen(command, "r");
    if (f == NULL)
        return -1;
    while ((n = getline(&line, &cap, f)) > 0) {
        while (n > 0 && line[n - 1] == '\n')
            line[--n] = '\0';
        if (n == 0)
            continue;
        out->line = realloc(out->line, (out->n + 1) * sizeof *out->line);
        out->len = realloc(out->len, (out->n + 1) * sizeof *out->len);
        if (out->line == NULL || out->len == NULL)
            abort();
        out->line[out->n] = strdup(line);
        out->len[out->n++] = (size_t)n;
    }
    free(line);
    (void)pclose(f);
    return out->n > 0 ? 0 : -1;
}

void data_free(data_lines *d)
{
    for (size_t i = 0; i < d->n; i++)
        free(d->line[i]);
    free(d->line);
    free(d->len);
    *d = (data_lines){0};
}

static const mci_field movie_fields[F_MOVIE_COUNT] = {
    [F_TITLE] = {"title", "title", MCI_STR},
    [F_YEAR] = {"year", "year", MCI_INT},
    [F_GENRES] = {"genres", "genres", MCI_LIST},
    [F_DIRECTORS] = {"directors", "directors", MCI_LIST},
    [F_CAST] = {"cast", "cast", MCI_LIST},
    [F_RATING] = {"rating", "imdb.rating", MCI_REAL},
    [F_VOTES] = {"votes", "imdb.votes", MCI_INT},
    [F_RUNTIME] = {"runtime", "runtime", MCI_INT},
    [F_RELEASED] = {"released", "released", MCI_DATE},
    [F_PLOT] = {"plot", "plot", MCI_STR},
    [F_POSTER] = {"poster", "poster", MCI_STR},
    [F_TYPE] = {"type", "type", MCI_STR},
};

static const mci_field theater_fields[] = {
    {"theater_id", "theaterId", MCI_INT},
    {"street1", "location.address.street1", MCI_STR},
    {"street2", "location.address.street2", MCI_STR},
    {"city", "location.address.city", MCI_STR},
    {"zipcode", "location.address.zipcode", MCI_STR},
    {"lon", "location.geo.coordinates.0", MCI_REAL},
    {"lat", "location.geo.coordinates.1", MCI_REAL},
};

mci_spec data_movie_spec(const char *name, mci_id_kind id_kind)
{
    return (mci_spec){.name = name,
                      .key = "movie",
                      .fields = movie_fields,
                      .nfields = F_MOVIE_COUNT,
                      .id_kind = id_kind,
                      .alias_field = F_TITLE,
                      .rank_field = F_RATING,
                      .rank_max = 10,
                      .lon_field = -1,
                      .lat_field = -1};
}

mci_spec data_theater_spec(const char *name, mci_id_kind id_kind)
{
    return (mci_spec){.name = name,
                      .key = "theater",
                      .fields = theater_fields,
                      .nfields = sizeof theater_fields / sizeof *theater_fields,
                      .id_kind = id_kind,
                      .alias_field = -1,
                      .rank_field = -1,
                      .lon_field = 5,
                      .lat_field = 6};
}

static int same_value(const mci_doc *a, const mci_doc *b, size_t f)
{
    const mci_val *x = mci_doc_val(a, f);
    const mci_val *y = mci_doc_val(b, f);
    if (x->kind != y->kind || x->len != y->len)
        return 0;
    switch (x->kind) {
    case MCI_STR:
        return memcmp(mci_doc_text(a, f), mci_doc_text(b, f), x->len) == 0;
    case MCI_INT:
    case MCI_DATE:
        return x->u.i == y->u.i;
    case MCI_REAL:
        return memcmp(&x->u.d, &y->u.d, sizeof x->u.d) == 0;
    case MCI_LIST:
        for (size_t i = 0; i < x->len; i++)
            if (strcmp(mci_doc_item(a, f, i), mci_doc_item(b, f, i)) != 0)
                return 0;
        return 1;
    default:
        return 1;
    }
}

int data_same(const mci_doc *a, const mci_doc *b)
{
    size_t la;
    size_t lb;
    const mci_spec *spec = mci_doc_spec(a);
    const char *x = mci_doc_id(a, &la);
    const char *y = mci_doc_id(b, &lb);
    if (la != lb || memcmp(x, y, la) != 0) {
        fprintf(stderr, "ids differ: %s, %s\n", x, y);
        return 0;
    }
    for (size_t f = 0; f < spec->nfields; f++)
        if (!same_value(a, b, f)) {
            fprintf(stderr, "%s: field %s differs\n", x, spec->fields[f].name);
            return 0;
        }
    x = mci_doc_json(a, &la);
    y = mci_doc_json(b, &lb);
    if (x == NULL || y == NULL || la != lb || memcmp(x, y, la) != 0) {
        fprintf(stderr, "JSON differs:\n%s\n%s\n", x != NULL ? x : "(none)", y != NULL ? y : "(none)");
        return 0;
    }
    return 1;
}
