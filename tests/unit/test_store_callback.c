/* SPDX-License-Identifier: Apache-2.0 */
/* The contract with callbacks: what is missing, and what they answer that cannot be. */
#include "store_kit.h"

static mc_status bad_status = MC_OK;
static const char *bad_json = "";

static mc_status bad_find(void *user, const char *collection, const char *id, int64_t ms, mc_sink *sink)
{
    (void)user;
    (void)collection;
    (void)id;
    (void)ms;
    if (bad_json[0] != '\0')
        (void)mc_sink_document(sink, bad_json, strlen(bad_json));
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
    gives(MC_E_ARG, mci_store_callback_open(&cb, &kit_env, &s, err)); /* no find */
    cb.find = bad_find;
    ok(mci_store_callback_open(&cb, &kit_env, &s, err));
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
    assert_int_equal(mc_sink_document(NULL, "{}", 2), MC_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_callback_contract)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
