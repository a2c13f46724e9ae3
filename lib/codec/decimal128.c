/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the text of a Decimal128, spelled as libbson does. Refuses to round: a number of more than 34 digits, or out of its range,
 * is none.
 */
#include "codec/decimal128.h"

#include "base/ascii.h"

#include <ctype.h>
#include <stdlib.h>

/* At most 34 digits, scientific when the exponent is positive or the number is tiny. */
int mci_decimal128_put(mci_buf *out, const char *s)
{
    char digits[35];
    int n = 0;
    int seen = 0;
    int64_t exp = 0;
    int negative = *s == '-';
    s += *s == '-' || *s == '+';
    if (mci_same_word(s, "nan", 4) || mci_same_word(s, "inf", 4) || mci_same_word(s, "infinity", 9)) {
        mci_buf_str(out, *s == 'n' || *s == 'N' ? "NaN" : negative ? "-Infinity" : "Infinity");
        return 1;
    }
    for (int point = 0; (*s >= '0' && *s <= '9') || (*s == '.' && !point); s++) {
        if (*s == '.') {
            point = 1;
            continue;
        }
        seen = 1;
        exp -= point;
        if (n == 34 && *s != '0')
            return 0; /* needs rounding */
        if (n == 34)
            exp++;
        else if (n > 0 || *s != '0')
            digits[n++] = *s;
    }
    if (!seen)
        return 0;
    if (*s == 'e' || *s == 'E') {
        char *end;
        s++;
        if (!isdigit((unsigned char)s[*s == '-' || *s == '+']))
            return 0;
        long e = strtol(s, &end, 10);
        exp += e > 100000 ? 100000 : e < -100000 ? -100000 : e;
        s = end;
    }
    if (*s != '\0')
        return 0;
    if (n == 0) {
        digits[n++] = '0';
        exp = exp > 6111 ? 6111 : exp < -6176 ? -6176 : exp;
    }
    for (; exp > 6111 && n < 34; exp--)
        digits[n++] = '0';
    for (; exp < -6176 && n > 1 && digits[n - 1] == '0'; exp++)
        n--;
    if (exp > 6111 || exp < -6176)
        return 0;
    int64_t adjusted = exp + n - 1;
    if (negative)
        mci_buf_char(out, '-');
    if (exp > 0 || adjusted < -6) {
        mci_buf_char(out, digits[0]);
        if (n > 1)
            mci_buf_char(out, '.');
        mci_buf_add(out, digits + 1, (size_t)n - 1);
        mci_buf_str(out, adjusted < 0 ? "E" : "E+");
        mci_buf_int(out, adjusted);
        return 1;
    }
    int whole = (int)(n + exp); /* digits before the point */
    if (whole <= 0)
        mci_buf_str(out, "0.");
    for (int i = whole; i < 0; i++)
        mci_buf_char(out, '0');
    for (int i = 0; i < n; i++) {
        if (i == whole && i > 0)
            mci_buf_char(out, '.');
        mci_buf_char(out, digits[i]);
    }
    return 1;
}
