/* SPDX-License-Identifier: Apache-2.0 */
/* store/uri.c: which store is named, what is left for it, and that no error text shows any part of the URI. */
#include "store/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        mci_store_kind kind;
        const char *text;
    } good[] = {
        {"mongodb://h", MCI_STORE_MONGODB, "mongodb://h"},
        {"mongodb://u:p%40@a,b:27018/x?w=1", MCI_STORE_MONGODB, "mongodb://u:p%40@a,b:27018/x?w=1"},
        {"mongodb+srv://u:p@h/x", MCI_STORE_MONGODB, "mongodb+srv://u:p@h/x"},
        {"sqlite::memory:", MCI_STORE_SQLITE, ":memory:"},
        {"sqlite:a b.db", MCI_STORE_SQLITE, "a b.db"},
        {"sqlite:///a", MCI_STORE_SQLITE, "///a"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        mci_store_addr a;
        mc_error err;
        assert_int_equal(mci_store_uri_parse(good[i].uri, &a, &err), MC_OK);
        assert_int_equal(a.kind, good[i].kind);
        assert_string_equal(a.text, good[i].text);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "canary",
                                      "http://canary",
                                      "mongodb://",
                                      "mongodb://u:canary@",
                                      "mongodb://u:canary@x@h",
                                      "mongodb://u:canary/x@h",
                                      "mongodb+srv://u:canary?x@h",
                                      "mongodb://canary/\n",
                                      "sqlite:",
                                      "SQLITE:canary"};
    char longest[MCI_URI_MAX + 1] = "sqlite:";
    mci_store_addr a;
    mc_error err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mci_store_uri_parse(bad[i], &a, &err), MC_E_URI);
        assert_int_equal(strncmp(err.text, "store.uri: ", 11), 0);
        assert_null(strstr(err.text, "canary"));
    }
    assert_int_equal(mci_store_uri_parse(NULL, &a, &err), MC_E_URI);
    memset(longest + 7, 'x', MCI_URI_MAX - 8);
    assert_int_equal(mci_store_uri_parse(longest, &a, &err), MC_OK); /* 1,023 bytes */
    longest[MCI_URI_MAX - 1] = 'x';
    assert_int_equal(mci_store_uri_parse(longest, &a, &err), MC_E_URI);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
