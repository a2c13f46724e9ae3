/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the table of readings, the CSV that fills it, the JSON of a day. Refuses: half an import, and names that would need quoting. */
#include "readings.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 512
#define BUSY_MS 5000

typedef struct reading {
    char device[65];
    char time[32];
    double temperature_c;
    double humidity_pct;
} reading;

static int fail(char why[READINGS_WHY], const char *doing, sqlite3 *db)
{
    (void)snprintf(why, READINGS_WHY, "%s: %s", doing, sqlite3_errmsg(db));
    return -1;
}

/* Opened for each use, so that a database that is gone is noticed. */
static int open_database(const char *path, int flags, int timeout_ms, sqlite3 **db, char why[READINGS_WHY])
{
    if (sqlite3_open_v2(path, db, flags, NULL) == SQLITE_OK) {
        (void)sqlite3_busy_timeout(*db, timeout_ms);
        return 0;
    }
    (void)snprintf(why, READINGS_WHY, "%.100s: %.140s", path, sqlite3_errmsg(*db));
    (void)sqlite3_close(*db);
    return -1;
}

/* ---- names -------------------------------------------------------------------------------------------------------- */

static int is_device(const char *p)
{
    size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
    return n > 0 && n <= 64 && p[n] == '\0';
}

/* 2026-01-31, as a prefix. */
static int has_date(const char *p)
{
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? p[i] != '-' : !isdigit((unsigned char)p[i]))
            return 0;
    return 1;
}

void readings_key(const char *device, const char *date, char key[READINGS_KEY_MAX])
{
    (void)snprintf(key, READINGS_KEY_MAX, "processed_data:%.64s:%.10s", device, date);
}

int readings_parse_key(const char *key, char device[65], char date[11])
{
    char copy[READINGS_KEY_MAX];
    if (strlen(key) >= sizeof copy || strncmp(key, "processed_data:", 15) != 0)
        return -1;
    (void)snprintf(copy, sizeof copy, "%s", key + 15);
    char *colon = strchr(copy, ':');
    if (colon == NULL)
        return -1;
    *colon = '\0';
    if (!is_device(copy) || !has_date(colon + 1) || colon[11] != '\0')
        return -1;
    (void)snprintf(device, 65, "%.64s", copy);
    (void)snprintf(date, 11, "%.10s", colon + 1);
    return 0;
}

/* ---- the CSV ------------------------------------------------------------------------------------------------------ */

static int number(const char *text, double lowest, double highest, double *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && errno == 0 && isfinite(*out) && *out >= lowest && *out <= highest;
}

/* NULL, or what is wrong with the line. It is cut up. */
static const char *parse(char *line, reading *r)
{
    char *field[4] = {line, NULL, NULL, NULL};
    line[strcspn(line, "\r\n")] = '\0';
    for (int i = 1; i < 4; i++) {
        char *comma = strchr(field[i - 1], ',');
        if (comma == NULL)
            return "it has fewer than 4 fields";
        *comma = '\0';
        field[i] = comma + 1;
    }
    if (strchr(field[3], ',') != NULL)
        return "it has more than 4 fields";
    if (!is_device(field[0]))
        return "device: 1 to 64 letters, digits, _ . -";
    if (strlen(field[1]) != 20 || !has_date(field[1]) || field[1][10] != 'T' || field[1][19] != 'Z')
        return "time: like 2026-01-31T08:15:00Z";
    if (!number(field[2], -273.15, 1000, &r->temperature_c))
        return "temperature_c: a number from -273.15 to 1000";
    if (!number(field[3], 0, 100, &r->humidity_pct))
        return "humidity_pct: a number from 0 to 100";
    (void)snprintf(r->device, sizeof r->device, "%.64s", field[0]);
    (void)snprintf(r->time, sizeof r->time, "%.31s", field[1]);
    return NULL;
}

static int insert(sqlite3_stmt *st, const reading *r)
{
    (void)sqlite3_bind_text(st, 1, r->device, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(st, 2, r->time, -1, SQLITE_STATIC);
    (void)sqlite3_bind_double(st, 3, r->temperature_c);
    (void)sqlite3_bind_double(st, 4, r->humidity_pct);
    int rc = sqlite3_step(st);
    (void)sqlite3_reset(st);
    return rc == SQLITE_DONE ? 0 : -1;
}

static long import_rows(sqlite3 *db, FILE *csv, const char *name, char why[READINGS_WHY])
{
    char line[LINE_MAX_BYTES];
    sqlite3_stmt *st = NULL;
    long rows = 0;
    if (fgets(line, sizeof line, csv) == NULL || strncmp(line, "device,time,temperature_c,humidity_pct", 38) != 0) {
        (void)snprintf(why, READINGS_WHY, "%.100s:1: the header is device,time,temperature_c,humidity_pct", name);
        return -1;
    }
    if (sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO readings VALUES (?, ?, ?, ?)", -1, &st, NULL) != SQLITE_OK)
        return fail(why, "prepare", db);
    while (rows >= 0 && fgets(line, sizeof line, csv) != NULL) {
        reading r = {0};
        const char *wrong = strchr(line, '\n') == NULL && !feof(csv) ? "it is too long" : parse(line, &r);
        if (wrong != NULL) {
            (void)snprintf(why, READINGS_WHY, "%.100s:%ld: %s", name, rows + 2, wrong);
            rows = -1;
        } else if (insert(st, &r) != 0) {
            rows = fail(why, "insert", db);
        } else {
            rows++;
        }
    }
    if (rows >= 0 && ferror(csv)) {
        (void)snprintf(why, READINGS_WHY, "%.200s cannot be read", name);
        rows = -1;
    }
    (void)sqlite3_finalize(st);
    return rows;
}

long readings_import(const char *database, FILE *csv, const char *name, char why[READINGS_WHY])
{
    sqlite3 *db = NULL;
    if (open_database(database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, BUSY_MS, &db, why) != 0)
        return -1;
    long rows = -1;
    if (sqlite3_exec(db,
                     "CREATE TABLE IF NOT EXISTS readings (device TEXT, time TEXT, temperature_c REAL, humidity_pct REAL,"
                     " PRIMARY KEY (device, time)) WITHOUT ROWID; BEGIN IMMEDIATE",
                     NULL, NULL, NULL) != SQLITE_OK) {
        (void)fail(why, "prepare the database", db);
    } else {
        rows = import_rows(db, csv, name, why);
        if (sqlite3_exec(db, rows >= 0 ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK && rows >= 0)
            rows = fail(why, "commit", db);
    }
    (void)sqlite3_close(db);
    return rows;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

int readings_days(const char *database, int (*each)(void *user, const char *device, const char *date), void *user,
                  char why[READINGS_WHY])
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    if (open_database(database, SQLITE_OPEN_READONLY, BUSY_MS, &db, why) != 0)
        return -1;
    int rc = 0;
    if (sqlite3_prepare_v2(db, "SELECT DISTINCT device, substr(time, 1, 10) FROM readings ORDER BY 1, 2", -1, &st, NULL) !=
        SQLITE_OK) {
        rc = fail(why, "list the days", db);
    } else {
        int step = SQLITE_ROW;
        while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW)
            rc = each(user, (const char *)sqlite3_column_text(st, 0), (const char *)sqlite3_column_text(st, 1));
        if (rc == 0 && step != SQLITE_DONE)
            rc = fail(why, "list the days", db);
    }
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
    return rc;
}

static const char day_query[] = "SELECT count(*), min(temperature_c), avg(temperature_c), max(temperature_c),"
                                " min(humidity_pct), avg(humidity_pct), max(humidity_pct)"
                                " FROM readings WHERE device = ?1 AND time >= ?2 AND time < ?2 || 'U'";

int readings_day(const char *database, const char *device, const char *date, int timeout_ms, char json[READINGS_JSON_MAX],
                 char why[READINGS_WHY])
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    int rc = -1;
    if (open_database(database, SQLITE_OPEN_READONLY, timeout_ms, &db, why) != 0)
        return -1;
    if (sqlite3_prepare_v2(db, day_query, -1, &st, NULL) == SQLITE_OK &&
        sqlite3_bind_text(st, 1, device, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_bind_text(st, 2, date, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        rc = sqlite3_column_int64(st, 0) > 0;
        /* The program stays in the C locale, so numbers have points; names and dates need no quoting. */
        (void)snprintf(json, READINGS_JSON_MAX,
                       "{\"device\":\"%s\",\"date\":\"%s\",\"readings\":%lld,"
                       "\"temperature_c\":{\"min\":%.1f,\"mean\":%.2f,\"max\":%.1f},"
                       "\"humidity_pct\":{\"min\":%.1f,\"mean\":%.2f,\"max\":%.1f}}",
                       device, date, (long long)sqlite3_column_int64(st, 0), sqlite3_column_double(st, 1),
                       sqlite3_column_double(st, 2), sqlite3_column_double(st, 3), sqlite3_column_double(st, 4),
                       sqlite3_column_double(st, 5), sqlite3_column_double(st, 6));
    } else {
        (void)fail(why, "read a day", db);
    }
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
    return rc;
}
