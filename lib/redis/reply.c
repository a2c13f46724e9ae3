/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: turning reply bytes into mci_reply trees in one arena, by hiredis' incremental reader with our own object functions.
 * Refuses: replies over the arena's ceiling, texts longer than MCI_TEXT_MAX, arrays longer than MAX_ITEMS, lines longer than LINE_MAX
 * (hiredis reads a line anew with each piece that comes), and whatever hiredis refuses (depth, sizes). A length is refused when it is
 * announced: hiredis' own buffer has no ceiling.
 */
#include "redis/reply.h"

#include "base/num.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ITEMS 200000
#define LINE_BYTES 65536
#define KEEP_BYTES ((size_t)256 << 10) /* of its buffer, between replies: many answers come at once */

static const char too_big[] = "TOOBIG a reply above the limit was refused";

static mci_reply *place(const redisReadTask *task, mci_reply_type type, size_t extra)
{
    mci_reply *r = mci_arena_alloc(task->privdata, sizeof *r + extra);
    if (r == NULL)
        return NULL;
    r->type = type;
    r->len = 0;
    if (task->parent != NULL) {
        mci_reply *parent = task->parent->obj;
        parent->u.items[task->idx] = r;
    }
    return r;
}

static void *create_string(const redisReadTask *task, char *p, size_t n)
{
    mci_reply_type type = task->type == REDIS_REPLY_ERROR    ? MCI_REPLY_ERROR
                          : task->type == REDIS_REPLY_STATUS ? MCI_REPLY_STATUS
                                                             : MCI_REPLY_STRING;
    mci_reply *r = place(task, type, n + 1);
    if (r == NULL)
        return NULL;
    char *text = (char *)(r + 1);
    memcpy(text, p, n);
    text[n] = '\0';
    r->u.str = text;
    r->len = n;
    return r;
}

static void *make_array(const redisReadTask *task, size_t n)
{
    if (n > MAX_ITEMS) {
        ((mci_arena *)task->privdata)->over = 1;
        return NULL;
    }
    mci_reply *r = place(task, MCI_REPLY_ARRAY, n * sizeof(mci_reply *));
    if (r == NULL)
        return NULL;
    r->len = n;
    r->u.items = (mci_reply **)(void *)(r + 1);
    for (size_t i = 0; i < n; i++)
        r->u.items[i] = NULL;
    return r;
}

static void *create_integer(const redisReadTask *task, long long v)
{
    mci_reply *r = place(task, MCI_REPLY_INT, 0);
    if (r != NULL)
        r->u.i = v;
    return r;
}

static void *create_nil(const redisReadTask *task)
{
    return place(task, MCI_REPLY_NIL, 0);
}

static void free_object(void *obj)
{
    (void)obj; /* the arena is freed at once */
}

#if HIREDIS_MAJOR >= 1
static void *create_array(const redisReadTask *task, size_t n)
{
    return make_array(task, n);
}

static void *create_double(const redisReadTask *task, double v, char *p, size_t n)
{
    (void)v;
    return create_string(task, p, n);
}

static void *create_bool(const redisReadTask *task, int v)
{
    return create_integer(task, v);
}

static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createDouble = create_double,
    .createNil = create_nil,
    .createBool = create_bool,
    .freeObject = free_object,
};
#else
static void *create_array(const redisReadTask *task, int n)
{
    return n < 0 ? NULL : make_array(task, (size_t)n);
}

static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = free_object,
};
#endif

/* The decoder is hiredis' reader under another name, so that no other file sees hiredis. */
mci_decoder *mci_decoder_new(void)
{
    redisReader *r = redisReaderCreateWithFunctions(&functions);
    if (r != NULL)
        r->maxbuf = KEEP_BYTES;
    return (mci_decoder *)r;
}

void mci_decoder_free(mci_decoder *d)
{
    if (d != NULL)
        redisReaderFree((redisReader *)d);
}

void mci_decoder_arena(mci_decoder *d, mci_arena *a)
{
    ((redisReader *)d)->privdata = a;
}

int mci_decoder_feed(mci_decoder *d, const char *p, size_t n)
{
    return redisReaderFeed((redisReader *)d, p, n) == REDIS_OK ? 0 : -1;
}

#if HIREDIS_MAJOR >= 1
static int kind_awaited(const redisReader *r)
{
    return r->ridx < 0 ? -1 : r->task[r->ridx]->type;
}
#else
static int kind_awaited(const redisReader *r)
{
    return r->ridx < 0 ? -1 : r->rstack[r->ridx].type;
}
#endif

/* The length line at the reader's place. -1: it is not complete yet; 0: done, `*n` is 0 when it is none that can be right. */
static int announced(const redisReader *r, int64_t *n)
{
    size_t left = r->len - r->pos;
    const char *p = r->buf + r->pos;
    const char *end = left > 0 ? memchr(p, '\r', left < MCI_NUM_MAX ? left : MCI_NUM_MAX) : NULL;
    *n = 0;
    if (end == NULL)
        return -1;
    if (mci_parse_int(p, (size_t)(end - p), n) != 0 || *n < 0)
        *n = 0; /* hiredis has an error for it */
    return 0;
}

size_t mci_decoder_awaits(const mci_decoder *d)
{
    const redisReader *r = (const redisReader *)d;
    int64_t n = 0;
    return kind_awaited(r) == REDIS_REPLY_STRING && announced(r, &n) == 0 ? (size_t)n : 0;
}

/* Is what has begun to come above a limit? 0, -1 or -2, as mci_decoder_take(). */
static int check_begun(const redisReader *r, size_t *size, const char **why)
{
    const mci_arena *a = r->privdata;
    int64_t n = 0;
    if (kind_awaited(r) == REDIS_REPLY_STRING && announced(r, &n) == 0) {
        size_t room = a->total < a->max ? a->max - a->total : 0;
        *size = (size_t)n > MCI_TEXT_MAX ? (size_t)n : 0;
        return (size_t)n > MCI_TEXT_MAX || (size_t)n > room ? -2 : 0;
    }
    if (r->len - r->pos > LINE_BYTES) {
        *why = "a line without end";
        return -1;
    }
    return 0;
}

mci_reply *mci_reply_refused(mci_arena *a, size_t size)
{
    /* Past the ceiling, if need be: it is a few bytes. */
    size_t max = a->max;
    a->max = SIZE_MAX / 2;
    mci_reply *r = mci_arena_alloc(a, sizeof *r);
    a->max = max;
    if (r != NULL)
        *r = (mci_reply){.type = MCI_REPLY_ERROR, .len = size, .u.str = too_big};
    return r;
}

int mci_reply_too_big(const mci_reply *r)
{
    return r != NULL && r->type == MCI_REPLY_ERROR && r->u.str == too_big;
}

int mci_decoder_take(mci_decoder *d, mci_reply **out, const char **why)
{
    redisReader *r = (redisReader *)d;
    void *reply = NULL;
    size_t size = 0;
    int rc = 0;
    *out = NULL;
    *why = "unreadable reply";
    if (redisReaderGetReply(r, &reply) == REDIS_OK)
        rc = reply != NULL ? 1 : check_begun(r, &size, why);
    else if (r->err == REDIS_ERR_OOM)
        rc = ((mci_arena *)r->privdata)->over ? -2 : -3;
    else
        rc = -1;
    if (rc == -1 && r->errstr[0] != '\0')
        *why = r->errstr;
    *out = reply;
    if (rc == -2 && (*out = mci_reply_refused(r->privdata, size)) == NULL)
        return -3;
    return rc;
}

size_t mci_decoder_left(const mci_decoder *d)
{
    const redisReader *r = (const redisReader *)d;
    return r->len - r->pos;
}

typedef struct prefix {
    const char *text;
    mc_status status;
} prefix;

mc_status mci_reply_error(const mci_reply *r, const char *what, mc_error *err)
{
    static const prefix known[] = {
        {"NOAUTH", MC_E_AUTH},
        {"WRONGPASS", MC_E_AUTH},
        {"NOPERM", MC_E_AUTH},
        {"ERR invalid password", MC_E_AUTH},
        {"MOVED", MC_E_CLUSTER},
        {"ASK", MC_E_CLUSTER},
        {"CLUSTERDOWN", MC_E_CLUSTER},
        {"CROSSSLOT", MC_E_CLUSTER},
        {"ERR Client sent AUTH", MC_E_AUTH},
    };
    if (r == NULL)
        return mci_fail(err, MC_E_PROTO, MC_TIER_REDIS, "%s: Redis gave no reply", what);
    if (r->type != MCI_REPLY_ERROR)
        return MC_OK;
    if (mci_reply_too_big(r)) {
        if (r->len > 0)
            return mci_fail(err, MC_E_TOOBIG, MC_TIER_REDIS, "%s: Redis holds a text of %zu bytes; the limit is %zu", what,
                            r->len, MCI_TEXT_MAX);
        return mci_fail(err, MC_E_TOOBIG, MC_TIER_REDIS, "%s: the reply of Redis is above the limit of one call", what);
    }
    mc_status status = MC_E_CACHE;
    const char *inner = strstr(r->u.str, ": -"); /* an error of a command inside a script, as servers before 7 report it */
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(r->u.str, known[i].text, strlen(known[i].text)) == 0 ||
            (inner != NULL && strncmp(inner + 3, known[i].text, strlen(known[i].text)) == 0))
            status = known[i].status;
    return mci_fail(err, status, MC_TIER_REDIS, "%s: Redis answered: %.200s", what, r->u.str);
}

const mci_reply *mci_reply_item(const mci_reply *r, size_t i)
{
    return r != NULL && r->type == MCI_REPLY_ARRAY && i < r->len ? r->u.items[i] : NULL;
}

int mci_reply_is(const mci_reply *r, const char *s)
{
    return r != NULL && (r->type == MCI_REPLY_STRING || r->type == MCI_REPLY_STATUS) && r->len == strlen(s) &&
           memcmp(r->u.str, s, r->len) == 0;
}

int mci_reply_int(const mci_reply *r, int64_t *out)
{
    if (r == NULL)
        return -1;
    if (r->type == MCI_REPLY_INT) {
        *out = r->u.i;
        return 0;
    }
    return r->type == MCI_REPLY_STRING ? mci_parse_int(r->u.str, r->len, out) : -1;
}

int mci_reply_count(const mci_reply *r, int64_t *out)
{
    int64_t v = 0;
    if (mci_reply_int(r, &v) != 0 || v < 0 || v > MCI_COUNT_MAX)
        return -1;
    *out = v;
    return 0;
}

int mci_reply_double(const mci_reply *r, double *out)
{
    return r != NULL && r->type == MCI_REPLY_STRING ? mci_parse_double(r->u.str, r->len, out) : -1;
}
