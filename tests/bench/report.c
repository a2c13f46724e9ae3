// SPDX-License-Identifier: Apache-2.0
/* Owns: the results: a line on the terminal as each is there, results.json, and a page with plots that needs no network (page.c). */
#include "report.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

struct row rows[MAX_ROWS];
size_t n_rows;

static struct row *new_row(const char *id, const char *what)
{
    check(n_rows < MAX_ROWS, "the number of results");
    struct row *r = &rows[n_rows++];
    *r = (struct row){.regime = bench.regime};
    (void)snprintf(r->id, sizeof r->id, "%s", id);
    (void)snprintf(r->what, sizeof r->what, "%s", what);
    return r;
}

static void print_row(const struct row *r)
{
    const char *sign = r->goal.better == AT_MOST ? "<=" : ">=";
    char goal[48] = "";
    if (r->goal.target > 0)
        (void)snprintf(goal, sizeof goal, "  goal %s %.4g: %s", sign, r->goal.target, r->met ? "met" : "MISSED");
    if (r->limit)
        printf("%-10s %-5s %s: %.4g %s%s\n", r->id, regime_names[r->regime], r->what, r->ours, r->unit, goal);
    else
        printf("%-10s %-5s %s, against %s: %.4g / %.4g %s = %.3f%s\n", r->id, regime_names[r->regime], r->what, r->reference,
               r->ours, r->theirs, r->unit, r->ratio, goal);
    (void)fflush(stdout);
}

/* To the two digits in which goals are written. */
static bool is_met(double v, struct goal goal)
{
    return goal.better == AT_MOST ? v < goal.target * 1.005 : v > goal.target * 0.995;
}

void result(const char *id, const char *what, const char *reference, const char *unit, double ours, double theirs,
            double ratio, struct goal goal)
{
    struct row *r = new_row(id, what);
    (void)snprintf(r->reference, sizeof r->reference, "%s", reference);
    (void)snprintf(r->unit, sizeof r->unit, "%s", unit);
    r->ours = ours;
    r->theirs = theirs;
    r->ratio = ratio;
    r->goal = goal;
    r->met = is_met(ratio, goal);
    print_row(r);
}

void result_limit(const char *id, const char *what, const char *unit, double ours, enum better better, double limit)
{
    struct row *r = new_row(id, what);
    (void)snprintf(r->reference, sizeof r->reference, "a limit");
    (void)snprintf(r->unit, sizeof r->unit, "%s", unit);
    r->limit = true;
    r->ours = ours;
    r->theirs = limit;
    r->ratio = limit > 0 ? ours / limit : 0;
    r->goal = (struct goal){better, limit};
    r->met = is_met(ours, r->goal);
    print_row(r);
}

void not_measured(const char *id, const char *what, const char *why)
{
    struct row *r = new_row(id, what);
    (void)snprintf(r->why, sizeof r->why, "not measured: %s", why);
    printf("%-10s %-5s %s: %s\n", id, regime_names[r->regime], what, r->why);
    (void)fflush(stdout);
}

void json_text(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            fputc('\\', f);
        if ((unsigned char)*s >= ' ')
            fputc(*s, f);
    }
    fputc('"', f);
}

/* A row that was not measured has null where the others have values, and says why. */
static void json_row(FILE *f, const struct row *r)
{
    fputs("    {\"id\": ", f);
    json_text(f, r->id);
    fputs(", \"what\": ", f);
    json_text(f, r->what);
    fprintf(f, ", \"regime\": \"%s\", ", regime_names[r->regime]);
    if (r->why[0] != '\0') {
        fputs("\"against\": null, \"unit\": null, \"ours\": null, \"reference\": null, \"ratio\": null, \"better\": null, "
              "\"target\": null, \"met\": null, \"why\": ",
              f);
        json_text(f, r->why);
        fputs("}", f);
        return;
    }
    fputs("\"against\": ", f);
    json_text(f, r->reference);
    fputs(", \"unit\": ", f);
    json_text(f, r->unit);
    fprintf(f, ", \"ours\": %.6g, \"reference\": %.6g, \"ratio\": %.4f, \"better\": \"%s\"", r->ours, r->theirs, r->ratio,
            r->goal.better == AT_MOST ? "less" : "more");
    if (r->goal.target > 0)
        fprintf(f, ", \"target\": %.6g, \"met\": %s}", r->goal.target, r->met ? "true" : "false");
    else
        fputs(", \"target\": null, \"met\": null}", f);
}

/* What /proc/cpuinfo calls the CPU; empty where there is none. */
static void cpu_name(char *buf, size_t size)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    buf[0] = '\0';
    while (f != NULL && buf[0] == '\0' && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL) {
            line[strcspn(line, "\n")] = '\0';
            (void)snprintf(buf, size, "%s", strchr(line, ':') + 2);
        }
    if (f != NULL)
        (void)fclose(f);
}

static void redis_version(char *buf, size_t size)
{
    redisReply *r = redisCommand(bench.rc, "INFO server");
    const char *at = r != NULL && r->str != NULL ? strstr(r->str, "redis_version:") : NULL;
    (void)snprintf(buf, size, "%.*s", at != NULL ? (int)strcspn(at + 14, "\r\n") : 0, at != NULL ? at + 14 : "");
    freeReplyObject(r);
}

static void describe(struct machine *m)
{
    struct utsname u;
    time_t now = time(NULL);
    struct tm tm;
    (void)uname(&u);
    (void)snprintf(m->system, sizeof m->system, "%s %s", u.sysname, u.release);
    cpu_name(m->cpu, sizeof m->cpu);
    redis_version(m->redis, sizeof m->redis);
    (void)snprintf(m->hiredis, sizeof m->hiredis, "%d.%d.%d", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
    (void)strftime(m->when, sizeof m->when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
}

static void write_json(const char *path, const struct machine *m)
{
    FILE *f = fopen(path, "w");
    if (f == NULL)
        die(path, "cannot be written");
    fprintf(f, "{\n  \"when\": \"%s\",\n  \"kind\": \"%s\",\n  \"machine\": {\"cpus\": %ld, \"cpu\": ", m->when,
            bench.tiny    ? "tiny"
            : bench.quick ? "quick"
                          : "full",
            bench.cpus);
    json_text(f, m->cpu);
    fputs(", \"system\": ", f);
    json_text(f, m->system);
    fprintf(f,
            "},\n  \"versions\": {\"mflixcache\": \"%s\", \"redis\": \"%s\", \"hiredis\": \"%s\", \"sqlite\": \"%s\"},\n"
            "  \"data\": {\"films\": %zu, \"hot\": %d},\n  \"results\": [\n",
            mc_version(), m->redis, m->hiredis, sqlite3_libversion(), bench.n_films, HOT_KEYS);
    for (size_t i = 0; i < n_rows; i++) {
        json_row(f, &rows[i]);
        fputs(i + 1 < n_rows ? ",\n" : "\n", f);
    }
    fputs("  ]\n}\n", f);
    if (fclose(f) != 0)
        die(path, "cannot be written");
}

void write_results(const char *folder)
{
    struct machine m = {.cpu = ""};
    char path[600];
    describe(&m);
    (void)snprintf(path, sizeof path, "%s/results.json", folder);
    write_json(path, &m);
    (void)snprintf(path, sizeof path, "%s/index.html", folder);
    write_page(path, &m);
}
