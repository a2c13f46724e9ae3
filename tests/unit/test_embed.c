/* SPDX-License-Identifier: Apache-2.0 */
/* cmake/embed_lua.cmake: the embedded text is the file, byte for byte, whatever is in it. */
#include "odd_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_bytes(void **state)
{
    (void)state;
    FILE *f = fopen(MFLIX_SOURCE_DIR "/tests/tools/odd.lua", "rb");
    assert_non_null(f);
    char text[4096];
    size_t n = fread(text, 1, sizeof text, f);
    assert_int_equal(fclose(f), 0);
    assert_true(n > 100 && n < sizeof text);
    assert_string_equal(mci_script_odd.name, "odd");
    assert_int_equal(mci_script_odd.len, n);
    assert_memory_equal(mci_script_odd.text, text, n);
    assert_int_equal(mci_script_odd.text[n], '\0');
    assert_int_equal(strlen(mci_script_odd.sha1), 40);
    assert_int_equal(strspn(mci_script_odd.sha1, "0123456789abcdef"), 40);
}

/* The digest Redis will compute, by another program. */
static void test_sha1(void **state)
{
    (void)state;
    FILE *p = popen("sha1sum < '" MFLIX_SOURCE_DIR "/tests/tools/odd.lua'", "r");
    assert_non_null(p);
    char sum[64] = "";
    assert_non_null(fgets(sum, sizeof sum, p));
    assert_int_equal(pclose(p), 0);
    sum[40] = '\0';
    assert_string_equal(mci_script_odd.sha1, sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes), cmocka_unit_test(test_sha1)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
