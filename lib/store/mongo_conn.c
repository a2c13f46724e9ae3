/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the client pool, the checks of the URI, waiting for a server until the deadline, and what the driver's errors mean.
 * Refuses: options it does not know (the driver would print and ignore them), unacknowledged writes, reads from
 * secondaries, and the password in any text.
 *
 * Process state: the driver sends with MSG_NOSIGNAL, so no SIGPIPE reaches the host. mongoc_init() is called when the host
 * wants it, mongoc_cleanup() never: it cannot be undone, and the host may use the driver too.
 */
#include "store/mongo_conn.h"

#include "base/error.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define SELECTION_MS 1000 /* the driver's own wait for a server: we have waited before it, so this is for its retry */
#define WAIT_STEP_MS 5
#define HEARTBEAT_MS 1000 /* how often a server that is away is looked for when nobody asks the driver */

/* ---- the address ---- */

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

static mc_status parse_uri(const mci_store_options *opt, int64_t timeout_ms, mongoc_uri_t **out, mc_error *err)
{
    bson_error_t e;
    *out = NULL;
    mc_status st = check_options(opt->uri, err);
    if (st != MC_OK)
        return st;
    mongoc_uri_t *uri = mongoc_uri_new_with_error(opt->uri, &e);
    if (uri == NULL) /* the driver's text may quote the address; only without credentials is that fit to be shown */
        return mci_fail(err, MC_E_URI, MC_TIER_STORE, "store.uri: %.200s",
                        strchr(opt->uri, '@') == NULL ? e.message
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
    limit_option(uri, MONGOC_URI_CONNECTTIMEOUTMS, timeout_ms);
    limit_option(uri, MONGOC_URI_SOCKETTIMEOUTMS, timeout_ms);
    limit_option(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, timeout_ms < SELECTION_MS ? timeout_ms : SELECTION_MS);
    if (!mongoc_uri_has_option(uri, MONGOC_URI_HEARTBEATFREQUENCYMS))
        (void)mongoc_uri_set_option_as_int32(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, HEARTBEAT_MS);
    if (mongoc_uri_get_appname(uri) == NULL)
        (void)mongoc_uri_set_appname(uri, "mflixcache");
    *out = uri;
    return MC_OK;
}

/* ---- life ---- */

/* Runs on the driver's monitor threads with its lock held: notes what is known, calls nothing. */
static void topology_changed(const mongoc_apm_topology_changed_t *event)
{
    mci_mongo *m = mongoc_apm_topology_changed_get_context(event);
    const mongoc_topology_description_t *td = mongoc_apm_topology_changed_get_new_description(event);
    atomic_store(&m->writable, mongoc_topology_description_has_writable_server(td));
    atomic_store(&m->readable, mongoc_topology_description_has_readable_server(td, m->primary));
}

void mci_mongo_free(mci_mongo *m)
{
    if (m->pool != NULL)
        mongoc_client_pool_destroy(m->pool); /* stops the monitors first: no callback comes after it */
    mongoc_read_prefs_destroy(m->primary);
    if (m->secret != NULL) {
        volatile char *p = m->secret;
        while (*p != '\0')
            *p++ = '\0';
    }
    free(m->secret);
    free(m->database);
    mci_cond_destroy(&m->freed);
    mci_mutex_destroy(&m->lock);
    free(m);
}

static mc_status open_pool(mci_mongo *m, const mongoc_uri_t *uri, mc_error *err)
{
    bson_error_t e;
    m->pool = mongoc_client_pool_new_with_error(uri, &e);
    if (m->pool == NULL)
        return mci_fail_code(err, mongoc_uri_get_tls(uri) ? MC_E_TLS : MC_E_URI, MC_TIER_STORE, (int)e.code,
                             "store.uri: the driver cannot use this address%s%.200s", m->secret == NULL ? ": " : "",
                             m->secret == NULL ? e.message : "");
    mongoc_apm_callbacks_t *cbs = mongoc_apm_callbacks_new();
    mongoc_apm_set_topology_changed_cb(cbs, topology_changed);
    (void)mongoc_client_pool_set_apm_callbacks(m->pool, cbs, m);
    mongoc_apm_callbacks_destroy(cbs);
    (void)mongoc_client_pool_set_error_api(m->pool, MONGOC_ERROR_API_VERSION_2);
    mongoc_client_pool_max_size(m->pool, (uint32_t)m->nfree);
    return MC_OK;
}

static char *copy_or_null(const char *s)
{
    return s != NULL && s[0] != '\0' ? strdup(s) : NULL;
}

mc_status mci_mongo_new(const mci_store_options *opt, const mci_store_env *env, mci_mongo **out, mc_error *err)
{
    mongoc_uri_t *uri;
    int64_t timeout_ms = opt->timeout_ms > 0 ? opt->timeout_ms : 5000;
    *out = NULL;
    if (opt->init_driver)
        mongoc_init();
    mc_status st = parse_uri(opt, timeout_ms, &uri, err);
    if (st != MC_OK)
        return st;
    const char *database = mongoc_uri_get_database(uri);
    if (database == NULL || database[0] == '\0')
        database = opt->database;
    mci_mongo *m = calloc(1, sizeof *m);
    if (m == NULL || mci_mutex_init(&m->lock) != 0 || mci_cond_init(&m->freed) != 0) {
        free(m);
        mongoc_uri_destroy(uri);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "mongodb: out of memory");
    }
    m->env = *env;
    m->timeout_ms = timeout_ms;
    m->nfree = opt->pool_max < 1 ? 1 : opt->pool_max > 1000 ? 1000 : opt->pool_max;
    m->primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
    m->selection_ms = mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, SELECTION_MS);
    m->database = copy_or_null(database);
    m->secret = copy_or_null(mongoc_uri_get_password(uri));
    if (m->database == NULL)
        st = mci_fail(err, MC_E_URI, MC_TIER_STORE, "store.uri names no database, and store.database is empty");
    else
        st = open_pool(m, uri, err);
    mongoc_uri_destroy(uri);
    if (st == MC_OK)
        *out = m;
    else
        mci_mongo_free(m);
    return st;
}

/* ---- one operation ---- */

int64_t mci_mongo_left_ms(const mci_mongo_op *o)
{
    int left = mci_deadline_left_ms(o->dl);
    return left < 1 ? 1 : left;
}

/* Wait until a server that can do it is known. The driver's own wait has one length for all operations: it is used as long as it
 * fits in what is left, because it makes the monitors look at once, and after that the monitors are watched. */
static mc_status wait_for_server(mci_mongo_op *o)
{
    atomic_int *known = o->is_write ? &o->s->writable : &o->s->readable;
    while (!atomic_load(known)) {
        int left = mci_deadline_left_ms(o->dl);
        if (left == 0)
            return mci_fail(o->err, MC_E_STORE, MC_TIER_STORE, "mongodb %s %s: no server can be reached", o->what,
                            o->spec != NULL ? o->spec->name : "");
        if (left <= o->s->selection_ms) {
            mci_sleep_ms(WAIT_STEP_MS, o->dl);
            continue;
        }
        bson_error_t e;
        mongoc_server_description_t *sd =
            mongoc_client_select_server(o->client, o->is_write != 0, o->is_write ? NULL : o->s->primary, &e);
        mongoc_server_description_destroy(sd);
        if (sd != NULL)
            break;
    }
    return MC_OK;
}

static void put_back(mci_mongo_op *o)
{
    mongoc_collection_destroy(o->coll);
    mongoc_client_pool_push(o->s->pool, o->client);
    mci_mutex_lock(&o->s->lock);
    o->s->nfree++;
    mci_cond_signal(&o->s->freed);
    mci_mutex_unlock(&o->s->lock);
}

mc_status mci_mongo_begin(mci_mongo_op *o, mci_store *s, const mci_spec *spec, const char *what, int is_write,
                          mci_deadline dl, mc_error *err)
{
    mci_mongo *m = (mci_mongo *)s;
    const char *name = spec != NULL ? spec->name : "";
    *o = (mci_mongo_op){.s = m, .spec = spec, .what = what, .is_write = is_write, .err = err};
    o->dl = mci_deadline_min(dl, mci_deadline_in(m->timeout_ms));
    if (mci_deadline_left_ms(dl) == 0)
        return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "mongodb %s %s: the deadline has passed", what, name);
    mci_mutex_lock(&m->lock);
    while (m->nfree == 0)
        if (mci_cond_wait(&m->freed, &m->lock, o->dl) != 0 && m->nfree == 0) {
            mci_mutex_unlock(&m->lock);
            return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "mongodb %s %s: no connection became free", what, name);
        }
    m->nfree--;
    mci_mutex_unlock(&m->lock);
    o->client = mongoc_client_pool_pop(m->pool); /* starts the monitors the first time; never waits, we have counted */
    mc_status st = wait_for_server(o);
    if (st != MC_OK) {
        put_back(o);
        return st;
    }
#if MONGOC_CHECK_VERSION(1, 27, 0)
    mongoc_client_set_sockettimeoutms(o->client, (int32_t)mci_mongo_left_ms(o)); /* pushing it back restores the pool's */
#endif
    if (spec != NULL)
        o->coll = mongoc_client_get_collection(o->client, m->database, spec->name);
    return MC_OK;
}

mc_status mci_mongo_end(mci_mongo_op *o, mc_status st)
{
    put_back(o);
    return st;
}

/* ---- errors ---- */

mc_status mci_mongo_nomem(mci_mongo_op *o)
{
    return mci_fail(o->err, MC_E_NOMEM, MC_TIER_STORE, "mongodb %s: out of memory", o->what);
}

mc_status mci_mongo_code_status(uint32_t code)
{
    switch (code) {
    case 11000: /* DuplicateKey */
    case 11001:
    case 12582:
        return MC_E_EXISTS;
    case 28: /* PathNotViable */
        return MC_E_CONFLICT;
    case 13:   /* Unauthorized */
    case 18:   /* AuthenticationFailed */
    case 8000: /* AtlasError, which is how Atlas refuses a user */
        return MC_E_AUTH;
    case 50: /* MaxTimeMSExpired: the server gave it up before it was committed */
        return MC_E_TIMEOUT;
    case 10334: /* BSONObjectTooLarge */
    case 17419:
    case 17420:
        return MC_E_TOOBIG;
    default:
        return MC_E_STORE;
    }
}

/* Codes with which a server, or a router in front of it, tells that it lost sight of the operation. */
static int outcome_lost(uint32_t code)
{
    static const uint32_t codes[] = {6, 7, 89, 91, 189, 262, 9001, 11600, 11602};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == code)
            return 1;
    return 0;
}

static mc_status client_side(const mci_mongo_op *o, const bson_error_t *e)
{
    int sent = 1;
    if (e->domain == MONGOC_ERROR_SASL || e->domain == MONGOC_ERROR_SCRAM ||
        (e->domain == MONGOC_ERROR_CLIENT && e->code == MONGOC_ERROR_CLIENT_AUTHENTICATE))
        return MC_E_AUTH; /* connecting comes before sending */
    if (e->domain == MONGOC_ERROR_SERVER_SELECTION || e->domain == MONGOC_ERROR_CLIENT || e->domain == MONGOC_ERROR_BSON ||
        e->domain == MONGOC_ERROR_POOL || (e->domain == MONGOC_ERROR_COMMAND && e->code == MONGOC_ERROR_COMMAND_INVALID_ARG))
        sent = 0;
    if (e->domain == MONGOC_ERROR_STREAM && e->code != MONGOC_ERROR_STREAM_SOCKET)
        sent = 0; /* names, connecting, a server that is known to be down */
    if (sent && o->is_write)
        return MC_E_UNKNOWN;
    return mci_deadline_left_ms(o->dl) == 0 ? MC_E_TIMEOUT : MC_E_STORE;
}

/* Take the password out, should the driver ever quote it. */
static void redact(char *text, const char *secret)
{
    char *at = text;
    if (secret == NULL)
        return;
    while ((at = strstr(at, secret)) != NULL)
        for (size_t i = strlen(secret); i > 0; i--)
            *at++ = '*';
}

mc_status mci_mongo_failed(mci_mongo_op *o, const bson_error_t *e, const bson_t *reply)
{
    char text[sizeof e->message + 1];
    mc_status st;
    if (e->domain == MONGOC_ERROR_WRITE_CONCERN) {
        st = MC_E_UNKNOWN; /* written on one server, not on as many as were asked for */
    } else if (e->domain == MONGOC_ERROR_SERVER) {
        st = mci_mongo_code_status(e->code);
        if (o->is_write && outcome_lost(e->code) && (reply == NULL || !mongoc_error_has_label(reply, "NoWritesPerformed")))
            st = MC_E_UNKNOWN;
    } else {
        st = client_side(o, e);
    }
    memcpy(text, e->message, sizeof e->message);
    text[sizeof e->message] = '\0';
    redact(text, o->s->secret);
    return mci_fail_code(o->err, st, MC_TIER_STORE, (int)e->code, "mongodb %s %s: %.300s", o->what,
                         o->spec != NULL ? o->spec->name : "", text);
}
