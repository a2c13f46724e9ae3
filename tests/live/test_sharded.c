/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sharded MongoDB needs of each command, looked at on the wire: a write names one document by the value of its _id, so that it goes to one shard where
 * that is the shard key; a read of many names them all. Runs on SecantusDB, or on what MONGO_URL names, which may be a mongos.
 */
#include "store_kit.h"

#include "base/sync.h"
#include "proxy.h"

#include <bson/bson.h>

#define CONNECTIONS 16

typedef struct stream {
    const void *connection;
    mci_buf bytes;
} stream;

typedef struct shapes {
    mci_mutex lock;
    stream stream[CONNECTIONS];
    int finds;   /* by one _id */
    int many;    /* by a list of them */
    int inserts; /* documents with an _id */
    int writes;  /* changes of one document by its _id */
    char wrong[300];
} shapes;

static void is_wrong(shapes *s, const char *what, const bson_t *doc)
{
    char *json = bson_as_relaxed_extended_json(doc, NULL);
    (void)snprintf(s->wrong, sizeof s->wrong, "%s: %.250s", what, json != NULL ? json : "");
    bson_free(json);
}

static int names_one(const bson_iter_t *field)
{
    bson_iter_t in;
    bson_t filter;
    const uint8_t *data = NULL;
    uint32_t len = 0;
    if (!BSON_ITER_HOLDS_DOCUMENT(field))
        return 0;
    bson_iter_document(field, &len, &data);
    return bson_init_static(&filter, data, len) && bson_iter_init_find(&in, &filter, "_id") &&
           !BSON_ITER_HOLDS_DOCUMENT(&in);
}

static int names_many(const bson_t *doc)
{
    bson_iter_t it;
    bson_iter_t in;
    return bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, "filter._id.$in", &in) && BSON_ITER_HOLDS_ARRAY(&in);
}

/* What stands in a list of a command: documents to insert, or changes, each with its filter `q`. */
static void look_at_part(shapes *s, const bson_t *part)
{
    bson_iter_t it;
    if (bson_iter_init_find(&it, part, "_id"))
        s->inserts++;
    else if (bson_iter_init_find(&it, part, "q") && names_one(&it) &&
             !(bson_iter_init_find(&it, part, "multi") && bson_iter_as_bool(&it)))
        s->writes++;
    else
        is_wrong(s, "no _id", part);
}

static void look_at_list(shapes *s, const bson_t *command, const char *name)
{
    bson_iter_t it;
    bson_iter_t each;
    if (!bson_iter_init_find(&it, command, name) || !bson_iter_recurse(&it, &each))
        return; /* it comes in a section of its own */
    while (bson_iter_next(&each)) {
        bson_t part;
        const uint8_t *data = NULL;
        uint32_t len = 0;
        bson_iter_document(&each, &len, &data);
        if (bson_init_static(&part, data, len))
            look_at_part(s, &part);
    }
}

static void look_at_command(shapes *s, const bson_t *command)
{
    bson_iter_t it;
    if (!bson_iter_init(&it, command) || !bson_iter_next(&it))
        return;
    const char *name = bson_iter_key(&it);
    bson_iter_t filter;
    if (strcmp(name, "findAndModify") == 0 || strcmp(name, "findandmodify") == 0) {
        if (bson_iter_init_find(&filter, command, "query") && names_one(&filter))
            s->writes++;
        else
            is_wrong(s, name, command);
    } else if (strcmp(name, "find") == 0) {
        if (names_many(command))
            s->many++;
        else if (bson_iter_init_find(&filter, command, "filter") && names_one(&filter))
            s->finds++;
        else
            is_wrong(s, name, command);
    } else if (strcmp(name, "insert") == 0) {
        look_at_list(s, command, "documents");
    } else if (strcmp(name, "update") == 0) {
        look_at_list(s, command, "updates");
    } else if (strcmp(name, "delete") == 0) {
        look_at_list(s, command, "deletes");
    }
}

static size_t size_at(const char *p)
{
    uint32_t n = 0;
    memcpy(&n, p, sizeof n);
    return BSON_UINT32_FROM_LE(n);
}

/* One OP_MSG after its header and flags: a command, and lists of what belongs to it. */
static void look_at_sections(shapes *s, const char *p, const char *end)
{
    bson_t doc;
    while (end - p > 5) {
        char kind = *p++;
        size_t size = size_at(p);
        if (size > (size_t)(end - p) || kind > 1)
            return;
        if (kind == 0 && bson_init_static(&doc, (const uint8_t *)p, size))
            look_at_command(s, &doc);
        const char *part = p + 4;
        part += kind == 1 ? strlen(part) + 1 : 0;
        for (size_t len = 0; kind == 1 && part + 4 < p + size; part += len) {
            len = size_at(part);
            if (len < 5 || !bson_init_static(&doc, (const uint8_t *)part, len))
                return;
            look_at_part(s, &doc);
        }
        p += size;
    }
}

static void saw(void *user, const void *connection, const char *bytes, size_t n)
{
    shapes *s = user;
    size_t i = 0;
    mci_mutex_lock(&s->lock);
    while (i + 1 < CONNECTIONS && s->stream[i].connection != NULL && s->stream[i].connection != connection)
        i++;
    mci_buf *b = &s->stream[i].bytes;
    s->stream[i].connection = connection;
    mci_buf_add(b, bytes, n);
    size_t at = 0;
    while (b->len - at >= 21 && size_at(b->data + at) >= 21 && size_at(b->data + at) <= b->len - at) {
        size_t size = size_at(b->data + at);
        if (size_at(b->data + at + 12) == 2013)
            look_at_sections(s, b->data + at + 20, b->data + at + size);
        at += size;
    }
    if (at > 0)
        memmove(b->data, b->data + at, b->len - at);
    b->len -= at;
    mci_mutex_unlock(&s->lock);
}

static void test_each_command_names_its_documents(void **state)
{
    static shapes s;
    srv *server = *state;
    proxy p;
    char uri[200];
    mci_spec spec = data_movie_spec(kit_fresh(), MCI_ID_OBJECTID);
    assert_int_equal(mci_mutex_init(&s.lock), 0);
    for (size_t i = 0; i < CONNECTIONS; i++)
        mci_buf_init(&s.stream[i].bytes, (size_t)1 << 24);
    proxy_start(&p, server->port);
    p.saw = saw;
    p.user = &s;
    (void)snprintf(uri, sizeof uri, "mongodb://127.0.0.1:%d/%s?directConnection=true", p.port, spec.name);
    ok(kit_open(uri, 8000, &kit_store, err));
    kit_put(&spec, A, OID(A) ",\"title\":\"One\"}");
    kit_put(&spec, B, OID(B) ",\"title\":\"Two\"}");
    mci_doc_unref(kit_get(&spec, A));
    mci_doc *docs[2] = {NULL, NULL};
    mci_doc *old = NULL;
    ok(kit_store->ops->find_many(kit_store, &spec, (const char *const[]){A, B}, 2, kit_soon(), docs, err));
    mci_doc_unref(docs[0]);
    mci_doc_unref(docs[1]);
    int writes = s.writes;
    ok(kit_patch(&spec, A, "{\"title\":\"Three\"}", &old, err));
    mci_doc_unref(old);
    assert_true(s.writes > writes); /* an update is seen, and one of one document */
    writes = s.writes;
    ok(kit_store->ops->remove(kit_store, &spec, B, kit_soon(), &old, err));
    mci_doc_unref(old);
    kit_store->ops->close(kit_store);
    proxy_stop(&p);
    assert_string_equal(s.wrong, "");
    assert_true(s.finds >= 1 && s.many == 1 && s.inserts >= 2 && s.writes > writes);
    for (size_t i = 0; i < CONNECTIONS; i++)
        mci_buf_free(&s.stream[i].bytes);
    mci_mutex_destroy(&s.lock);
}

int main(void)
{
    srv server;
    srv_start_mongo(&server, NULL);
    print_message("server: %s\n", server.name);
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_each_command_names_its_documents, &server)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    srv_stop(&server);
    return failed;
}
