/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot file: refused entirely, or a table in order that is written and read to the same again. */
#include "fuzz.h"

#include "store/snapshot.h"
#include "store/snapshot_file.h"
#include "store/snapshot_read.h"

#include <string.h>

#define HEAD "{\"format\":\"mflixcache-snapshot\",\"version\":1,\"written_ms\":1700000000000,\"count\":"

const fuzz_seed fuzz_seeds[] = {
    SEED(HEAD "1,\"sum\":\"0000000000000000\",\"entries\":{\"k\":{\"text\":\"v\"}}}"),
    SEED(HEAD "2,\"sum\":\"0123456789abcdef\",\"entries\":{\"a\":{\"base64\":\"AQID\"},\"b\":{\"text\":\"\\u00e9\"}}}"),
    SEED(HEAD "0,\"sum\":\"0000000000000000\",\"entries\":{}}"),
    SEED("[]"),
    {NULL, 0}};

/* The input as keys and values: every pair of lines. */
static void round_trip(const char *p, size_t size)
{
    mc_entry entries[16];
    char keys[16][24];
    size_t n = size / 20 < 16 ? size / 20 : 16;
    mci_buf out;
    mci_snapshot_table t = {0};
    mc_error err;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "key%02zu", i);
        entries[i] = (mc_entry){keys[i], p + i * 20, i % 21};
    }
    mci_buf_init(&out, (size_t)1 << 20);
    FUZZ_CHECK(mci_snapshot_encode(entries, n, 5, &out, &err) == MC_OK);
    FUZZ_CHECK(mci_snapshot_decode(out.data, out.len, &t, &err) == MC_OK);
    FUZZ_CHECK(t.n == n && t.written_ms == 5);
    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(strcmp(t.entry[i].key, keys[i]) == 0 && t.entry[i].size == entries[i].size &&
                   (t.entry[i].size == 0 || memcmp(t.entry[i].value, entries[i].value, t.entry[i].size) == 0));
    mci_snapshot_table_free(&t);
    if (size > 0) { /* one byte of it changed: refused */
        size_t at = (unsigned char)p[0] * out.len / 256;
        char was = out.data[at];
        out.data[at] = p[size - 1];
        if (was != p[size - 1] && mci_snapshot_decode(out.data, out.len, &t, &err) == MC_OK) {
            /* Only what means the same may pass: another way to write the same JSON. */
            FUZZ_CHECK(t.n == n);
            mci_snapshot_table_free(&t);
        }
    }
    mci_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mci_snapshot_table t = {0};
    mc_error err;
    if (mci_snapshot_decode((const char *)data, size, &t, &err) == MC_OK) {
        for (size_t i = 1; i < t.n; i++)
            FUZZ_CHECK(strcmp(t.entry[i - 1].key, t.entry[i].key) < 0);
        mci_snapshot_table_free(&t);
    }
    round_trip((const char *)data, size);
    return 0;
}
