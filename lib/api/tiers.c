/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the public functions on values through tiers, and the frame around the caller's loader. Refuses: I/O before the checks. */
#include "api/client.h"

#include "engine/freshness.h"
#include "store/snapshot_file.h"

#include <mflixcache/tiers.h>
#include <stdlib.h>
#include <string.h>

#define PUT_MAX_BYTES ((size_t)48 << 20) /* an exchange with Redis is at most 64 MiB, with scripts and metadata */

/* What a loader puts its value into. */
struct mc_value_sink {
    mci_buf *value;
    int given;
    mc_status st; /* of the last value: a later one takes the place of an earlier one */
    mc_error *err;
};

mc_status mc_value_sink_set(mc_value_sink *sink, const void *value, size_t size)
{
    if (sink == NULL || (value == NULL && size > 0))
        return MC_E_ARG;
    mci_buf_reset(sink->value);
    sink->given = 1;
    sink->st = MC_OK;
    if (size > sink->value->max)
        sink->st = mci_fail(sink->err, MC_E_TOOBIG, MC_TIER_STORE,
                            "the loader's value has %zu bytes; value.max_bytes is %zu", size, sink->value->max);
    else if (mci_buf_reserve(sink->value, size) != 0)
        sink->st = mci_fail(sink->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a value of %zu bytes", size);
    else
        mci_buf_add(sink->value, value, size);
    return sink->st;
}

typedef struct load_frame {
    mci_client *cl;
    mc_load_fn load;
    void *user;
} load_frame;

/* Map the loader's status to one of the library's: known codes as they are, anything else is MC_E_STORE. */
static mc_status map_status(mc_status st, const char *key, mc_error *err)
{
    switch (st) {
    case MC_OK:
    case MC_NOT_FOUND:
        return st;
    case MC_E_TIMEOUT:
    case MC_E_STORE:
    case MC_E_AUTH:
    case MC_E_NOMEM:
    case MC_E_ABORT:
    case MC_E_REENTRANT:
    case MC_E_TOOBIG:
    case MC_E_FILE:
    case MC_E_JSON:
    case MC_E_UNSUPPORTED:
        return mci_fail(err, st, MC_TIER_STORE, "%.200s: the loader failed: %s", key, mc_status_text(st));
    default:
        return mci_fail_code(err, MC_E_STORE, MC_TIER_STORE, st, "%.200s: the loader answered %d", key, st);
    }
}

static mc_status run_load(void *user, const char *key, int64_t deadline_ms, mci_buf *value, mc_error *err)
{
    const load_frame *f = user;
    mc_value_sink sink = {.value = value, .err = err};
    int place = mci_callback_begin(f->cl);
    mc_status st = f->load(f->user, key, deadline_ms, &sink);
    mci_callback_end(f->cl, place);
    if (sink.st != MC_OK)
        return sink.st;
    if (st == MC_OK && !sink.given)
        return mci_fail(err, MC_E_STORE, MC_TIER_STORE, "%.200s: the loader gave no value", key);
    return map_status(st, key, err);
}

mc_status mc_get_or_load(mc_client *mc, const char *key, int64_t ttl_ms, mc_load_fn load, void *user, char **out,
                         size_t *size, mc_info *info, mc_error *err)
{
    mci_entry en;
    if (out != NULL)
        *out = NULL;
    if (size != NULL)
        *size = 0;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    st = out == NULL ? mci_fail(&en.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL") : mci_check_key(key, &en.own_err);
    if (st == MC_OK)
        st = mci_check_ttl(&en.cl->engine->set, &ttl_ms, &en.own_err);
    if (st != MC_OK)
        return mci_leave(&en, st, MCI_H_NONE);
    load_frame f = {en.cl, load, user};
    mci_loader loader = {run_load, &f};
    mci_wanted w = {.key = key, .info = en.call.info};
    mci_values_get(&en.call, ttl_ms, load != NULL ? &loader : NULL, &w, 1);
    *out = w.out;
    if (size != NULL)
        *size = w.out != NULL ? w.size : 0;
    return mci_leave(&en, w.status, MCI_H_READ);
}

static mc_status get_many(mci_entry *en, const char *const *keys, size_t n, int64_t ttl_ms, const mci_loader *loader,
                          char **out, size_t *sizes, mc_status *statuses, mc_info *infos)
{
    mci_wanted *w = calloc(n, sizeof *w);
    mc_info *own = infos == NULL ? calloc(n, sizeof *own) : NULL;
    mc_status st = MC_OK;
    if (w == NULL || (infos == NULL && own == NULL))
        st = mci_fail(&en->own_err, MC_E_NOMEM, MC_TIER_NONE, "no memory to read %zu keys", n);
    for (size_t i = 0; st == MC_OK && i < n; i++)
        w[i] = (mci_wanted){.key = keys[i], .info = infos != NULL ? &infos[i] : &own[i]};
    if (st == MC_OK)
        mci_values_get(&en->call, ttl_ms, loader, w, n);
    for (size_t i = 0; st == MC_OK && i < n; i++) {
        out[i] = w[i].out;
        sizes[i] = w[i].out != NULL ? w[i].size : 0;
        statuses[i] = w[i].status;
        w[i].info->elapsed_ns = mci_now_ns() - en->t0_ns;
    }
    free(own);
    free(w);
    return st;
}

mc_status mc_get_many_or_load(mc_client *mc, const char *const *keys, size_t n, int64_t ttl_ms, mc_load_fn load, void *user,
                              char **out, size_t *sizes, mc_status *statuses, mc_info *infos, mc_error *err)
{
    mci_entry en;
    mc_status st = mci_enter(&en, mc, NULL, err);
    if (st != MC_OK)
        return st;
    if (n > MCI_MAX_BATCH)
        st = mci_fail(&en.own_err, MC_E_RANGE, MC_TIER_NONE, "n is %zu; at most %d keys go into one call", n, MCI_MAX_BATCH);
    else if (n > 0 && (keys == NULL || out == NULL || sizes == NULL || statuses == NULL))
        st = mci_fail(&en.own_err, MC_E_ARG, MC_TIER_NONE, "%s is NULL",
                      keys == NULL    ? "keys"
                      : out == NULL   ? "out"
                      : sizes == NULL ? "sizes"
                                      : "statuses");
    for (size_t i = 0; st == MC_OK && i < n; i++) {
        mc_error why = {0};
        st = mci_check_key(keys[i], &why);
        if (st != MC_OK)
            (void)mci_fail(&en.own_err, st, MC_TIER_NONE, "keys[%zu]: %.400s", i, why.text);
    }
    if (st == MC_OK)
        st = mci_check_ttl(&en.cl->engine->set, &ttl_ms, &en.own_err);
    if (st == MC_OK && n > 0) {
        load_frame f = {en.cl, load, user};
        mci_loader loader = {run_load, &f};
        for (size_t i = 0; i < n; i++)
            out[i] = NULL;
        if (infos != NULL)
            memset(infos, 0, n * sizeof *infos);
        st = get_many(&en, keys, n, ttl_ms, load != NULL ? &loader : NULL, out, sizes, statuses, infos);
        if (st == MC_OK && en.caller_err != NULL)
            *en.caller_err = en.own_err; /* about the first key that could not be read */
    }
    return mci_leave(&en, st, MCI_H_NONE);
}

/* Every entry, before any I/O; the error names its index. */
static mc_status check_entries(const mci_settings *set, const mc_entry *entries, size_t n, size_t most, size_t max_bytes,
                               mc_error *err)
{
    size_t bytes = 0;
    if (n > most)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "n is %zu; at most %zu entries go into one call", n, most);
    if (entries == NULL && n > 0)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "entries is NULL");
    for (size_t i = 0; i < n; i++) {
        mc_error why = {0};
        mc_status st = mci_check_key(entries[i].key, &why);
        if (st == MC_OK)
            st = mci_check_value(set, entries[i].value, entries[i].size, &why);
        if (st != MC_OK)
            return mci_fail(err, st, MC_TIER_NONE, "entries[%zu]: %.400s", i, why.text);
        bytes += entries[i].size;
        if (bytes > max_bytes)
            return mci_fail(err, MC_E_TOOBIG, MC_TIER_NONE, "entries: the first %zu have %zu bytes; the limit is %zu", i + 1,
                            bytes, max_bytes);
    }
    return MC_OK;
}

mc_status mc_put_many(mc_client *mc, const mc_entry *entries, size_t n, int64_t ttl_ms, mc_status *statuses, mc_info *info,
                      mc_error *err)
{
    mci_entry en;
    mc_status st = mci_enter(&en, mc, info, err);
    if (st != MC_OK)
        return st;
    const mci_settings *set = &en.cl->engine->set;
    if (n == 0)
        st = mci_fail(&en.own_err, MC_E_RANGE, MC_TIER_NONE, "n is 0; 1 to %d entries go into one call", MCI_MAX_BATCH);
    if (st == MC_OK)
        st = check_entries(set, entries, n, MCI_MAX_BATCH, PUT_MAX_BYTES, &en.own_err);
    if (st == MC_OK)
        st = mci_check_ttl(set, &ttl_ms, &en.own_err);
    if (st == MC_OK)
        st = mci_string_put(&en.call, entries, n, ttl_ms, statuses);
    else
        for (size_t i = 0; statuses != NULL && i < n && n <= MCI_MAX_BATCH; i++)
            statuses[i] = st;
    return mci_leave(&en, st, MCI_H_NONE);
}

mc_status mc_save_snapshot(mc_client *mc, const mc_entry *entries, size_t n, mc_error *err)
{
    mci_entry en;
    mc_status st = mci_enter(&en, mc, NULL, err);
    if (st != MC_OK)
        return st;
    mci_engine *e = en.cl->engine;
    if (e->set.snapshot_path[0] == '\0')
        st = mci_fail(&en.own_err, MC_E_OPTION, MC_TIER_SNAPSHOT, "snapshot.path is not set");
    if (st == MC_OK)
        st = check_entries(&e->set, entries, n, MCI_SNAPSHOT_ENTRIES_MAX, (size_t)e->set.snapshot_max_bytes, &en.own_err);
    if (st == MC_OK)
        st = mci_snapshot_save(e->snapshot, entries, n, mci_clock(e), &en.own_err);
    return mci_leave(&en, st, MCI_H_NONE);
}

mc_status mc_load_snapshot(mc_client *mc, size_t *n, int64_t *written_ms, mc_error *err)
{
    mci_entry en;
    size_t entries = 0;
    int64_t written = 0;
    mc_status st = mci_enter(&en, mc, NULL, err);
    if (st == MC_OK)
        st = mci_leave(&en, mci_snapshot_load(en.cl->engine->snapshot, en.call.dl, &entries, &written, &en.own_err),
                       MCI_H_NONE);
    if (n != NULL)
        *n = entries;
    if (written_ms != NULL)
        *written_ms = written;
    return st;
}
