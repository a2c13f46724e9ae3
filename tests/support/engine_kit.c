/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: an engine without servers. Refuses: going on when it cannot be set up. */
#include "engine_kit.h"

#include "api/options.h"
#include "engine/open.h"
#include "index/repair.h"
#include "schema/schema.h"
#include "store/callback.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int yes, const char *what)
{
    if (yes)
        return;
    fprintf(stderr, "engine_kit: %s\n", what);
    exit(1);
}

static void open_engine(engine_kit *k, const mci_settings *set)
{
    mci_store *store = NULL;
    mc_store table = memstore_table(&k->mem);
    must(mci_store_callback_open(&table, NULL, &mci_engine_store_env, &store, &k->err) == MC_OK, k->err.text);
    must(mci_engine_open_on(set, &k->cache.head, store, &k->log, &k->engine, &k->err) == MC_OK, k->err.text);
    must(mci_engine_add(k->engine, &mci_movies_spec[MCI_ID_AUTO], 60000, &k->movies, &k->err) == MC_OK, k->err.text);
    k->engine->repair = mci_repair_id;
}

void engine_kit_start(engine_kit *k, ...)
{
    va_list ap;
    memset(k, 0, sizeof *k);
    fake_cache_init(&k->cache);
    memstore_init(&k->mem);
    must(mci_log_init(&k->log) == 0, "log");
    mc_options *o = mc_options_new();
    must(o != NULL, "options");
    va_start(ap, k);
    for (const char *key = va_arg(ap, const char *); key != NULL; key = va_arg(ap, const char *))
        must(mc_options_set(o, key, va_arg(ap, const char *), &k->err) == MC_OK, k->err.text);
    va_end(ap);
    open_engine(k, mci_options_settings(o));
    mc_options_free(o);
    engine_kit_reset(k);
}

void engine_kit_stop(engine_kit *k)
{
    mci_engine_close(k->engine);
    mci_log_destroy(&k->log);
    memstore_free(&k->mem);
}

void engine_kit_reset(engine_kit *k)
{
    char json[512];
    static const char *const ids[] = {ID1, ID2, ID3};
    static const char *const titles[] = {"One", "Two", "Three"};
    fake_cache_reset(&k->cache);
    mci_recovery_destroy(&k->engine->recovery);
    must(mci_recovery_init(&k->engine->recovery, (size_t)k->engine->set.recovery_max) == 0, "queue");
    memset(&k->engine->seen, 0, sizeof k->engine->seen);
    for (int i = 0; i < 3; i++) {
        fixture_json(json, ids[i], titles[i], i + 1);
        memstore_put(&k->mem, "movies", ids[i], json);
    }
    k->mem.fail_reads = k->mem.fail_writes = k->mem.late_writes = 0;
}

mci_call engine_kit_call(engine_kit *k)
{
    k->info = (mc_info){0};
    k->err = (mc_error){0};
    return (mci_call){.e = k->engine, .dl = mci_deadline_in(60000), .info = &k->info, .err = &k->err};
}

mc_stats engine_kit_stats(const engine_kit *k)
{
    mc_stats s;
    mci_metrics_stats(k->engine->metrics, &s);
    return s;
}
