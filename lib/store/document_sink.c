/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: taking documents from the host's store. Refuses to trust: every document is decoded, its id must be one that was asked for,
 * and none comes twice or above the number that was wanted.
 */
#include "store/document_sink.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
    return strcmp(((const mci_sink_place *)a)->id, ((const mci_sink_place *)b)->id);
}

void mci_sink_sort(mci_sink_place *places, size_t n)
{
    qsort(places, n, sizeof *places, by_id);
}

static mc_status no_memory(const mc_document_sink *k)
{
    return mci_fail(k->err, MC_E_NOMEM, MC_TIER_STORE, "store callback: out of memory");
}

/* Where it goes; NULL: nowhere, and *st says why. */
static mci_doc **place_of(const mc_document_sink *k, const char *id, mc_status *st)
{
    if (k->want != NULL && strcmp(id, k->want) != 0) {
        *st =
            mci_fail(k->err, MC_E_STORE, MC_TIER_STORE, "store callback %s: gave a document with another id", k->spec->name);
        return NULL;
    }
    if (k->places == NULL)
        return &k->out[k->n];
    const mci_sink_place key = {.id = id};
    const mci_sink_place *at = bsearch(&key, k->places, k->limit, sizeof key, by_id);
    if (at == NULL)
        *st = mci_fail(k->err, MC_E_STORE, MC_TIER_STORE,
                       "store callback %s: gave a document with an id that was not asked for", k->spec->name);
    else if (k->out[at->i] != NULL)
        *st =
            mci_fail(k->err, MC_E_STORE, MC_TIER_STORE, "store callback %s: gave two documents with one id", k->spec->name);
    return *st == MC_OK ? &k->out[at->i] : NULL;
}

static mc_status keep(mc_document_sink *k, mci_doc *d, const char *json, size_t size)
{
    mc_status st = MC_OK;
    mci_doc **place = place_of(k, mci_doc_id(d, NULL), &st);
    if (place == NULL)
        return st;
    if (k->skip_broken) {
        free(k->last);
        k->last = strdup(mci_doc_id(d, NULL));
        if (k->last == NULL)
            return no_memory(k);
    }
    if (k->raw != NULL && k->n == 0) {
        *k->raw = malloc(size + 1);
        if (*k->raw == NULL)
            return no_memory(k);
        memcpy(*k->raw, json, size);
        k->raw_len = size;
    }
    *place = d;
    k->n++;
    return MC_OK;
}

mc_status mc_document_sink_add(mc_document_sink *k, const char *json, size_t size)
{
    mci_doc *d = NULL;
    if (k == NULL || json == NULL)
        return MC_E_ARG;
    if (k->st != MC_OK)
        return k->st;
    if (k->offered >= k->limit)
        return MC_E_RANGE;
    k->offered++;
    mc_status st = k->env->decode(k->spec, json, size, &d, k->err);
    if (st == MC_OK)
        st = keep(k, d, json, size);
    if (st != MC_OK)
        mci_doc_unref(d);
    if (st == MC_E_TYPE && k->places != NULL) { /* its id is of another kind: does not exist for us */
        mci_error_clear(k->err);
        return st;
    }
    if (st != MC_OK && (!k->skip_broken || st == MC_E_NOMEM))
        k->st = st;
    return st;
}
