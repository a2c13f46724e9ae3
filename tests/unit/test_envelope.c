/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope: comes back as it was written, and nothing else is taken for one. */
#include "codec/envelope.h"

#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const mci_field fields[] = {{"a", "a", MCI_STR}};
static const mci_spec spec = {.name = "things", .key = "thing", .fields = fields, .nfields = 1};

static size_t write_one(char *out, mci_seal seed)
{
    mci_envelope e = {.epoch = 7,
                      .written_ms = 1763811234567,
                      .soft_ms = 1763811434567,
                      .hard_ms = 1763811434568,
                      .version = 3,
                      .kinds = "SIRLT-",
                      .fields_sum = 0x0123456789abcdef,
                      .doc_sum = UINT64_MAX};
    mci_buf b;
    mci_buf_init(&b, MCI_ENVELOPE_MAX);
    mci_envelope_write(&e, seed, &b);
    assert_false(b.failed);
    memcpy(out, b.data, b.len);
    size_t n = b.len;
    mci_buf_free(&b);
    return n;
}

static void test_round_trip(void **state)
{
    (void)state;
    char text[MCI_ENVELOPE_MAX];
    mci_seal seed = mci_envelope_seal(NULL, &spec, "id1", 3);
    size_t n = write_one(text, seed);
    mci_envelope e;
    assert_int_equal(mci_envelope_read(text, n, seed, &e), 0);
    assert_int_equal(e.negative, 0);
    assert_int_equal(e.epoch, 7);
    assert_true(e.written_ms == 1763811234567 && e.soft_ms == 1763811434567 && e.hard_ms == 1763811434568);
    assert_int_equal(e.version, 3);
    assert_string_equal(e.kinds, "SIRLT-");
    assert_true(e.fields_sum == 0x0123456789abcdef && e.doc_sum == UINT64_MAX);
}

/* Every single changed bit, every cut, and another id's seed. */
static void test_damage_is_seen(void **state)
{
    (void)state;
    char text[MCI_ENVELOPE_MAX];
    mci_seal seed = mci_envelope_seal(NULL, &spec, "id1", 3);
    size_t n = write_one(text, seed);
    mci_envelope e;
    for (size_t i = 0; i < n * 8; i++) {
        text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
        assert_int_equal(mci_envelope_read(text, n, seed, &e), -1);
        text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
    }
    for (size_t i = 0; i < n; i++)
        assert_int_equal(mci_envelope_read(text, i, seed, &e), -1);
    assert_int_equal(mci_envelope_read(text, n, mci_envelope_seal(NULL, &spec, "id2", 3), &e), -1);
    assert_int_equal(mci_envelope_read("", 0, seed, &e), -1);
}

/* With a sum that fits, which anybody can make who knows the layout: numbers and kinds that are never written. */
static void test_what_is_never_written(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        size_t n; /* 0: all of it */
        int rc;
    } cases[] = {{"M1 D 0 1 2 3 0 S 0000000000000000 0000000000000000", 0, 0},
                 {"M1 D 00 1 2 3 0 S 0000000000000000 0000000000000000", 0, -1},
                 {"M1 D 0 01 2 3 0 S 0000000000000000 0000000000000000", 0, -1},
                 {"M1 D 0 1 2 9007199254740992 0 S 0000000000000000 0000000000000000", 0, 0},
                 {"M1 D 0 1 2 9007199254740993 0 S 0000000000000000 0000000000000000", 0, -1},
                 {"M1 D 0 1 9223372036854775807 3 0 S 0000000000000000 0000000000000000", 0, -1},
                 {"M1 D 9223372036854775807 1 2 3 0 S 0000000000000000 0000000000000000", 0, -1},
                 {"M1 D 0 -1 2 3 0 S 0000000000000000 0000000000000000", 0, -1},
                 {"M1 D 0 1 2 3 0 S\0 0000000000000000 0000000000000000", 51, -1},
                 {"M1 D 0 1 2 3 0 SS\0S 0000000000000000 0000000000000000", 53, -1},
                 {"M1 X 0 1 2 3 0 S 0000000000000000 0000000000000000", 0, -1}};
    mci_seal seed = mci_envelope_seal(NULL, &spec, "id1", 3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[MCI_ENVELOPE_MAX];
        size_t n = cases[i].n > 0 ? cases[i].n : strlen(cases[i].body);
        mci_envelope e;
        memcpy(text, cases[i].body, n);
        snprintf(text + n, sizeof text - n, " %016llx", (unsigned long long)mci_checksum(seed.seed, text, n));
        if (mci_envelope_read(text, n + 17, seed, &e) != cases[i].rc)
            fail_msg("%s", cases[i].body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage_is_seen),
                                       cmocka_unit_test(test_what_is_never_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
