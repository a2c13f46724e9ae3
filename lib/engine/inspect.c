/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: telling what the cache holds under one name. It is read by the operation that any read begins with, so that what is told is what a
 * read would have found. Refuses: loading, changing or judging anything.
 */
#include "engine/inspect.h"

#include "base/json_string.h"
#include "codec/plain.h"
#include "engine/clock.h"
#include "engine/unique_key.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 28)

static void text(mci_buf *out, const char *name, const char *p, size_t n)
{
    mci_buf_fmt(out, ",\"%s\":", name);
    mci_buf_json_string(out, p, n);
}

static void number(mci_buf *out, const char *name, int64_t value)
{
    mci_buf_fmt(out, ",\"%s\":%lld", name, (long long)value);
}

static const char *state_name(mci_found_state state)
{
    switch (state) {
    case MCI_FOUND_NONE:
        return "none";
    case MCI_FOUND_NEGATIVE:
        return "not_found";
    case MCI_FOUND_OLD:
        return "old";
    case MCI_FOUND_CORRUPT:
        return "corrupt";
    case MCI_FOUND_TOO_BIG:
        return "too_big";
    default:
        return "value";
    }
}

static void fields(mci_buf *out, const mci_doc *d)
{
    const mci_spec *spec = mci_doc_spec(d);
    mci_buf value;
    int any = 0;
    mci_buf_init(&value, TEXT_MAX);
    mci_buf_str(out, ",\"fields\":{");
    for (size_t i = 0; i < spec->nfields; i++) {
        if (mci_doc_val(d, i)->kind == MCI_ABSENT)
            continue;
        mci_buf_reset(&value);
        mci_plain_add(d, i, &value);
        mci_buf_fmt(out, "%s\"%s\":", any ? "," : "", spec->fields[i].name);
        mci_buf_json_string(out, value.len > 0 ? value.data : "", value.len);
        out->failed |= value.failed;
        any = 1;
    }
    mci_buf_char(out, '}');
    mci_buf_free(&value);
}

static void describe(const mci_call *c, const mci_found *f, int64_t epoch, mci_buf *out)
{
    const char *state = state_name(f->state);
    text(out, "state", state, strlen(state));
    if (f->state == MCI_FOUND_NONE)
        return;
    if (f->bytes > 0)
        number(out, "bytes", (int64_t)f->bytes);
    if (f->written_ms > 0) {
        number(out, "written_ms", f->written_ms);
        number(out, "age_ms", mci_age_ms(c->e, f->written_ms));
    }
    if (f->hard_ms > 0) {
        number(out, "deadline_ms", f->hard_ms);
        number(out, "left_ms", f->hard_ms - mci_clock(c->e));
    }
    if (f->epoch > 0) {
        number(out, "epoch", f->epoch);
        number(out, "current_epoch", epoch);
    }
    if (f->target != NULL)
        text(out, "leads_to", f->target, strlen(f->target));
    if (f->doc != NULL)
        fields(out, f->doc);
}

/* `id` as keys have it. */
static mc_status look(mci_call *c, const mci_family *family, const char *id, mci_buf *out)
{
    mci_ops ops;
    mci_ops_init(&ops);
    mci_op *op = mci_ops_add(&ops, family != NULL ? MCI_OP_VALUE_READ : MCI_OP_STRING_READ);
    if (family != NULL)
        op->u.value_read = (mci_op_value_read){.family = family, .id = id, .want = MCI_WANT_BOTH};
    else
        op->u.string_read.key = id;
    mc_status st = mci_call_run_one(c, &ops);
    if (st == MC_OK && family != NULL && ops.epoch_status != MC_OK)
        st = mci_fail(c->err, ops.epoch_status, MC_TIER_REDIS, "the cache does not tell its epoch");
    if (st == MC_OK && c->e->cache->ops->name != NULL) {
        mci_buf key;
        mci_buf_init(&key, TEXT_MAX);
        c->e->cache->ops->name(c->e->cache, family, id, &key);
        if (!key.failed)
            text(out, "key", key.data, key.len);
        mci_buf_free(&key);
    }
    if (st == MC_OK)
        describe(c, family != NULL ? &ops.op[0].u.value_read.found : &ops.op[0].u.string_read.found, ops.epoch, out);
    mci_ops_free(&ops);
    return st;
}

mc_status mci_inspect(mci_call *c, const mci_family *family, const char *kind, const char *name, char **out)
{
    mci_buf json, encoded;
    mci_buf_init(&json, TEXT_MAX);
    mci_buf_init(&encoded, MCI_UNIQUE_MAX * 3);
    mci_buf_fmt(&json, "{\"kind\":\"%s\"", kind);
    text(&json, "name", name, strlen(name));
    if (family != NULL && family->unique != NULL)
        mci_unique_encode(name, strlen(name), &encoded);
    c->info->tier = MC_TIER_REDIS;
    mc_status st = encoded.failed ? mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a key")
                                  : look(c, family, encoded.data != NULL ? encoded.data : name, &json);
    mci_buf_char(&json, '}');
    if (st == MC_OK && (*out = mci_buf_take(&json, NULL)) == NULL)
        st = mci_fail(c->err, MC_E_NOMEM, MC_TIER_NONE, "no memory for the text");
    mci_buf_free(&encoded);
    mci_buf_free(&json);
    return st;
}
