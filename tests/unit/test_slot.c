/* SPDX-License-Identifier: Apache-2.0 */
/* Keys to slots as Redis does it, and a tag for each slot. */
#include "redis/slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int slot(const char *key)
{
    return mci_slot_of(key, strlen(key));
}

/* The check value of the specification, and what redis-server answers to CLUSTER KEYSLOT. */
static void test_known(void **state)
{
    (void)state;
    assert_int_equal(slot("123456789"), 0x31c3 % MCI_SLOTS);
    assert_int_equal(slot("foo"), 12182);
    assert_int_equal(slot("{user1000}.following"), slot("user1000"));
    assert_int_equal(slot("foo{}{bar}"), 8363);
    assert_int_equal(slot("foo{{bar}}zap"), slot("{bar"));
    assert_int_equal(slot("foo{bar}{zap}"), slot("bar"));
    assert_int_equal(slot(""), 0);
    assert_int_equal(slot("a{b"), mci_slot_of("a{b", 3));
}

/* A name and an id are one key: the same slot as of both written together. */
static void test_of_two(void **state)
{
    (void)state;
    static const char *const ids[] = {"573a1390f29313caabcd4801", "x", "a}b", "}a", "", "{x}"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        char key[64] = "mflix:movie:{";
        strcat(key, ids[i]);
        strcat(key, "}");
        assert_int_equal(mci_slot_of_key("mflix:movie:{", ids[i]), slot(key));
    }
    assert_int_equal(mci_slot_of_key("mflix:board:{movies:imdb_rating}", NULL), slot("movies:imdb_rating"));
}

static void test_tags(void **state)
{
    (void)state;
    mci_slot_tags *t = malloc(sizeof *t);
    assert_non_null(t);
    mci_slot_tags_make(t);
    for (int i = 0; i < MCI_SLOTS; i++) {
        assert_true(t->tag[i][0] != '\0');
        assert_int_equal(mci_slot_of_key("mfc:mflix:epoch:{", t->tag[i]), i);
    }
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_of_two),
                                       cmocka_unit_test(test_tags)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
