/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: strings. The value is in Redis unchanged, for any client to read; under a key of its own is its metadata: the
 * time it was written, its deadline and the value's checksum. A value without metadata is another client's SET: it
 * counts, its age is not known. Metadata that does not fit its value is damage; under values.raw_keys it is another client's newer
 * value. Refuses: strings without a TTL; and, under raw keys, removing what others wrote unless it is the very value that was read.
 */
#include "cache/redis/strings.h"

#include "codec/metadata.h"
#include "scripts.h"

#include <string.h>

/* Keys and values as documents without fields: the seed of the sums. */
static const mci_spec string_spec = {
    .name = "kv", .key = "kv", .alias_field = -1, .rank_field = -1, .lon_field = -1, .lat_field = -1};

#define METADATA_LONGER_MS 1000 /* than its value: a value without metadata would pass for a client's own */

static void keys_of(const mci_redis_cache *rc, mci_batch *b, const char *key)
{
    for (int which = 0; which < MCI_STRING_KEYS; which++)
        mci_key_of_string(b, &rc->names, (mci_string_key)which, key);
}

/* Under raw keys whatever stands there is the newest value. It is ours, and its age known, when our metadata proves it before its deadline. */
static void take_raw(const mci_unpack *u, int ours, mci_seal seal, const mci_metadata *env, mci_found *f)
{
    int late = ours && u->ops->clock_ms != 0 && u->ops->clock_ms > env->hard_ms;
    if (f->text.p != NULL) {
        f->state = MCI_FOUND_VALUE;
        if (ours && !late && env->there != 0 && env->text_sum == mci_seal_text(seal, f->text.p, f->text.n)) {
            f->written_ms = env->written_ms;
            f->hard_ms = env->hard_ms;
            f->stale = (env->there & MCI_THERE_STALE) != 0;
        }
    } else if (ours && !late && env->there == 0) {
        f->state = MCI_FOUND_NEGATIVE;
        f->written_ms = env->written_ms;
        f->hard_ms = env->hard_ms;
    } else {
        f->state = MCI_FOUND_OLD;
    }
}

static void decode(const mci_unpack *u, const char *key, const mci_reply *value, const mci_reply *metadata, mci_found *f)
{
    mci_slice v = mci_reply_slice(value);
    mci_slice m = mci_reply_slice(metadata);
    mci_seal seal = {0};
    mci_metadata env = {0};
    *f = (mci_found){.text = v, .written_ms = -1, .bytes = v.n};
    f->name = mci_name_of(&u->ops->arena, m, MCI_METADATA_SIZE);
    if (m.p == NULL) {
        /* Another client's SET. With a key, what nobody has signed does not count: it is dropped like damage. */
        f->state = v.p == NULL ? MCI_FOUND_NONE : u->rc->macs.n == 0 ? MCI_FOUND_VALUE : MCI_FOUND_CORRUPT;
        if (f->state == MCI_FOUND_CORRUPT) /* no metadata to name it by */
            f->name = mci_name_of_size(&u->ops->arena, v.n);
        return;
    }
    int ours = m.n == MCI_METADATA_SIZE && mci_metadata_open(&u->rc->macs, &string_spec, key, m.p, m.n, &env, &seal) == 0;
    int negative = ours && env.there == 0;
    if (u->rc->names.raw_strings) {
        take_raw(u, ours, seal, &env, f);
        return;
    }
    if (v.p != NULL && (!ours || negative || env.text_sum != mci_seal_text(seal, v.p, v.n))) {
        f->state = MCI_FOUND_CORRUPT;
    } else if (!ours || (u->ops->clock_ms != 0 && u->ops->clock_ms > env.hard_ms) || (v.p == NULL && !negative)) {
        f->state = MCI_FOUND_OLD;
    } else {
        f->state = negative ? MCI_FOUND_NEGATIVE : MCI_FOUND_VALUE;
        f->written_ms = env.written_ms;
        f->hard_ms = env.hard_ms;
        f->stale = (env.there & MCI_THERE_STALE) != 0;
    }
}

/* Above the limit: a miss of this key alone, and no fault of the server. The script that is asked next removes it. */
static void too_big(const mci_unpack *u, const mci_reply *r, mci_found *f)
{
    *f = (mci_found){.state = MCI_FOUND_TOO_BIG, .written_ms = -1};
    f->name = mci_name_of_refused(&u->ops->arena, r->len);
}

void mci_string_read_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    mci_cmd(b, "MGET");
    mci_key_of_string(b, &rc->names, MCI_KEY_STRING, op->u.string_read.key);
    mci_key_of_string(b, &rc->names, MCI_KEY_METADATA, op->u.string_read.key);
}

void mci_string_read_unpack(const mci_unpack *u)
{
    mci_op_string_read *s = &u->op->u.string_read;
    const mci_reply *r = mci_unpack_reply(u, 0);
    if (mci_reply_too_big(r))
        too_big(u, r, &s->found);
    else if (mci_unpack_check(u, "get") == MC_OK)
        decode(u, s->key, mci_reply_item(r, 0), mci_reply_item(r, 1), &s->found);
}

void mci_string_acquire_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_acquire *a = &op->u.acquire;
    mci_cmd_script(b, &mci_script_string_acquire);
    keys_of(rc, b, a->id);
    mci_arg_str(b, a->token);
    mci_arg_int(b, a->lease_ms);
    mci_arg(b, a->rejected.p != NULL ? a->rejected.p : "", a->rejected.n);
    mci_arg_str(b, rc->names.raw_strings ? "1" : "");
}

void mci_string_acquire_unpack(const mci_unpack *u)
{
    mci_op_acquire *a = &u->op->u.acquire;
    const mci_reply *r = mci_unpack_reply(u, 0);
    const mci_reply *tag = mci_reply_item(r, 0);
    if (mci_reply_too_big(r)) {
        too_big(u, r, &a->found);
        return;
    }
    if (mci_unpack_check(u, "load") != MC_OK)
        return;
    a->now_ms = mci_unpack_time(u, mci_reply_item(r, 1));
    if (a->now_ms < 0) {
        mci_unpack_refused(u, NULL, "load");
    } else if (mci_reply_is(tag, "V")) {
        decode(u, a->id, mci_reply_item(r, 2), mci_reply_item(r, 3), &a->found);
    } else if (mci_reply_is(tag, "L")) {
        a->acquired = MCI_ACQUIRED_LEASE;
    } else {
        a->acquired = MCI_ACQUIRED_OTHER;
        a->holder = mci_reply_slice(mci_reply_item(r, 2));
    }
}

/* What is stored beside the value, which readers prove it by. */
static void metadata_of(const mci_redis_cache *rc, const mci_op_string_set *s, mci_buf *out)
{
    mci_seal seal = mci_seal_own(&rc->macs, &string_spec, s->key, strlen(s->key));
    int stale = s->mode == MCI_STRING_STALE;
    mci_metadata m = {.written_ms = stale ? s->written_ms : s->now_ms, .hard_ms = s->now_ms + s->ttl_ms};
    if (s->mode != MCI_STRING_NONE) {
        m.there = MCI_THERE_TEXT | (stale ? MCI_THERE_STALE : 0);
        m.text_sum = mci_seal_text(seal, s->value != NULL ? s->value : "", s->size);
    }
    mci_metadata_add(&m, out);
    mci_metadata_seal(seal, out, 0);
}

static void set_pack(mci_redis_cache *rc, mci_batch *b, mci_string_key which, const char *key, const char *p, size_t n,
                     int64_t ttl_ms)
{
    mci_cmd(b, "SET");
    mci_key_of_string(b, &rc->names, which, key);
    mci_arg(b, p, n);
    mci_arg_str(b, "PX");
    mci_arg_int(b, ttl_ms);
}

/* A put asks nothing: plain commands cost Redis half of a script. Together, or a reader would see a value with another's metadata; when Redis
 * refuses one, it does none. */
static void put_pack(mci_redis_cache *rc, mci_batch *b, const mci_op_string_set *s, const mci_buf *metadata)
{
    mci_cmd(b, "MULTI");
    set_pack(rc, b, MCI_KEY_STRING, s->key, s->value != NULL ? s->value : "", s->size, s->ttl_ms);
    set_pack(rc, b, MCI_KEY_METADATA, s->key, metadata->data, metadata->len, s->ttl_ms + METADATA_LONGER_MS);
    mci_cmd(b, "DEL"); /* no load under way may fill */
    mci_key_of_string(b, &rc->names, MCI_KEY_STRING_LEASE, s->key);
    mci_cmd(b, "EXEC");
}

#define PUT_COMMANDS 5

void mci_string_set_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_string_set *s = &op->u.string_set;
    char mode[2] = {(char)s->mode, '\0'};
    mci_buf metadata;
    mci_buf_init(&metadata, MCI_METADATA_SIZE);
    if (s->mode != MCI_STRING_RELEASE)
        metadata_of(rc, s, &metadata);
    if (metadata.failed)
        b->out.failed = 1;
    if (s->mode == MCI_STRING_PUT) {
        put_pack(rc, b, s, &metadata);
    } else {
        mci_cmd_script(b, &mci_script_string_set);
        keys_of(rc, b, s->key);
        mci_arg_str(b, mode);
        mci_arg_str(b, s->token);
        mci_arg_int(b, s->ttl_ms);
        mci_arg_buf(b, &metadata);
        mci_arg(b, s->value != NULL ? s->value : "", s->size);
    }
    mci_buf_free(&metadata);
}

/* The first refusal is the reason; EXEC only says that there was one. */
static void put_unpack(const mci_unpack *u)
{
    for (size_t i = 0; i < PUT_COMMANDS; i++) {
        const mci_reply *r = mci_unpack_reply(u, i);
        if (r == NULL || r->type == MCI_REPLY_ERROR) {
            mci_unpack_refused(u, r, "put");
            return;
        }
    }
    const mci_reply *done = mci_unpack_reply(u, PUT_COMMANDS - 1);
    u->op->u.string_set.stored = mci_reply_is(mci_reply_item(done, 0), "OK") && mci_reply_is(mci_reply_item(done, 1), "OK");
    if (!u->op->u.string_set.stored)
        mci_unpack_refused(u, mci_reply_item(done, 0), "put");
}

void mci_string_set_unpack(const mci_unpack *u)
{
    int64_t stored = 0;
    if (u->op->u.string_set.mode == MCI_STRING_PUT) {
        put_unpack(u);
    } else if (mci_unpack_check(u, "put") == MC_OK) {
        (void)mci_reply_int(mci_unpack_reply(u, 0), &stored);
        u->op->u.string_set.stored = stored == 1;
    }
}

/* The lease goes first: from here on no load under way may fill. */
void mci_string_remove_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const char *key = op->u.string_remove.key;
    mci_cmd(b, "DEL");
    mci_key_of_string(b, &rc->names, MCI_KEY_STRING_LEASE, key);
    mci_key_of_string(b, &rc->names, MCI_KEY_METADATA, key);
    mci_cmd(b, "DEL");
    mci_key_of_string(b, &rc->names, MCI_KEY_STRING, key);
}

void mci_string_remove_unpack(const mci_unpack *u)
{
    int64_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        const mci_reply *r = mci_unpack_reply(u, i);
        if (r == NULL || r->type == MCI_REPLY_ERROR) {
            mci_unpack_refused(u, r, "remove");
            return;
        }
    }
    (void)mci_reply_int(mci_unpack_reply(u, 1), &n);
    u->op->u.string_remove.removed = n > 0;
}
