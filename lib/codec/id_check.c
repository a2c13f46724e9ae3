/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: what an id may look like. Refuses: bytes that mean something in keys or patterns, and more of them than fit. */
#include "codec/id_check.h"

#include "base/error.h"
#include "base/objectid.h"
#include "base/utf8.h"

#include <string.h>

mc_status mci_id_check(mci_id_kind kind, const char *p, size_t n, char out[MCI_ID_CAP], const char *name, mc_error *err)
{
    out[0] = '\0';
    if (kind != MCI_ID_STRING && mci_objectid_normalise(p, n, out) == 0)
        return MC_OK;
    if (kind == MCI_ID_OBJECTID)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "%s: not an ObjectId (24 hexadecimal digits)", name);
    if (n == 0 || n >= MCI_ID_CAP)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "%s: %zu bytes, allowed are 1 to %d", name, n, MCI_ID_CAP - 1);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c <= ' ' || c == 0x7F || strchr("{}*?[]\\", c) != NULL)
            return mci_fail(err, MC_E_ARG, MC_TIER_NONE,
                            "%s: byte 0x%02x is not allowed (no control bytes, blanks, braces or *?[]\\)", name, c);
    }
    if (!mci_utf8_valid(p, n))
        return mci_fail(err, MC_E_UTF8, MC_TIER_NONE, "%s: not valid UTF-8", name);
    memcpy(out, p, n);
    out[n] = '\0';
    return MC_OK;
}
