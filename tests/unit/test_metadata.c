/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata: comes back as it was written, and nothing else is taken for it. */
#include "codec/metadata.h"

#include "base/endian.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const mci_field fields[] = {{"a", "a", MCI_STR}};
static const mci_spec spec = {.name = "things", .key = "thing", .fields = fields, .nfields = 1};
static const mci_spec other = {.name = "others", .key = "other", .fields = fields, .nfields = 1};
static const char behind[] = "packed fields";

static mci_buf make(const mci_mac *mac)
{
    const mci_metadata m = {.there = MCI_THERE_TEXT | MCI_THERE_FIELDS,
                            .epoch = INT64_C(1) << 53,
                            .written_ms = 1763811234567,
                            .hard_ms = 1763811434568,
                            .text_sum = UINT64_MAX - 1};
    mci_buf b;
    mci_buf_init(&b, 200);
    mci_metadata_add(&m, &b);
    assert_int_equal(b.len, MCI_METADATA_SIZE);
    mci_buf_str(&b, behind);
    mci_metadata_seal(mci_seal_of(mac, &spec, "id1", 3), &b, 0);
    assert_false(b.failed);
    return b;
}

static int open_as(const mci_macs *macs, const mci_spec *of, const char *id, const char *p, size_t n)
{
    mci_metadata m;
    mci_seal seal;
    char *exact = malloc(n > 0 ? n : 1); /* a read past its end is seen */
    assert_non_null(exact);
    memcpy(exact, p, n);
    int rc = mci_metadata_open(macs, of, id, exact, n, &m, &seal);
    free(exact);
    return rc;
}

static void test_round_trip(void **state)
{
    (void)state;
    mci_metadata m;
    mci_seal seal;
    mci_buf b = make(NULL);
    assert_int_equal(mci_metadata_open(NULL, &spec, "id1", b.data, b.len, &m, &seal), 0);
    assert_int_equal(m.there, MCI_THERE_TEXT | MCI_THERE_FIELDS);
    assert_true(m.epoch == INT64_C(1) << 53 && m.written_ms == 1763811234567 && m.hard_ms == 1763811434568);
    assert_true(m.text_sum == UINT64_MAX - 1);
    assert_true(mci_seal_text(seal, "x", 1) == mci_seal_text(mci_seal_of(NULL, &spec, "id1", 3), "x", 1));
    mci_buf_free(&b);
}

/* Every single changed bit, here and behind, every cut, what is longer, another id, another collection. */
static void test_damage_is_seen(void **state)
{
    (void)state;
    mci_buf b = make(NULL);
    for (size_t i = 0; i < b.len * 8; i++) {
        b.data[i / 8] = (char)(b.data[i / 8] ^ (1 << (i % 8)));
        assert_int_equal(open_as(NULL, &spec, "id1", b.data, b.len), -1);
        b.data[i / 8] = (char)(b.data[i / 8] ^ (1 << (i % 8)));
    }
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(open_as(NULL, &spec, "id1", b.data, n), -1);
    assert_int_equal(open_as(NULL, &spec, "id1", b.data, b.len), 0);
    assert_int_equal(open_as(NULL, &spec, "id2", b.data, b.len), -1);
    assert_int_equal(open_as(NULL, &other, "id1", b.data, b.len), -1);
    mci_buf_add(&b, "", 1);
    assert_int_equal(open_as(NULL, &spec, "id1", b.data, b.len), -1);
    mci_buf_free(&b);
}

static void test_keys(void **state)
{
    (void)state;
    mci_macs macs = {.n = 2};
    mci_macs none = {.n = 0};
    assert_int_equal(mci_mac_init(&macs.mac[0], "000102030405060708090a0b0c0d0e0f", "p:"), 0);
    assert_int_equal(mci_mac_init(&macs.mac[1], "100102030405060708090a0b0c0d0e0f", "p:"), 0);
    for (int i = -1; i < 2; i++) {
        mci_buf b = make(i < 0 ? NULL : &macs.mac[i]);
        assert_int_equal(open_as(&macs, &spec, "id1", b.data, b.len), i < 0 ? -1 : 0); /* the old key is accepted, too */
        assert_int_equal(open_as(&none, &spec, "id1", b.data, b.len), i < 0 ? 0 : -1);
        macs.n = 1;
        assert_int_equal(open_as(&macs, &spec, "id1", b.data, b.len), i == 0 ? 0 : -1);
        macs.n = 2;
        mci_buf_free(&b);
    }
}

/* With a sum that fits, which anybody can make who knows the layout: what is never written. */
static void test_what_is_never_written(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint64_t number;
        int byte; /* in place of the number; -1: the number */
        int rc;
    } cases[] = {{8, 0, MCI_LAYOUT, 0},
                 {8, 0, MCI_LAYOUT + 1, -1},
                 {8, 0, 'M', -1},
                 {9, 0, 0, 0},
                 {9, 0, 15, 0},
                 {9, 0, 16, -1},
                 {9, 0, 255, -1},
                 {10, UINT64_C(1) << 53, -1, 0},
                 {10, (UINT64_C(1) << 53) + 1, -1, -1},
                 {10, UINT64_MAX, -1, -1},
                 {18, UINT64_C(1) << 53, -1, 0},
                 {18, INT64_MAX, -1, -1},
                 {26, UINT64_C(1) << 53, -1, 0},
                 {26, UINT64_C(1) << 63, -1, -1},
                 {34, UINT64_MAX, -1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mci_buf b = make(NULL);
        if (cases[i].byte >= 0)
            b.data[cases[i].at] = (char)cases[i].byte;
        else
            mci_store64(b.data + cases[i].at, cases[i].number);
        mci_store64(b.data, mci_checksum(mci_seal_of(NULL, &spec, "id1", 3).seed, b.data + 8, b.len - 8));
        if (open_as(NULL, &spec, "id1", b.data, b.len) != cases[i].rc)
            fail_msg("case %zu", i);
        mci_buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage_is_seen),
                                       cmocka_unit_test(test_keys), cmocka_unit_test(test_what_is_never_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
