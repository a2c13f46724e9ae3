/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: proving that what comes back is what was written. Refuses: guessing. A value that does not match its sums, or does not decode, is
 * no value; nor is text handed out as JSON that is none, whoever has made the sum fit.
 */
#include "codec/value.h"

#include "base/packed.h"
#include "base/syncpoint.h"
#include "codec/json_scan.h"

#include <string.h>

int mci_value_encode(const mci_doc *d, mci_seal seal, size_t max, mci_metadata *m, mci_buf *out)
{
    size_t json_len = 0;
    const char *json = d != NULL ? mci_doc_json(d, &json_len) : NULL;
    mci_buf_init(out, MCI_METADATA_SIZE + (json_len > max ? 0 : max - json_len));
    if (json_len > max)
        return 1;
    m->there = (d != NULL ? MCI_THERE_FIELDS | (m->there & MCI_THERE_PLAIN) : 0) | (json != NULL ? MCI_THERE_TEXT : 0);
    m->text_sum = json != NULL ? mci_seal_text(seal, json, json_len) : 0;
    mci_metadata_add(m, out);
    if (d != NULL)
        mci_packed_encode(d, out);
    mci_metadata_seal(seal, out, 0);
    return !out->failed ? 0 : out->over ? 1 : -1;
}

/* Is it the text that the metadata is about, and JSON? */
static int is_document(mci_seal seal, const mci_metadata *m, mci_slice doc)
{
    return doc.p != NULL && m->there & MCI_THERE_TEXT && mci_seal_text(seal, doc.p, doc.n) == m->text_sum &&
           mci_json_scan(doc.p, doc.n);
}

mci_value_state mci_value_decode(const mci_macs *macs, const mci_spec *spec, const char *id, const mci_value_parts *parts,
                                 int64_t epoch, int64_t now_ms, mci_doc **out, mci_metadata *m)
{
    mci_seal seal;
    mci_slice p = parts->packed;
    mci_slice doc = parts->with_doc ? parts->doc : (mci_slice){NULL, 0};
    *out = NULL;
    if (p.p == NULL)
        return MCI_VALUE_NONE;
    if (mci_metadata_open(macs, spec, id, p.p, p.n, m, &seal) != 0)
        return MCI_VALUE_CORRUPT;
    if (m->epoch != epoch || (now_ms != 0 && now_ms > m->hard_ms && MCI_SAFEGUARD(MCI_SAFEGUARD_HARD_TTL)))
        return MCI_VALUE_OLD;
    if (m->there == 0)
        return p.n == MCI_METADATA_SIZE ? MCI_VALUE_NEGATIVE : MCI_VALUE_CORRUPT;
    if (!(m->there & MCI_THERE_FIELDS) || (parts->with_doc && !is_document(seal, m, doc)))
        return MCI_VALUE_CORRUPT;
    int rc = mci_packed_decode(spec, p.p + MCI_METADATA_SIZE, p.n - MCI_METADATA_SIZE, id, strlen(id), doc.p, doc.n, out);
    return rc == 0 ? MCI_VALUE_HIT : rc < 0 ? MCI_VALUE_CORRUPT : MCI_VALUE_NOMEM;
}
