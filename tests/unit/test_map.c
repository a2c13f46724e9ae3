/* SPDX-License-Identifier: Apache-2.0 */
/* The hash map beside a plain array that says what has to be in it. */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N 3000

typedef struct thing {
    mci_map_item item;
    char key[16];
    int in;
} thing;

static thing things[N];

static void test_against_an_array(void **state)
{
    (void)state;
    mci_map m;
    unsigned seed = 7;
    size_t in = 0;
    mci_map_init(&m, 12345);
    assert_null(mci_map_next(&m, NULL));
    for (int i = 0; i < N; i++)
        snprintf(things[i].key, sizeof things[i].key, "k%d", i);
    for (int step = 0; step < 20000; step++) {
        seed = seed * 1103515245u + 12345u;
        thing *t = &things[(seed >> 8) % N];
        size_t len = strlen(t->key);
        assert_ptr_equal(mci_map_find(&m, t->key, len), t->in ? &t->item : NULL);
        if (t->in)
            mci_map_remove(&m, &t->item);
        else
            mci_map_add(&m, &t->item, t->key, len);
        t->in = !t->in;
        in += t->in ? 1 : (size_t)-1;
        assert_int_equal(m.n, in);
    }
    size_t seen = 0;
    for (mci_map_item *i = mci_map_next(&m, NULL); i != NULL; i = mci_map_next(&m, i), seen++)
        assert_true(((thing *)i)->in);
    assert_int_equal(seen, in);
    seen = 0;
    for (size_t s = 0; s < m.slots; s++)
        for (mci_map_item *i = mci_map_slot(&m, s); i != NULL; i = i->next)
            seen++;
    assert_int_equal(seen, in);
    assert_null(mci_map_find(&m, "k", 1)); /* a key is all of its bytes */
    for (mci_map_item *i = mci_map_next(&m, NULL); i != NULL;) {
        mci_map_item *next = mci_map_next(&m, i);
        mci_map_remove(&m, i);
        i = next;
    }
    assert_int_equal(m.n, 0);
    mci_map_free(&m);
    assert_null(mci_map_find(&m, "k1", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_an_array)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
