/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the form of every answer: status, headers (Cache-Status of RFC 9211, Server-Timing, Age, the ones that keep browsers
 * honest), the member "answer", problems of RFC 9457. Refuses to let a key or an id into a header.
 */
#include "respond.h"
#include "server.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_INSTANCE 1024 /* bytes of a target that are repeated in a problem */

void add_header(request *r, const char *name, const char *format, ...)
{
    va_list list;
    if (r->n_headers == MAX_HEADERS)
        return;
    header *h = &r->headers[r->n_headers++];
    h->name = name;
    va_start(list, format);
    vsnprintf(h->value, sizeof h->value, format, list);
    va_end(list);
}

void add_location(request *r, const char *id)
{
    char path[3 * 256 + 1];
    size_t n = 0;
    for (const unsigned char *c = (const unsigned char *)id; *c && n + 4 < sizeof path; c++)
        n += (size_t)snprintf(
            path + n, sizeof path - n,
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *c) ? "%c" : "%%%02X", *c);
    add_header(r, "Location", "/movies/%s", path);
}

const char *status_title(int status)
{
    const char *s = MHD_get_reason_phrase_for((unsigned)status);
    return s ? s : "Unknown";
}

const char *cache_name(int cache)
{
    static const char *const names[] = {"none", "hit", "miss", "bypass"};
    return cache >= 0 && cache < 4 ? names[cache] : "none";
}

/* ---- What the library did */

void answered(request *r, const mc_info *info)
{
    r->info = *info;
    r->has_info = 1;
    r->call_ns += info->elapsed_ns;
}

/* Whether the library asked anybody: it refuses bad values before that. */
static int asked(const request *r)
{
    return r->has_info && (!r->refused.status || r->info.tier != MC_TIER_NONE || r->info.cache != MC_CACHE_NONE);
}

static void write_flags(text *t, unsigned flags)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        {MC_FLAG_STALE, "stale"},   {MC_FLAG_FILLED, "filled"},         {MC_FLAG_NEGATIVE, "negative"},
        {MC_FLAG_SHARED, "shared"}, {MC_FLAG_REDIS_DOWN, "redis_down"}, {MC_FLAG_QUARANTINED, "quarantined"},
        {MC_FLAG_QUEUED, "queued"}, {MC_FLAG_CORRUPT, "corrupt"},       {MC_FLAG_REFUSED, "redis_refuses"},
    };
    put_open(t, "flags", '[');
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (flags & names[i].bit)
            put_text(t, NULL, names[i].name);
    put_close(t, ']');
}

static void write_info(text *t, const mc_info *info)
{
    put_open(t, "answer", '{');
    put_text(t, "tier", mc_tier_name(info->tier));
    put_text(t, "cache", cache_name(info->cache));
    write_flags(t, info->flags);
    put_int(t, "age_ms", info->age_ms);
    put_int(t, "stale_bound_ms", info->stale_bound_ms);
    put_double(t, "elapsed_us", (double)info->elapsed_ns / 1000);
    put_int(t, "redis_round_trips", info->redis_round_trips);
    put_int(t, "store_calls", info->store_calls);
    put_close(t, '}');
}

void end_answer(request *r)
{
    write_info(&r->out, &r->info);
    put_close(&r->out, '}');
}

void write_problem(request *r)
{
    const problem *p = &r->refused;
    char type[64] = "about:blank";
    text_free(&r->out);
    r->fixed = NULL;
    r->status = p->status;
    r->content_type = "application/problem+json";
    if (p->type)
        snprintf(type, sizeof type, "/problems/%s", p->type);
    put_open(&r->out, NULL, '{');
    put_text(&r->out, "type", type);
    put_text(&r->out, "title", status_title(p->status));
    put_int(&r->out, "status", p->status);
    put_text(&r->out, "detail", p->detail);
    if (r->target && strlen(r->target) <= LONGEST_INSTANCE)
        put_text(&r->out, "instance", r->target);
    if (p->code)
        put_text(&r->out, "code", mc_status_name(p->code));
    if (asked(r))
        write_info(&r->out, &r->info);
    put_close(&r->out, '}');
}

/* ---- Headers */

/* RFC 9211: a hit, or why the request went on to the store. What the value is called is nobody's business. */
static void cache_status(request *r, struct MHD_Response *m)
{
    char value[128];
    const char *tier = mc_tier_name(r->info.tier);
    int reads = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    if (!reads)
        snprintf(value, sizeof value, "mflixcache; fwd=method; detail=\"%s\"", tier);
    else if (r->info.cache == MC_CACHE_HIT)
        snprintf(value, sizeof value, "mflixcache; hit; detail=\"%s\"", tier);
    else if (r->info.cache == MC_CACHE_MISS)
        snprintf(value, sizeof value, "mflixcache; fwd=miss%s%s; detail=\"%s\"",
                 r->info.flags & MC_FLAG_FILLED ? "; stored" : "", r->info.flags & MC_FLAG_SHARED ? "; collapsed" : "",
                 tier);
    else
        snprintf(value, sizeof value, "mflixcache; fwd=bypass; detail=\"%s\"", tier);
    MHD_add_response_header(m, "Cache-Status", value);
    if (reads && r->info.cache == MC_CACHE_HIT) {
        snprintf(value, sizeof value, "%lld", (long long)(r->info.age_ms / 1000));
        MHD_add_response_header(m, "Age", value);
    }
}

static void timing(request *r, struct MHD_Response *m)
{
    char value[128];
    double total = (double)(now_ns() - r->begun_ns) / 1e6;
    if (r->has_info)
        snprintf(value, sizeof value, "cache;desc=\"%s\";dur=%.3f, total;dur=%.3f", cache_name(r->info.cache),
                 (double)r->call_ns / 1e6, total);
    else
        snprintf(value, sizeof value, "total;dur=%.3f", total);
    MHD_add_response_header(m, "Server-Timing", value);
}

static int sets(const request *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (strcmp(r->headers[i].name, name) == 0)
            return 1;
    return 0;
}

struct MHD_Response *make_response(request *r)
{
    struct MHD_Response *m;
    union { /* MHD asks for void *, and does not write to a persistent buffer */
        const void *in;
        void *out;
    } fixed = {r->fixed};
    if (r->fixed)
        m = MHD_create_response_from_buffer(r->fixed_size, fixed.out, MHD_RESPMEM_PERSISTENT);
    else
        m = MHD_create_response_from_buffer(r->out.size, r->out.data, MHD_RESPMEM_MUST_FREE);
    if (!m)
        return NULL;
    if (!r->fixed)
        memset(&r->out, 0, sizeof r->out); /* it belongs to the response now */
    if (r->content_type)
        MHD_add_response_header(m, "Content-Type", r->content_type);
    for (size_t i = 0; i < r->n_headers; i++)
        MHD_add_response_header(m, r->headers[i].name, r->headers[i].value);
    if (!sets(r, "Cache-Control"))
        MHD_add_response_header(m, "Cache-Control", "no-store");
    MHD_add_response_header(m, "Content-Security-Policy", "default-src 'self'; base-uri 'none'; frame-ancestors 'none'");
    MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(m, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(m, "Cross-Origin-Resource-Policy", "same-origin");
    if (asked(r))
        cache_status(r, m);
    timing(r, m);
    if (atomic_load(&r->app->stopping))
        MHD_add_response_header(m, "Connection", "close");
    return m;
}
