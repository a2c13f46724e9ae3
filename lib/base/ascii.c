/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: letters of ASCII. Refuses to ask the locale: in a Turkish one, I is not a capital i. */
#include "base/ascii.h"

char mci_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int mci_same_word(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (mci_ascii_lower(a[i]) != mci_ascii_lower(b[i]))
            return 0;
        if (a[i] == '\0')
            return 1;
    }
    return 1;
}
