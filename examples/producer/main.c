/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mflix-producer: reads device readings from CSV files, standard input or URLs into the database, makes the JSON of each device's day, and
 * puts it where readers look: into Redis for 60 s, and into the snapshot file. Redis being away is reported and is not a failure: the file
 * is written. With --every a source that is away, or has a line that is wrong, is reported, and the last good days are served on: Redis is
 * warmed from the database, and the file stays as it is, as old as it is.
 * Settings come from the environment (REDIS_HOST, REDIS_PORT, MFLIXCACHE_SNAPSHOT_PATH, MFLIXCACHE_*), and what it does not say from the
 * .env of the folder, or --env-file.
 */
#include "env_file.h"
#include "fetch.h"
#include "readings.h"

#include <mflixcache/mflixcache.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TTL_MS 60000
#define BATCH 1000
#define BUSY_MS 5000

typedef struct days {
    const char *database;
    mc_entry *entry;
    size_t n;
    size_t room;
    char *why;
} days;

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static int add_day(void *user, const char *device, const char *date)
{
    days *d = user;
    char json[READINGS_JSON_MAX];
    char key[READINGS_KEY_MAX];
    int found = readings_day(d->database, device, date, BUSY_MS, json, d->why);
    if (found <= 0)
        return found;
    if (d->n == d->room) {
        size_t room = d->room * 2 + 64;
        mc_entry *more = realloc(d->entry, room * sizeof *more);
        if (more == NULL)
            return -1;
        d->entry = more;
        d->room = room;
    }
    readings_key(device, date, key);
    char *key_copy = strdup(key);
    char *json_copy = strdup(json);
    d->entry[d->n++] = (mc_entry){key_copy, json_copy, strlen(json)};
    return key_copy != NULL && json_copy != NULL ? 0 : -1;
}

static void free_days(days *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free((void *)(uintptr_t)d->entry[i].key);
        free((void *)(uintptr_t)d->entry[i].value);
    }
    free(d->entry);
}

static int import_all(const char *database, char **files)
{
    char why[READINGS_WHY];
    for (; *files != NULL; files++) {
        FILE *csv = fetch_open(*files, why);
        if (csv == NULL) {
            fprintf(stderr, "mflix-producer: %s\n", why);
            return -1;
        }
        const char *name = fetch_is_url(*files) ? "the URL's CSV" : *files;
        long rows = readings_import(database, csv, name, why);
        fetch_close(csv);
        if (rows < 0) {
            fprintf(stderr, "mflix-producer: %s\n", why);
            return -1;
        }
        printf("%s: %ld readings\n", name, rows);
    }
    return 0;
}

/* Redis first, so that the fast tier is the fresh one. */
static int publish(mc_client *mc, const days *d, int fresh)
{
    mc_error err;
    size_t warm = 0;
    for (size_t i = 0; i < d->n; i += BATCH) {
        size_t n = d->n - i < BATCH ? d->n - i : BATCH;
        if (mc_put_many(mc, d->entry + i, n, TTL_MS, NULL, NULL, &err) != MC_OK) {
            fprintf(stderr, "mflix-producer: Redis is not warmed: %s\n", err.text);
            break;
        }
        warm += n;
    }
    if (!fresh) {
        printf("%zu days of before: %zu in Redis for %d s, the snapshot stays\n", d->n, warm, TTL_MS / 1000);
        return -1;
    }
    if (mc_save_snapshot(mc, d->entry, d->n, &err) != MC_OK) {
        fprintf(stderr, "mflix-producer: %s\n", err.text);
        return -1;
    }
    printf("%zu days: %zu in Redis for %d s, all in the snapshot\n", d->n, warm, TTL_MS / 1000);
    return 0;
}

static int run(mc_client *mc, const char *database, char **files, int again)
{
    char why[READINGS_WHY] = "out of memory";
    days d = {.database = database, .why = why};
    int fresh = import_all(database, files) == 0;
    int rc = fresh || again ? 0 : -1;
    if (rc == 0) {
        rc = readings_days(database, add_day, &d, why);
        if (rc != 0)
            fprintf(stderr, "mflix-producer: %s\n", why);
    }
    if (rc == 0)
        rc = publish(mc, &d, fresh);
    free_days(&d);
    (void)fflush(stdout);
    return rc;
}

/* "300" or "5m" as seconds; 0: it is neither. */
static long interval(const char *text)
{
    char *end = NULL;
    long every = strtol(text, &end, 10);
    int minutes = end[0] == 'm' && end[1] == '\0';
    if ((*end != '\0' && !minutes) || every < 1 || every > (minutes ? 1440 : 86400)) {
        fprintf(stderr, "mflix-producer: --every takes 1 to 86400 seconds, or minutes such as 5m\n");
        return 0;
    }
    return every * (minutes ? 60 : 1);
}

/* Options come first: how many words they are, or -1 after a message. */
static int parse_options(int argc, char **argv, long *every)
{
    const char *env_file = NULL;
    int i = 1;
    for (; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--every") == 0) {
            *every = interval(argv[i + 1]);
            if (*every == 0)
                return -1;
        } else if (strcmp(argv[i], "--env-file") == 0) {
            env_file = argv[i + 1];
        } else {
            break;
        }
    }
    int unread = env_file_named(env_file);
    if (unread != 0)
        fprintf(stderr, "mflix-producer: %s: %s\n", env_file != NULL ? env_file : ".env", strerror(unread));
    return unread == 0 ? i - 1 : -1;
}

int main(int argc, char **argv)
{
    long every = 0;
    int options_given = parse_options(argc, argv, &every);
    if (options_given < 0)
        return 2;
    argv += options_given;
    argc -= options_given;
    for (int i = 2; every > 0 && i < argc; i++) {
        if (strcmp(argv[i], "-") == 0) {
            fprintf(stderr, "mflix-producer: standard input can be read once, not every %ld s\n", every);
            return 2;
        }
    }
    if (argc < 3) {
        fprintf(stderr, "usage: mflix-producer [--every SECONDS | --every MINUTESm] [--env-file FILE] DATABASE CSV...\n"
                        "       (CSV: a file, a URL, - for standard input)\n");
        return 2;
    }
    mc_error err;
    mc_client *mc = NULL;
    mc_options *options = mc_options_new();
    if (mc_options_load_env(options, &err) != MC_OK || mc_open(options, &mc, &err) != MC_OK) {
        fprintf(stderr, "mflix-producer: %s\n", err.text);
        mc_options_free(options);
        return 1;
    }
    mc_options_free(options);
    struct sigaction action = {.sa_handler = stop};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    int rc = run(mc, argv[1], argv + 2, every > 0);
    while (every > 0 && !stopped) { /* a run that failed is reported, and tried again */
        struct timespec pause = {.tv_sec = every};
        if (nanosleep(&pause, NULL) == 0)
            rc = run(mc, argv[1], argv + 2, 1);
    }
    (void)mc_close(mc);
    return rc == 0 ? 0 : 1;
}
