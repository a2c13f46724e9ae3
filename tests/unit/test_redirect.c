/* SPDX-License-Identifier: Apache-2.0 */
/* What servers say when a command is not for them, and the same commands once more. */
#include "redis/redirect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static mci_redirect of(const char *text)
{
    mci_reply r = {.type = MCI_REPLY_ERROR, .len = strlen(text)};
    r.u.str = text;
    return mci_redirect_of(&r);
}

static void check(const char *text, mci_redirect_kind kind, const char *host, int port)
{
    mci_redirect r = of(text);
    assert_int_equal(r.kind, kind);
    if (kind == MCI_REDIRECT_MOVED || kind == MCI_REDIRECT_ASK) {
        assert_string_equal(r.host, host);
        assert_int_equal(r.port, port);
    }
}

static void test_texts(void **state)
{
    (void)state;
    check("MOVED 3999 127.0.0.1:6381", MCI_REDIRECT_MOVED, "127.0.0.1", 6381);
    check("MOVED 3999 redis-1.example:7000", MCI_REDIRECT_MOVED, "redis-1.example", 7000);
    check("MOVED 3999 ::1:7000", MCI_REDIRECT_MOVED, "::1", 7000);
    check("MOVED 3999 :7000", MCI_REDIRECT_MOVED, "", 7000);
    check("ASK 1 10.0.0.1:1", MCI_REDIRECT_ASK, "10.0.0.1", 1);
    check("TRYAGAIN Multiple keys request during rehashing of slot", MCI_REDIRECT_LATER, "", 0);
    check("LOADING Redis is loading the dataset in memory", MCI_REDIRECT_DOWN, "", 0);
    check("CLUSTERDOWN The cluster is down", MCI_REDIRECT_DOWN, "", 0);
    check("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", MCI_REDIRECT_DOWN, "", 0);
    check("READONLY You can't write against a read only replica.", MCI_REDIRECT_DEMOTED, "", 0);
    static const char *const others[] = {
        "MOVED",           "MOVED 1",      "MOVED 1 host",    "MOVED 1 host:", "MOVED 1 host:0",
        "MOVED 1 h:65536", "ASK 1 nobody", "ERR MOVED 1 h:1", "OOM command",   "BUSY a script"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        check(others[i], MCI_REDIRECT_NONE, "", 0);
    char big[600] = "MOVED 1 ";
    memset(big + 8, 'h', 500);
    strcpy(big + 508, ":1");
    check(big, MCI_REDIRECT_NONE, "", 0);
    assert_int_equal(mci_redirect_of(NULL).kind, MCI_REDIRECT_NONE);
}

/* A transaction stays together, and the copies are the same bytes. */
static void test_units(void **state)
{
    (void)state;
    mci_batch b;
    mci_batch again;
    mci_batch_init(&b);
    mci_batch_init(&again);
    b.slot = 7;
    mci_cmd(&b, "GET");
    mci_arg_str(&b, "a");
    mci_cmd(&b, "MULTI");
    mci_cmd(&b, "SET");
    mci_arg_str(&b, "a");
    mci_arg_str(&b, "MULTI");
    mci_cmd(&b, "EXEC");
    mci_cmd(&b, "PING");
    mci_batch_seal(&b);
    assert_int_equal(mci_redirect_unit(&b, 0), 1);
    assert_int_equal(mci_redirect_unit(&b, 1), 4);
    assert_int_equal(mci_redirect_unit(&b, 4), 5);
    mci_redirect_pack(&again, &b, 1, 4, 0);
    mci_redirect_pack(&again, &b, 0, 1, 1);
    mci_batch_seal(&again);
    static const char want[] = "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEXEC\r\n"
                               "*1\r\n$6\r\nASKING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
    assert_int_equal(again.out.len, sizeof want - 1);
    assert_memory_equal(again.out.data, want, sizeof want - 1);
    assert_int_equal(again.n, 5);
    assert_int_equal(again.cmds[0].slot, 7);
    mci_batch_free(&b);
    mci_batch_free(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_units)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
