/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the one command by which a value gets into Redis: value, TTL, board and geo set in a single script. Refuses: values above
 * value.max_bytes (boards are kept all the same), and coordinates Redis cannot hold.
 */
#include "engine/engine.h"

#include "engine/sphere.h"

#include <string.h>

static int place_of(const mci_coll *coll, const mci_doc *d, double *lon, double *lat)
{
    if (d == NULL || coll->geo.name[0] == '\0')
        return 0;
    return mci_doc_number(d, (size_t)coll->spec->lon_field, lon) && mci_doc_number(d, (size_t)coll->spec->lat_field, lat) &&
           mci_sphere_hold(lon, lat);
}

static void arg_derived(mci_batch *b, const mci_coll *coll, const mci_doc *d)
{
    double score = 0;
    double lon = 0;
    double lat = 0;
    if (d != NULL && coll->board.name[0] != '\0' && mci_doc_number(d, (size_t)coll->spec->rank_field, &score))
        mci_arg_double(b, score);
    else
        mci_arg_str(b, "");
    if (place_of(coll, d, &lon, &lat)) {
        mci_arg_double(b, lon);
        mci_arg_double(b, lat);
    } else {
        mci_arg_str(b, "");
        mci_arg_str(b, "");
    }
}

static void arg_fields(mci_batch *b, const mci_coll *coll, const mci_doc *d, const mci_hash_fields *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (!f->field[i].there)
            continue;
        mci_arg_str(b, coll->spec->fields[i].name);
        mci_arg(b, f->text.data + f->field[i].off, f->field[i].len);
    }
    size_t json_len = 0;
    const char *json = mci_doc_json(d, &json_len);
    if (json != NULL) {
        mci_arg_str(b, MCI_HASH_DOC);
        mci_arg(b, json, json_len);
    }
}

static size_t pairs_of(const mci_doc *d, const mci_hash_fields *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += (size_t)(f->field[i].there != 0);
    size_t json_len = 0;
    return n + (mci_doc_json(d, &json_len) != NULL ? 1 : 0);
}

/* How long the value is to live; 0: it does not go into Redis at all. */
static int64_t ttl_of(mci_engine *e, const mci_coll *coll, const mci_put *put)
{
    if (put->no_value || put->mode == MCI_PUT_ABORT || put->mode == MCI_PUT_RELEASE)
        return 0;
    if (put->doc == NULL)
        return e->set.negative_ttl_ms == 0 ? 0 : mci_jitter(e, e->set.negative_ttl_ms);
    return mci_jitter(e, coll->ttl_ms);
}

int mci_put_cmd(mci_engine *e, mci_batch *b, const mci_coll *coll, const mci_put *put)
{
    mci_envelope env = {.negative = put->doc == NULL, .epoch = put->epoch, .written_ms = put->now_ms};
    mci_seal seal = mci_envelope_own_seal(&e->macs, coll->spec, put->id, strlen(put->id));
    mci_hash_fields f = {0};
    mci_buf text;
    mci_buf_init(&text, MCI_ENVELOPE_MAX);
    int64_t ttl = ttl_of(e, coll, put);
    if (ttl != 0 && put->doc != NULL) {
        int too_long = mci_hash_encode(put->doc, seal, (size_t)e->set.value_max_bytes, &f, &env);
        if (too_long < 0) {
            mci_hash_fields_free(&f);
            return -1;
        }
        ttl = too_long ? 0 : ttl;
    }
    env.soft_ms = env.hard_ms = put->now_ms + ttl;
    mci_envelope_write(&env, seal, &text);
    size_t pairs = ttl == 0 ? 0 : 1 + (put->doc == NULL ? 0 : pairs_of(put->doc, &f));
    char mode[2] = {(char)put->mode, '\0'};
    mci_cmd_script(b, &mci_script_put, 8, 8 + 8 + 2 * pairs);
    mci_arg_id(b, coll->keys.value, put->id);
    mci_arg_id(b, coll->keys.quarantine, put->id);
    mci_arg_id(b, coll->keys.lease, put->id);
    mci_arg_id(b, coll->keys.solo, put->id);
    mci_arg_str(b, e->epoch_key);
    mci_arg_key(b, e, coll->dirty);
    mci_arg_key(b, e, coll->board.name);
    mci_arg_key(b, e, coll->geo.name);
    mci_arg_str(b, mode);
    mci_arg_str(b, put->token);
    mci_arg_int(b, ttl);
    mci_arg_str(b, put->id);
    mci_arg_int(b, put->epoch);
    arg_derived(b, coll, put->doc);
    if (ttl != 0) {
        mci_arg_str(b, MCI_HASH_ENVELOPE);
        mci_arg_buf(b, &text);
        if (put->doc != NULL)
            arg_fields(b, coll, put->doc, &f);
    }
    mci_buf_free(&text);
    mci_hash_fields_free(&f);
    return 0;
}
