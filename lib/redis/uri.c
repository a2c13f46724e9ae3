/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: reading redis://, rediss:// and unix:// URIs into an address. Refuses: guessing (a missing host, two '@', a stray query are
 * errors), TLS in a build without it, and error texts that show any part of the URI, which may hold a password.
 */
#include "redis/uri.h"

#include "base/ascii.h"
#include "base/error.h"
#include "base/wipe.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* A piece of the URI. */
typedef struct span {
    const char *p;
    size_t n;
} span;

static mc_status bad(mc_error *err, const char *what)
{
    return mci_fail(err, MC_E_URI, MC_TIER_NONE, "Redis URI: %s", what);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Percent-decode into a text of `size` bytes. NULL, or what is wrong. */
static const char *decode(span in, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            int hi = i + 2 < in.n ? hex_digit(in.p[i + 1]) : -1;
            int lo = i + 2 < in.n ? hex_digit(in.p[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return "'%' must be followed by two hexadecimal digits";
            c = (char)(hi * 16 + lo);
            if (c == '\0')
                return "%00 is not allowed";
            i += 2;
        }
        if (n + 1 >= size)
            return "the user, password, host or socket path is too long";
        out[n++] = c;
    }
    out[n] = '\0';
    return NULL;
}

/* All digits, at most `max`. -1 when not. */
static int number(span in, int max)
{
    if (in.n == 0 || in.n > 5)
        return -1;
    int v = 0;
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] < '0' || in.p[i] > '9')
            return -1;
        v = v * 10 + (in.p[i] - '0');
    }
    return v <= max ? v : -1;
}

static const char *find(span in, char c)
{
    return in.n == 0 ? NULL : memchr(in.p, c, in.n);
}

/* Cut the part before `at` off the front of `rest`; `at` itself goes too. */
static span cut(span *rest, const char *at)
{
    span head = {rest->p, (size_t)(at - rest->p)};
    rest->n -= head.n + 1;
    rest->p = at + 1;
    return head;
}

static const char *read_userinfo(span *authority, mci_redis_addr *out)
{
    const char *at = find(*authority, '@');
    if (at == NULL)
        return NULL;
    span info = cut(authority, at);
    if (find(*authority, '@') != NULL)
        return "an '@' in the user or password must be written %40";
    const char *why = NULL;
    const char *colon = find(info, ':');
    if (colon != NULL) {
        span user = cut(&info, colon);
        why = decode(user, out->user, sizeof out->user);
        return why != NULL ? why : decode(info, out->password, sizeof out->password);
    }
    return decode(info, out->user, sizeof out->user);
}

/* [address], [address%25zone] */
static const char *read_ipv6(span literal, mci_redis_addr *out)
{
    const char *why = decode(literal, out->host, sizeof out->host);
    if (why != NULL)
        return why;
    char address[INET6_ADDRSTRLEN];
    size_t n = strcspn(out->host, "%");
    struct in6_addr ignored;
    if (n >= sizeof address || (out->host[n] == '%' && out->host[n + 1] == '\0'))
        return "the address in [] is not an IPv6 address";
    memcpy(address, out->host, n);
    address[n] = '\0';
    return inet_pton(AF_INET6, address, &ignored) == 1 ? NULL : "the address in [] is not an IPv6 address";
}

static const char *read_host(span authority, mci_redis_addr *out)
{
    span host = authority;
    span port = {NULL, 0};
    if (host.n > 0 && host.p[0] == '[') {
        const char *end = find(host, ']');
        if (end == NULL)
            return "'[' without ']'";
        port = authority;
        host = cut(&port, end);
        host.p++;
        host.n--;
        if (port.n > 0 && port.p[0] != ':')
            return "only a port may follow ']'";
        const char *why = read_ipv6(host, out);
        if (why != NULL)
            return why;
        if (port.n > 0) {
            port.p++;
            port.n--;
        } else {
            port.p = NULL;
        }
    } else {
        const char *colon = find(host, ':');
        if (colon != NULL) {
            port = host;
            host = cut(&port, colon);
        }
        if (host.n == 0)
            return "the host is missing";
        if (host.n >= sizeof out->host)
            return "the host is longer than 255 bytes";
        for (size_t i = 0; i < host.n; i++) {
            char c = host.p[i];
            int fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
                       c == '_';
            if (!fine)
                return "the host may hold letters, digits, '.', '-' and '_' (an IPv6 address is written in [])";
        }
        memcpy(out->host, host.p, host.n);
        out->host[host.n] = '\0';
    }
    out->port = 6379;
    if (port.p != NULL) {
        out->port = number(port, 65535);
        if (out->port < 1)
            return "the port must be 1 to 65535";
    }
    return NULL;
}

typedef struct query {
    mci_uri_option_fn option;
    void *user;
    int db_seen; /* in the path, or in the query */
} query;

/* One name=value of the query. */
static mc_status read_parameter(span pair, query *q, mci_redis_addr *out, mc_error *err)
{
    char name[64];
    char value[MCI_URI_MAX];
    const char *eq = find(pair, '=');
    if (eq == NULL || eq == pair.p)
        return bad(err, "the query must be name=value&name=value");
    span key = cut(&pair, eq);
    if (key.n == 2 && memcmp(key.p, "db", 2) == 0) {
        if (q->db_seen)
            return bad(err, "the database number is given twice");
        q->db_seen = 1;
        out->db = number(pair, 65535);
        return out->db < 0 ? bad(err, "the database number must be 0 to 65535") : MC_OK;
    }
    if (q->option == NULL)
        return bad(err, "the query has a parameter that is not known");
    if (key.n >= sizeof name)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "the query names an option that does not exist");
    memcpy(name, key.p, key.n);
    name[key.n] = '\0';
    const char *why = decode(pair, value, sizeof value);
    mc_status st = why != NULL ? bad(err, why) : q->option(q->user, name, value, err);
    mci_wipe(value, sizeof value);
    return st;
}

static mc_status read_query(const char *text, query *q, mci_redis_addr *out, mc_error *err)
{
    mc_status st = MC_OK;
    for (size_t n = 0; st == MC_OK; text += n + 1) {
        n = strcspn(text, "&");
        span pair = {text, n};
        st = read_parameter(pair, q, out, err);
        if (text[n] == '\0')
            break;
    }
    return st;
}

/* host[:port],host[:port]...: each is checked as one host is, and kept as text with its port. */
static const char *read_seeds(span list, int port, mci_redis_addr *out)
{
    mci_redis_addr one = {0};
    size_t used = 0;
    for (int n = 0;; n++) {
        const char *comma = find(list, ',');
        span host = comma != NULL ? cut(&list, comma) : list;
        if (n == MCI_SEEDS_MAX)
            return "more than 16 hosts";
        const char *why = read_host(host, &one);
        if (why != NULL)
            return why;
        if (find(host, ':') == NULL || (host.p[0] == '[' && host.p[host.n - 1] == ']'))
            one.port = port;
        int len =
            snprintf(out->seeds + used, sizeof out->seeds - used, "%s%s%s%s:%d", n > 0 ? "," : "",
                     strchr(one.host, ':') != NULL ? "[" : "", one.host, strchr(one.host, ':') != NULL ? "]" : "", one.port);
        if (len < 0 || (size_t)len >= sizeof out->seeds - used)
            return "the list of hosts is longer than 511 bytes";
        used += (size_t)len;
        if (n == 0) {
            memcpy(out->host, one.host, sizeof out->host);
            out->port = one.port;
        }
        if (comma == NULL)
            return NULL;
    }
}

const char *mci_redis_seed(const char *seeds, char host[256], int *port)
{
    size_t n = strcspn(seeds, ",");
    const char *colon = seeds + n;
    while (*colon != ':')
        colon--;
    int v6 = seeds[0] == '[';
    size_t len = (size_t)(colon - seeds) - (v6 ? 2 : 0);
    memcpy(host, seeds + v6, len);
    host[len] = '\0';
    *port = number((span){colon + 1, (size_t)(seeds + n - colon - 1)}, 65535);
    return seeds[n] == ',' ? seeds + n + 1 : NULL;
}

static const char *read_sentinel(span authority, span path, mci_redis_addr *out, int *db_seen)
{
    out->topology = MCI_SENTINEL;
    const char *why = read_userinfo(&authority, out);
    if (why == NULL)
        why = read_seeds(authority, 26379, out);
    if (why != NULL)
        return why;
    span service = {path.p + (path.n > 0), path.n - (path.n > 0)};
    const char *slash = find(service, '/');
    if (slash != NULL) {
        span rest = service;
        service = cut(&rest, slash);
        out->db = number(rest, 65535);
        *db_seen = 1;
        if (out->db < 0)
            return "what follows the service must be a database number, 0 to 65535";
    }
    if (service.n == 0)
        return "the service is missing: redis+sentinel://host:port,host:port/service";
    why = decode(service, out->service, sizeof out->service);
    return why != NULL ? "the name of the service is too long, or not percent-encoded" : NULL;
}

static const char *read_cluster(span authority, span path, mci_redis_addr *out)
{
    out->topology = MCI_CLUSTER;
    const char *why = read_userinfo(&authority, out);
    if (why == NULL)
        why = read_seeds(authority, 6379, out);
    if (why == NULL && path.n > 1 && !(path.n == 2 && path.p[1] == '0'))
        why = "a cluster has database 0 only";
    return why;
}

static const char *read_tcp(span authority, span path, mci_redis_addr *out, int *db_seen)
{
    const char *why = read_userinfo(&authority, out);
    if (why == NULL)
        why = read_host(authority, out);
    if (why != NULL || path.n <= 1)
        return why;
    span n = {path.p + 1, path.n - 1};
    out->db = number(n, 65535);
    *db_seen = 1;
    return out->db < 0 ? "the path must be a database number, 0 to 65535" : NULL;
}

static const char *read_unix(span authority, span path, mci_redis_addr *out)
{
    const char *why = read_userinfo(&authority, out);
    if (why != NULL)
        return why;
    if (authority.n != 0)
        return "unix:// has no host: a third '/' begins the path";
    if (path.n <= 1)
        return "the path of the socket is missing";
    return decode(path, out->path, sizeof out->path);
}

/* `tls`: with one more s behind "redis". */
static int is_scheme(const char *uri, size_t len, const char *scheme, int tls)
{
    size_t n = strlen(scheme);
    if (!tls)
        return len == n && mci_same_word(uri, scheme, n);
    return strncmp(scheme, "redis", 5) == 0 && len == n + 1 && mci_same_word(uri + 6, scheme + 5, n - 5);
}

static mc_status parse(const char *uri, mci_redis_addr *out, query *q, mc_error *err)
{
    for (const char *p = uri; *p != '\0'; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
            return bad(err, "blanks, control bytes and bytes above 126 must be percent-encoded");
    const char *colon = strstr(uri, "://");
    if (colon == NULL || colon == uri)
        return bad(err, "it has no scheme: redis://host:port/db or unix:///path");
    size_t scheme = (size_t)(colon - uri);
    enum { TCP, UNIX, SENTINEL, CLUSTER, UNKNOWN };
    int kind = UNKNOWN;
    static const char *const schemes[] = {
        [TCP] = "redis", [UNIX] = "unix", [SENTINEL] = "redis+sentinel", [CLUSTER] = "redis+cluster"};
    int tls = scheme >= 6 && mci_same_word(uri, "rediss", 6);
    for (int i = 0; i < UNKNOWN; i++)
        if (is_scheme(uri, scheme, schemes[i], tls))
            kind = i;
    if (kind == UNKNOWN)
        return bad(err, "the scheme must be redis, rediss (TLS), unix, redis+sentinel, rediss+sentinel, redis+cluster or "
                        "rediss+cluster");
#if !MFLIXCACHE_WITH_TLS
    if (tls)
        return mci_fail(err, MC_E_TLS, MC_TIER_NONE, "Redis URI: rediss:// asks for TLS, which this build does not have");
#endif
    out->tls = tls;

    const char *rest = colon + 3;
    span authority = {rest, strcspn(rest, "/?#")};
    rest += authority.n;
    span path = {rest, strcspn(rest, "?#")};
    rest += path.n;
    if (strchr(rest, '#') != NULL)
        return bad(err, "a fragment ('#') has no meaning; in a password write %23");
    const char *why = kind == TCP        ? read_tcp(authority, path, out, &q->db_seen)
                      : kind == UNIX     ? read_unix(authority, path, out)
                      : kind == SENTINEL ? read_sentinel(authority, path, out, &q->db_seen)
                                         : read_cluster(authority, path, out);
    if (why != NULL)
        return bad(err, why);
    return *rest == '?' ? read_query(rest + 1, q, out, err) : MC_OK;
}

mc_status mci_redis_uri_parse(const char *uri, mci_redis_addr *out, mci_uri_option_fn option, void *user, mc_error *err)
{
    query q = {.option = option, .user = user};
    memset(out, 0, sizeof *out);
    mc_status st = uri == NULL || *uri == '\0' ? bad(err, "it is empty") : parse(uri, out, &q, err);
    if (st != MC_OK)
        mci_redis_addr_wipe(out);
    return st;
}

void mci_redis_addr_wipe(mci_redis_addr *addr)
{
    mci_wipe(addr, sizeof *addr);
}
