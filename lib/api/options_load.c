/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: taking options from the environment and from files. Refuses: doing so unasked: a library that reads the environment
 * by itself surprises its host.
 */
#include "api/options.h"
#include "base/error.h"
#include "base/wipe.h"
#include "codec/options_json.h"
#include "redis/uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

/* The value of a variable; NULL when it is unset or empty. */
static const char *from_env(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || *value == '\0' ? NULL : value;
}

/*
 * Kubernetes puts REDIS_PORT=tcp://ADDRESS:PORT into every container when a service is called "redis" (as Docker's links did). Nobody
 * set that: it is not a setting.
 */
static int is_service_link(const char *value)
{
    return strncmp(value, "tcp://", 6) == 0 || strncmp(value, "udp://", 6) == 0;
}

/* Say which variable was at fault. */
static mc_status blame(mc_error *err, mc_status st, const char *name)
{
    if (st != MC_OK && err != NULL)
        return mci_fail(err, st, MC_TIER_NONE, "environment variable %s: %s", name, err->text);
    return st;
}

/* Append with every byte percent-encoded that may have a meaning in a URI. */
static void encode(const char *in, char *out, size_t size)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = strlen(out);
    for (const unsigned char *p = (const unsigned char *)in; *p != '\0' && n + 4 < size; p++) {
        int plain =
            (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || strchr("-._~", *p) != NULL;
        if (plain) {
            out[n++] = (char)*p;
        } else {
            out[n++] = '%';
            out[n++] = hex[*p >> 4];
            out[n++] = hex[*p & 15];
        }
    }
    out[n] = '\0';
}

static void add(const char *in, char *out, size_t size)
{
    size_t n = strlen(out);
    (void)snprintf(out + n, size - n, "%s", in);
}

/* cache.uri with another host and port; user, password and database stay. */
static mc_status set_redis_address(mci_settings *s, const char *host, const char *port, mc_error *err)
{
    mci_redis_addr addr = s->cache_addr;
    char uri[MCI_TEXT_OPT * 4] = "";
    add(addr.tls ? "rediss://" : "redis://", uri, sizeof uri);
    if (addr.user[0] != '\0' || addr.password[0] != '\0') {
        encode(addr.user, uri, sizeof uri);
        add(":", uri, sizeof uri);
        encode(addr.password, uri, sizeof uri);
        add("@", uri, sizeof uri);
    }
    if (host == NULL)
        host = addr.host[0] != '\0' ? addr.host : "127.0.0.1";
    int ipv6 = strchr(host, ':') != NULL && host[0] != '[';
    size_t n = strlen(uri);
    char number[16];
    if (port == NULL) {
        (void)snprintf(number, sizeof number, "%d", addr.port == 0 ? 6379 : addr.port);
        port = number;
    }
    (void)snprintf(uri + n, sizeof uri - n, "%s%.300s%s:%.16s/%d", ipv6 ? "[" : "", host, ipv6 ? "]" : "", port, addr.db);
    mc_status st = mci_settings_set(s, "cache.uri", uri, err);
    mci_wipe(uri, sizeof uri);
    mci_redis_addr_wipe(&addr);
    return st;
}

/* The names that other programs of this kind read. */
static mc_status load_common(mci_settings *s, mc_error *err)
{
    /* What the specific variable overrides is not even looked at. */
    const char *mongo = from_env("MFLIXCACHE_STORE_URI") != NULL ? NULL : from_env("MONGO_URL");
    if (mongo != NULL) {
        mc_status st = blame(err, mci_settings_set(s, "store.uri", mongo, err), "MONGO_URL");
        if (st != MC_OK)
            return st;
    }
    if (from_env("MFLIXCACHE_CACHE_URI") != NULL)
        return MC_OK;
    const char *host = from_env("REDIS_HOST");
    const char *port = from_env("REDIS_PORT");
    if (port != NULL && is_service_link(port))
        port = NULL;
    if (host != NULL && strpbrk(host, "/@?#") != NULL)
        return mci_fail(err, MC_E_URI, MC_TIER_NONE,
                        "environment variable REDIS_HOST: a host name or address is needed, no URI");
    if (port != NULL && strspn(port, "0123456789") != strlen(port))
        return mci_fail(err, MC_E_URI, MC_TIER_NONE, "environment variable REDIS_PORT: the port must be 1 to 65535");
    if (host != NULL) {
        mc_status st = blame(err, set_redis_address(s, host, NULL, err), "REDIS_HOST");
        if (st != MC_OK)
            return st;
    }
    return port == NULL ? MC_OK : blame(err, set_redis_address(s, NULL, port, err), "REDIS_PORT");
}

/* Names that begin as ours do and are none: the package's own, and what Kubernetes makes of a service of that name. */
static int is_foreign(const char *name, size_t n)
{
    static const char *const parts[] = {"MFLIXCACHE_LIBRARY", "_SERVICE_", "_PORT"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t m = strlen(parts[i]);
        for (size_t at = 0; at + m <= n; at++)
            if (memcmp(name + at, parts[i], m) == 0)
                return 1;
    }
    return 0;
}

static int is_option_variable(const char *name, size_t n)
{
    size_t rows;
    const mci_option *table = mci_option_table(&rows);
    for (size_t i = 0; i < rows; i++)
        if (strlen(table[i].info.env) == n && memcmp(table[i].info.env, name, n) == 0)
            return 1;
    return 0;
}

/* A setting whose name is misspelt would be ignored in silence: the names, never the values, go into the text. */
static void name_unknown(mc_error *err)
{
    size_t used = 0;
    for (char **p = environ; p != NULL && *p != NULL; p++) {
        size_t n = strcspn(*p, "=");
        if (strncmp(*p, "MFLIXCACHE_", 11) != 0 || is_option_variable(*p, n) || is_foreign(*p, n))
            continue;
        int more = snprintf(err->text + used, sizeof err->text - used, "%s%.*s",
                            used == 0 ? "no option has this environment variable: " : ", ", n > 80 ? 80 : (int)n, *p);
        used += more > 0 ? (size_t)more : 0;
        if (used >= sizeof err->text)
            return;
    }
}

mc_status mc_options_load_env(mc_options *o, mc_error *err)
{
    mc_error own;
    if (err == NULL)
        err = &own;
    mci_error_clear(err);
    if (o == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "options is NULL");
    mci_settings *s = mci_options_writable(o);
    mc_status st = load_common(s, err);
    size_t n;
    const mci_option *table = mci_option_table(&n);
    for (size_t i = 0; i < n && st == MC_OK; i++) {
        const char *value = from_env(table[i].info.env);
        if (value != NULL)
            st = blame(err, mci_settings_set(s, table[i].info.key, value, err), table[i].info.env);
    }
    if (st == MC_OK)
        name_unknown(err);
    return st;
}

static mc_status take(const char *key, const char *value, void *user, mc_error *err)
{
    return mci_settings_set(user, key, value, err);
}

mc_status mc_options_load_file(mc_options *o, const char *path, mc_error *err)
{
    mci_error_clear(err);
    if (o == NULL || path == NULL)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "%s is NULL", o == NULL ? "options" : "path");
    /* All of the file, or nothing. */
    mci_settings copy = *mci_options_settings(o);
    mc_status st = mci_options_read_file(path, take, &copy, err);
    if (st == MC_OK)
        *mci_options_writable(o) = copy;
    mci_wipe(&copy, sizeof copy);
    return st;
}
