/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: opening, and running one operation. Refuses: a run that fails as a whole. */
#include "ops_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const mci_field fields[] = {{"title", "title", MCI_STR}};
const mci_spec ops_kit_things = {.name = "things",
                                 .key = "thing",
                                 .fields = fields,
                                 .nfields = 1,
                                 .id_kind = MCI_ID_STRING,
                                 .alias_field = 0,
                                 .rank_field = -1,
                                 .lon_field = -1,
                                 .lat_field = -1};
const mci_spec ops_kit_others = {.name = "others",
                                 .key = "other",
                                 .fields = fields,
                                 .nfields = 1,
                                 .id_kind = MCI_ID_STRING,
                                 .alias_field = 0,
                                 .rank_field = -1,
                                 .lon_field = -1,
                                 .lat_field = -1};

static mci_random rnd;
int64_t ops_kit_clock = 1000000;

static int64_t fake_clock(void *user)
{
    (void)user;
    return ops_kit_clock;
}

void ops_kit_open(ops_kit *k, const char *name, int64_t max_bytes)
{
    mc_error err = {0};
    mci_memory_cache_options opt = {.name = name,
                                    .prefix = "t:",
                                    .max_bytes = max_bytes,
                                    .value_max_bytes = 5000,
                                    .quarantine_ms = 10000,
                                    .clock_ms = fake_clock};
    memset(k, 0, sizeof *k);
    if (rnd.seed[0] == 0)
        assert_int_equal(mci_random_init(&rnd), 0);
    assert_int_equal(mci_memory_cache_open(&opt, &rnd, &k->c, &err), MC_OK);
    k->docs = (mci_family){.spec = &ops_kit_things};
    k->titles = (mci_family){.spec = &ops_kit_things, .unique = "title"};
    k->other = (mci_family){.spec = &ops_kit_others};
    k->rank = (mci_set){.spec = &ops_kit_things, .kind = MCI_SET_RANK, .name = "rating"};
    k->geo = (mci_set){.spec = &ops_kit_things, .kind = MCI_SET_GEO, .name = "place"};
    k->views = (mci_set){.spec = &ops_kit_things, .kind = MCI_SET_COUNTER, .name = "views"};
    assert_int_equal(k->c->ops->add_family(k->c, &k->docs), 0);
    assert_int_equal(k->c->ops->add_family(k->c, &k->titles), 0);
    assert_int_equal(k->c->ops->add_family(k->c, &k->other), 0);
    assert_int_equal(k->c->ops->add_set(k->c, &k->rank), 0);
    assert_int_equal(k->c->ops->add_set(k->c, &k->geo), 0);
    assert_int_equal(k->c->ops->add_set(k->c, &k->views), 0);
    mci_ops_init(&k->ops);
}

void ops_kit_close(ops_kit *k)
{
    mci_ops_free(&k->ops);
    k->c->ops->close(k->c);
}

/* A new operation in the place of the last one. */
mci_op *ops_kit_op(ops_kit *k, mci_op_kind kind)
{
    mci_ops_free(&k->ops);
    mci_ops_init(&k->ops);
    k->ops.clock_ms = ops_kit_clock;
    return mci_ops_add(&k->ops, kind);
}

mci_op *ops_kit_run(ops_kit *k)
{
    mc_error err = {0};
    assert_int_equal(k->c->ops->run(k->c, &k->ops, mci_deadline_in(1000), &err), MC_OK);
    return &k->ops.op[0];
}

mci_doc *ops_kit_document(const mci_spec *spec, const char *id, const char *title, size_t filler)
{
    mci_docb b;
    char *json = malloc(filler + 64);
    assert_non_null(json);
    int n = snprintf(json, filler + 64, "{\"_id\":\"%s\",\"x\":\"", id);
    memset(json + n, 'x', filler);
    snprintf(json + n + filler, 8, "\"}");
    mci_docb_begin(&b, spec, filler + 128);
    mci_docb_id(&b, id, strlen(id));
    mci_docb_str(&b, 0, title, strlen(title));
    mci_docb_has_fields(&b, 1);
    mci_docb_json(&b, json, strlen(json));
    free(json);
    mci_doc *d = mci_docb_finish(&b);
    assert_non_null(d);
    return d;
}
