/* SPDX-License-Identifier: Apache-2.0 */
/* The contract with callbacks: what is missing, and what they answer that cannot be. */
#include "store/callback.h"
#include "store_kit.h"

static mc_status bad_status = MC_OK;
static const char *bad_json = "";

static mc_status bad_find(void *user, const char *collection, const char *id, int64_t ms, mc_document_sink *sink)
{
    (void)user;
    (void)collection;
    (void)id;
    (void)ms;
    if (bad_json[0] != '\0')
        (void)mc_document_sink_add(sink, bad_json, strlen(bad_json));
    return bad_status;
}

static void test_callback_contract(void **state)
{
    (void)state;
    mc_store cb;
    mci_store *s = NULL;
    mci_doc *d = NULL;
    size_t n;
    char *last;
    mci_ranked_id rows[1];
    mci_patch none = {0};
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    mc_store_init(NULL, sizeof cb);
    mc_store_init(&cb, sizeof cb);
    gives(MC_E_ARG, mci_store_callback_open(&cb, NULL, &kit_env, &s, err)); /* no find */
    cb.find = bad_find;
    ok(mci_store_callback_open(&cb, NULL, &kit_env, &s, err));
    gives(MC_E_UNSUPPORTED, s->ops->insert(s, &spec, A, "{}", 2, kit_soon(), NULL, err));
    gives(MC_E_UNSUPPORTED, s->ops->update(s, &spec, A, &none, kit_soon(), NULL, err));
    gives(MC_E_UNSUPPORTED, s->ops->remove(s, &spec, A, kit_soon(), NULL, err));
    gives(MC_E_UNSUPPORTED, s->ops->find_alias(s, &spec, "x", 1, kit_soon(), &d, err));
    gives(MC_E_UNSUPPORTED, s->ops->scan(s, &spec, NULL, 1, kit_soon(), &d, &n, &last, err));
    gives(MC_E_UNSUPPORTED, s->ops->top(s, &spec, 0, 1, kit_soon(), rows, &n, err));
    static const struct {
        mc_status status;
        const char *json;
        mc_status expected;
    } cases[] = {
        {MC_OK, "", MC_E_STORE},                  /* said yes, gave nothing */
        {MC_OK, OID(B) "}", MC_E_STORE},          /* another document */
        {MC_OK, "{\"_id\":", MC_E_JSON},          /* broken text, whatever it says */
        {MC_NOT_FOUND, OID(A) "}", MC_NOT_FOUND}, /* its last word counts */
        {MC_E_TIMEOUT, "", MC_E_TIMEOUT},
        {12345, "", MC_E_STORE},
        {-99, OID(A) "}", MC_E_STORE},
        {MC_E_UNKNOWN, "", MC_E_STORE},
        {MC_OK, OID(A) "}", MC_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bad_status = cases[i].status;
        bad_json = cases[i].json;
        gives(cases[i].expected, s->ops->find(s, &spec, A, kit_soon(), &d, err));
        assert_true((d != NULL) == (cases[i].expected == MC_OK));
        mci_doc_unref(d);
    }
    s->ops->close(s);
    assert_int_equal(mc_document_sink_add(NULL, "{}", 2), MC_E_ARG);
}

/* ---- many at once ---- */

static const char *const *many_json; /* what is given, NULL at the end */
static int many_calls;
static int single_calls;

static mc_status many(void *user, const char *collection, const char *const *ids, size_t n, int64_t ms,
                      mc_document_sink *sink)
{
    (void)user;
    (void)collection;
    (void)ms;
    assert_int_equal(n, 2);
    assert_string_equal(ids[0], B); /* as asked, not sorted */
    many_calls++;
    for (size_t i = 0; many_json[i] != NULL; i++)
        (void)mc_document_sink_add(sink, many_json[i], strlen(many_json[i]));
    return bad_status;
}

static mc_status none(void *user, const char *collection, const char *id, int64_t ms, mc_document_sink *sink)
{
    (void)user;
    (void)collection;
    (void)id;
    (void)ms;
    (void)sink;
    single_calls++;
    return MC_NOT_FOUND;
}

static void test_many_are_found_in_one_call(void **state)
{
    (void)state;
    mc_store cb;
    mci_store *s = NULL;
    const char *ids[2] = {B, A};
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    mc_store_init(&cb, sizeof cb);
    cb.find = none;
    cb.find_many = many;
    ok(mci_store_callback_open(&cb, NULL, &kit_env, &s, err));
    static const struct {
        mc_status status;
        const char *json[4];
        mc_status expected;
        int there; /* bits: B, A */
    } cases[] = {
        {MC_OK, {OID(A) "}", OID(B) "}"}, MC_OK, 3}, /* in any order */
        {MC_OK, {OID(A) "}"}, MC_OK, 2},             /* what is not given is not there */
        {MC_OK, {NULL}, MC_OK, 0},
        {MC_NOT_FOUND, {NULL}, MC_OK, 0},
        {MC_OK, {"{\"_id\":7}", OID(B) "}"}, MC_OK, 1},   /* an id of another kind does not exist */
        {MC_OK, {OID(A) "}", OID(A) "}"}, MC_E_STORE, 0}, /* twice */
        {MC_OK, {"{\"_id\":{\"$oid\":\"ffffffffffffffffffffffff\"}}"}, MC_E_STORE, 0}, /* not asked for */
        {MC_OK, {OID(A) "}", "{\"_id\":"}, MC_E_JSON, 0},                              /* broken text, whatever it says */
        {MC_E_TIMEOUT, {OID(A) "}"}, MC_E_TIMEOUT, 0},
        {-99, {OID(A) "}"}, MC_E_STORE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mci_doc *out[2];
        bad_status = cases[i].status;
        many_json = cases[i].json;
        gives(cases[i].expected, s->ops->find_many(s, &spec, ids, 2, kit_soon(), out, err));
        assert_int_equal((out[0] != NULL) | (out[1] != NULL) << 1, cases[i].there);
        mci_doc_unref(out[0]);
        mci_doc_unref(out[1]);
    }
    assert_int_equal(many_calls, sizeof cases / sizeof *cases);
    assert_int_equal(single_calls, 0);
    s->ops->close(s);
}

/* ---- tables of other releases ---- */

static int closed;

static void closing(void *user)
{
    (void)user;
    closed++;
}

/* A program that knows the table only up to a member: what is behind it is not looked at. */
static void test_shorter_and_longer_tables(void **state)
{
    (void)state;
    struct {
        mc_store store;
        void (*later)(void);
    } longer = {.later = NULL};
    mci_store *s = NULL;
    mci_doc *out[2];
    const char *ids[2] = {B, A};
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    mc_store cb;
    mc_store_init(&cb, offsetof(mc_store, find_many));
    cb.find = none;
    cb.find_many = many; /* behind the end it told */
    cb.close = closing;
    many_calls = single_calls = 0;
    ok(mci_store_callback_open(&cb, NULL, &kit_env, &s, err));
    ok(s->ops->find_many(s, &spec, ids, 2, kit_soon(), out, err));
    assert_int_equal(many_calls, 0);
    assert_int_equal(single_calls, 2);
    s->ops->close(s);
    assert_int_equal(closed, 0);
    mc_store_init(&longer.store, sizeof longer);
    longer.store.find = none;
    longer.store.close = closing;
    ok(mci_store_callback_open(&longer.store, NULL, &kit_env, &s, err));
    s->ops->close(s);
    assert_int_equal(closed, 1);
    mc_store_init(&cb, offsetof(mc_store, find)); /* too short to have what is mandatory */
    gives(MC_E_ARG, mci_store_callback_open(&cb, NULL, &kit_env, &s, err));
}

/* ---- the frame around the host's functions ---- */

static int inside;
static int entered;
static int may_close;

static int frame_enter(void *user)
{
    assert_ptr_equal(user, &inside);
    entered++;
    return ++inside;
}

static void frame_leave(void *user, int place)
{
    assert_ptr_equal(user, &inside);
    assert_int_equal(place, inside);
    inside--;
}

static int frame_closing(void *user)
{
    (void)user;
    return may_close;
}

static mc_status framed_find(void *user, const char *collection, const char *id, int64_t ms, mc_document_sink *sink)
{
    assert_int_equal(inside, 1);
    return none(user, collection, id, ms, sink);
}

static void test_frame_around_callbacks(void **state)
{
    (void)state;
    mc_store cb;
    mci_store *s = NULL;
    mci_doc *d = NULL;
    mci_spec spec = data_movie_spec("movies", MCI_ID_OBJECTID);
    const mci_callback_frame frame = {frame_enter, frame_leave, frame_closing, &inside};
    mc_store_init(&cb, sizeof cb);
    cb.find = framed_find;
    cb.close = closing;
    closed = 0;
    for (may_close = 0; may_close < 2; may_close++) {
        ok(mci_store_callback_open(&cb, &frame, &kit_env, &s, err));
        gives(MC_NOT_FOUND, s->ops->find(s, &spec, A, kit_soon(), &d, err));
        assert_int_equal(inside, 0);
        s->ops->close(s);
        assert_int_equal(closed, may_close); /* a store whose handle never came into being stays the host's */
    }
    assert_int_equal(entered, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callback_contract),
        cmocka_unit_test(test_many_are_found_in_one_call),
        cmocka_unit_test(test_shorter_and_longer_tables),
        cmocka_unit_test(test_frame_around_callbacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
