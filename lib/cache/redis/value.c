/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: values under the write/fill protocol: reading, leases, commits, announcements, drops. Each script touches the four keys of one
 * id, which lie in one slot. Refuses: values above value.max_bytes, and handing out what does not decode.
 */
#include "cache/redis/value.h"

#include "codec/plain.h"
#include "codec/unique_entry.h"
#include "codec/value.h"
#include "scripts.h"

#include <string.h>

static void keys_of(const mci_redis_cache *rc, mci_batch *b, const mci_family *f, const char *id)
{
    for (int which = 0; which < MCI_VALUE_KEYS; which++)
        mci_key_of_value(b, &rc->names, f, (mci_value_key)which, id);
}

/* The keys of many ids for one script: those of a kind stand together. */
static const mci_value_key by_kind[MCI_VALUE_KEYS] = {MCI_KEY_VALUE, MCI_KEY_LEASE, MCI_KEY_QUARANTINE, MCI_KEY_SOLE};
static const mci_value_key of_load[] = {MCI_KEY_VALUE, MCI_KEY_QUARANTINE, MCI_KEY_LEASE};

#define TOGETHER_MAX 16384 /* bytes of a document that is stored together with others */

/* Keys lie in slots of their own, which only a server without slots lets a script name together. */
static int may_go_together(const mci_redis_cache *rc)
{
    return !atomic_load_explicit(&rc->many_slots, memory_order_relaxed);
}

/* What a read of this family fetches; entries of unique keys are strings, which "$" says to the scripts. */
int mci_value_init(mci_redis_cache *rc, const mci_family *f)
{
    for (int want = 0; want <= MCI_WANT_BOTH; want++) {
        mci_args *a = &rc->fields[f->number][want];
        mci_args_init(a);
        mci_args_encode(a, f->unique != NULL ? "$" : MCI_VALUE_PACKED);
        if (f->unique == NULL && want & MCI_WANT_DOC)
            mci_args_encode(a, MCI_VALUE_DOC);
        if (a->bytes.failed)
            return -1;
    }
    return 0;
}

/* ---- what is cached -------------------------------------------------------------------------------------------- */

typedef struct reading {
    const mci_family *family;
    const char *id;
    mci_want want;
    mci_found *found;
} reading;

static void decode_document(const mci_unpack *u, const reading *rd, const mci_value_parts *parts)
{
    static const mci_found_state as[] = {[MCI_VALUE_NONE] = MCI_FOUND_NONE,         [MCI_VALUE_HIT] = MCI_FOUND_VALUE,
                                         [MCI_VALUE_NEGATIVE] = MCI_FOUND_NEGATIVE, [MCI_VALUE_OLD] = MCI_FOUND_OLD,
                                         [MCI_VALUE_CORRUPT] = MCI_FOUND_CORRUPT,   [MCI_VALUE_NOMEM] = MCI_FOUND_NO_MEMORY};
    mci_metadata m = {0};
    mci_found *f = rd->found;
    mci_slice name = parts->packed;
    f->state =
        as[mci_value_decode(&u->rc->macs, rd->family->spec, rd->id, parts, u->op->epoch, u->ops->clock_ms, &f->doc, &m)];
    f->written_ms = m.written_ms;
    f->hard_ms = m.hard_ms;
    f->epoch = m.epoch;
    f->bytes = parts->packed.n + parts->doc.n;
    if (name.n > MCI_METADATA_SIZE)
        name.n = MCI_METADATA_SIZE; /* the sum in it is of all that follows */
    f->name = name;
}

static void decode_entry(const mci_unpack *u, const reading *rd, const mci_reply *r)
{
    mci_found *f = rd->found;
    mci_slice text = mci_reply_slice(r);
    mci_unique_entry e;
    if (text.p == NULL)
        return;
    f->name = mci_name_of(&u->ops->arena, text, MCI_ENTRY_MAX);
    const mci_unique_of of = {rd->family->spec, rd->family->unique, rd->id};
    if (text.n > MCI_ENTRY_MAX || mci_unique_entry_read(&u->rc->macs, &of, text.p, text.n, &e) != 0) {
        f->state = MCI_FOUND_CORRUPT;
        return;
    }
    f->written_ms = e.written_ms;
    f->epoch = e.epoch;
    f->bytes = text.n;
    f->target = e.id[0] != '\0' ? mci_arena_text(&u->ops->arena, e.id, strlen(e.id)) : NULL;
    if (e.epoch != u->op->epoch)
        f->state = MCI_FOUND_OLD;
    else if (e.id[0] == '\0')
        f->state = MCI_FOUND_NEGATIVE;
    else
        f->state = f->target != NULL ? MCI_FOUND_VALUE : MCI_FOUND_NO_MEMORY;
}

/* `r` is the reply to what this read asked for: of HMGET (or a script in its place) an array, else a text. */
static void decode(const mci_unpack *u, const reading *rd, const mci_reply *r)
{
    mci_found *f = rd->found;
    *f = (mci_found){.written_ms = -1};
    if (mci_reply_too_big(r)) { /* named by its size, unless it is others that left no room */
        f->state = MCI_FOUND_TOO_BIG;
        f->name = mci_name_of_refused(&u->ops->arena, r->len);
    } else if (mci_reply_is_wrong_type(r)) {
        f->state = MCI_FOUND_CORRUPT;
    } else if (r == NULL || r->type == MCI_REPLY_ERROR) {
        mci_unpack_refused(u, r, "read");
    } else if (u->ops->epoch_status != MC_OK) {
        return;
    } else if (rd->family->unique != NULL) {
        decode_entry(u, rd, r->type == MCI_REPLY_ARRAY ? mci_reply_item(r, 0) : r);
    } else {
        mci_value_parts parts = {.with_doc = (rd->want & MCI_WANT_DOC) != 0};
        parts.packed = mci_reply_slice(r->type == MCI_REPLY_ARRAY ? mci_reply_item(r, 0) : r);
        parts.doc = mci_reply_slice(mci_reply_item(r, 1));
        decode_document(u, rd, &parts);
    }
}

void mci_value_read_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_value_read *v = &op->u.value_read;
    mci_cmd(b, v->family->unique != NULL ? "GET" : v->want & MCI_WANT_DOC ? "HMGET" : "HGET");
    mci_key_of_value(b, &rc->names, v->family, MCI_KEY_VALUE, v->id);
    if (v->family->unique == NULL)
        mci_args_encoded(b, &rc->fields[v->family->number][v->want]);
}

void mci_value_read_unpack(const mci_unpack *u)
{
    mci_op_value_read *v = &u->op->u.value_read;
    decode(u, &(reading){v->family, v->id, v->want, &v->found}, mci_unpack_reply(u, 0));
}

/* ---- leases ------------------------------------------------------------------------------------------------------- */

/* Those for which nothing was found at all. */
int mci_value_acquire_together(const mci_redis_cache *rc, const mci_op *first, const mci_op *op)
{
    const mci_op_acquire *a = &first->u.acquire;
    const mci_op_acquire *other = &op->u.acquire;
    return !a->alone && !other->alone && a->rejected.n == 0 && other->rejected.n == 0 && a->lease_ms == other->lease_ms &&
           may_go_together(rc);
}

static void lease_pack(const mci_redis_cache *rc, mci_batch *b, const mci_op *op)
{
    mci_cmd_script_keys(b, &mci_script_value_lease, 3 * op->run);
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < op->run; i++)
            mci_key_of_value(b, &rc->names, op[i].u.acquire.family, of_load[k], op[i].u.acquire.id);
    mci_arg_int(b, op->u.acquire.lease_ms);
    for (size_t i = 0; i < op->run; i++)
        mci_arg_str(b, op[i].u.acquire.token);
}

void mci_value_acquire_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_acquire *a = &op->u.acquire;
    if (op->run > 1) {
        lease_pack(rc, b, op);
        return;
    }
    mci_cmd_script(b, &mci_script_value_miss);
    keys_of(rc, b, a->family, a->id);
    mci_arg_str(b, a->token);
    mci_arg_int(b, a->lease_ms);
    mci_arg(b, a->rejected.p != NULL ? a->rejected.p : "", a->rejected.n);
    mci_args_encoded(b, &rc->fields[a->family->number][a->want]);
}

static void lease_unpack(const mci_unpack *u, mci_op_acquire *a)
{
    const mci_reply *r = mci_unpack_reply(u, 0);
    int64_t yes = 0;
    if (mci_unpack_check(u, "ask for a lease") != MC_OK)
        return;
    a->now_ms = mci_unpack_time(u, mci_reply_item(r, 0));
    if (a->now_ms < 0 || mci_reply_count(mci_reply_item(r, 1 + u->op->part), &yes) != 0)
        mci_unpack_refused(u, NULL, "ask for a lease");
    a->acquired = yes == 1 ? MCI_ACQUIRED_LEASE : MCI_ACQUIRED_NOTHING;
}

void mci_value_acquire_unpack(const mci_unpack *u)
{
    mci_op_acquire *a = &u->op->u.acquire;
    const mci_reply *r = mci_unpack_reply(u, 0);
    const mci_reply *tag = mci_reply_item(r, 0);
    if (mci_is_together(u->op)) {
        lease_unpack(u, a);
        return;
    }
    reading rd = {a->family, a->id, a->want, &a->found};
    if (mci_reply_too_big(r)) { /* the cached value, of which nothing could be taken */
        decode(u, &rd, r);
        return;
    }
    if (mci_unpack_check(u, "read") != MC_OK)
        return;
    a->now_ms = tag != NULL ? mci_unpack_time(u, mci_reply_item(r, 1)) : -1;
    if (a->now_ms < 0) {
        mci_unpack_refused(u, NULL, "read");
    } else if (mci_reply_is(tag, "V")) {
        decode(u, &rd, mci_reply_item(r, 2));
    } else if (mci_reply_is(tag, "L")) {
        a->acquired = MCI_ACQUIRED_LEASE;
    } else if (mci_reply_is(tag, "Q")) {
        a->acquired = MCI_ACQUIRED_WRITER;
    } else {
        a->acquired = MCI_ACQUIRED_OTHER;
        a->holder = mci_reply_slice(mci_reply_item(r, 2));
    }
}

/* ---- commits ------------------------------------------------------------------------------------------------------ */

/* For other clients: the texts, of which nothing of ours is read back. */
static void arg_plain_fields(mci_batch *b, const mci_doc *d)
{
    const mci_spec *spec = mci_doc_spec(d);
    mci_buf text;
    mci_buf_init(&text, b->out.max);
    for (size_t i = 0; i < spec->nfields; i++) {
        if (mci_doc_val(d, i)->kind == MCI_ABSENT)
            continue;
        mci_buf_reset(&text);
        mci_plain_add(d, i, &text);
        mci_arg_str(b, spec->fields[i].name);
        mci_arg_buf(b, &text);
    }
    mci_buf_free(&text);
}

static void arg_document(mci_batch *b, const mci_op_commit *k)
{
    size_t n = 0;
    const char *json = mci_doc_json(k->doc, &n);
    if (json != NULL) {
        mci_arg_str(b, MCI_VALUE_DOC);
        mci_arg(b, json, n);
    }
    if (k->family->plain_fields)
        arg_plain_fields(b, k->doc);
}

static void commit_document(const mci_redis_cache *rc, mci_batch *b, const mci_op_commit *k)
{
    mci_metadata m = {.there = k->family->plain_fields ? MCI_THERE_PLAIN : 0,
                      .epoch = k->epoch,
                      .written_ms = k->now_ms,
                      .hard_ms = k->now_ms + k->ttl_ms};
    mci_seal seal = mci_seal_own(&rc->macs, k->family->spec, k->id, strlen(k->id));
    int too_long = 0;
    mci_buf packed;
    mci_buf_init(&packed, 0);
    if (k->ttl_ms != 0) {
        too_long = mci_value_encode(k->doc, seal, (size_t)rc->value_max_bytes, &m, &packed);
        if (too_long < 0)
            b->out.failed = 1;
    }
    if (k->ttl_ms == 0 || too_long != 0) {
        mci_arg_int(b, 0);
    } else {
        mci_arg_int(b, k->ttl_ms);
        mci_arg_str(b, MCI_VALUE_PACKED);
        mci_arg_buf(b, &packed);
        if (k->doc != NULL)
            arg_document(b, k);
    }
    mci_buf_free(&packed);
}

static void commit_entry(const mci_redis_cache *rc, mci_batch *b, const mci_op_commit *k)
{
    mci_arg_int(b, k->ttl_ms);
    if (k->ttl_ms == 0)
        return;
    const mci_unique_of of = {k->family->spec, k->family->unique, k->id};
    mci_unique_entry e = {.epoch = k->epoch, .written_ms = k->now_ms};
    size_t n = k->target != NULL ? strlen(k->target) : 0;
    mci_buf text;
    if (n < sizeof e.id && n > 0)
        memcpy(e.id, k->target, n + 1);
    mci_buf_init(&text, MCI_ENTRY_MAX);
    mci_unique_entry_write(&rc->macs, &of, &e, &text);
    mci_arg_str(b, "$");
    mci_arg_buf(b, &text);
    mci_buf_free(&text);
}

/* Ends of one writer that store nothing go together, as its announcements do; and the documents that many loads found. */
int mci_value_commit_together(const mci_redis_cache *rc, const mci_op *first, const mci_op *op)
{
    const mci_op_commit *k = &first->u.commit;
    const mci_op_commit *other = &op->u.commit;
    if (k->mode != other->mode || !may_go_together(rc))
        return 0;
    if (k->mode == MCI_COMMIT_ABORT)
        return strcmp(k->token, other->token) == 0;
    return k->mode == MCI_COMMIT_FILL && k->family == other->family && k->family->unique == NULL &&
           (k->doc == NULL || mci_doc_size(k->doc) <= TOGETHER_MAX) &&
           (other->doc == NULL || mci_doc_size(other->doc) <= TOGETHER_MAX);
}

static void fill_pack(const mci_redis_cache *rc, mci_batch *b, const mci_op *op)
{
    mci_cmd_script_keys(b, &mci_script_value_fill, 3 * op->run);
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < op->run; i++)
            mci_key_of_value(b, &rc->names, op[i].u.commit.family, of_load[k], op[i].u.commit.id);
    for (size_t i = 0; i < op->run; i++) {
        mci_arg_str(b, op[i].u.commit.token);
        commit_document(rc, b, &op[i].u.commit);
        mci_arg_str(b, "");
    }
}

static void abort_pack(mci_redis_cache *rc, mci_batch *b, const mci_op *op)
{
    mci_cmd_script_keys(b, &mci_script_value_end, MCI_VALUE_KEYS * op->run);
    for (size_t k = 0; k < MCI_VALUE_KEYS; k++)
        for (size_t i = 0; i < op->run; i++)
            mci_key_of_value(b, &rc->names, op[i].u.commit.family, by_kind[k], op[i].u.commit.id);
    mci_arg_str(b, op->u.commit.token);
}

void mci_value_commit_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_commit *k = &op->u.commit;
    if (k->mode == MCI_COMMIT_ABORT) {
        abort_pack(rc, b, op);
        return;
    }
    if (op->run > 1) {
        fill_pack(rc, b, op);
        return;
    }
    char mode[2] = {(char)k->mode, '\0'};
    mci_cmd_script(b, &mci_script_value_put);
    keys_of(rc, b, k->family, k->id);
    mci_arg_str(b, mode);
    mci_arg_str(b, k->token);
    if (k->family->unique != NULL)
        commit_entry(rc, b, k);
    else
        commit_document(rc, b, k);
}

int mci_value_stored(const mci_reply *r, int together, size_t part, int *full)
{
    int64_t n[2] = {0};
    if (together) {
        *full = mci_reply_count(mci_reply_item(r, part), &n[0]) == 0 && n[0] == 2;
        return n[0] == 1;
    }
    *full = mci_reply_count(mci_reply_item(r, 2), &n[1]) == 0 && n[1] == 1;
    return mci_reply_count(mci_reply_item(r, 0), &n[0]) == 0 && n[0] == 1;
}

void mci_value_commit_unpack(const mci_unpack *u)
{
    mci_op_commit *k = &u->op->u.commit;
    const mci_reply *r = mci_unpack_reply(u, 0);
    int64_t n[3] = {0};
    if (mci_unpack_check(u, "put") != MC_OK)
        return;
    if (k->mode == MCI_COMMIT_ABORT) {
        if (mci_reply_count(mci_reply_item(r, u->op->part), &n[1]) != 0)
            mci_unpack_refused(u, NULL, "put");
        k->others = n[1] > 0;
        return;
    }
    if (mci_is_together(u->op)) {
        k->stored = mci_value_stored(r, 1, u->op->part, &k->full);
        return;
    }
    for (size_t i = 0; i < 3; i++)
        if (mci_reply_count(mci_reply_item(r, i), &n[i]) != 0 && i < 2) {
            mci_unpack_refused(u, NULL, "put");
            return;
        }
    k->stored = n[0] == 1;
    k->others = n[1] > 0;
    k->full = n[2] == 1;
}

/* ---- announcements and drops -------------------------------------------------------------------------------------- */

void mci_value_announce_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    mci_cmd_script_keys(b, &mci_script_value_pre, MCI_VALUE_KEYS * op->run);
    for (size_t k = 0; k < MCI_VALUE_KEYS; k++)
        for (size_t i = 0; i < op->run; i++)
            mci_key_of_value(b, &rc->names, op[i].u.announce.family, by_kind[k], op[i].u.announce.id);
    mci_arg_str(b, op->u.announce.token);
    mci_arg_int(b, op->u.announce.span_ms);
    mci_arg_str(b, op->u.announce.stores_nothing ? "0" : "1");
}

/*
 * Those of one writer, of which at most the first stores something in the end. Their keys lie in slots of their own, which only a server without slots lets a
 * script name together.
 */
int mci_value_announce_together(const mci_redis_cache *rc, const mci_op *first, const mci_op *op)
{
    const mci_op_announce *a = &first->u.announce;
    const mci_op_announce *other = &op->u.announce;
    return other->stores_nothing && a->span_ms == other->span_ms && strcmp(a->token, other->token) == 0 &&
           may_go_together(rc);
}

void mci_value_announce_unpack(const mci_unpack *u)
{
    mci_op_announce *a = &u->op->u.announce;
    if (mci_unpack_check(u, "announce a write") != MC_OK)
        return;
    a->now_ms = mci_unpack_time(u, mci_reply_item(mci_unpack_reply(u, 0), 0));
    if (a->now_ms < 0)
        mci_unpack_refused(u, NULL, "announce a write");
}

void mci_value_drop_pack(mci_redis_cache *rc, mci_batch *b, mci_op *op)
{
    const mci_op_drop *d = &op->u.drop;
    mci_cmd_script(b, &mci_script_value_drop);
    keys_of(rc, b, d->family, d->id);
    mci_arg_str(b, d->family->unique == NULL && d->family->spec->alias_field >= 0 ? MCI_VALUE_PACKED : "");
}

/* The text of the unique field in what was dropped, if that was a document of ours: of any epoch and age. */
static mci_slice unique_text(const mci_unpack *u, const mci_op_drop *d, mci_slice packed)
{
    mci_value_parts parts = {.packed = packed};
    mci_metadata m;
    mci_seal seal;
    mci_doc *doc = NULL;
    mci_slice text = {NULL, 0};
    if (packed.p == NULL || mci_metadata_open(&u->rc->macs, d->family->spec, d->id, packed.p, packed.n, &m, &seal) != 0 ||
        mci_value_decode(&u->rc->macs, d->family->spec, d->id, &parts, m.epoch, 0, &doc, &m) != MCI_VALUE_HIT)
        return text;
    size_t field = (size_t)d->family->spec->alias_field;
    const char *p = mci_doc_text(doc, field);
    size_t n = mci_doc_val(doc, field)->len;
    if (p != NULL)
        text = (mci_slice){mci_arena_text(&u->ops->arena, p, n), n};
    mci_doc_unref(doc);
    return text;
}

void mci_value_drop_unpack(const mci_unpack *u)
{
    mci_op_drop *d = &u->op->u.drop;
    if (mci_unpack_check(u, "invalidate") == MC_OK && d->family->unique == NULL && d->family->spec->alias_field >= 0)
        d->unique = unique_text(u, d, mci_reply_slice(mci_unpack_reply(u, 0)));
}
