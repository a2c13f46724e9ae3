/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the grammar of an answer: status line, headers, Content-Length and chunked bodies, Cache-Status, Server-Timing.
 * Refuses whatever could be read in two ways: two lengths that differ, a length beside chunks, folded headers, bare line
 * feeds. Sources: RFC 9112 sections 2 to 7, RFC 9211, W3C Server-Timing.
 */
#include "http_answer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INTERIM 8
#define CACHE_NAME "mflixcache"

/* Bytes that belong together: a line, a value, a name. */
typedef struct span {
    const char *p;
    size_t n;
} span;

static reader_state broken(http_reader *r, const char *why)
{
    r->why = why;
    return READER_BROKEN;
}

void reader_begin(http_reader *r)
{
    memset(r, 0, sizeof *r);
    r->length = -1;
    r->keep = 1;
}

/* ---- Lists of members with parameters: `a; b=1; c="x, y", d` */

static span trimmed(span s)
{
    while (s.n > 0 && (*s.p == ' ' || *s.p == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* Take the part before the next `at` that is not quoted off `rest`. Returns 0 when nothing is left. */
static int next_part(span *rest, char at, span *part)
{
    int quoted = 0;
    size_t i = 0;
    if (rest->p == NULL)
        return 0;
    for (; i < rest->n && (quoted || rest->p[i] != at); i++) {
        if (quoted && rest->p[i] == '\\' && i + 1 < rest->n)
            i++;
        else if (rest->p[i] == '"')
            quoted = !quoted;
    }
    *part = trimmed((span){rest->p, i});
    if (i < rest->n)
        *rest = (span){rest->p + i + 1, rest->n - i - 1};
    else
        *rest = (span){NULL, 0};
    return 1;
}

static int same_word(span s, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < n && s.n == n; i++)
        if (tolower((unsigned char)s.p[i]) != word[i])
            return 0;
    return s.n == n;
}

/* The value of `key=value`; a key alone has an empty one. Returns 0 when the parameter has another key. */
static int parameter(span part, const char *key, span *value)
{
    span name, rest = part;
    if (!next_part(&rest, '=', &name) || !same_word(name, key))
        return 0;
    *value = rest.p ? trimmed(rest) : (span){"", 0};
    return 1;
}

static void read_cache_status(span header, http_answer *out)
{
    span member, part, value;
    while (next_part(&header, ',', &member)) {
        if (!next_part(&member, ';', &part) || !same_word(part, CACHE_NAME))
            continue;
        while (next_part(&member, ';', &part)) {
            if (parameter(part, "hit", &value) && !same_word(value, "?0"))
                out->cache = HTTP_CACHE_HIT;
            else if (parameter(part, "fwd", &value))
                out->cache = same_word(value, "bypass") ? HTTP_CACHE_BYPASS : HTTP_CACHE_MISS;
        }
    }
}

static void read_server_timing(span header, http_answer *out)
{
    span member, part, value;
    while (next_part(&header, ',', &member)) {
        if (!next_part(&member, ';', &part) || !same_word(part, "cache"))
            continue;
        while (next_part(&member, ';', &part)) {
            char text[32], *end;
            if (!parameter(part, "dur", &value) || value.n == 0 || value.n >= sizeof text)
                continue;
            memcpy(text, value.p, value.n);
            text[value.n] = '\0';
            double ms = strtod(text, &end);
            if (*end == '\0' && ms >= 0 && ms < 1e9)
                out->cache_ns = (int64_t)(ms * 1e6);
        }
    }
}

/* ---- The head */

static int read_length(http_reader *r, span value)
{
    int64_t length = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (!isdigit((unsigned char)value.p[i]) || length > (int64_t)HTTP_MAX_BODY)
            return -1;
        length = length * 10 + (value.p[i] - '0');
    }
    if (value.n == 0 || length > (int64_t)HTTP_MAX_BODY || (r->length >= 0 && r->length != length))
        return -1;
    r->length = length;
    return 0;
}

static int read_header(http_reader *r, span name, span value, http_answer *out)
{
    span part;
    if (same_word(name, "content-length"))
        return read_length(r, value);
    if (same_word(name, "transfer-encoding")) {
        r->chunked = 1;
        return same_word(value, "chunked") ? 0 : -1;
    }
    if (same_word(name, "connection"))
        while (next_part(&value, ',', &part))
            r->keep = r->keep && !same_word(part, "close");
    else if (same_word(name, "cache-status"))
        read_cache_status(value, out);
    else if (same_word(name, "server-timing"))
        read_server_timing(value, out);
    return 0;
}

/* "HTTP/1.1 200 OK"; the words behind the number may be missing. */
static int read_status(http_reader *r, span line, http_answer *out)
{
    int digits = 0;
    if (line.n < 12 || memcmp(line.p, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)line.p[7]) || line.p[8] != ' ')
        return -1;
    for (int i = 9; i < 12 && isdigit((unsigned char)line.p[i]); i++)
        digits++;
    if (digits != 3 || (line.n > 12 && line.p[12] != ' '))
        return -1;
    out->status = (line.p[9] - '0') * 100 + (line.p[10] - '0') * 10 + (line.p[11] - '0');
    r->keep = line.p[7] != '0'; /* HTTP/1.0 closes */
    return out->status >= 100 && out->status < 600 ? 0 : -1;
}

/* One line off `rest`; its end must be CR LF. */
static int next_line(span *rest, span *line)
{
    const char *end = memchr(rest->p, '\n', rest->n);
    if (!end || end == rest->p || end[-1] != '\r')
        return 0;
    *line = (span){rest->p, (size_t)(end - rest->p) - 1};
    *rest = (span){end + 1, rest->n - line->n - 2};
    return 1;
}

static const char *read_head(http_reader *r, span head, http_answer *out)
{
    span line;
    r->length = -1;
    r->chunked = 0;
    out->cache = HTTP_CACHE_UNKNOWN;
    out->cache_ns = -1;
    if (memchr(head.p, '\0', head.n))
        return "a NUL byte in the head of the answer";
    if (!next_line(&head, &line) || read_status(r, line, out))
        return "the answer does not begin with a status line of HTTP/1.1";
    while (next_line(&head, &line) && line.n > 0) {
        const char *colon = memchr(line.p, ':', line.n);
        if (!colon || colon == line.p || *line.p == ' ' || *line.p == '\t')
            return "a header of the answer has no name";
        size_t n = (size_t)(colon - line.p);
        if (read_header(r, (span){line.p, n}, trimmed((span){colon + 1, line.n - n - 1}), out))
            return "the length of the answer is not told in a way that can be read, or is above 17 MiB";
    }
    if (head.n > 0)
        return "a line in the head of the answer does not end as it should";
    if (r->chunked && r->length >= 0)
        return "the answer tells its length twice";
    r->no_body = out->status == 204 || out->status == 304;
    return NULL;
}

/* Where the head that begins at `from` ends, 0 when that has not come yet. */
static size_t head_end(const char *data, size_t n, size_t from)
{
    for (size_t i = from; i + 4 <= n; i++)
        if (memcmp(data + i, "\r\n\r\n", 4) == 0)
            return i + 4;
    return 0;
}

/* ---- The body */

/* The number at the start of a chunk's line; what follows a ';' is passed over. */
static int chunk_size(span line, size_t *size)
{
    size_t i = 0;
    *size = 0;
    for (; i < line.n && isxdigit((unsigned char)line.p[i]); i++) {
        int c = tolower((unsigned char)line.p[i]);
        if (*size > HTTP_MAX_BODY)
            return -1;
        *size = *size * 16 + (size_t)(isdigit(c) ? c - '0' : c - 'a' + 10);
    }
    line = trimmed((span){line.p + i, line.n - i});
    return i > 0 && (line.n == 0 || *line.p == ';') ? 0 : -1;
}

static reader_state take_chunks(http_reader *r, char *data, size_t n)
{
    for (;;) {
        span rest = {data + r->at, n - r->at}, line;
        size_t size;
        if (!next_line(&rest, &line))
            return n - r->at > HTTP_MAX_HEAD || memchr(data + r->at, '\n', n - r->at)
                       ? broken(r, "a chunk of the answer begins with no readable line")
                       : READER_MORE;
        if (chunk_size(line, &size) || r->body + size > HTTP_MAX_BODY)
            return broken(r, "a chunk of the answer has no readable size, or the body is above 17 MiB");
        size_t begin = r->at + line.n + 2;
        if (size == 0) { /* the last one: then trailers, up to an empty line */
            size_t end = head_end(data, n, begin - 2);
            if (end == 0 && n - begin > HTTP_MAX_HEAD)
                return broken(r, "what follows the last chunk does not end");
            r->used = end;
            return end ? READER_DONE : READER_MORE;
        }
        if (n < begin + size + 2)
            return READER_MORE;
        if (memcmp(data + begin + size, "\r\n", 2) != 0)
            return broken(r, "a chunk of the answer is longer than its size");
        memmove(data + r->head + r->body, data + begin, size);
        r->body += size;
        r->at = begin + size + 2;
    }
}

static reader_state take_body(http_reader *r, char *data, size_t n, int ended)
{
    if (r->no_body) {
        r->used = r->head;
        return READER_DONE;
    }
    if (r->chunked)
        return take_chunks(r, data, n);
    if (r->length >= 0) {
        r->body = (size_t)r->length;
        r->used = r->head + r->body;
        return n >= r->used ? READER_DONE : READER_MORE;
    }
    if (n - r->head > HTTP_MAX_BODY)
        return broken(r, "the body of the answer is above 17 MiB");
    r->body = n - r->head;
    r->used = n;
    r->keep = 0;
    return ended ? READER_DONE : READER_MORE; /* it ends where the connection does */
}

reader_state reader_take(http_reader *r, char *data, size_t n, int ended, http_answer *out)
{
    while (r->head == 0) {
        size_t end = n > r->at ? head_end(data, n, r->at) : 0;
        if ((end ? end : n) - r->at > HTTP_MAX_HEAD)
            return broken(r, "the head of the answer is above 16 KiB");
        if (end == 0)
            return READER_MORE;
        const char *why = read_head(r, (span){data + r->at, end - r->at}, out);
        if (why)
            return broken(r, why);
        r->at = end;
        if (out->status >= 200)
            r->head = end;
        else if (++r->interim > MAX_INTERIM || out->status == 101)
            return broken(r, "an interim answer that was not asked for");
    }
    reader_state state = take_body(r, data, n, ended);
    if (state == READER_DONE) {
        data[r->head + r->body] = '\0'; /* there is room: the caller keeps one byte behind `n` */
        out->body = data + r->head;
        out->size = r->body;
    }
    return state;
}
