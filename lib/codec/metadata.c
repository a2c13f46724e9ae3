/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the bytes of metadata, and the seal of values. Refuses: anything that it does not write itself. Pure. */
#include "codec/metadata.h"

#include "base/endian.h"

#include <string.h>

#define NUMBER_MAX (UINT64_C(1) << 53) /* what is added to a time, or taken off, cannot overflow */
#define THERE_ALL (MCI_THERE_TEXT | MCI_THERE_FIELDS | MCI_THERE_PLAIN | MCI_THERE_STALE)

enum { AT_SUM = 0, AT_LAYOUT = 8, AT_THERE = 9, AT_EPOCH = 10, AT_WRITTEN = 18, AT_HARD = 26, AT_TEXT_SUM = 34 };

mci_seal mci_seal_of(const mci_mac *mac, const mci_spec *spec, const char *id, size_t id_len)
{
    uint64_t kind = mci_mac_sum(mac, 'C', mac != NULL ? mac->base : 0, spec->key, strlen(spec->key));
    return (mci_seal){mac, mci_mac_sum(mac, 'I', kind, id, id_len)};
}

mci_seal mci_seal_own(const mci_macs *macs, const mci_spec *spec, const char *id, size_t id_len)
{
    return mci_seal_of(macs != NULL && macs->n > 0 ? &macs->mac[0] : NULL, spec, id, id_len);
}

uint64_t mci_seal_text(mci_seal seal, const char *p, size_t n)
{
    return mci_mac_sum(seal.mac, 'V', seal.seed ^ 1, p, n);
}

static uint64_t sum_of(mci_seal seal, const char *p, size_t n)
{
    return mci_mac_sum(seal.mac, 'E', seal.seed, p + AT_LAYOUT, n - AT_LAYOUT);
}

void mci_metadata_add(const mci_metadata *m, mci_buf *out)
{
    char b[MCI_METADATA_SIZE] = {0};
    b[AT_LAYOUT] = MCI_LAYOUT;
    b[AT_THERE] = (char)m->there;
    mci_store64(b + AT_EPOCH, (uint64_t)m->epoch);
    mci_store64(b + AT_WRITTEN, (uint64_t)m->written_ms);
    mci_store64(b + AT_HARD, (uint64_t)m->hard_ms);
    mci_store64(b + AT_TEXT_SUM, m->text_sum);
    mci_buf_add(out, b, sizeof b);
}

void mci_metadata_seal(mci_seal seal, mci_buf *out, size_t begin)
{
    if (!out->failed)
        mci_store64(out->data + begin + AT_SUM, sum_of(seal, out->data + begin, out->len - begin));
}

static int read_numbers(const char *p, mci_metadata *out)
{
    uint64_t epoch = mci_load64(p + AT_EPOCH);
    uint64_t written = mci_load64(p + AT_WRITTEN);
    uint64_t hard = mci_load64(p + AT_HARD);
    *out = (mci_metadata){.there = (unsigned char)p[AT_THERE],
                          .epoch = (int64_t)epoch,
                          .written_ms = (int64_t)written,
                          .hard_ms = (int64_t)hard,
                          .text_sum = mci_load64(p + AT_TEXT_SUM)};
    return p[AT_LAYOUT] != MCI_LAYOUT || out->there & ~(unsigned)THERE_ALL || epoch > NUMBER_MAX || written > NUMBER_MAX ||
                   hard > NUMBER_MAX
               ? -1
               : 0;
}

int mci_metadata_open(const mci_macs *macs, const mci_spec *spec, const char *id, const char *p, size_t n, mci_metadata *out,
                      mci_seal *seal)
{
    size_t keys = macs != NULL ? macs->n : 0;
    size_t id_len = strlen(id);
    if (n < MCI_METADATA_SIZE || read_numbers(p, out) != 0)
        return -1;
    uint64_t sum = mci_load64(p + AT_SUM);
    for (size_t i = 0; i < (keys > 0 ? keys : 1); i++) {
        *seal = mci_seal_of(keys > 0 ? &macs->mac[i] : NULL, spec, id, id_len);
        if (sum_of(*seal, p, n) == sum)
            return 0;
    }
    return -1;
}
