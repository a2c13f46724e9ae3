/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: numbers as text. Refuses to depend on the host's locale: where the C library is asked for digits, its decimal sign is
 * never looked at.
 */
#include "base/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_POW10 22               /* 10^22 is the largest power of ten that a double holds exactly */
#define EXACT_INT 9007199254740992.0 /* 2^53 */

static const double POW10[EXACT_POW10 + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                              1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static size_t put_digits(uint64_t u, char out[24])
{
    char tmp[24];
    size_t n = 0;
    do {
        tmp[n++] = (char)('0' + u % 10);
        u /= 10;
    } while (u > 0);
    for (size_t i = 0; i < n; i++)
        out[i] = tmp[n - 1 - i];
    return n;
}

/* `digits` (no trailing zeros but for a lone "0") with the point after the first one, times 10^exp, in our spelling. */
static size_t spell(const char *digits, size_t n, int exp, char *out)
{
    size_t o = 0;
    if (exp >= -5 && exp < 0) {
        out[o++] = '0';
        out[o++] = '.';
        for (int i = -1; i > exp; i--)
            out[o++] = '0';
        memcpy(out + o, digits, n);
        return o + n;
    }
    if (exp >= 0 && exp < 16) {
        for (int i = 0; i <= exp; i++)
            out[o++] = (size_t)i < n ? digits[i] : '0';
        out[o++] = '.';
        if (n <= (size_t)exp + 1) {
            out[o++] = '0';
            return o;
        }
        memcpy(out + o, digits + exp + 1, n - (size_t)exp - 1);
        return o + n - (size_t)exp - 1;
    }
    out[o++] = digits[0]; /* NOLINT(clang-analyzer-core.uninitialized.Assign): there is always one digit */
    if (n > 1) {
        out[o++] = '.';
        memcpy(out + o, digits + 1, n - 1);
        o += n - 1;
    }
    out[o++] = 'e';
    out[o++] = exp < 0 ? '-' : '+';
    unsigned e = (unsigned)(exp < 0 ? -exp : exp);
    if (e < 10)
        out[o++] = '0';
    return o + put_digits(e, out + o);
}

/* The short decimals of everyday data: an integer of at most 15 digits over a small power of ten. The division is correctly
 * rounded, so when it gives `v` back those digits are the number. 0 when `v` is not of that kind. */
static size_t double_text_short(double v, char *out)
{
    if (!(v >= 1e-3 && v < 1e9))
        return 0;
    for (int k = 0; k <= 6; k++) {
        double scaled = v * POW10[k];
        if (scaled >= 1e15)
            return 0;
        double whole = (double)(int64_t)(scaled + 0.5);
        if (whole / POW10[k] != v)
            continue;
        char digits[24];
        size_t n = put_digits((uint64_t)whole, digits);
        int exp = (int)n - 1 - k;
        while (n > 1 && digits[n - 1] == '0')
            n--;
        return spell(digits, n, exp, out);
    }
    return 0;
}

size_t mci_double_text(double v, char out[MCI_NUM_MAX])
{
    const char *word = isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity";
    if (!isfinite(v)) {
        size_t n = strlen(word);
        memcpy(out, word, n + 1);
        return n;
    }
    size_t o = 0;
    if (signbit(v)) {
        out[o++] = '-';
        v = -v;
    }
    if (v == 0) {
        memcpy(out + o, "0.0", 4);
        return o + 3;
    }
    size_t n = double_text_short(v, out + o);
    if (n == 0) {
        char digits[40];
        int exp = 0;
        /* Digits after the first one; any normal number keeps 15 in all, numbers near zero may need as few as one. */
        for (int precision = v < 2.3e-308 ? 0 : 14; precision <= 16; precision++) {
            char raw[64];
            (void)snprintf(raw, sizeof raw, "%.*e", precision, v);
            if (precision < 16 && strtod(raw, NULL) != v) /* the same locale reads what it wrote */
                continue;
            n = 0;
            const char *p = raw;
            for (; *p != '\0' && *p != 'e'; p++)
                if (*p >= '0' && *p <= '9')
                    digits[n++] = *p;
            exp = *p == 'e' ? (int)strtol(p + 1, NULL, 10) : 0;
            break;
        }
        while (n > 1 && digits[n - 1] == '0')
            n--;
        n = spell(digits, n, exp, out + o);
    }
    out[o + n] = '\0';
    return o + n;
}

int mci_parse_int(const char *p, size_t n, int64_t *out)
{
    size_t i = n > 0 && p[0] == '-' ? 1 : 0;
    int negative = (int)i;
    if (i == n || n - i > 19)
        return -1;
    uint64_t u = 0;
    for (; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        u = u * 10 + (uint64_t)(p[i] - '0'); /* 19 digits fit */
    }
    if (u > (uint64_t)INT64_MAX + (uint64_t)negative)
        return -1;
    *out = negative ? (int64_t)(0 - u) : (int64_t)u;
    return 0;
}

/* The grammar of a decimal number. On success mantissa and exponent of its first 19 digits, *exact when those are all. */
static int scan_double(const char *p, size_t n, uint64_t *mantissa, int *exp10, int *exact)
{
    size_t i = n > 0 && (p[0] == '-' || p[0] == '+') ? 1 : 0;
    int digits = 0;
    int any = 0;
    int seen_point = 0;
    int64_t e = 0;
    *mantissa = 0;
    *exact = 1;
    for (; i < n && ((p[i] >= '0' && p[i] <= '9') || (p[i] == '.' && !seen_point)); i++) {
        if (p[i] == '.') {
            seen_point = 1;
            continue;
        }
        any = 1;
        if (digits < 19) {
            *mantissa = *mantissa * 10 + (uint64_t)(p[i] - '0');
            digits += *mantissa > 0;
            e -= seen_point;
        } else {
            *exact = *exact && p[i] == '0';
            e += !seen_point;
        }
    }
    if (!any)
        return -1;
    if (i < n && (p[i] == 'e' || p[i] == 'E')) {
        i++;
        int negative = i < n && p[i] == '-';
        i += i < n && (p[i] == '-' || p[i] == '+');
        int64_t x = 0;
        if (i == n)
            return -1;
        for (; i < n && p[i] >= '0' && p[i] <= '9'; i++)
            x = x < 100000 ? x * 10 + (p[i] - '0') : x;
        e += negative ? -x : x;
    }
    *exp10 = e > 100000 ? 100000 : e < -100000 ? -100000 : (int)e;
    return i == n ? 0 : -1;
}

int mci_parse_double(const char *p, size_t n, double *out)
{
    uint64_t mantissa;
    int exp10;
    int exact;
    char text[1100];
    if (n > 1024 || scan_double(p, n, &mantissa, &exp10, &exact) != 0)
        return -1;
    int negative = p[0] == '-';
    if (exact && (double)mantissa <= EXACT_INT && mantissa <= (uint64_t)EXACT_INT && exp10 >= -EXACT_POW10 &&
        exp10 <= EXACT_POW10) {
        double v = (double)mantissa;
        v = exp10 < 0 ? v / POW10[-exp10] : v * POW10[exp10];
        *out = negative ? -v : v;
        return 0;
    }
    /* The C library knows its own decimal sign: put it where ours is. */
    char sample[16];
    (void)snprintf(sample, sizeof sample, "%.1f", 0.5);
    size_t sign_len = strlen(sample) >= 3 ? strlen(sample) - 2 : 0;
    size_t o = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '.') {
            text[o++] = p[i];
        } else {
            memcpy(text + o, sample + 1, sign_len);
            o += sign_len;
        }
    }
    text[o] = '\0';
    char *end = NULL;
    double v = strtod(text, &end);
    if (end != text + o || !isfinite(v))
        return -1;
    *out = v;
    return 0;
}
