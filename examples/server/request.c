/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns how the parts of a request are read. Refuses what is malformed instead of guessing: a percent sign without two
 * digits, an encoded NUL, a parameter twice.
 */
#include "request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

mc_client *chosen(const request *r)
{
    return r->past_cache ? r->app->uncached : r->app->cached;
}

void request_clear(request *r)
{
    free(r->target);
    free(r->decoded);
    free(r->body);
    text_free(&r->out);
}

/* ---- Refusals */

__attribute__((format(printf, 5, 0))) static int refuse_list(request *r, int status, const char *type, mc_status code,
                                                             const char *format, va_list list)
{
    if (r->refused.status)
        return 0;
    r->refused.status = status;
    r->refused.type = type;
    r->refused.code = code;
    vsnprintf(r->refused.detail, sizeof r->refused.detail, format, list);
    return 0;
}

int refuse(request *r, int status, const char *type, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    refuse_list(r, status, type, MC_OK, format, list);
    va_end(list);
    return 0;
}

int refuse_value(request *r, mc_status code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    refuse_list(r, 400, "invalid-value", code, format, list);
    va_end(list);
    return 0;
}

/*
 * Which status of HTTP a status of the library is. An unknown outcome is 500 and not one of 502 to 504: clients and proxies
 * repeat those by themselves, and a write that may have been carried out must not be repeated unread.
 */
static const struct {
    mc_status code;
    int status;
    const char *type;
} kinds[] = {
    {MC_NOT_FOUND, 404, "not-found"},       {MC_E_ARG, 400, "invalid-value"},       {MC_E_RANGE, 400, "invalid-value"},
    {MC_E_UTF8, 400, "invalid-value"},      {MC_E_JSON, 400, "invalid-body"},       {MC_E_DEPTH, 400, "invalid-body"},
    {MC_E_FIELD, 400, "invalid-body"},      {MC_E_TYPE, 400, "invalid-body"},       {MC_E_TOOBIG, 413, "too-big"},
    {MC_E_EXISTS, 409, "exists"},           {MC_E_CONFLICT, 409, "conflict"},       {MC_E_CACHE, 503, "cache-away"},
    {MC_E_STORE, 503, "store-away"},        {MC_E_CLOSED, 503, "stopping"},         {MC_E_NOMEM, 503, "no-memory"},
    {MC_E_TIMEOUT, 504, "timeout"},         {MC_E_AUTH, 502, "server-refuses"},     {MC_E_PROTO, 502, "server-refuses"},
    {MC_E_CLUSTER, 502, "server-refuses"},  {MC_E_DATABASE, 502, "server-refuses"}, {MC_E_UNSUPPORTED, 501, "not-supported"},
    {MC_E_UNKNOWN, 500, "outcome-unknown"},
};

int refuse_status(request *r, mc_status st, const mc_error *err)
{
    const char *why = err && err->code == st && err->text[0] ? err->text : mc_status_text(st);
    int status = 500;
    const char *type = "internal";
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].code == st) {
            status = kinds[i].status;
            type = kinds[i].type;
        }
    /* What is too long in the query is no matter of the body. */
    if (st == MC_E_TOOBIG && !r->body_size)
        status = 400;
    if (!r->refused.status) {
        r->refused.status = status;
        r->refused.type = type;
        r->refused.code = st;
        snprintf(r->refused.detail, sizeof r->refused.detail, "%s", why);
    }
    return 0;
}

/* ---- The target: path and query */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes one piece in place (it only gets shorter) and ends it with a NUL. */
static int decode(request *r, char *s, size_t size, int plus_is_blank, const char *what)
{
    size_t to = 0;
    for (size_t i = 0; i < size; i++) {
        char c = s[i];
        if (c == '%') {
            int high = i + 2 < size ? hex_digit(s[i + 1]) : -1;
            int low = i + 2 < size ? hex_digit(s[i + 2]) : -1;
            if (high < 0 || low < 0)
                return refuse(r, 400, "invalid-target", "%s: a %% must be followed by two hexadecimal digits", what);
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        if (c == '\0')
            return refuse(r, 400, "invalid-target", "%s: %%00 is not allowed", what);
        s[to++] = c;
    }
    s[to] = '\0';
    return 1;
}

static int add_segment(request *r, char *s, size_t size)
{
    if (r->n_segments == MAX_SEGMENTS)
        return refuse(r, 404, NULL, "there is nothing at this path");
    r->segments[r->n_segments++] = s;
    return decode(r, s, size, 0, "path");
}

/* "/" has no segments; "/movies/" has an empty one, which no route has. */
static int parse_path(request *r, char *path, size_t size)
{
    if (size == 1)
        return 1;
    char *begin = path + 1;
    for (char *p = begin;; p++) {
        if (p < path + size && *p != '/')
            continue;
        if (!add_segment(r, begin, (size_t)(p - begin)))
            return 0;
        if (p >= path + size)
            return 1;
        begin = p + 1;
    }
}

static int add_param(request *r, char *s, size_t size)
{
    char *equals = memchr(s, '=', size);
    size_t name_size = equals ? (size_t)(equals - s) : size;
    param p = {s, equals ? equals + 1 : s + size};
    s[size] = '\0';
    if (size == 0)
        return 1;
    if (equals && !decode(r, p.value, size - name_size - 1, 1, "query"))
        return 0;
    if (!decode(r, p.name, name_size, 1, "query"))
        return 0;
    if (r->n_params == MAX_PARAMS)
        return refuse_value(r, MC_E_ARG, "query: more than %d parameters", MAX_PARAMS);
    for (size_t i = 0; i < r->n_params; i++)
        if (strcmp(r->params[i].name, p.name) == 0)
            return refuse_value(r, MC_E_ARG, "query: %.64s is given twice", p.name);
    r->params[r->n_params++] = p;
    return 1;
}

static int parse_query(request *r, char *query)
{
    while (query) {
        char *next = strchr(query, '&');
        size_t size = next ? (size_t)(next - query) : strlen(query);
        if (!add_param(r, query, size))
            return 0;
        query = next ? next + 1 : NULL;
    }
    return 1;
}

int parse_target(request *r, const char *target)
{
    /* RFC 9112 section 3.2.2: the absolute form must be understood; its host is that of Host (guard.c). */
    if (strncmp(target, "http://", 7) == 0)
        target = target + 7 + strcspn(target + 7, "/?");
    if (strcmp(target, "*") == 0 && strcmp(r->method, "OPTIONS") == 0)
        target = "/";
    size_t size = strlen(target);
    r->decoded = malloc(size + 2);
    if (!r->decoded)
        return refuse_status(r, MC_E_NOMEM, NULL);
    memcpy(r->decoded, target, size + 1);
    for (const unsigned char *c = (const unsigned char *)target; *c; c++)
        if (*c <= 0x20 || *c >= 0x7F)
            return refuse(r, 400, "invalid-target", "target: byte %02X must be percent-encoded", *c);
    char *query = strchr(r->decoded, '?');
    size_t path_size = query ? (size_t)(query - r->decoded) : size;
    if (path_size == 0 || r->decoded[0] != '/')
        return refuse(r, 400, "invalid-target", "target: a path must begin with /");
    if (query)
        *query++ = '\0';
    return parse_path(r, r->decoded, path_size) && parse_query(r, query);
}
