/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the text of an ObjectId. Refuses: making new ones. */
#include "base/objectid.h"

#include "base/ascii.h"

int mci_objectid_normalise(const char *p, size_t n, char out[25])
{
    if (n != 24)
        return -1;
    for (size_t i = 0; i < 24; i++) {
        char c = mci_ascii_lower(p[i]);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return -1;
        out[i] = c;
    }
    out[24] = '\0';
    return 0;
}
