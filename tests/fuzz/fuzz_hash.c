/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash as Redis may hold it: first byte which fields are there, then texts up to a newline: envelope, fields, document. With a sum put right
 * (anybody can who knows the layout) as well as without; what decodes is encoded and decoded to the same again.
 */
#include "fuzz.h"

#include "base/random.h"
#include "codec/hash.h"

#include <string.h>

#define BODY "M1 D 0 1700000000000 1700000100000 1700000100000 0 "
#define SUMS " 0000000000000000 0000000000000000"

const fuzz_seed fuzz_seeds[] = {
    SEED("\x3f" BODY "SIRLT" SUMS "\nText\n1999\n8.5\n[\"a\",\"b\\n\"]\n-2085523200000\n{\"_id\":\"x\"}"),
    SEED("\x1f" BODY "SSSSS" SUMS "\na\nb\nc\nd\ne"),
    SEED("\x3f" BODY "-----" SUMS "\n\n\n\n\n\n{\"_id\":\"x\",\"text\":\"t\"}"),
    SEED("\x00M1 N 7 1 2 3 0 -" SUMS),
    SEED("\x04" BODY "--R--" SUMS "\n\n\nNaN"),
    SEED("\x08" BODY "---L-" SUMS "\n\n\n\n[]"),
    {NULL, 0}};

static const mci_field fields[] = {{"text", "text", MCI_STR},
                                   {"int", "int", MCI_INT},
                                   {"real", "real", MCI_REAL},
                                   {"list", "list", MCI_LIST},
                                   {"date", "date", MCI_DATE}};
#define NFIELDS (sizeof fields / sizeof fields[0])
static const mci_spec spec = {.name = "things",
                              .key = "thing",
                              .fields = fields,
                              .nfields = NFIELDS,
                              .alias_field = -1,
                              .rank_field = -1,
                              .lon_field = -1,
                              .lat_field = -1};

static mci_slice line(const char **p, const char *end)
{
    const char *stop = *p < end ? memchr(*p, '\n', (size_t)(end - *p)) : NULL;
    mci_slice s = {*p, (size_t)((stop != NULL ? stop : end) - *p)};
    *p = stop != NULL ? stop + 1 : end;
    return s;
}

static void again(const mci_doc *d, mci_seal seed, const mci_envelope *e)
{
    mci_hash_fields f = {0};
    mci_envelope env = *e;
    mci_slice slices[NFIELDS];
    mci_slice json = {NULL, 0};
    mci_doc *second = NULL;
    mci_buf m;
    mci_buf_init(&m, MCI_ENVELOPE_MAX);
    FUZZ_CHECK(mci_hash_encode(d, seed, (size_t)1 << 22, &f, &env) == 0);
    mci_envelope_write(&env, seed, &m);
    for (size_t i = 0; i < NFIELDS; i++)
        slices[i] = f.field[i].there ? (mci_slice){f.text.data + f.field[i].off, f.field[i].len} : (mci_slice){NULL, 0};
    json.p = mci_doc_json(d, &json.n);
    FUZZ_CHECK(mci_hash_decode(NULL, &spec, "x", (mci_slice){m.data, m.len}, slices, json, e->epoch, 0, &second, &env) ==
               MCI_VALUE_HIT);
    for (size_t i = 0; i < NFIELDS; i++)
        FUZZ_CHECK(mci_doc_val(second, i)->kind == mci_doc_val(d, i)->kind &&
                   mci_doc_val(second, i)->len == mci_doc_val(d, i)->len);
    mci_doc_unref(second);
    mci_hash_fields_free(&f);
    mci_buf_free(&m);
}

static void decode(mci_seal seed, mci_slice m, const mci_slice *slices, mci_slice json)
{
    mci_envelope e = {0};
    mci_doc *d = NULL;
    mci_value_state st = mci_hash_decode(NULL, &spec, "x", m, slices, json, 0, 0, &d, &e);
    FUZZ_CHECK((st == MCI_VALUE_HIT) == (d != NULL));
    if (d != NULL)
        again(d, seed, &e);
    mci_doc_unref(d);
    (void)mci_hash_decode(NULL, &spec, "x", m, NULL, json, 0, 1, &d, &e);
    mci_doc_unref(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *p = (const char *)data + 1;
    const char *end = (const char *)data + size;
    mci_seal seed = mci_envelope_seal(NULL, &spec, "x", 1);
    mci_slice m = line(&p, end);
    mci_slice slices[NFIELDS];
    for (size_t i = 0; i < NFIELDS; i++) {
        slices[i] = line(&p, end);
        if (!(data[0] >> i & 1))
            slices[i].p = NULL;
    }
    mci_slice json = data[0] & 0x20 ? (mci_slice){p, (size_t)(end - p)} : (mci_slice){NULL, 0};
    decode(seed, m, slices, json);
    /* The sums put right: over the fields as codec/hash.c chains them, over the document, over the envelope. */
    char body[MCI_ENVELOPE_MAX];
    if (m.n < 34 || m.n + 18 > sizeof body)
        return 0;
    uint64_t sum = seed.seed;
    for (size_t i = 0; i < NFIELDS; i++)
        if (slices[i].p != NULL)
            sum = mci_checksum(sum + i + 1, slices[i].p, slices[i].n);
    memcpy(body, m.p, m.n);
    (void)snprintf(body + m.n - 34, 35, " %016llx %016llx", (unsigned long long)sum,
                   json.p == NULL ? 0 : (unsigned long long)mci_checksum(seed.seed ^ 1, json.p, json.n));
    (void)snprintf(body + m.n, 18, " %016llx", (unsigned long long)mci_checksum(seed.seed, body, m.n));
    decode(seed, (mci_slice){body, m.n + 17}, slices, json);
    return 0;
}
