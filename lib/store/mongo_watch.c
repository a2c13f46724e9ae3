/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: listening to the driver's monitors. Refuses: more than taking notes. What is here runs on threads of the driver, with locks
 * of the driver held.
 */
#include "store/mongo_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int mci_mongo_watch_init(mci_mongo_watch *w, const mongoc_uri_t *uri)
{
    const char *name = mongoc_uri_get_replica_set(uri);
    *w = (mci_mongo_watch){0};
    if (mci_mutex_init(&w->lock) != 0)
        return -1;
    w->primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
    w->set_name = name != NULL ? strdup(name) : NULL;
    if (name == NULL || w->set_name != NULL)
        return 0;
    mci_mongo_watch_free(w);
    return -1;
}

void mci_mongo_watch_free(mci_mongo_watch *w)
{
    if (w->primary == NULL)
        return; /* never made */
    mongoc_read_prefs_destroy(w->primary);
    w->primary = NULL;
    free(w->set_name);
    mci_mutex_destroy(&w->lock);
}

static void topology_changed(const mongoc_apm_topology_changed_t *event)
{
    mci_mongo_watch *w = mongoc_apm_topology_changed_get_context(event);
    const mongoc_topology_description_t *td = mongoc_apm_topology_changed_get_new_description(event);
    atomic_store(&w->writable, mongoc_topology_description_has_writable_server(td));
    atomic_store(&w->readable, mongoc_topology_description_has_readable_server(td, w->primary));
}

static void note(mci_mongo_watch *w, const char *host, const char *why, int tls)
{
    mci_mutex_lock(&w->lock);
    if (why[0] != '\0' || strcmp(w->host, host) == 0) {
        (void)snprintf(w->host, sizeof w->host, "%s", host);
        (void)snprintf(w->why, sizeof w->why, "%s", why);
        w->tls = tls;
    }
    mci_mutex_unlock(&w->lock);
}

static void heartbeat_failed(const mongoc_apm_server_heartbeat_failed_t *event)
{
    mci_mongo_watch *w = mongoc_apm_server_heartbeat_failed_get_context(event);
    bson_error_t e;
    mongoc_apm_server_heartbeat_failed_get_error(event, &e);
    if (e.message[0] == '\0')
        return; /* the monitor was ended */
    /* The driver has one code for all of these, and "TLS handshake failed." also for a server that is silent. Files and certificates
     * do not go away by themselves; a handshake that ends without a message is a matter of encryption only while none has succeeded yet. */
    int files = strncmp(e.message, "Failed initialize TLS", 21) == 0;
    int handshake = strncmp(e.message, "TLS handshake", 13) == 0;
    int certificate = handshake && strstr(e.message, "certificate") != NULL;
    char text[320];
    (void)snprintf(text, sizeof text, "%.200s%s", e.message,
                   files                       ? " (are the files that tlsCAFile and tlsCertificateKeyFile name PEM files?)"
                   : handshake && !certificate ? " (does the server speak TLS?)"
                                               : "");
    note(w, mongoc_apm_server_heartbeat_failed_get_host(event)->host_and_port, text,
         files || certificate || (handshake && !atomic_load(&w->met)));
}

/* A server of another replica set answers, but is not of ours: the driver drops it silently. */
static void heartbeat_succeeded(const mongoc_apm_server_heartbeat_succeeded_t *event)
{
    mci_mongo_watch *w = mongoc_apm_server_heartbeat_succeeded_get_context(event);
    bson_iter_t it;
    char text[320] = "";
    atomic_store(&w->met, 1);
    if (w->set_name != NULL) {
        const bson_t *reply = mongoc_apm_server_heartbeat_succeeded_get_reply(event);
        const char *name =
            bson_iter_init_find(&it, reply, "setName") && BSON_ITER_HOLDS_UTF8(&it) ? bson_iter_utf8(&it, NULL) : NULL;
        if (name == NULL)
            (void)snprintf(text, sizeof text, "is in no replica set, and replicaSet asks for '%.100s'", w->set_name);
        else if (strcmp(name, w->set_name) != 0)
            (void)snprintf(text, sizeof text, "is in replica set '%.100s', and replicaSet asks for '%.100s'", name,
                           w->set_name);
    }
    note(w, mongoc_apm_server_heartbeat_succeeded_get_host(event)->host_and_port, text, 0);
}

/* Also of commands that the driver is about to repeat: the operation learns of them in no other way. */
static void command_failed(const mongoc_apm_command_failed_t *event)
{
    mci_mongo_watch *w = mongoc_apm_command_failed_get_context(event);
    if (w->command_failed != NULL)
        w->command_failed(w->user);
}

void mci_mongo_watch_pool(mci_mongo_watch *w, mongoc_client_pool_t *pool)
{
    mongoc_apm_callbacks_t *cbs = mongoc_apm_callbacks_new();
    mongoc_apm_set_topology_changed_cb(cbs, topology_changed);
    mongoc_apm_set_server_heartbeat_failed_cb(cbs, heartbeat_failed);
    mongoc_apm_set_server_heartbeat_succeeded_cb(cbs, heartbeat_succeeded);
    mongoc_apm_set_command_failed_cb(cbs, command_failed);
    (void)mongoc_client_pool_set_apm_callbacks(pool, cbs, w);
    mongoc_apm_callbacks_destroy(cbs);
}

void mci_mongo_watch_why(mci_mongo_watch *w, char out[512], int *tls)
{
    out[0] = '\0';
    mci_mutex_lock(&w->lock);
    if (w->why[0] != '\0')
        (void)snprintf(out, 512, "%s: %s", w->host, w->why);
    *tls = w->tls;
    mci_mutex_unlock(&w->lock);
}
