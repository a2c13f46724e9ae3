/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: encoding unique keys. Refuses: two texts with one encoding. Pure. */
#include "engine/unique_key.h"

void mci_unique_encode(const char *text, size_t len, mci_buf *out)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char ch = (unsigned char)text[i];
        if (ch <= 0x20 || ch == 0x7f || ch == '%' || ch == '{' || ch == '}')
            mci_buf_fmt(out, "%%%02X", ch);
        else
            mci_buf_char(out, (char)ch);
    }
}
