/* SPDX-License-Identifier: Apache-2.0 */
/* The database of the device examples: readings of devices in one SQLite file, and what is made of a device's day. */
#ifndef EXAMPLES_READINGS_H
#define EXAMPLES_READINGS_H

#include <stddef.h>
#include <stdio.h>

#define READINGS_WHY 256     /* room for a reason, with its NUL */
#define READINGS_KEY_MAX 128 /* room for a key, with its NUL */
#define READINGS_JSON_MAX 512

/*
 * Put the rows of a CSV file (device,time,temperature_c,humidity_pct; the first line is the header) into the database, which is
 * made when it is not there. All rows or none. Returns how many, or -1 with a reason that names the line.
 */
long readings_import(const char *database, FILE *csv, const char *name, char why[READINGS_WHY]);

/* Call `each` for every device and day there is, in order; anything but 0 ends it. Returns that, or -1 with a reason. */
int readings_days(const char *database, int (*each)(void *user, const char *device, const char *date), void *user,
                  char why[READINGS_WHY]);

/* What is known of a device's day, as one JSON object. 1: there; 0: no reading that day; -1: failed. */
int readings_day(const char *database, const char *device, const char *date, int timeout_ms, char json[READINGS_JSON_MAX],
                 char why[READINGS_WHY]);

/* The key of a day: processed_data:DEVICE:DATE. And back: 0, or -1 when it is none. */
void readings_key(const char *device, const char *date, char key[READINGS_KEY_MAX]);
int readings_parse_key(const char *key, char device[65], char date[11]);

#endif
