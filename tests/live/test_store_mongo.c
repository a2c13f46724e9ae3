/* SPDX-License-Identifier: Apache-2.0 */
/* What is MongoDB's alone: addresses, refused users, a server that is away, hangs, dies and comes back. Runs on SecantusDB. */
#include "store_kit.h"

#include "codec/json.h"

#include <unistd.h>

static void test_mongo_addresses(void **state)
{
    (void)state;
    mci_store *s = NULL;
    gives(MC_E_URI, kit_open("mongodb://", 1000, &s, err));
    gives(MC_E_URI, kit_open("mongodb://127.0.0.1:0/x", 1000, &s, err));
    gives(MC_E_URI, kit_open("mongodb://127.0.0.1:70000/x", 1000, &s, err));
    gives(MC_E_URI, kit_open("mongodb://127.0.0.1/x?nosuchoption=1", 1000, &s, err));
    gives(MC_E_URI, kit_open("mongodb://127.0.0.1/x?w=0", 1000, &s, err));
    mc_error err = {0};
    assert_int_equal(kit_open("mongodb://user:CANARY%zz@host/x", 1000, &s, &err), MC_E_URI);
    assert_null(strstr(err.text, "CANARY"));
    assert_null(s);
}

/* Nobody listens: a clear error within the deadline, the password in none of it. */
static void test_mongo_away(void **state)
{
    (void)state;
    char uri[200];
    mci_store *s = NULL;
    mci_doc *d = NULL;
    mc_error err = {0};
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    (void)snprintf(uri, sizeof uri, "mongodb://user:CANARY@127.0.0.1:%d/test", srv_free_port());
    assert_int_equal(kit_open(uri, 400, &s, &err), MC_OK);
    int64_t before = mci_now_ns();
    assert_int_equal(s->ops->find(s, &spec, A, kit_soon(), &d, &err), MC_E_STORE);
    assert_null(strstr(err.text, "CANARY"));
    const char *json = OID(A) "}";
    assert_int_equal(s->ops->insert(s, &spec, A, json, strlen(json), kit_soon(), NULL, &err),
                     MC_E_STORE); /* surely not sent */
    assert_int_equal(s->ops->ping(s, mci_deadline_in(50), &err), MC_E_STORE);
    assert_true(mci_now_ns() - before < INT64_C(6000000000));
    s->ops->close(s);
}

/* The server stops answering (SIGSTOP), then dies (SIGKILL), then comes back. */
static void test_mongo_killed(void **state)
{
    srv *server = *state;
    mci_store *s = NULL;
    mci_store *kept = kit_store;
    mci_doc *d = NULL;
    mc_error err = {0};
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    assert_int_equal(kit_open(server->uri, 1500, &s, &err), MC_OK);
    kit_store = s;
    kit_put(&spec, A, OID(A) ",\"title\":\"t\"}");
    srv_pause(server);
    int64_t before = mci_now_ns();
    mc_status st = s->ops->find(s, &spec, A, mci_deadline_in(1000), &d, &err);
    assert_true(st == MC_E_TIMEOUT || st == MC_E_STORE);
    assert_true(mci_now_ns() - before < INT64_C(8000000000));
    mci_patch p;
    assert_int_equal(mci_json_patch_number(&p, "imdb.rating", 5.5), MC_OK);
    before = mci_now_ns();
    st = s->ops->update(s, &spec, A, &p, mci_deadline_in(1000), &d, &err);
    assert_true(st == MC_E_UNKNOWN || st == MC_E_STORE);
    assert_null(d);
    assert_true(mci_now_ns() - before < INT64_C(8000000000));
    srv_resume(server);
    for (int i = 0; i < 100 && (st = s->ops->find(s, &spec, A, kit_soon(), &d, &err)) != MC_OK; i++)
        mci_sleep_ms(50, MCI_NO_DEADLINE);
    assert_int_equal(st, MC_OK);
    mci_doc_unref(d);
    d = NULL;
    srv_kill(server);
    before = mci_now_ns();
    st = s->ops->find(s, &spec, A, mci_deadline_in(1000), &d, &err);
    assert_true(st == MC_E_TIMEOUT || st == MC_E_STORE);
    st = s->ops->update(s, &spec, A, &p, mci_deadline_in(1000), &d, &err);
    assert_true(st == MC_E_UNKNOWN || st == MC_E_STORE);
    assert_true(mci_now_ns() - before < INT64_C(12000000000));
    srv_start_again(server);
    for (int i = 0; i < 100 && (st = s->ops->find(s, &spec, A, kit_soon(), &d, &err)) != MC_OK && st != MC_NOT_FOUND; i++)
        mci_sleep_ms(50, MCI_NO_DEADLINE);
    if (st != MC_OK && st != MC_NOT_FOUND) /* it may have lost what it had not synced */
        fail_msg("after the restart: %s: %s", mc_status_name(st), err.text);
    mci_doc_unref(d);
    mci_patch_free(&p);
    kit_store = kept;
    s->ops->close(s);
}

/* A wrong password and none at all: said as such, and the password in no text. */
static void test_mongo_refused(void **state)
{
    (void)state;
    srv server;
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    static const char *const users[] = {"user:CANARY@", ""};
    srv_start_mongo(&server, "--auth", NULL);
    for (int i = 0; i < 2; i++) {
        char uri[200];
        mci_store *s = NULL;
        mci_doc *d = NULL;
        mc_error err = {0};
        const char *json = OID(A) "}";
        (void)snprintf(uri, sizeof uri, "mongodb://%s127.0.0.1:%d/test", users[i], server.port);
        assert_int_equal(kit_open(uri, 4000, &s, &err), MC_OK);
        assert_int_equal(s->ops->find(s, &spec, A, kit_soon(), &d, &err), MC_E_AUTH);
        assert_null(strstr(err.text, "CANARY"));
        assert_int_equal(s->ops->insert(s, &spec, A, json, strlen(json), kit_soon(), NULL, &err), MC_E_AUTH);
        assert_null(strstr(err.text, "CANARY"));
        s->ops->close(s);
    }
    srv_stop(&server);
}

/* One find by an address that leads nowhere: its error says why, and nobody waits longer than the address says. */
static void leads_nowhere(const char *uri, mc_status wanted, const char *word, const char *another)
{
    mci_store *s = NULL;
    mci_doc *d = NULL;
    mc_error err = {0};
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    mc_status st = kit_open(uri, 60000, &s, &err);
    int64_t before = mci_now_ns();
    if (st == MC_OK)
        st = s->ops->find(s, &spec, A, MCI_NO_DEADLINE, &d, &err);
    if (st != wanted || strstr(err.text, word) == NULL || strstr(err.text, another) == NULL)
        fail_msg("%s: %s, not %s with '%s' and '%s': %s", uri, mc_status_name(st), mc_status_name(wanted), word, another,
                 err.text);
    assert_null(strstr(err.text, "CANARY"));
    if (mci_now_ns() - before > INT64_C(30000000000)) /* store.timeout_ms is a minute here */
        fail_msg("%s: the time-outs in the address were not kept", uri);
    if (s != NULL)
        s->ops->close(s);
}

static void test_mongo_reasons(void **state)
{
    const srv *server = *state;
    char uri[300];
    (void)snprintf(uri, sizeof uri, "mongodb://u:CANARY@127.0.0.1:%d/?serverSelectionTimeoutMS=300", srv_free_port());
    leads_nowhere(uri, MC_E_STORE, "no server can be reached", "connect");
    (void)snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/?serverSelectionTimeoutMS=2000&replicaSet=nope", server->port);
    leads_nowhere(uri, MC_E_STORE, "replica set", "'nope'");
    (void)snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/?serverSelectionTimeoutMS=4000&connectTimeoutMS=200&tls=true",
                   server->port);
    leads_nowhere(uri, MC_E_TLS, "TLS handshake", "does the server speak TLS?");
    leads_nowhere("mongodb://no.such.invalid/?serverSelectionTimeoutMS=8000", MC_E_STORE, "resolve", "no.such.invalid");
    leads_nowhere("mongodb+srv://u:CANARY@no.such.invalid/x", MC_E_STORE, "SRV", "no.such.invalid");
    (void)snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/?tls=true&tlsCAFile=/nonexistent/ca.pem", server->port);
    leads_nowhere(uri, MC_E_TLS, "tlscafile", "/nonexistent/ca.pem");
    (void)snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/?serverSelectionTimeoutMS=2000&tls=true&tlsCAFile=%s/README.md",
                   server->port, srv_source_root());
    leads_nowhere(uri, MC_E_TLS, "tlsCAFile", "PEM");
}

int main(void)
{
    srv server;
    srv_start_mongo(&server, NULL);
    print_message("server: %s\n", server.name);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mongo_addresses), cmocka_unit_test(test_mongo_away), cmocka_unit_test(test_mongo_refused),
        cmocka_unit_test_prestate(test_mongo_reasons, &server), cmocka_unit_test_prestate(test_mongo_killed, &server)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    srv_stop(&server);
    return failed;
}
