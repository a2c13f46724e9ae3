/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the plain form of a snapshot, and the check beside it. Refuses: writing what another language's parser would choke on. */
#include "store/snapshot_plain.h"

#include "base/json_string.h"
#include "base/num.h"
#include "base/random.h"
#include "base/utf8.h"
#include "store/snapshot_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 100 /* parsers of other languages have limits as well: PHP's is 512 */
#define CHECK_MAX 512 /* bytes of a check file */
#define CHECK_FORMAT "mflixcache-check"

uint64_t mci_snapshot_text_sum(const char *p, size_t n)
{
    return mci_checksum(0, p, n);
}

/* ---- where a JSON value ends -------------------------------------------------------------------------------------- */

static const char *blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    return p;
}

static int hex4(const char *p, const char *end, unsigned *v)
{
    *v = 0;
    if (end - p < 4)
        return 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (d < 0)
            return 0;
        *v = *v << 4 | (unsigned)d;
    }
    return 1;
}

/* Behind a backslash. */
static const char *escape(const char *p, const char *end)
{
    unsigned high;
    unsigned low;
    if (p == end || *p == '\0' || strchr("\"\\/bfnrtu", *p) == NULL)
        return NULL;
    if (*p != 'u')
        return p + 1;
    if (!hex4(p + 1, end, &high) || high == 0 || (high >= 0xDC00 && high <= 0xDFFF))
        return NULL;
    if (high < 0xD800 || high > 0xDBFF)
        return p + 5;
    if (end - p < 11 || p[5] != '\\' || p[6] != 'u' || !hex4(p + 7, end, &low) || low < 0xDC00 || low > 0xDFFF)
        return NULL;
    return p + 11;
}

static const char *string(const char *p, const char *end)
{
    if (p == end || *p != '"')
        return NULL;
    for (p++; p != NULL && p < end && *p != '"';) {
        if ((unsigned char)*p < ' ')
            return NULL;
        p = *p == '\\' ? escape(p + 1, end) : p + 1;
    }
    return p != NULL && p < end ? p + 1 : NULL;
}

static const char *digits(const char *p, const char *end)
{
    const char *begin = p;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p > begin ? p : NULL;
}

static const char *number(const char *p, const char *end)
{
    if (p < end && *p == '-')
        p++;
    const char *whole = digits(p, end);
    if (whole == NULL || (*p == '0' && whole > p + 1))
        return NULL;
    p = whole;
    if (p < end && *p == '.')
        p = digits(p + 1, end);
    if (p != NULL && p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        p = digits(p, end);
    }
    return p;
}

static const char *scalar(const char *p, const char *end)
{
    static const char *const words[] = {"true", "false", "null"};
    if (p == end)
        return NULL;
    if (*p == '"')
        return string(p, end);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((size_t)(end - p) >= strlen(words[i]) && memcmp(p, words[i], strlen(words[i])) == 0)
            return p + strlen(words[i]);
    return number(p, end);
}

/* "name" and its colon, when `in` is an object. */
static const char *name(char in, const char *p, const char *end)
{
    p = blanks(p, end);
    if (in != '{')
        return p;
    p = string(p, end);
    p = p != NULL ? blanks(p, end) : NULL;
    return p != NULL && p < end && *p == ':' ? blanks(p + 1, end) : NULL;
}

const char *mci_snapshot_json_end(const char *p, const char *end)
{
    char in[DEPTH_MAX]; /* what is open */
    size_t depth = 0;
    for (;;) {
        int opened = p < end && (*p == '{' || *p == '[');
        if (opened) {
            if (depth == DEPTH_MAX)
                return NULL;
            in[depth++] = *p;
            p = blanks(p + 1, end);
            int empty = p < end && *p == (in[depth - 1] == '{' ? '}' : ']');
            if (!empty) {
                p = name(in[depth - 1], p, end);
                if (p == NULL)
                    return NULL;
                continue;
            }
        } else {
            p = scalar(p, end);
            if (p == NULL)
                return NULL;
        }
        for (;;) { /* a value ended, or an empty one is about to */
            if (depth == 0)
                return p;
            p = blanks(p, end);
            if (p == end)
                return NULL;
            if (*p == ',' && !opened) {
                p = name(in[depth - 1], p + 1, end);
                break;
            }
            if (*p != (in[depth - 1] == '{' ? '}' : ']'))
                return NULL;
            p++;
            depth--;
            opened = 0;
        }
        if (p == NULL)
            return NULL;
    }
}

/* ---- the text ----------------------------------------------------------------------------------------------------- */

mc_status mci_snapshot_plain_encode(const mc_entry *sorted, size_t n, mci_buf *out, mc_error *err)
{
    mci_buf_char(out, '{');
    for (size_t i = 0; i < n && !out->failed; i++) {
        const char *p = sorted[i].size > 0 ? sorted[i].value : "";
        const char *end = p + sorted[i].size;
        if (memchr(p, '\0', sorted[i].size) != NULL || !mci_utf8_valid(p, sorted[i].size))
            return mci_fail(err, MC_E_UTF8, MC_TIER_SNAPSHOT,
                            "entries: the value of %.200s is no text; snapshot.format = plain holds text only",
                            sorted[i].key);
        mci_buf_str(out, i == 0 ? "\n" : ",\n");
        mci_buf_json_string(out, sorted[i].key, strlen(sorted[i].key));
        mci_buf_char(out, ':');
        if ((*p == '{' || *p == '[') && mci_snapshot_json_end(p, end) == end)
            mci_buf_add(out, p, sorted[i].size);
        else
            mci_buf_json_string(out, p, sorted[i].size);
    }
    mci_buf_str(out, "\n}\n");
    if (!out->failed)
        return MC_OK;
    return mci_fail(err, MC_E_TOOBIG, MC_TIER_SNAPSHOT, "the snapshot would have more than %zu bytes (snapshot.max_bytes)",
                    out->max);
}

/* ---- the check ---------------------------------------------------------------------------------------------------- */

static int check_path(const char *path, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s" MCI_SNAPSHOT_CHECK_SUFFIX, path) < PATH_MAX;
}

mc_status mci_snapshot_check_write(const char *path, const mci_snapshot_check *check, mc_error *err)
{
    char beside[PATH_MAX];
    char text[CHECK_MAX];
    if (!check_path(path, beside))
        return mci_fail(err, MC_E_FILE, MC_TIER_SNAPSHOT, "snapshot.path is too long");
    int n = snprintf(text, sizeof text,
                     "{\"format\":\"" CHECK_FORMAT "\",\"version\":1,\"written_ms\":%lld,\"size\":%lld,\"changed_ns\":%lld,"
                     "\"sum\":\"%016llx\"}\n",
                     (long long)check->written_ms, (long long)check->size, (long long)check->changed_ns,
                     (unsigned long long)check->sum);
    return mci_snapshot_replace_file(beside, text, (size_t)n, NULL, err);
}

/* The member's number, as it is written above. */
static int member(const char *text, const char *name_and_colon, int64_t *out)
{
    const char *p = strstr(text, name_and_colon);
    if (p == NULL)
        return 0;
    p += strlen(name_and_colon);
    return mci_parse_int(p, strspn(p, "0123456789"), out) == 0;
}

int mci_snapshot_check_read(const char *path, int64_t size, int64_t changed_ns, mci_snapshot_check *out)
{
    char beside[PATH_MAX];
    char text[CHECK_MAX];
    int64_t version = 0;
    int fd = check_path(path, beside) ? open(beside, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    const char *sum = strstr(text, "\"sum\":\"");
    if (strstr(text, "\"" CHECK_FORMAT "\"") == NULL || !member(text, "\"version\":", &version) || version != 1 ||
        !member(text, "\"written_ms\":", &out->written_ms) || !member(text, "\"size\":", &out->size) ||
        !member(text, "\"changed_ns\":", &out->changed_ns) || sum == NULL)
        return 0;
    out->sum = strtoull(sum + 7, NULL, 16);
    return out->size == size && out->changed_ns == changed_ns;
}
