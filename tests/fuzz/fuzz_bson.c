/* SPDX-License-Identifier: Apache-2.0 */
/* BSON as a MongoDB may send it: broken or whole, what is written as text is a document that reads back to the same text. */
#include "fuzz.h"

#include "codec/json.h"
#include "codec/json_scan.h"
#include "store/mongo_bson.h"

#include <string.h>

#define OID "\x07_id\0\x57\x3a\x13\x90\xf2\x93\x13\xca\xab\xcd\x42\xe8"

const fuzz_seed fuzz_seeds[] = {
    SEED("\x26\0\0\0" OID "\x02title\0\x03\0\0\0ab\0"
         "\x0a"
         "x\0\0"),
    SEED("\x36\0\0\0" OID "\x03imdb\0\x1c\0\0\0\x01rating\0\0\0\0\0\0\0\x21\x40\x12v\0\x07\0\0\0\0\0\0\0\0\0"),
    SEED("\x2f\0\0\0" OID "\x04"
         "cast\0\x13\0\0\0\x02"
         "0\0\x02\0\0\0a\0\x10"
         "1\0\x05\0\0\0\0\0"),
    SEED("\x23\0\0\0" OID "\x09"
         "d\0\0\0\0\0\0\0\0\0\x08"
         "b\0\x01\0"),
    SEED("\x05\0\0\0\0"),
    {NULL, 0}};

static const mci_field fields[] = {
    {"title", "title", MCI_STR}, {"cast", "cast", MCI_LIST}, {"rating", "imdb.rating", MCI_REAL}};
static const mci_spec spec = {.name = "movies",
                              .key = "movie",
                              .fields = fields,
                              .nfields = sizeof fields / sizeof fields[0],
                              .id_kind = MCI_ID_AUTO,
                              .alias_field = 0,
                              .rank_field = 2,
                              .lon_field = -1,
                              .lat_field = -1};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bson_t b;
    mc_error err;
    mci_doc *d = NULL;
    double number = 0;
    if (size >= 4) { /* most mutations break the length only: put right in a copy, the rest is reached */
        uint8_t *copy = malloc(size);
        FUZZ_CHECK(copy != NULL);
        memcpy(copy, data, size);
        for (int i = 0; i < 4; i++)
            copy[i] = (uint8_t)(size >> (8 * i));
        if (bson_init_static(&b, copy, size) && mci_bson_decode(&spec, &b, &d, &err) == MC_OK) {
            size_t n = 0;
            mci_doc *e = NULL;
            const char *json = mci_doc_json(d, &n);
            FUZZ_CHECK(json != NULL && json[n] == '\0' && mci_json_scan(json, n));
            (void)mci_json_decode(&spec, json, n, &e, &err);
            mci_doc_unref(e);
            (void)mci_bson_number(&b, "imdb.rating", &number);
        }
        mci_doc_unref(d);
        free(copy);
    }
    d = NULL;
    if (bson_init_static(&b, data, size))
        (void)mci_bson_decode(&spec, &b, &d, &err);
    mci_doc_unref(d);
    return 0;
}
