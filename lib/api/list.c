/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: lists as the caller sees them: rows in one object, each accessor safe past the end. Refuses: I/O. */
#include "api/list.h"

#include "schema/movies.h"
#include "schema/theaters.h"

#include <stdlib.h>

mc_list *mci_list_new(mci_list_kind kind, int64_t count, mc_error *err)
{
    mc_list *l = calloc(1, sizeof *l);
    mci_row *rows = calloc(count > 0 ? (size_t)count : 1, sizeof *rows);
    if (l == NULL || rows == NULL) {
        free(l);
        free(rows);
        (void)mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for %lld rows", (long long)count);
        return NULL;
    }
    l->kind = kind;
    l->rows = rows;
    return l;
}

mc_status mci_list_hand_out(mc_list *l, mc_status st, mc_list **out)
{
    if (st != MC_OK) {
        if (l != NULL)
            l->n = 0; /* the engine leaves no rows behind when it fails */
        mc_list_free(l);
        return st;
    }
    for (size_t i = 0; i < l->n; i++) { /* the document knows its id */
        free(l->rows[i].id);
        l->rows[i].id = NULL;
    }
    *out = l;
    return MC_OK;
}

static const mci_row *row(const mc_list *l, size_t i)
{
    return l != NULL && i < l->n ? &l->rows[i] : NULL;
}

size_t mc_list_size(const mc_list *l)
{
    return l != NULL ? l->n : 0;
}

const mc_movie *mc_list_movie(const mc_list *l, size_t i)
{
    const mci_row *r = row(l, i);
    return r != NULL && l->kind != MCI_LIST_NEAR ? mci_movie_of(r->doc) : NULL;
}

const mc_theater *mc_list_theater(const mc_list *l, size_t i)
{
    const mci_row *r = row(l, i);
    return r != NULL && l->kind == MCI_LIST_NEAR ? mci_theater_of(r->doc) : NULL;
}

int64_t mc_list_rank(const mc_list *l, size_t i)
{
    const mci_row *r = row(l, i);
    if (r == NULL)
        return -1;
    return l->kind == MCI_LIST_NEAR ? (int64_t)i : r->rank;
}

double mc_list_score(const mc_list *l, size_t i)
{
    const mci_row *r = row(l, i);
    return r != NULL && l->kind != MCI_LIST_NEAR ? r->score : 0;
}

int64_t mc_list_views(const mc_list *l, size_t i)
{
    const mci_row *r = row(l, i);
    return r != NULL && l->kind == MCI_LIST_VIEWED ? (int64_t)r->score : 0;
}

double mc_list_distance_m(const mc_list *l, size_t i)
{
    const mci_row *r = row(l, i);
    return r != NULL && l->kind == MCI_LIST_NEAR ? r->score : 0;
}

mc_status mc_list_location(const mc_list *l, size_t i, double *lon, double *lat)
{
    const mci_row *r = row(l, i);
    int placed = r != NULL && l->kind == MCI_LIST_NEAR;
    if (lon != NULL)
        *lon = placed ? r->lon : 0;
    if (lat != NULL)
        *lat = placed ? r->lat : 0;
    return placed ? MC_OK : MC_NOT_FOUND;
}

void mc_list_free(mc_list *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->n; i++)
        mci_doc_unref(l->rows[i].doc);
    free(l->rows);
    free(l);
}
