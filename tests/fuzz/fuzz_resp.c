/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of a Redis: whole or in pieces of any size the same; never more memory than the ceiling; every item of the type it claims. */
#include "fuzz.h"

#include "redis/batch.h"

#include <string.h>

const fuzz_seed fuzz_seeds[] = {SEED("$5\r\nhello\r\n:42\r\n+OK\r\n-ERR no\r\n$-1\r\n*0\r\n*-1\r\n"),
                                SEED("*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n:3\r\n"),
                                SEED("*4\r\n$1\r\nV\r\n$1\r\n0\r\n:1700000000000\r\n*2\r\n$3\r\nabc\r\n$-1\r\n"),
                                SEED("*2\r\n$10\r\n1700000000\r\n$6\r\n123456\r\n"),
                                SEED("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
                                SEED("$67108865\r\n"),
                                SEED("*200001\r\n"),
                                SEED("-MOVED 3999 127.0.0.1:6381\r\n"),
                                {NULL, 0}};

#define CEILING ((size_t)1 << 16)

static uint64_t hash(uint64_t h, const void *p, size_t n)
{
    const uint8_t *u = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ u[i]) * UINT64_C(1099511628211);
    return h;
}

/* Everything in it, looked at by every reader. */
static uint64_t walk(uint64_t h, const mci_reply *r)
{
    int64_t i = 0;
    double d = 0;
    mc_error err;
    FUZZ_CHECK(r != NULL);
    h = hash(h, &r->type, sizeof r->type);
    (void)mci_reply_error(r, "fuzz", &err);
    (void)mci_reply_double(r, &d);
    if (mci_reply_count(r, &i) == 0)
        FUZZ_CHECK(i >= 0 && i <= MCI_COUNT_MAX);
    if (r->type == MCI_REPLY_ARRAY) {
        for (size_t k = 0; k < r->len; k++)
            h = walk(h, mci_reply_item(r, k));
        FUZZ_CHECK(mci_reply_item(r, r->len) == NULL);
    } else if (r->type == MCI_REPLY_INT) {
        h = hash(h, &r->u.i, sizeof r->u.i);
    } else if (r->type != MCI_REPLY_NIL && !mci_reply_too_big(r)) {
        FUZZ_CHECK(r->u.str[r->len] == '\0');
        h = hash(h, r->u.str, r->len);
    }
    return h;
}

/* How it ended (the last return code) and what was taken. */
static uint64_t decode(const uint8_t *data, size_t size, size_t piece, int *rc)
{
    uint64_t h = 1469598103934665603u;
    mci_decoder *d = mci_decoder_new();
    mci_arena a;
    const char *why = NULL;
    mci_arena_init(&a, CEILING);
    mci_decoder_arena(d, &a);
    *rc = 0;
    for (size_t at = 0; at < size && *rc >= 0; at += piece) {
        FUZZ_CHECK(mci_decoder_feed(d, (const char *)data + at, size - at < piece ? size - at : piece) == 0);
        for (;;) {
            mci_reply *r = NULL;
            *rc = mci_decoder_take(d, &r, &why);
            if (*rc != 1)
                break;
            h = walk(h, r);
        }
        FUZZ_CHECK(a.total <= CEILING + 4096);
        (void)mci_decoder_awaits(d);
    }
    mci_decoder_free(d);
    mci_arena_free(&a);
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int whole_rc = 0;
    int piece_rc = 0;
    uint64_t whole = decode(data, size, size > 0 ? size : 1, &whole_rc);
    uint64_t pieces = decode(data, size, 3, &piece_rc);
    FUZZ_CHECK(whole == pieces);
    FUZZ_CHECK(whole_rc == piece_rc || whole_rc < 0);
    return 0;
}
