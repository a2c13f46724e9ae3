/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash as Redis may hold it: `_p` up to a line of "%%", then `_doc`. With the sums put right (anybody can who knows the layout) as well as
 * without, and with right metadata before what is fuzzed; what decodes is encoded and decoded to the same again.
 */
#include "fuzz.h"

#include "base/endian.h"
#include "base/packed.h"
#include "codec/value.h"

#include <string.h>

#define HEAD "\0\0\0\0\0\0\0\0\x02\x03\x01\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define FIELDS "\x01\x01\0\0\0"
#define DOC "%%{\"_id\":\"x\"}"

const fuzz_seed fuzz_seeds[] = {
    SEED(HEAD FIELDS "\x21\x43\x05\x02\x09\x0a\0\0\0\0\0\0\x21\x40\x02\x01Text\0a\0b\0" DOC),
    SEED(HEAD FIELDS "\0\0\0\0\0%%{\"_id\":\"x\",\"text\":\"t\",\"a\":[1,2.5,null,{\"b\":\"\\u00e9\"}]}"),
    SEED("\0\0\0\0\0\0\0\0\x02\x00\x01\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    SEED(HEAD FIELDS "\x31\x03\x00\x00\x03\0\0\0\0\0\0\xf8\x7f\0\0\0\0\0\0\xf8\x7f\xc3\xa9\0" DOC),
    {NULL, 0}};

static const mci_field fields[] = {{"text", "text", MCI_STR},
                                   {"int", "int", MCI_INT},
                                   {"real", "real", MCI_REAL},
                                   {"list", "list", MCI_LIST},
                                   {"date", "date", MCI_DATE}};
static const mci_spec spec = {.name = "things",
                              .key = "thing",
                              .fields = fields,
                              .nfields = sizeof fields / sizeof fields[0],
                              .fingerprint = 1,
                              .alias_field = -1,
                              .rank_field = -1,
                              .lon_field = -1,
                              .lat_field = -1};

static void again(const mci_doc *d, int with_doc, const mci_metadata *m)
{
    mci_metadata second_m = *m;
    mci_doc *second = NULL;
    mci_buf b;
    FUZZ_CHECK(mci_value_encode(d, mci_seal_of(NULL, &spec, "x", 1), (size_t)1 << 22, &second_m, &b) == 0);
    mci_value_parts parts = {.packed = {b.data, b.len}, .with_doc = with_doc};
    parts.doc.p = mci_doc_json(d, &parts.doc.n);
    FUZZ_CHECK(mci_value_decode(NULL, &spec, "x", &parts, m->epoch, 0, &second, &second_m) == MCI_VALUE_HIT);
    FUZZ_CHECK(mci_doc_same_fields(d, second));
    FUZZ_CHECK((mci_doc_json(second, NULL) != NULL) == (with_doc != 0));
    mci_doc_unref(second);
    mci_buf_free(&b);
}

static void decode(const mci_value_parts *parts)
{
    mci_metadata m = {0};
    mci_doc *d = NULL;
    mci_value_state st = mci_value_decode(NULL, &spec, "x", parts, 1, 0, &d, &m);
    FUZZ_CHECK((st == MCI_VALUE_HIT) == (d != NULL));
    if (d != NULL)
        again(d, parts->with_doc, &m);
    mci_doc_unref(d);
    (void)mci_value_decode(NULL, &spec, "x", parts, 1, 1, &d, &m);
    mci_doc_unref(d);
}

static void both(mci_value_parts *parts)
{
    for (parts->with_doc = 0; parts->with_doc < 2; parts->with_doc++)
        decode(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data;
    const char *mark = NULL;
    for (size_t i = 0; mark == NULL && i + 1 < size; i++)
        mark = p[i] == '%' && p[i + 1] == '%' ? p + i : NULL;
    mci_value_parts parts = {.packed = {p, mark != NULL ? (size_t)(mark - p) : size}};
    if (mark != NULL)
        parts.doc = (mci_slice){mark + 2, (size_t)(p + size - mark - 2)};
    both(&parts);
    if (parts.packed.n < MCI_METADATA_SIZE)
        return 0;
    mci_seal seal = mci_seal_of(NULL, &spec, "x", 1);
    mci_buf fixed;
    mci_buf_init(&fixed, size);
    mci_buf_add(&fixed, parts.packed.p, parts.packed.n);
    if (parts.doc.p != NULL)
        mci_store64(fixed.data + 34, mci_seal_text(seal, parts.doc.p, parts.doc.n));
    for (int head = 0; head < 2; head++) { /* the second time as it should begin */
        if (head)
            memcpy(fixed.data, HEAD, 34);
        mci_metadata_seal(seal, &fixed, 0);
        parts.packed = (mci_slice){fixed.data, fixed.len};
        both(&parts);
    }
    mci_buf_free(&fixed);
    return 0;
}
