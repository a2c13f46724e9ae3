/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns what is refused before anything is carried out: ambiguous framing, header lines above the limit, names of hosts that
 * are not ours (a foreign name that resolves to this address), writes that a page of another origin sends, bodies of
 * another kind or above the limit.
 */
#include "guard.h"
#include "router.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOST, ORIGIN, FETCH_SITE, LENGTH, TRANSFER, EXPECT, TYPE, ENCODING, N_NAMES };

static const char *const names[N_NAMES] = {
    "Host", "Origin", "Sec-Fetch-Site", "Content-Length", "Transfer-Encoding", "Expect", "Content-Type", "Content-Encoding"};

typedef struct fields {
    const char *value[N_NAMES];
    int count[N_NAMES];
    int odd_name;          /* a name that is not a token, such as one with a blank before its colon */
    const char *odd_value; /* the name of a field whose value has a control byte, such as a bare CR */
    size_t bytes;          /* of all lines as they would be without what libmicrohttpd takes out in silence */
} fields;

/* RFC 9110 section 5.6.2. */
static int is_token(const char *s, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = s[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              (c && strchr("!#$%&'*+-.^_`|~", c))))
            return 0;
    }
    return size > 0;
}

static int has_control(const char *s, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7F)
            return 1;
    return 0;
}

static enum MHD_Result collect(void *user, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
                               size_t value_size)
{
    fields *f = user;
    (void)kind;
    if (!key || !is_token(key, key_size)) {
        f->odd_name = 1;
        return MHD_NO;
    }
    if (value && has_control(value, value_size) && !f->odd_value)
        f->odd_value = key;
    /* Name, colon, blanks, value, CR and LF, all in one place; a line put together from folded ones is not. */
    uintptr_t begin = (uintptr_t)key;
    uintptr_t end = (uintptr_t)value + value_size;
    f->bytes += value && end > begin ? (size_t)(end - begin) + 2 : 0;
    for (int i = 0; i < N_NAMES; i++)
        if (strcasecmp(key, names[i]) == 0) {
            f->value[i] = value ? value : "";
            f->count[i]++;
        }
    return MHD_YES;
}

static int refuse_framing(request *r, expectation *e, const char *name, const char *why)
{
    e->broken = 1;
    return refuse(r, 400, "invalid-header", "%s: %s", name, why);
}

/*
 * libmicrohttpd up to 0.9.76 puts folded lines together (and the second line's text into the name), ends a value at a NUL, and
 * takes an LF alone for the end of a line, all without a trace in what it hands out, but for the size of the header.
 * Later ones refuse these by themselves (server.c asks for it).
 */
static int is_as_sent(const request *r, const fields *f, const char *version)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t line = strlen(r->method) + 1 + (r->target ? strlen(r->target) : 0) + 1 + strlen(version) + 2;
    return MHD_VERSION >= 0x00097701 || !info || info->header_size == line + f->bytes + 2;
}

/*
 * A target of the absolute form has the host twice (RFC 9112 section 3.2.2: that of the target counts). A proxy may have
 * gone by the one, and we would by the other: both must be the same. Port 80 is the same as none.
 */
static int check_authority(request *r, const fields *f, expectation *e)
{
    if (!r->target || strncmp(r->target, "http://", 7) != 0)
        return 1;
    const char *begin = r->target + 7;
    size_t size = strcspn(begin, "/?#");
    const char *host = f->count[HOST] ? f->value[HOST] : "";
    size_t n = strlen(host);
    if (size > 3 && strncmp(begin + size - 3, ":80", 3) == 0)
        size -= 3;
    if (n > 3 && strcmp(host + n - 3, ":80") == 0)
        n -= 3;
    if (size == 0 || size != n || strncasecmp(begin, host, n) != 0)
        return refuse_framing(r, e, names[HOST], "is not the host that the target names");
    return 1;
}

static int check_framing(request *r, const fields *f, const char *version, expectation *e)
{
    static const int once[] = {HOST, LENGTH, TRANSFER, TYPE, ORIGIN};
    const char *length = f->value[LENGTH];
    if (f->odd_name)
        return refuse_framing(r, e, "header",
                              "a name has a byte that no name may have (before the colon there is no blank)");
    if (f->odd_value)
        return refuse_framing(r, e, f->odd_value, "has a control byte");
    if (!is_as_sent(r, f, version))
        return refuse_framing(r, e, "header",
                              "a line is folded, has a NUL, or ends without CR and LF; or blanks are doubled");
    if (f->count[TRANSFER] && strcmp(version, "HTTP/1.1") != 0)
        return refuse_framing(r, e, names[TRANSFER], "is not for HTTP/1.0");
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
        if (f->count[once[i]] > 1)
            return refuse_framing(r, e, names[once[i]], "may occur only once");
    if (f->count[TRANSFER] && f->count[LENGTH])
        return refuse_framing(r, e, names[TRANSFER], "does not go with Content-Length");
    if (f->count[TRANSFER] && strcasecmp(f->value[TRANSFER], "chunked") != 0)
        return refuse_framing(r, e, names[TRANSFER], "only chunked is known");
    e->has_body = f->count[TRANSFER] || (length && strspn(length, "0") != strlen(length));
    e->length = !length ? -1 : strlen(length) > 18 ? INT64_MAX : strtoll(length, NULL, 10);
    e->continues = f->count[EXPECT] && strcasecmp(f->value[EXPECT], "100-continue") == 0;
    if (f->count[EXPECT] && !e->continues)
        return refuse(r, 417, NULL, "Expect: only 100-continue is known");
    if (!f->count[HOST] && strcmp(version, "HTTP/1.0") != 0)
        return refuse(r, 400, "invalid-header", "Host: must be given");
    return check_authority(r, f, e);
}

/* The name without a port; an IPv6 address without its brackets. 0: malformed. */
static int host_name(const char *host, char *out, size_t size)
{
    size_t n = strcspn(host, ":");
    const char *rest = host + n;
    const char *begin = host;
    if (*host == '[') {
        const char *end = strchr(host, ']');
        if (!end)
            return 0;
        begin = host + 1;
        n = (size_t)(end - begin);
        rest = end + 1;
    }
    if (n == 0 || n >= size || (*rest && (*rest != ':' || rest[1 + strspn(rest + 1, "0123456789")])))
        return 0;
    memcpy(out, begin, n);
    out[n] = '\0';
    return 1;
}

static int is_address(const char *name)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/*
 * A page of evil.example may let its name point to 127.0.0.1 and then passes for our own origin: only the name in Host
 * betrays it. An address cannot be borrowed that way.
 */
static int check_host(request *r, const fields *f)
{
    const limits *l = &r->app->limits;
    char name[256];
    if (!f->count[HOST])
        return 1;
    if (!host_name(f->value[HOST], name, sizeof name))
        return refuse(r, 400, "invalid-header", "Host: neither a name nor an address, with or without a port");
    if (is_address(name) || strcasecmp(name, "localhost") == 0)
        return 1;
    for (size_t i = 0; i < l->n_hosts; i++)
        if (strcasecmp(name, l->hosts[i]) == 0)
            return 1;
    return refuse(r, 421, "unknown-host", "Host: \"%.64s\" is not served here (--allow-host adds a name)", name);
}

/* Browsers say where a write comes from; programs do not, and are let in. */
static int check_origin(request *r, const fields *f)
{
    const char *origin = f->value[ORIGIN];
    const char *site = f->value[FETCH_SITE];
    if (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0 || strcmp(r->method, "OPTIONS") == 0)
        return 1;
    if (origin) {
        const char *host = strncmp(origin, "http://", 7) == 0    ? origin + 7
                           : strncmp(origin, "https://", 8) == 0 ? origin + 8
                                                                 : "";
        if (!f->count[HOST] || strcasecmp(host, f->value[HOST]) != 0)
            return refuse(r, 403, "foreign-origin", "Origin: pages of another origin may not write here");
    }
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return refuse(r, 403, "foreign-origin", "Sec-Fetch-Site: pages of another origin may not write here");
    return 1;
}

int check_headers(request *r, const char *version, expectation *e)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t limit = r->app->limits.header;
    fields f;
    memset(&f, 0, sizeof f);
    memset(e, 0, sizeof *e);
    MHD_get_connection_values_n(r->mhd, MHD_HEADER_KIND, collect, &f);
    if (!check_framing(r, &f, version, e))
        return 0;
    if (strlen(r->target) > limit / 2)
        return refuse(r, 414, "too-big", "target: longer than %zu bytes", limit / 2);
    if (info && info->header_size > limit)
        return refuse(r, 431, "too-big", "header: longer than %zu bytes", limit);
    return check_host(r, &f) && check_origin(r, &f);
}

/* "application/json", parameters apart; charset may say only what JSON is in any case. */
static int is_type(const char *value, const char *type)
{
    size_t n = strlen(type);
    if (strncasecmp(value, type, n) != 0)
        return 0;
    const char *p = value + n + strspn(value + n, " \t");
    if (*p == '\0')
        return 1;
    if (*p != ';')
        return 0;
    p += 1 + strspn(p + 1, " \t");
    return strcasecmp(p, "charset=utf-8") == 0 || strcasecmp(p, "charset=\"utf-8\"") == 0;
}

int check_body(request *r, const expectation *e)
{
    unsigned flags = r->route->flags;
    const char *type = MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, "Content-Type");
    const char *encoding = MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, "Content-Encoding");
    if (!(flags & (ROUTE_JSON | ROUTE_PATCH)))
        return e->has_body ? refuse(r, 400, "invalid-body", "body: this request takes none") : 1;
    if (encoding && strcasecmp(encoding, "identity") != 0)
        return refuse(r, 415, NULL, "Content-Encoding: the body must be sent as it is");
    if (!type ||
        !(is_type(type, "application/json") || ((flags & ROUTE_PATCH) && is_type(type, "application/merge-patch+json"))))
        return refuse(r, 415, NULL, "Content-Type: must be application/json%s, in UTF-8",
                      flags & ROUTE_PATCH ? " or application/merge-patch+json" : "");
    if (e->length > (int64_t)r->app->limits.body)
        return refuse(r, 413, "too-big", "body: longer than %zu bytes", r->app->limits.body);
    return 1;
}
