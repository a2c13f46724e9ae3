/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the public functions on values by key: put, get, remove, get-or-load, the snapshot file. Refuses: I/O before the checks, and
 * keys without a TTL.
 */
#include "api/call.h"
#include "api/callbacks.h"

#include "base/utf8.h"
#include "cache/redis/keys.h"
#include "engine/freshness.h"
#include "store/snapshot_file.h"

#include <mflixcache/kv.h>
#include <mflixcache/tiers.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 512
#define TTL_MAX INT64_C(31536000000)
#define PUT_MAX_BYTES ((size_t)48 << 20) /* an exchange with Redis is at most 64 MiB, with scripts and metadata */

/* Where keys are Redis' own names: no name of the library's, and a brace only where a companion key can have the same hash tag. */
static mc_status check_raw_key(const mci_settings *set, const char *key, mc_error *err)
{
    size_t prefix = strlen(set->cache_prefix);
    if (strncmp(key, MCI_KEY_RESERVED, sizeof MCI_KEY_RESERVED - 1) == 0 ||
        (prefix > 0 && strncmp(key, set->cache_prefix, prefix) == 0))
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE,
                        "key begins with %s or cache.prefix: under values.raw_keys such names are the library's own",
                        MCI_KEY_RESERVED);
    if (strchr(key, '}') != NULL && !mci_key_has_tag(key))
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "key: a closing brace, and no {tag} in it");
    return MC_OK;
}

mc_status mci_check_key(const mci_settings *set, const char *key, mc_error *err)
{
    if (key == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "key is NULL");
    size_t n = strlen(key);
    if (n == 0)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "key is empty");
    if (n > KEY_MAX)
        return mci_fail(err, MC_E_TOOBIG, MC_TIER_NONE, "key has %zu bytes; the limit is %d", n, KEY_MAX);
    if (!mci_utf8_valid(key, n))
        return mci_fail(err, MC_E_UTF8, MC_TIER_NONE, "key is not valid UTF-8");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)key[i];
        if (c <= 0x20 || c == 0x7f || (!set->values_raw_keys && (c == '{' || c == '}')))
            return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "key: byte %zu is a blank%s or a control byte", i,
                            set->values_raw_keys ? "" : ", a brace");
    }
    return set->values_raw_keys ? check_raw_key(set, key, err) : MC_OK;
}

static mc_status check_value(const mci_settings *set, const void *value, size_t size, mc_error *err)
{
    if (value == NULL && size > 0)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "value is NULL and size is not 0");
    if (size > (size_t)set->value_max_bytes)
        return mci_fail(err, MC_E_TOOBIG, MC_TIER_NONE, "value has %zu bytes; value.max_bytes is %lld", size,
                        (long long)set->value_max_bytes);
    return MC_OK;
}

static mc_status check_ttl(const mci_settings *set, int64_t *ttl_ms, mc_error *err)
{
    if (*ttl_ms < 0 || *ttl_ms > TTL_MAX)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "ttl_ms must be from 1 to %lld, or 0 for kv.ttl_ms",
                        (long long)TTL_MAX);
    if (*ttl_ms == 0)
        *ttl_ms = set->kv_ttl_ms;
    return MC_OK;
}

/* ---- one key in Redis ---- */

mc_status mc_put(mc_client *mc, const char *key, const void *value, size_t size, int64_t ttl_ms, mc_info *info,
                 mc_error *err)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    const mci_settings *set = &fr.cl->engine->set;
    st = mci_check_key(set, key, &fr.own_err);
    if (st == MC_OK)
        st = check_value(set, value, size, &fr.own_err);
    if (st == MC_OK)
        st = check_ttl(set, &ttl_ms, &fr.own_err);
    mc_entry one = {key, value, size};
    if (st == MC_OK)
        st = mci_string_put(&fr.call, &one, 1, ttl_ms, NULL);
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_get(mc_client *mc, const char *key, char **out, size_t *size, mc_info *info, mc_error *err)
{
    mci_frame fr;
    size_t len = 0;
    if (out != NULL)
        *out = NULL;
    if (size != NULL)
        *size = 0;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = out == NULL ? mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL")
                     : mci_check_key(&fr.cl->engine->set, key, &fr.own_err);
    if (st == MC_OK)
        st = mci_string_get(&fr.call, key, out, &len);
    if (st == MC_OK && size != NULL)
        *size = len;
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_remove(mc_client *mc, const char *key, mc_info *info, mc_error *err)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = mci_check_key(&fr.cl->engine->set, key, &fr.own_err);
    if (st == MC_OK)
        st = mci_string_remove(&fr.call, key);
    return mci_leave(&fr, st, MCI_H_NONE);
}

void mc_free(void *p)
{
    free(p);
}

/* ---- through the tiers ---- */

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
    mci_frame fr;
    if (out != NULL)
        *out = NULL;
    if (size != NULL)
        *size = 0;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    st = out == NULL ? mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL")
                     : mci_check_key(&fr.cl->engine->set, key, &fr.own_err);
    if (st == MC_OK)
        st = check_ttl(&fr.cl->engine->set, &ttl_ms, &fr.own_err);
    if (st != MC_OK)
        return mci_leave(&fr, st, MCI_H_NONE);
    load_frame f = {fr.cl, load, user};
    mci_loader loader = {run_load, &f};
    mci_wanted w = {.key = key, .info = fr.call.info};
    mci_values_get(&fr.call, ttl_ms, load != NULL ? &loader : NULL, &w, 1);
    *out = w.out;
    if (size != NULL)
        *size = w.out != NULL ? w.size : 0;
    return mci_leave(&fr, w.status, MCI_H_READ);
}

static mc_status get_many(mci_frame *fr, const char *const *keys, size_t n, int64_t ttl_ms, const mci_loader *loader,
                          char **out, size_t *sizes, mc_status *statuses, mc_info *infos)
{
    mci_wanted *w = calloc(n, sizeof *w);
    mc_info *own = infos == NULL ? calloc(n, sizeof *own) : NULL;
    mc_status st = MC_OK;
    if (w == NULL || (infos == NULL && own == NULL))
        st = mci_fail(&fr->own_err, MC_E_NOMEM, MC_TIER_NONE, "no memory to read %zu keys", n);
    for (size_t i = 0; st == MC_OK && i < n; i++)
        w[i] = (mci_wanted){.key = keys[i], .info = infos != NULL ? &infos[i] : &own[i]};
    if (st == MC_OK)
        mci_values_get(&fr->call, ttl_ms, loader, w, n);
    for (size_t i = 0; st == MC_OK && i < n; i++) {
        out[i] = w[i].out;
        sizes[i] = w[i].out != NULL ? w[i].size : 0;
        statuses[i] = w[i].status;
        mci_name_tier(fr->cl->engine, &w[i].info->tier);
        w[i].info->elapsed_ns = mci_now_ns() - fr->t0_ns;
    }
    free(own);
    free(w);
    return st;
}

mc_status mc_get_many_or_load(mc_client *mc, const char *const *keys, size_t n, int64_t ttl_ms, mc_load_fn load, void *user,
                              char **out, size_t *sizes, mc_status *statuses, mc_info *infos, mc_error *err)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    if (n > MCI_MAX_BATCH)
        st = mci_fail(&fr.own_err, MC_E_RANGE, MC_TIER_NONE, "n is %zu; at most %d keys go into one call", n, MCI_MAX_BATCH);
    else if (n > 0 && (keys == NULL || out == NULL || sizes == NULL || statuses == NULL))
        st = mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "%s is NULL",
                      keys == NULL    ? "keys"
                      : out == NULL   ? "out"
                      : sizes == NULL ? "sizes"
                                      : "statuses");
    for (size_t i = 0; st == MC_OK && i < n; i++) {
        mc_error why = {0};
        st = mci_check_key(&fr.cl->engine->set, keys[i], &why);
        if (st != MC_OK)
            (void)mci_fail(&fr.own_err, st, MC_TIER_NONE, "keys[%zu]: %.400s", i, why.text);
    }
    if (st == MC_OK)
        st = check_ttl(&fr.cl->engine->set, &ttl_ms, &fr.own_err);
    if (st == MC_OK && n > 0) {
        load_frame f = {fr.cl, load, user};
        mci_loader loader = {run_load, &f};
        for (size_t i = 0; i < n; i++)
            out[i] = NULL;
        if (infos != NULL)
            memset(infos, 0, n * sizeof *infos);
        st = get_many(&fr, keys, n, ttl_ms, load != NULL ? &loader : NULL, out, sizes, statuses, infos);
        if (st == MC_OK && fr.caller_err != NULL)
            *fr.caller_err = fr.own_err; /* about the first key that could not be read */
    }
    return mci_leave(&fr, st, MCI_H_NONE);
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
        mc_status st = mci_check_key(set, entries[i].key, &why);
        if (st == MC_OK)
            st = check_value(set, entries[i].value, entries[i].size, &why);
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
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, info, err);
    if (st != MC_OK)
        return st;
    const mci_settings *set = &fr.cl->engine->set;
    if (n == 0)
        st = mci_fail(&fr.own_err, MC_E_RANGE, MC_TIER_NONE, "n is 0; 1 to %d entries go into one call", MCI_MAX_BATCH);
    if (st == MC_OK)
        st = check_entries(set, entries, n, MCI_MAX_BATCH, PUT_MAX_BYTES, &fr.own_err);
    if (st == MC_OK)
        st = check_ttl(set, &ttl_ms, &fr.own_err);
    if (st == MC_OK)
        st = mci_string_put(&fr.call, entries, n, ttl_ms, statuses);
    else
        for (size_t i = 0; statuses != NULL && i < n && n <= MCI_MAX_BATCH; i++)
            statuses[i] = st;
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_save_snapshot(mc_client *mc, const mc_entry *entries, size_t n, mc_error *err)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    mci_engine *e = fr.cl->engine;
    if (e->set.snapshot_path[0] == '\0')
        st = mci_fail(&fr.own_err, MC_E_OPTION, MC_TIER_SNAPSHOT, "snapshot.path is not set");
    if (st == MC_OK)
        st = check_entries(&e->set, entries, n, MCI_SNAPSHOT_ENTRIES_MAX, (size_t)e->set.snapshot_max_bytes, &fr.own_err);
    if (st == MC_OK)
        st = mci_snapshot_save(e->snapshot, entries, n, mci_clock(e), &fr.own_err);
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_load_snapshot(mc_client *mc, size_t *n, int64_t *written_ms, mc_error *err)
{
    mci_frame fr;
    size_t entries = 0;
    int64_t written = 0;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st == MC_OK)
        st = mci_leave(&fr, mci_snapshot_load(fr.cl->engine->snapshot, fr.call.dl, &entries, &written, &fr.own_err),
                       MCI_H_NONE);
    if (n != NULL)
        *n = entries;
    if (written_ms != NULL)
        *written_ms = written;
    return st;
}
