/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: what belongs to a collection. Refuses: places that no set could hold. */
#include "engine/collection.h"

#include "base/sphere.h"

#include <stdlib.h>

static mci_index *add_index(mci_coll *c, mci_cache *cache, mci_set_kind kind, const char *name, int x_field, int y_field)
{
    if (c->nindexes == MCI_MAX_INDEXES)
        return NULL;
    mci_index *ix = &c->index[c->nindexes];
    ix->set = (mci_set){.spec = c->spec, .kind = kind, .name = name};
    ix->x_field = x_field;
    ix->y_field = y_field;
    if (cache->ops->add_set(cache, &ix->set) != 0)
        return NULL;
    ix->places = kind == MCI_SET_GEO ? mci_places_new() : NULL;
    if ((kind == MCI_SET_GEO && ix->places == NULL) || mci_mutex_init(&ix->hints.lock) != 0) {
        mci_places_free(ix->places);
        return NULL;
    }
    c->nindexes++;
    return ix;
}

int mci_coll_init(mci_coll *c, const mci_spec *spec, int64_t ttl_ms, mci_cache *cache)
{
    c->spec = spec;
    c->ttl_ms = ttl_ms;
    c->docs = (mci_family){.spec = spec};
    if (cache->ops->add_family(cache, &c->docs) != 0)
        return -1;
    if (spec->alias_field >= 0) {
        if (mci_targets_init(&c->targets) != 0)
            return -1;
        c->unique = (mci_family){.spec = spec, .unique = spec->fields[spec->alias_field].name};
        if (cache->ops->add_family(cache, &c->unique) != 0)
            return -1;
    }
    if (spec->rank_field >= 0) {
        c->rank = add_index(c, cache, MCI_SET_RANK, spec->fields[spec->rank_field].name, spec->rank_field, -1);
        if (c->rank == NULL)
            return -1;
    }
    if (spec->lon_field >= 0) {
        c->geo = add_index(c, cache, MCI_SET_GEO, "place", spec->lon_field, spec->lat_field);
        if (c->geo == NULL)
            return -1;
    }
    c->views = add_index(c, cache, MCI_SET_COUNTER, "views", -1, -1);
    return c->views != NULL ? 0 : -1;
}

void mci_coll_free(mci_coll *c)
{
    for (size_t i = 0; i < c->nindexes; i++) {
        mci_hints *h = &c->index[i].hints;
        for (size_t k = 0; k < h->n; k++)
            free(h->ids[k]);
        free(h->ids);
        free(c->index[i].builder.cursor);
        mci_mutex_destroy(&h->lock);
        mci_places_free(c->index[i].places);
    }
    c->nindexes = 0;
    if (c->unique.unique != NULL)
        mci_targets_destroy(&c->targets);
    c->unique.unique = NULL;
}

int mci_index_is_derived(const mci_index *ix)
{
    return ix->set.kind != MCI_SET_COUNTER;
}

mci_place mci_index_place(const mci_index *ix, const mci_doc *d)
{
    mci_place p = {0};
    if (d == NULL || ix->x_field < 0 || !mci_doc_number(d, (size_t)ix->x_field, &p.x))
        return p;
    p.there = ix->set.kind != MCI_SET_GEO || (mci_doc_number(d, (size_t)ix->y_field, &p.y) && mci_sphere_hold(&p.x, &p.y));
    return p;
}
