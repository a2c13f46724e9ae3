/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns reading Cache-Status and Server-Timing. Refuses nothing: what cannot be read says nothing.
 * Sources: RFC 9110 section 5.6, RFC 9211, W3C Server-Timing.
 */
#include "cache_headers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_NAME "mflixcache"

/* Bytes that belong together: a line, a value, a name. */
typedef struct span {
    const char *p;
    size_t n;
} span;

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

void cache_header(const char *line, size_t n, http_answer *out)
{
    const char *colon = memchr(line, ':', n);
    if (!colon)
        return;
    size_t name_size = (size_t)(colon - line);
    span name = {line, name_size}, value = {colon + 1, n - name_size - 1};
    while (value.n > 0 && (value.p[value.n - 1] == '\n' || value.p[value.n - 1] == '\r'))
        value.n--;
    if (same_word(name, "cache-status"))
        read_cache_status(trimmed(value), out);
    else if (same_word(name, "server-timing"))
        read_server_timing(trimmed(value), out);
}
