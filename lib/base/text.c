/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: text forms of numbers, strings, ids and dates. Refuses to depend on the host's locale: where the C library is asked
 * for digits, its decimal sign is never looked at.
 */
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

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

/* ---- UTF-8 and JSON strings ---- */

/* Length of the sequence at p (at most `left` bytes), 0 when it is not well-formed. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    unsigned char c = p[0];
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    size_t n;
    if (c < 0x80)
        return 1;
    if (c >= 0xC2 && c <= 0xDF) {
        n = 2;
    } else if ((c & 0xF0) == 0xE0) {
        n = 3;
        low = c == 0xE0 ? 0xA0 : 0x80;  /* overlong */
        high = c == 0xED ? 0x9F : 0xBF; /* surrogates */
    } else if (c >= 0xF0 && c <= 0xF4) {
        n = 4;
        low = c == 0xF0 ? 0x90 : 0x80;
        high = c == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (left < n || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return n;
}

int mci_utf8_valid(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t i = 0;
    while (i < n) {
        uint64_t eight;
        while (n - i >= sizeof eight) {
            memcpy(&eight, u + i, sizeof eight);
            if ((eight & 0x8080808080808080u) != 0)
                break;
            i += sizeof eight;
        }
        if (i == n)
            return 1;
        size_t step = utf8_sequence(u + i, n - i);
        if (step == 0)
            return 0;
        i += step;
    }
    return 1;
}

static int must_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* First byte at or after `i` that must be escaped, or n. Eight bytes at a time: most text has none. */
static size_t plain_run(const unsigned char *u, size_t i, size_t n)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t tops = 0x8080808080808080u;
    uint64_t eight;
    while (n - i >= sizeof eight) {
        memcpy(&eight, u + i, sizeof eight);
        uint64_t quote = eight ^ (ones * '"');
        uint64_t slash = eight ^ (ones * '\\');
        uint64_t hit = ((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
        if ((hit & tops) != 0)
            break;
        i += sizeof eight;
    }
    while (i < n && !must_escape(u[i]))
        i++;
    return i;
}

void mci_buf_json_string(mci_buf *b, const char *p, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *u = (const unsigned char *)p;
    size_t i = 0;
    mci_buf_char(b, '"');
    while (i < n && !b->failed) {
        size_t end = plain_run(u, i, n);
        mci_buf_add(b, p + i, end - i);
        i = end;
        if (i == n)
            break;
        unsigned char c = u[i++];
        char esc[6] = {'\\', (char)c, 0, 0, 0, 0};
        size_t len = 2;
        switch (c) {
        case '"':
        case '\\':
            break;
        case '\b':
            esc[1] = 'b';
            break;
        case '\f':
            esc[1] = 'f';
            break;
        case '\n':
            esc[1] = 'n';
            break;
        case '\r':
            esc[1] = 'r';
            break;
        case '\t':
            esc[1] = 't';
            break;
        default:
            esc[1] = 'u';
            esc[2] = esc[3] = '0';
            esc[4] = hex[c >> 4];
            esc[5] = hex[c & 15];
            len = 6;
        }
        mci_buf_add(b, esc, len);
    }
    mci_buf_char(b, '"');
}

/* ---- ids ---- */

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

int mci_same_word(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (lower(a[i]) != lower(b[i]))
            return 0;
        if (a[i] == '\0')
            return 1;
    }
    return 1;
}

int mci_objectid_normalise(const char *p, size_t n, char out[25])
{
    if (n != 24)
        return -1;
    for (size_t i = 0; i < 24; i++) {
        char c = p[i];
        if (c >= 'A' && c <= 'F')
            c = (char)(c - 'A' + 'a');
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return -1;
        out[i] = c;
    }
    out[24] = '\0';
    return 0;
}

/* ---- dates (proleptic Gregorian, days by Howard Hinnant's civil formulas) ---- */

#define MS_DAY INT64_C(86400000)

static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void put2(char *out, int v)
{
    out[0] = (char)('0' + v / 10 % 10);
    out[1] = (char)('0' + v % 10);
}

int mci_iso_from_ms(int64_t ms, char out[32])
{
    if (ms < 0 || ms > INT64_C(253402300799999))
        return -1;
    int64_t z = ms / MS_DAY + 719468;
    int rest = (int)(ms % MS_DAY);
    int64_t era = z / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int day = (int)(doy - (153 * mp + 2) / 5 + 1);
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    int year = (int)(yoe + era * 400 + (month <= 2));
    memcpy(out, "0000-00-00T00:00:00", 20);
    put2(out, year / 100);
    put2(out + 2, year % 100);
    put2(out + 5, month);
    put2(out + 8, day);
    put2(out + 11, rest / 3600000);
    put2(out + 14, rest / 60000 % 60);
    put2(out + 17, rest / 1000 % 60);
    size_t o = 19;
    if (rest % 1000 != 0) {
        out[o++] = '.';
        out[o++] = (char)('0' + rest % 1000 / 100);
        put2(out + o, rest % 100);
        o += 2;
    }
    out[o++] = 'Z';
    out[o] = '\0';
    return 0;
}

/* `count` digits at p[*i]; -1 when there are others. */
static int take(const char *p, size_t n, size_t *i, int count)
{
    int v = 0;
    for (int k = 0; k < count; k++, (*i)++) {
        if (*i >= n || p[*i] < '0' || p[*i] > '9')
            return -1;
        v = v * 10 + (p[*i] - '0');
    }
    return v;
}

static int take_char(const char *p, size_t n, size_t *i, char c)
{
    if (*i >= n || p[*i] != c)
        return -1;
    (*i)++;
    return 0;
}

/* "Z", "+hh:mm", "+hhmm" up to the end of the text, in minutes east of Greenwich. 0 or -1. */
static int take_zone(const char *p, size_t n, size_t i, int *minutes)
{
    *minutes = 0;
    if (i + 1 == n && p[i] == 'Z')
        return 0;
    if (i >= n || (p[i] != '+' && p[i] != '-'))
        return -1;
    int west = p[i++] == '-';
    int hh = take(p, n, &i, 2);
    if (i < n && p[i] == ':')
        i++;
    int mm = take(p, n, &i, 2);
    if (hh < 0 || hh > 23 || mm < 0 || mm > 59 || i != n)
        return -1;
    *minutes = (hh * 60 + mm) * (west ? -1 : 1);
    return 0;
}

int mci_ms_from_iso(const char *p, size_t n, int64_t *out)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t i = 0;
    int part[6]; /* year, month, day, hours, minutes, seconds */
    static const char after[] = "--T::";
    for (int k = 0; k < 6; k++) {
        part[k] = take(p, n, &i, k == 0 ? 4 : 2);
        if (part[k] < 0 || (k < 5 && take_char(p, n, &i, after[k]) != 0))
            return -1;
    }
    int year = part[0];
    if (part[1] < 1 || part[1] > 12 || part[3] > 23 || part[4] > 59 || part[5] > 59)
        return -1;
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (part[2] < 1 || part[2] > month_days[part[1] - 1] + (part[1] == 2 && leap))
        return -1;
    int ms = 0;
    if (i < n && p[i] == '.') {
        int weight = 100;
        for (i++; i < n && p[i] >= '0' && p[i] <= '9'; i++, weight /= 10)
            ms += weight * (p[i] - '0'); /* below a millisecond: cut off */
    }
    int zone = 0;
    if (take_zone(p, n, i, &zone) != 0)
        return -1;
    int64_t seconds = days_from_civil(year, part[1], part[2]) * 86400 + part[3] * 3600 + (part[4] - zone) * 60 + part[5];
    *out = seconds * 1000 + ms;
    return 0;
}

/* ---- base64 ---- */

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void mci_buf_base64(mci_buf *b, const void *p, size_t n)
{
    const uint8_t *u = p;
    for (size_t i = 0; i < n && !b->failed; i += 3) {
        size_t left = n - i;
        unsigned v = (unsigned)u[i] << 16 | (left > 1 ? (unsigned)u[i + 1] << 8 : 0) | (left > 2 ? (unsigned)u[i + 2] : 0);
        char four[4] = {BASE64[v >> 18], BASE64[v >> 12 & 63], left > 1 ? BASE64[v >> 6 & 63] : '=',
                        left > 2 ? BASE64[v & 63] : '='};
        mci_buf_add(b, four, 4);
    }
}

int mci_base64_decode(const char *p, size_t n, uint8_t *out, size_t *out_len)
{
    size_t o = 0;
    if (n % 4 != 0)
        return -1;
    for (size_t i = 0; i < n; i += 4) {
        size_t pad = i + 4 == n ? (size_t)(p[n - 1] == '=') + (size_t)(p[n - 1] == '=' && p[n - 2] == '=') : 0;
        unsigned v = 0;
        for (size_t k = 0; k < 4; k++) {
            const char *at = k + pad >= 4 ? BASE64 : p[i + k] != '\0' ? strchr(BASE64, p[i + k]) : NULL;
            if (at == NULL)
                return -1;
            v = v << 6 | (unsigned)(at - BASE64);
        }
        if ((pad == 1 && (v & 0xFF) != 0) || (pad == 2 && (v & 0xFFFF) != 0))
            return -1; /* bits that no byte holds: not the canonical text */
        out[o++] = (uint8_t)(v >> 16);
        if (pad < 2)
            out[o++] = (uint8_t)(v >> 8);
        if (pad < 1)
            out[o++] = (uint8_t)v;
    }
    *out_len = o;
    return 0;
}
