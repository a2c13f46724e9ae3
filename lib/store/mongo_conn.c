/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the client pool, waiting for a server until the deadline, repeating reads, and what the driver's errors mean. Refuses:
 * reads from secondaries, and the password in any text.
 *
 * Process state: the driver sends with MSG_NOSIGNAL, so no SIGPIPE reaches the host. mongoc_init() is called when the host
 * wants it, mongoc_cleanup() never: it cannot be undone, and the host may use the driver too.
 */
#include "store/mongo_conn.h"

#include "base/error.h"
#include "store/mongo_uri.h"

#include <stdlib.h>
#include <string.h>

/* The driver's own wait for a server, for its repetition of a write whose connection was cut: its monitors need up to a second until
 * they have looked again. A write that ran out of time is not repeated: there is none left to connect. */
#define SELECTION_MS 1500
#define WAIT_STEP_MS 5
#define PROBE_WAIT_MS 250
#define CLOSE_MS 250
#define READ_TRIES 3 /* a server that was restarted: the old connection, and one more */

/* ---- life ---- */

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

void mci_mongo_free(mci_mongo *m)
{
    for (size_t i = 0; i < m->nwires; i++)
        m->wires[i]->dl = mci_deadline_in(CLOSE_MS); /* the driver says good-bye to the server */
    if (m->pool != NULL)
        mongoc_client_pool_destroy(m->pool); /* stops the monitors first: no callback comes after it */
    for (size_t i = 0; i < m->nwires; i++)
        free(m->wires[i]);
    free(m->wires);
    mci_mongo_watch_free(&m->watch);
    mci_store_gate_destroy(&m->gate);
    if (m->secret != NULL) {
        volatile char *p = m->secret;
        while (*p != '\0')
            *p++ = '\0';
    }
    free(m->secret);
    free(m->database);
    free(m->base.identity);
    mci_cond_destroy(&m->freed);
    mci_mutex_destroy(&m->lock);
    free(m);
}

/* Why the driver makes no pool: the name in DNS cannot be asked for, TLS cannot be had, or the address is of no use to it. */
static mc_status no_pool(const mci_mongo *m, const mongoc_uri_t *uri, const bson_error_t *e, mc_error *err)
{
    char text[sizeof e->message + 1];
    mc_status st = mongoc_uri_get_tls(uri) ? MC_E_TLS : MC_E_URI;
    if (e->domain == MONGOC_ERROR_STREAM && e->code == MONGOC_ERROR_STREAM_NAME_RESOLUTION)
        st = MC_E_STORE;
    memcpy(text, e->message, sizeof e->message);
    text[sizeof e->message] = '\0';
    redact(text, m->secret);
    /* Other texts may quote the address, and with it the text before the '@'. */
    int shown = m->secret == NULL || st == MC_E_STORE;
    return mci_fail_code(err, st, MC_TIER_STORE, (int)e->code, "store.uri: the driver cannot use this address%s%.200s",
                         shown ? ": " : "", shown ? text : "");
}

static void command_failed(void *user)
{
    mci_mongo *m = user;
    uint64_t me = mci_thread_id();
    mci_mutex_lock(&m->lock);
    for (size_t i = 0; i < m->nwires; i++)
        if (m->wires[i]->thread == me)
            m->wires[i]->failures++;
    mci_mutex_unlock(&m->lock);
}

static mc_status open_pool(mci_mongo *m, const mongoc_uri_t *uri, mc_error *err)
{
    bson_error_t e;
    m->pool = mongoc_client_pool_new_with_error(uri, &e);
    if (m->pool == NULL)
        return no_pool(m, uri, &e, err);
    m->watch.command_failed = command_failed;
    m->watch.user = m;
    mci_mongo_watch_pool(&m->watch, m->pool);
    (void)mongoc_client_pool_set_error_api(m->pool, MONGOC_ERROR_API_VERSION_2);
    mongoc_client_pool_max_size(m->pool, (uint32_t)m->nfree);
    return MC_OK;
}

/* How long the address wants the driver to wait for a server, we wait. Reads are repeated by us too, since the driver would do it
 * without looking at the operation's deadline. */
static void take_over(mci_mongo *m, mongoc_uri_t *uri)
{
    int32_t given = mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 0);
    m->wait_ms = given > 0 && given < m->timeout_ms ? given : m->timeout_ms;
    m->selection_ms = m->wait_ms / 2 < SELECTION_MS ? (int)(m->wait_ms / 2) + 1 : SELECTION_MS;
    m->read_tries = mongoc_uri_get_option_as_bool(uri, MONGOC_URI_RETRYREADS, true) ? READ_TRIES : 1;
    (void)mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, m->selection_ms);
    (void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
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
    mc_status st = mci_mongo_uri_parse(opt, timeout_ms, &uri, err);
    if (st != MC_OK)
        return st;
    const char *database = mongoc_uri_get_database(uri);
    if (database == NULL || database[0] == '\0')
        database = opt->database;
    mci_mongo *m = calloc(1, sizeof *m);
    if (m == NULL || mci_mutex_init(&m->lock) != 0 || mci_cond_init(&m->freed) != 0 || mci_store_gate_init(&m->gate) != 0 ||
        mci_mongo_watch_init(&m->watch, uri) != 0) {
        free(m);
        mongoc_uri_destroy(uri);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_STORE, "mongodb: out of memory");
    }
    m->base.gate = &m->gate;
    m->env = *env;
    m->timeout_ms = timeout_ms;
    m->nfree = opt->pool_max < 1 ? 1 : opt->pool_max > 1000 ? 1000 : opt->pool_max;
    take_over(m, uri);
    m->database = copy_or_null(database);
    m->secret = copy_or_null(mongoc_uri_get_password(uri));
    if (m->database != NULL)
        m->base.identity = mci_mongo_identity(uri, m->database);
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

/* An error that the gate is to keep as well. */
static mc_status with_reason(mci_mongo_op *o, mc_status st)
{
    if (o->err != NULL)
        *o->err = o->why;
    return st;
}

static mc_status nobody_there(mci_mongo_op *o)
{
    char why[512];
    int tls;
    mci_mongo_watch_why(&o->s->watch, why, &tls);
    redact(why, o->s->secret);
    o->away = 1;
    return with_reason(o, mci_fail(&o->why, tls && why[0] != '\0' ? MC_E_TLS : MC_E_STORE, MC_TIER_STORE,
                                   "mongodb %s%s%s: no server can be reached%s%.320s", o->what, o->spec != NULL ? " " : "",
                                   o->spec != NULL ? o->spec->name : "", why[0] != '\0' ? ": " : "", why));
}

/* Wait until a server that can do it is known. The driver's own wait has one length for all operations: it is used as long as it
 * fits in what is left, because it makes the monitors look at once, and after that the monitors are watched. */
static mc_status wait_for_server(mci_mongo_op *o)
{
    atomic_int *known = o->is_write ? &o->s->watch.writable : &o->s->watch.readable;
    /* Whoever tries on behalf of others has the monitors to look, which never stop: it need not wait long for them. */
    int64_t wait_ms = o->pass.gate == MCI_GATE_GO ? o->s->wait_ms : PROBE_WAIT_MS;
    mci_deadline dl = mci_deadline_min(o->dl, mci_deadline_in(wait_ms < o->s->wait_ms ? wait_ms : o->s->wait_ms));
    while (!atomic_load(known)) {
        int left = mci_deadline_left_ms(dl);
        if (left == 0)
            return nobody_there(o);
        if (left <= o->s->selection_ms) {
            mci_sleep_ms(WAIT_STEP_MS, dl);
            continue;
        }
        bson_error_t e;
        mongoc_server_description_t *sd =
            mongoc_client_select_server(o->client, o->is_write != 0, o->is_write ? NULL : o->s->watch.primary, &e);
        mongoc_server_description_destroy(sd);
        if (sd != NULL)
            break;
    }
    return MC_OK;
}

/* The wire of a client that has just been taken from the pool; made when it is seen first. NULL: memory is short. */
static mci_mongo_wire *wire_of(mci_mongo *m, mongoc_client_t *client)
{
    mci_mongo_wire *w = NULL;
    mci_mutex_lock(&m->lock);
    for (size_t i = 0; i < m->nwires && w == NULL; i++)
        if (m->wires[i]->client == client)
            w = m->wires[i];
    if (w == NULL) {
        mci_mongo_wire **more = realloc(m->wires, (m->nwires + 1) * sizeof(mci_mongo_wire *));
        if (more != NULL)
            m->wires = more;
        if (more != NULL && (w = calloc(1, sizeof *w)) != NULL) {
            m->wires[m->nwires++] = w;
            mci_mongo_wire_attach(w, client);
        }
    }
    if (w != NULL) {
        w->thread = mci_thread_id();
        w->failures = 0;
    }
    mci_mutex_unlock(&m->lock);
    return w;
}

static void put_back(mci_mongo_op *o)
{
    mongoc_collection_destroy(o->coll);
    mci_mutex_lock(&o->s->lock);
    if (o->wire != NULL)
        o->wire->thread = 0; /* while it is still ours */
    mci_mutex_unlock(&o->s->lock);
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
    int seen = atomic_load(is_write ? &m->watch.writable : &m->watch.readable);
    mc_status st = mci_store_gate_enter(&m->gate, seen, spec == NULL && !is_write, &o->pass, err); /* a ping has no spec */
    if (st != MC_OK)
        return st;
    mci_mutex_lock(&m->lock);
    while (m->nfree == 0)
        if (mci_cond_wait(&m->freed, &m->lock, o->dl) != 0 && m->nfree == 0) {
            mci_mutex_unlock(&m->lock);
            mci_store_gate_leave(&m->gate, o->pass, MCI_STORE_NOT_ASKED, NULL);
            return mci_fail(err, MC_E_TIMEOUT, MC_TIER_STORE, "mongodb %s %s: no connection became free", what, name);
        }
    m->nfree--;
    mci_mutex_unlock(&m->lock);
    o->client = mongoc_client_pool_pop(m->pool); /* starts the monitors the first time; never waits, we have counted */
    o->wire = wire_of(m, o->client);
    st = o->wire == NULL ? mci_mongo_nomem(o) : wait_for_server(o);
    if (st != MC_OK)
        return mci_mongo_end(o, st);
    mci_mongo_wire_until(o->wire, o->dl);
    if (spec != NULL)
        o->coll = mongoc_client_get_collection(o->client, m->database, spec->name);
    return MC_OK;
}

mc_status mci_mongo_end(mci_mongo_op *o, mc_status st)
{
    mci_verdict v = MCI_STORE_ANSWERS;
    if (st < 0 && (o->away || o->silent))
        v = o->away ? MCI_STORE_AWAY : MCI_STORE_SILENT;
    else if (st == MC_E_NOMEM)
        v = MCI_STORE_NOT_ASKED;
    put_back(o);
    mci_store_gate_leave(&o->s->gate, o->pass, v, st < 0 ? &o->why : NULL);
    return st;
}

int mci_mongo_again(mci_mongo_op *o, mc_status *st)
{
    if (*st >= 0 || o->is_write || !o->lost || ++o->tries >= o->s->read_tries || mci_deadline_left_ms(o->dl) == 0)
        return 0;
    o->lost = o->silent = 0;
    mc_status found = wait_for_server(o);
    if (found == MC_OK)
        mci_error_clear(o->err);
    else
        *st = found;
    return found == MC_OK;
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

/* Codes with which a server, or a router in front of it, says that it lost sight of the operation. */
static int outcome_lost(uint32_t code)
{
    static const uint32_t codes[] = {6, 7, 89, 91, 189, 262, 9001, 11600, 11602};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == code)
            return 1;
    return 0;
}

/* And those with which it says that it is not the one to ask any more. */
static int not_primary(uint32_t code)
{
    return code == 10107 || code == 13435 || code == 13436;
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
    int refused = st == MC_E_AUTH && e->domain != MONGOC_ERROR_SERVER; /* not this operation, but the user as such */
    o->silent = e->domain == MONGOC_ERROR_STREAM || e->domain == MONGOC_ERROR_SERVER_SELECTION || refused;
    o->lost = e->domain == MONGOC_ERROR_STREAM ||
              (e->domain == MONGOC_ERROR_SERVER && (outcome_lost(e->code) || not_primary(e->code)));
    memcpy(text, e->message, sizeof e->message);
    text[sizeof e->message] = '\0';
    redact(text, o->s->secret);
    return with_reason(o, mci_fail_code(&o->why, st, MC_TIER_STORE, (int)e->code, "mongodb %s %s: %.300s", o->what,
                                        o->spec != NULL ? o->spec->name : "", text));
}
