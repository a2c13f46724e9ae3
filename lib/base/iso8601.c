/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: dates as text. Refuses: local time and leap seconds.
 * Proleptic Gregorian calendar; days by Howard Hinnant's civil formulas.
 */
#include "base/iso8601.h"

#include <string.h>

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
