/* SPDX-License-Identifier: Apache-2.0 */
/* A mark is crossed in a forked child and in its children, never in the process that set it. */
#include "base/fork_mark.h"
#include "base/portable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* 1 when the child, and its children down to `deep`, see it crossed. */
static int seen_in_child(const mci_fork_mark *m, int deep)
{
    pid_t pid = fork();
    if (pid == 0) {
        int crossed = mci_fork_mark_crossed(m);
        if (deep > 0)
            crossed &= seen_in_child(m, deep - 1);
        _exit(crossed ? 42 : 0);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status) == 42;
}

static void test_children_have_crossed_it_and_the_parent_never(void **state)
{
    (void)state;
    mci_fork_mark m;
    mci_fork_mark_set(&m);
    if (MCI_LINUX && getenv("MFLIX_EMULATED") == NULL) /* no system call at each call of the library */
        assert_true(m.page != NULL);
    assert_false(mci_fork_mark_crossed(&m));
    assert_int_equal(seen_in_child(&m, 1), 1);
    assert_false(mci_fork_mark_crossed(&m));
    mci_fork_mark_free(&m);
}

static void test_without_the_systems_help_the_process_is_compared(void **state)
{
    (void)state;
    mci_fork_mark m;
    mci_fork_mark_set(&m);
    mci_fork_mark_free(&m);
    assert_false(mci_fork_mark_crossed(&m));
    assert_int_equal(seen_in_child(&m, 1), 1);
}

static void test_a_childs_own_mark_is_the_childs(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        mci_fork_mark m;
        mci_fork_mark_set(&m);
        _exit(mci_fork_mark_crossed(&m) ? 1 : 0);
    }
    int status = 0;
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_children_have_crossed_it_and_the_parent_never),
                                       cmocka_unit_test(test_without_the_systems_help_the_process_is_compared),
                                       cmocka_unit_test(test_a_childs_own_mark_is_the_childs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
