/* SPDX-License-Identifier: Apache-2.0 */
/* Packed fields as a cache or a store may hold them: as they are, and behind the right version and fingerprint. What decodes is encoded and
 * decoded to the same again. */
#include "fuzz.h"

#include "base/packed.h"

#include <string.h>

const fuzz_seed fuzz_seeds[] = {
    /* kinds, items, bytes of texts, numbers, texts */
    SEED("\x21\x43\x05\x02\x09\x0a\0\0\0\0\0\0\x21\x40\x02\x01Text\0a\0b\0"),
    SEED("\x11\x11\x01\x00\x0a"
         "a\0b\0c\0d\0e\0"),
    SEED("\x31\x03\x00\x00\x03\0\0\0\0\0\0\xf8\x7f\0\0\0\0\0\0\xf8\x7f\xc3\xa9\0"),
    SEED("\x00\x40\x00\x03\x05\x03xx\0\0z\0"),
    SEED("\x00\x00\x00\x00\x00"),
    SEED("\x01\x3b\x50\x8e\x31\x21\x43\x05\x02"),
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

static void walk(const mci_doc *d)
{
    for (size_t i = 0; i < NFIELDS; i++) {
        const mci_val *v = mci_doc_val(d, i);
        FUZZ_CHECK(v->kind != MCI_STR || strlen(mci_doc_text(d, i)) == v->len);
        size_t sum = 0;
        for (uint32_t k = 0; v->kind == MCI_LIST && k < v->len; k++)
            sum += strlen(mci_doc_item(d, i, k));
        FUZZ_CHECK(sum < mci_doc_size(d));
    }
}

static void decode(const char *p, size_t n)
{
    mci_doc *d = NULL;
    mci_doc *second = NULL;
    mci_buf b;
    int rc = mci_packed_decode(&spec, p, n, "x", 1, "{}", 2, &d);
    FUZZ_CHECK((rc == 0) == (d != NULL));
    if (d == NULL)
        return;
    walk(d);
    mci_buf_init(&b, (size_t)1 << 22);
    mci_packed_encode(d, &b);
    FUZZ_CHECK(!b.failed && mci_packed_decode(&spec, b.data, b.len, "x", 1, NULL, 0, &second) == 0);
    FUZZ_CHECK(mci_doc_same_fields(d, second));
    mci_doc_unref(d);
    mci_doc_unref(second);
    mci_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decode((const char *)data, size);
    uint32_t print = mci_packed_fingerprint(&spec);
    char *p = malloc(size + 5);
    if (p == NULL)
        return 0;
    p[0] = MCI_PACKED_VERSION;
    for (unsigned i = 0; i < 4; i++)
        p[1 + i] = (char)(print >> (8 * i));
    memcpy(p + 5, data, size);
    decode(p, size + 5);
    free(p);
    return 0;
}
