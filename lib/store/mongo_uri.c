/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: which MongoDB addresses are taken, and the time-outs in them. Refuses: options it does not know (the driver would print and
 * ignore them), unacknowledged writes, and files of certificates that are not there.
 */
#include "store/mongo_uri.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEARTBEAT_MS 1000 /* how often a server that is away is looked for when nobody asks the driver */

static const char *const known_options[] = {"appname",
                                            "authmechanism",
                                            "authmechanismproperties",
                                            "authsource",
                                            "canonicalizehostname",
                                            "compressors",
                                            "connecttimeoutms",
                                            "directconnection",
                                            "gssapiservicename",
                                            "heartbeatfrequencyms",
                                            "journal",
                                            "loadbalanced",
                                            "localthresholdms",
                                            "maxidletimems",
                                            "maxpoolsize",
                                            "readconcernlevel",
                                            "readpreference",
                                            "replicaset",
                                            "retryreads",
                                            "retrywrites",
                                            "serverselectiontimeoutms",
                                            "sockettimeoutms",
                                            "srvmaxhosts",
                                            "srvservicename",
                                            "ssl",
                                            "tls",
                                            "tlsallowinvalidcertificates",
                                            "tlsallowinvalidhostnames",
                                            "tlscafile",
                                            "tlscertificatekeyfile",
                                            "tlscertificatekeyfilepassword",
                                            "tlsdisablecertificaterevocationcheck",
                                            "tlsdisableocspendpointcheck",
                                            "tlsinsecure",
                                            "w",
                                            "waitqueuetimeoutms",
                                            "wtimeoutms",
                                            "zlibcompressionlevel"};

static int is_known(const char *key, size_t n)
{
    for (size_t i = 0; i < sizeof known_options / sizeof *known_options; i++)
        if (strlen(known_options[i]) == n && mci_same_word(known_options[i], key, n))
            return 1;
    return 0;
}

/* The driver logs options it does not know and goes on; a mistyped "tls" must not do that. */
static mc_status check_options(const char *uri, mc_error *err)
{
    const char *at = strrchr(uri, '@'); /* a '?' before it belongs to the password */
    const char *p = strchr(at != NULL ? at : uri, '?');
    while (p != NULL && p[1] != '\0') {
        p++;
        size_t pair = strcspn(p, "&;");
        size_t key = strcspn(p, "=&;");
        if (key == pair || !is_known(p, key))
            return mci_fail(err, MC_E_URI, MC_TIER_STORE, "store.uri: option '%.*s' is not known",
                            (int)(key > 64 ? 64 : key), p);
        p = p[pair] == '\0' ? NULL : p + pair;
    }
    return MC_OK;
}

static void limit_option(mongoc_uri_t *uri, const char *key, int64_t ms)
{
    int32_t most = ms > INT32_MAX ? INT32_MAX : (int32_t)ms;
    int32_t given = mongoc_uri_get_option_as_int32(uri, key, 0);
    (void)mongoc_uri_set_option_as_int32(uri, key, given > 0 && given < most ? given : most);
}

/* A file that the address names and that cannot be read: the driver would only say that TLS cannot be had. */
static mc_status check_file(const mongoc_uri_t *uri, const char *option, mc_error *err)
{
    const char *path = mongoc_uri_get_option_as_utf8(uri, option, NULL);
    char why[128] = "";
    if (path == NULL || access(path, R_OK) == 0)
        return MC_OK;
    if (strerror_r(errno, why, sizeof why) != 0)
        (void)snprintf(why, sizeof why, "it cannot be read");
    return mci_fail(err, MC_E_TLS, MC_TIER_STORE, "store.uri: %s: %.250s: %s", option, path, why);
}

mc_status mci_mongo_uri_parse(const mci_store_options *opt, int64_t timeout_ms, mongoc_uri_t **out, mc_error *err)
{
    bson_error_t e;
    *out = NULL;
    mc_status st = check_options(opt->addr.text, err);
    if (st != MC_OK)
        return st;
    mongoc_uri_t *uri = mongoc_uri_new_with_error(opt->addr.text, &e);
    if (uri == NULL) /* the driver's text may quote the address; only without credentials is that fit to be shown */
        return mci_fail(err, MC_E_URI, MC_TIER_STORE, "store.uri: %.200s",
                        strchr(opt->addr.text, '@') == NULL ? e.message
                                                            : "not a valid MongoDB address (special characters in user or "
                                                              "password must be percent-encoded)");
    const mongoc_write_concern_t *wc = mongoc_uri_get_write_concern(uri);
    if (wc != NULL && !mongoc_write_concern_is_acknowledged(wc)) {
        mongoc_uri_destroy(uri);
        return mci_fail(err, MC_E_URI, MC_TIER_STORE, "store.uri: w=0 cannot be used, every write must be acknowledged");
    }
#ifndef MONGOC_ENABLE_SSL
    if (mongoc_uri_get_tls(uri)) {
        mongoc_uri_destroy(uri);
        return mci_fail(err, MC_E_TLS, MC_TIER_STORE, "store.uri asks for TLS, and this libmongoc was built without");
    }
#endif
    st = check_file(uri, MONGOC_URI_TLSCAFILE, err);
    if (st == MC_OK)
        st = check_file(uri, MONGOC_URI_TLSCERTIFICATEKEYFILE, err);
    if (st != MC_OK) {
        mongoc_uri_destroy(uri);
        return st;
    }
    /* A monitor that waits for a silent server is to say so before the first call gives up. */
    limit_option(uri, MONGOC_URI_CONNECTTIMEOUTMS, timeout_ms - timeout_ms / 4);
    limit_option(uri, MONGOC_URI_SOCKETTIMEOUTMS, timeout_ms);
    if (!mongoc_uri_has_option(uri, MONGOC_URI_HEARTBEATFREQUENCYMS))
        (void)mongoc_uri_set_option_as_int32(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, HEARTBEAT_MS);
    if (mongoc_uri_get_appname(uri) == NULL)
        (void)mongoc_uri_set_appname(uri, "mflixcache");
    *out = uri;
    return MC_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *mci_mongo_identity(const mongoc_uri_t *uri, const char *database)
{
    const char *hosts[64];
    size_t n = 0;
    mci_buf b;
    mci_buf_init(&b, (size_t)64 * 1024);
    const char *srv = mongoc_uri_get_srv_hostname(uri);
    if (srv != NULL)
        hosts[n++] = srv;
    for (const mongoc_host_list_t *h = mongoc_uri_get_hosts(uri); srv == NULL && h != NULL && n < 64; h = h->next)
        hosts[n++] = h->host_and_port;
    qsort(hosts, n, sizeof hosts[0], by_name);
    mci_buf_str(&b, "mongodb:");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            mci_buf_char(&b, ',');
        mci_buf_str(&b, hosts[i]);
    }
    mci_buf_char(&b, '/');
    mci_buf_str(&b, database);
    char *out = b.failed ? NULL : strdup(b.data);
    mci_buf_free(&b);
    return out;
}
