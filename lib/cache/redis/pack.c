/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: what is the same in packing and unpacking all operations. Refuses: knowing any one of them. */
#include "cache/redis/pack.h"

#include <string.h>

int64_t mci_fresh_epoch(mci_redis_cache *rc)
{
    return (int64_t)mci_random_below(rc->rnd, UINT64_C(1) << 53) + 1;
}

int mci_is_together(const mci_op *op)
{
    return op->run > 1 || op->part > 0;
}

const mci_reply *mci_unpack_reply(const mci_unpack *u, size_t i)
{
    return mci_batch_reply(u->batch, u->first + i);
}

void mci_unpack_refused(const mci_unpack *u, const mci_reply *r, const char *what)
{
    mc_error *why = mci_op_why(u->ops, u->op);
    u->op->status = mci_reply_error(r, what, why);
    if (u->op->status == MC_OK)
        u->op->status = mci_fail(why, MC_E_PROTO, MC_TIER_REDIS, "%s: Redis answered something else", what);
}

mc_status mci_unpack_check(const mci_unpack *u, const char *what)
{
    const mci_reply *r = mci_unpack_reply(u, 0);
    if (r == NULL || r->type == MCI_REPLY_ERROR)
        mci_unpack_refused(u, r, what);
    return u->op->status;
}

int64_t mci_unpack_time(const mci_unpack *u, const mci_reply *r)
{
    int64_t ms = 0;
    if (mci_reply_count(r, &ms) != 0)
        return -1;
    mci_redis_saw_time(u->redis, ms);
    return ms;
}

mci_slice mci_reply_slice(const mci_reply *r)
{
    return r != NULL && r->type == MCI_REPLY_STRING ? (mci_slice){r->u.str, r->len} : (mci_slice){NULL, 0};
}

int mci_reply_is_wrong_type(const mci_reply *r)
{
    return r != NULL && r->type == MCI_REPLY_ERROR && strncmp(r->u.str, "WRONGTYPE", 9) == 0;
}

mci_slice mci_name_of_size(mci_arena *a, size_t size)
{
    char text[24];
    mci_buf b = {.data = text, .cap = sizeof text, .max = sizeof text - 1};
    mci_buf_char(&b, '!');
    mci_buf_int(&b, (int64_t)size);
    return (mci_slice){mci_arena_text(a, text, b.len), b.len};
}

mci_slice mci_name_of_refused(mci_arena *a, size_t size)
{
    return size > MCI_ENTRY_MAX ? mci_name_of_size(a, size) : (mci_slice){size > 0 ? "" : NULL, 0};
}

mci_slice mci_name_of(mci_arena *a, mci_slice metadata, size_t most)
{
    return metadata.p == NULL || metadata.n <= most ? metadata : mci_name_of_size(a, metadata.n);
}

/* The completeness marker of a set, of either kind. */
static int is_marker(mci_slice m)
{
    return m.p != NULL && m.n > 2 && (m.p[0] == '!' || m.p[0] == '~') && m.p[1] == ' ';
}

size_t mci_unpack_members(const mci_reply *r, size_t most, mci_member *out)
{
    size_t pairs = r != NULL && r->type == MCI_REPLY_ARRAY ? r->len / 2 : 0;
    size_t n = 0;
    for (size_t i = 0; i < pairs && n < most; i++) {
        mci_slice id = mci_reply_slice(mci_reply_item(r, 2 * i));
        if (is_marker(id))
            continue;
        out[n].id = id;
        if (mci_reply_double(mci_reply_item(r, 2 * i + 1), &out[n].score) != 0)
            out[n].id = (mci_slice){id.p != NULL ? id.p : "", 0}; /* no id: whoever checks ids removes it */
        n++;
    }
    return n;
}

int mci_unpack_nonce(const mci_reply *r, char out[MCI_NONCE_CAP])
{
    mci_slice n = mci_reply_slice(r);
    if (n.p == NULL || n.n >= MCI_NONCE_CAP)
        return -1;
    memcpy(out, n.p, n.n);
    out[n.n] = '\0';
    return 0;
}
