/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the text of a unique key's entry. Refuses: ids that are none, numbers beyond 2^53, sums by keys that are not ours. Pure. */
#include "codec/unique_entry.h"

#include "base/num.h"

#include <stdio.h>
#include <string.h>

#define TAG 17 /* a blank and 16 digits */
#define NUMBER_MAX (INT64_C(1) << 53)

static void tag_of(const mci_mac *mac, const mci_unique_of *of, const char *p, size_t n, char out[TAG + 1])
{
    mci_seal seal = mci_seal_of(mac, of->spec, of->key, strlen(of->key));
    uint64_t named = mci_mac_sum(mac, 'U', seal.seed, of->name, strlen(of->name));
    (void)snprintf(out, TAG + 1, " %016llx", (unsigned long long)mci_mac_sum(mac, 'A', named, p, n));
}

/* Bytes before the keyed sum; all of them when there are no keys. 0: the sum is missing or not by one of ours. */
static size_t sealed_len(const mci_macs *macs, const mci_unique_of *of, const char *p, size_t n)
{
    char tag[TAG + 1];
    for (size_t i = 0; i < macs->n && n > TAG; i++) {
        tag_of(&macs->mac[i], of, p, n - TAG, tag);
        if (memcmp(p + n - TAG, tag, TAG) == 0)
            return n - TAG;
    }
    return macs->n == 0 ? n : 0;
}

void mci_unique_entry_write(const mci_macs *macs, const mci_unique_of *of, const mci_unique_entry *e, mci_buf *out)
{
    size_t begin = out->len;
    mci_buf_int(out, e->epoch);
    mci_buf_char(out, ' ');
    mci_buf_int(out, e->written_ms);
    mci_buf_char(out, ' ');
    mci_buf_str(out, e->id[0] != '\0' ? e->id : "-");
    if (macs->n == 0 || out->failed)
        return;
    char tag[TAG + 1];
    tag_of(&macs->mac[0], of, out->data + begin, out->len - begin, tag);
    mci_buf_str(out, tag);
}

int mci_unique_entry_read(const mci_macs *macs, const mci_unique_of *of, const char *text, size_t n, mci_unique_entry *out)
{
    const char *p = text;
    const char *end = p + sealed_len(macs, of, text, n);
    int64_t *number[2] = {&out->epoch, &out->written_ms};
    for (int i = 0; i < 2; i++) {
        const char *blank = memchr(p, ' ', (size_t)(end - p));
        if (blank == NULL || mci_parse_int(p, (size_t)(blank - p), number[i]) != 0 || *number[i] < 0 ||
            *number[i] > NUMBER_MAX)
            return -1;
        p = blank + 1;
    }
    out->id[0] = '\0';
    if (end - p == 1 && *p == '-')
        return 0;
    return mci_id_check(of->spec->id_kind, p, (size_t)(end - p), out->id, "id", NULL) == MC_OK ? 0 : -1;
}
