/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: reading and understanding a snapshot file. Refuses: a file in which anything is missing, unknown, twice, or not what its sum
 * says; more entries than MCI_SNAPSHOT_ENTRIES_MAX; and a general JSON parser, whose tree would take many times the file.
 */
#include "store/snapshot_read.h"

#include "base/base64.h"
#include "base/num.h"
#include "base/utf8.h"
#include "store/snapshot_plain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 20) /* bytes read between two looks at the clock */
#define ENTRIES_PER_LOOK 4096

typedef enum state { S_FILE = 0, S_BEGIN, S_MEMBER, S_ENTRY, S_NEXT_ENTRY, S_NEXT, S_END } state;

/* Members of the file, each exactly once. */
enum { M_FORMAT = 1, M_VERSION = 2, M_WRITTEN = 4, M_COUNT = 8, M_SUM = 16, M_ENTRIES = 32, M_ALL = 63 };

struct mci_snapshot_reader {
    int fd;
    state state;
    size_t size;
    size_t len; /* bytes read so far */
    char *p;    /* parsing position in t.text */
    char *end;
    unsigned members;
    int sorted;
    int64_t count;
    char sum[MCI_SNAPSHOT_SUM_SIZE];
    int may_be_plain;
    int plain; /* it is */
    int checked;
    int64_t plain_written_ms;
    uint64_t plain_sum; /* when it is checked */
    uint64_t text_sum;
    size_t cap; /* of t.entry */
    mci_snapshot_table t;
};

mci_snapshot_reader *mci_snapshot_reader_new(int fd, size_t size)
{
    mci_snapshot_reader *r = calloc(1, sizeof *r);
    char *text = r != NULL ? malloc(size + 1) : NULL;
    if (text == NULL) {
        free(r);
        if (fd >= 0)
            (void)close(fd);
        return NULL;
    }
    r->fd = fd;
    r->size = size;
    r->sorted = 1;
    r->t.text = text;
    return r;
}

void mci_snapshot_reader_plain(mci_snapshot_reader *r, int64_t written_ms, const uint64_t *sum)
{
    r->may_be_plain = 1;
    r->plain_written_ms = written_ms;
    r->checked = sum != NULL;
    r->plain_sum = sum != NULL ? *sum : 0;
}

void mci_snapshot_reader_free(mci_snapshot_reader *r)
{
    if (r == NULL)
        return;
    if (r->fd >= 0)
        (void)close(r->fd);
    mci_snapshot_table_free(&r->t);
    free(r);
}

/* ---- JSON, as much of it as such a file has ---- */

static mc_status refuse(mc_error *err, const char *why)
{
    return mci_fail(err, MC_E_JSON, MC_TIER_SNAPSHOT, "the snapshot is refused: %s", why);
}

static mc_status no_json(const mci_snapshot_reader *r, mc_error *err)
{
    return mci_fail(err, MC_E_JSON, MC_TIER_SNAPSHOT, "the snapshot is not JSON (at byte %zu)", (size_t)(r->p - r->t.text));
}

static void skip_blanks(mci_snapshot_reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
        r->p++;
}

/* The next token is this one byte: 1, and it is behind us. */
static int take(mci_snapshot_reader *r, char c)
{
    skip_blanks(r);
    if (r->p == r->end || *r->p != c)
        return 0;
    r->p++;
    return 1;
}

static int hex4(const char *p, const char *end, unsigned *out)
{
    unsigned v = 0;
    if (end - p < 4)
        return 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                            : 99;
        if (d > 15)
            return 0;
        v = v << 4 | d;
    }
    *out = v;
    return 1;
}

/* \uXXXX, or two of them; *p is behind the 'u'. UTF-8 to `to`: its length, 0 when it is none. It is never longer. */
static size_t unicode(char **p, const char *end, char *to)
{
    unsigned v;
    unsigned low;
    if (!hex4(*p, end, &v) || v == 0 || (v >= 0xDC00 && v <= 0xDFFF))
        return 0;
    *p += 4;
    if (v >= 0xD800 && v <= 0xDBFF) {
        if (end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u' || !hex4(*p + 2, end, &low) || low < 0xDC00 || low > 0xDFFF)
            return 0;
        *p += 6;
        v = 0x10000 + ((v - 0xD800) << 10) + (low - 0xDC00);
        to[0] = (char)(0xF0 | v >> 18);
        to[1] = (char)(0x80 | (v >> 12 & 0x3F));
        to[2] = (char)(0x80 | (v >> 6 & 0x3F));
        to[3] = (char)(0x80 | (v & 0x3F));
        return 4;
    }
    if (v < 0x80) {
        to[0] = (char)v;
        return 1;
    }
    if (v < 0x800) {
        to[0] = (char)(0xC0 | v >> 6);
        to[1] = (char)(0x80 | (v & 0x3F));
        return 2;
    }
    to[0] = (char)(0xE0 | v >> 12);
    to[1] = (char)(0x80 | (v >> 6 & 0x3F));
    to[2] = (char)(0x80 | (v & 0x3F));
    return 3;
}

/* A string, decoded in place, with a NUL behind it (in the place of its last quote at the latest). NULL: it is none. */
static char *take_string(mci_snapshot_reader *r, size_t *len)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (!take(r, '"'))
        return NULL;
    char *begin = r->p;
    char *out = begin;
    while (r->p < r->end && *r->p != '"') {
        unsigned char c = (unsigned char)*r->p++;
        if (c < ' ')
            return NULL;
        if (c != '\\') {
            *out++ = (char)c;
            continue;
        }
        if (r->p == r->end)
            return NULL;
        char e = *r->p++;
        const char *at = e != '\0' ? strchr(from, e) : NULL;
        if (at != NULL) {
            *out++ = to[at - from];
        } else {
            size_t n = e == 'u' ? unicode(&r->p, r->end, out) : 0;
            if (n == 0)
                return NULL;
            out += n;
        }
    }
    if (r->p == r->end)
        return NULL;
    r->p++;
    *out = '\0';
    *len = (size_t)(out - begin);
    return begin;
}

/* A whole number from 0 on: 1 or 0. */
static int take_number(mci_snapshot_reader *r, int64_t *out)
{
    skip_blanks(r);
    const char *begin = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
        r->p++;
    size_t n = (size_t)(r->p - begin);
    if (n == 0 || (n > 1 && begin[0] == '0') || (r->p < r->end && strchr(".eE+-", *r->p) != NULL && *r->p != '\0'))
        return 0;
    return mci_parse_int(begin, n, out) == 0;
}

/* ---- the file's members ---- */

static mc_status scalar(mci_snapshot_reader *r, unsigned member, mc_error *err)
{
    size_t n = 0;
    int64_t number = 0;
    if (member == M_FORMAT || member == M_SUM) {
        const char *s = take_string(r, &n);
        if (s == NULL)
            return no_json(r, err);
        if (member == M_FORMAT && strcmp(s, MCI_SNAPSHOT_FORMAT) != 0)
            return refuse(err, "its format is not " MCI_SNAPSHOT_FORMAT);
        if (member == M_SUM && n != sizeof r->sum - 1)
            return refuse(err, "it is not what its sum says");
        if (member == M_SUM)
            memcpy(r->sum, s, sizeof r->sum);
        return MC_OK;
    }
    if (!take_number(r, &number))
        return refuse(err, "a member is missing, unknown or of another type");
    if (member == M_VERSION && number != 1)
        return refuse(err, "its version is not 1");
    if (member == M_WRITTEN)
        r->t.written_ms = number;
    if (member == M_COUNT)
        r->count = number;
    return MC_OK;
}

static mc_status next_member(mci_snapshot_reader *r, mc_error *err)
{
    static const char *const names[] = {"format", "version", "written_ms", "count", "sum", "entries"};
    size_t n;
    unsigned member = 0;
    const char *key = take_string(r, &n);
    if (key == NULL || !take(r, ':'))
        return no_json(r, err);
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], key) == 0)
            member = 1U << i;
    if (member == 0 || (r->members & member) != 0)
        return refuse(err, "a member is unknown, or there twice");
    r->members |= member;
    r->state = S_NEXT;
    if (member != M_ENTRIES)
        return scalar(r, member, err);
    if (!take(r, '{'))
        return refuse(err, "its entries are not an object");
    r->state = take(r, '}') ? S_NEXT : S_ENTRY;
    return MC_OK;
}

static mc_status more_room(mci_snapshot_reader *r, mc_error *err)
{
    if (r->t.n == MCI_SNAPSHOT_ENTRIES_MAX)
        return mci_fail(err, MC_E_TOOBIG, MC_TIER_SNAPSHOT, "the snapshot has more than %d entries",
                        MCI_SNAPSHOT_ENTRIES_MAX);
    if (r->t.n < r->cap)
        return MC_OK;
    size_t cap = r->cap == 0 ? 64 : r->cap + r->cap / 2;
    mc_entry *more = realloc(r->t.entry, cap * sizeof *more);
    if (more == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a snapshot of %zu entries", cap);
    r->t.entry = more;
    r->cap = cap;
    return MC_OK;
}

static mc_status add_entry(mci_snapshot_reader *r, const char *key, const char *value, size_t n, mc_error *err)
{
    mc_status st = more_room(r, err);
    if (st != MC_OK)
        return st;
    if (r->t.n > 0 && strcmp(r->t.entry[r->t.n - 1].key, key) >= 0)
        r->sorted = 0;
    r->t.entry[r->t.n++] = (mc_entry){.key = key, .value = value, .size = n};
    return MC_OK;
}

/* Of a plain file: a string is its text, anything else the JSON that stands there. */
static mc_status next_plain(mci_snapshot_reader *r, mc_error *err)
{
    size_t n = 0;
    const char *key = take_string(r, &n);
    if (key == NULL || !take(r, ':'))
        return no_json(r, err);
    skip_blanks(r);
    char *value = r->p;
    if (r->p < r->end && *r->p == '"') {
        value = take_string(r, &n);
    } else {
        const char *end = mci_snapshot_json_end(value, r->end);
        n = end != NULL ? (size_t)(end - value) : 0;
        r->p += n;
        value = end != NULL ? value : NULL;
    }
    if (value == NULL)
        return no_json(r, err);
    r->state = take(r, ',') ? S_ENTRY : S_NEXT;
    if (r->state == S_NEXT && !take(r, '}'))
        return no_json(r, err);
    value[n] = '\0'; /* what stood there is behind us */
    return add_entry(r, key, value, n, err);
}

/* Behind the first brace: is it "format": "mflixcache-snapshot"? */
static int is_envelope(const mci_snapshot_reader *r)
{
    static const char *const tokens[] = {"\"format\"", ":", "\"" MCI_SNAPSHOT_FORMAT "\""};
    mci_snapshot_reader look = *r;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        size_t n = strlen(tokens[i]);
        skip_blanks(&look);
        if ((size_t)(look.end - look.p) < n || memcmp(look.p, tokens[i], n) != 0)
            return 0;
        look.p += n;
    }
    return 1;
}

static mc_status begin(mci_snapshot_reader *r, mc_error *err)
{
    r->state = S_MEMBER;
    if (!take(r, '{'))
        return no_json(r, err);
    r->plain = r->may_be_plain && !is_envelope(r);
    if (r->plain)
        r->state = take(r, '}') ? S_NEXT : S_ENTRY;
    return MC_OK;
}

static mc_status next_entry(mci_snapshot_reader *r, mc_error *err)
{
    if (r->plain)
        return next_plain(r, err);
    size_t n = 0;
    size_t kind_len;
    const char *key = take_string(r, &n);
    if (key == NULL || !take(r, ':'))
        return no_json(r, err);
    if (!take(r, '{'))
        return refuse(err, "an entry is neither text nor base64");
    const char *kind = take_string(r, &kind_len);
    char *value = kind != NULL && take(r, ':') ? take_string(r, &n) : NULL;
    int base64 = kind != NULL && strcmp(kind, "base64") == 0;
    if (value == NULL || (!base64 && strcmp(kind, "text") != 0) || !take(r, '}'))
        return refuse(err, "an entry is neither text nor base64");
    if (base64 && mci_base64_decode(value, n, (uint8_t *)value, &n) != 0) /* in place: it gets shorter */
        return refuse(err, "an entry is neither text nor base64");
    value[n] = '\0';
    r->state = S_NEXT_ENTRY;
    return add_entry(r, key, value, n, err);
}

/* All is read: is it what it says? */
static mc_status prove(mci_snapshot_reader *r, mc_error *err)
{
    char own[MCI_SNAPSHOT_SUM_SIZE];
    if (!r->plain && r->members != M_ALL)
        return refuse(err, "a member is missing, unknown or of another type");
    if (!r->sorted) {
        qsort(r->t.entry, r->t.n, sizeof *r->t.entry, mci_entry_order);
        for (size_t i = 1; i < r->t.n; i++)
            if (strcmp(r->t.entry[i - 1].key, r->t.entry[i].key) == 0)
                return refuse(err, "a key is there twice");
    }
    if (r->plain) {
        r->t.written_ms = r->plain_written_ms;
        return !r->checked || r->text_sum == r->plain_sum ? MC_OK : refuse(err, "it is not what its sum says");
    }
    mci_snapshot_sum(r->t.entry, r->t.n, r->t.written_ms, own);
    if ((int64_t)r->t.n != r->count || strcmp(own, r->sum) != 0)
        return refuse(err, "it is not what its sum says");
    return MC_OK;
}

static mc_status step(mci_snapshot_reader *r, mc_error *err)
{
    switch (r->state) {
    case S_BEGIN:
        return begin(r, err);
    case S_MEMBER:
        return next_member(r, err);
    case S_ENTRY:
        return next_entry(r, err);
    case S_NEXT_ENTRY:
        r->state = take(r, ',') ? S_ENTRY : S_NEXT;
        return r->state == S_ENTRY || take(r, '}') ? MC_OK : no_json(r, err);
    default: /* S_NEXT */
        if (r->plain) {
            skip_blanks(r);
            r->state = S_END;
            return r->p == r->end ? MC_OK : no_json(r, err);
        }
        if (take(r, ',')) {
            r->state = S_MEMBER;
            return MC_OK;
        }
        if (!take(r, '}'))
            return no_json(r, err);
        skip_blanks(r);
        r->state = S_END;
        return r->p == r->end ? MC_OK : no_json(r, err);
    }
}

/* ---- piece by piece ---- */

static mc_status read_piece(mci_snapshot_reader *r, mc_error *err)
{
    size_t want = r->size - r->len < PIECE ? r->size - r->len : PIECE;
    ssize_t n = r->fd < 0 || want == 0 ? 0 : read(r->fd, r->t.text + r->len, want);
    if (n < 0 && errno == EINTR)
        return MC_OK;
    if (n < 0)
        return mci_snapshot_errno(err, "read", "the snapshot");
    r->len += (size_t)n;
    if (n > 0 && r->len < r->size)
        return MC_OK;
    if (!mci_utf8_valid(r->t.text, r->len))
        return mci_fail(err, MC_E_JSON, MC_TIER_SNAPSHOT, "the snapshot is not JSON: not valid UTF-8");
    r->t.text[r->len] = '\0';
    r->text_sum = r->may_be_plain ? mci_snapshot_text_sum(r->t.text, r->len) : 0;
    r->p = r->t.text;
    r->end = r->p + r->len;
    r->state = S_BEGIN;
    return MC_OK;
}

static mc_status not_yet(mc_error *err)
{
    return mci_fail(err, MC_E_TIMEOUT, MC_TIER_SNAPSHOT, "the snapshot is being read; the next call goes on");
}

mc_status mci_snapshot_reader_go(mci_snapshot_reader *r, mci_deadline dl, mci_snapshot_table *out, mc_error *err)
{
    mc_status st = MC_OK;
    while (r->state == S_FILE && st == MC_OK) {
        st = read_piece(r, err);
        if (st == MC_OK && mci_deadline_left_ms(dl) == 0)
            return not_yet(err);
    }
    for (size_t steps = 1; r->state != S_END && st == MC_OK; steps++) {
        st = step(r, err);
        if (st == MC_OK && steps % (2 * (size_t)ENTRIES_PER_LOOK) == 0 && mci_deadline_left_ms(dl) == 0)
            return not_yet(err);
    }
    if (st == MC_OK)
        st = prove(r, err);
    if (st != MC_OK)
        return st;
    mc_entry *fit = r->t.n > 0 ? realloc(r->t.entry, r->t.n * sizeof *fit) : NULL; /* it lives long: no slack */
    if (fit != NULL)
        r->t.entry = fit;
    *out = r->t;
    r->t = (mci_snapshot_table){0};
    return MC_OK;
}

mc_status mci_snapshot_decode(const char *json, size_t len, mci_snapshot_table *out, mc_error *err)
{
    *out = (mci_snapshot_table){0};
    mci_snapshot_reader *r = mci_snapshot_reader_new(-1, len);
    if (r == NULL)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a snapshot of %zu bytes", len);
    if (len > 0)
        memcpy(r->t.text, json, len);
    r->len = len;
    mc_status st = mci_snapshot_reader_go(r, MCI_NO_DEADLINE, out, err);
    mci_snapshot_reader_free(r);
    return st;
}
