/* SPDX-License-Identifier: Apache-2.0 */
/* The command inspect: what the cache holds for an id, a title or a key. All of it is the library's own answer, laid out for people. */
#include "app.h"
#include "output.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const option_spec inspect_options[] = {
    {"title", 't', NULL, "NAME is a title: its entry, and the movie that it leads to"},
    {"theater", 0, NULL, "NAME is the id of a theater"},
    {"key", 'k', NULL, "NAME is a key, as of `mflix put`"},
};

static int64_t whole(const json_t *o, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(o, name));
}

static void line(const char *name, const char *text)
{
    printf("  %-10s", name);
    print_safe(stdout, text);
    putchar('\n');
}

/* "2026-11-26 18:13:31.204 UTC". */
static const char *moment(char *buf, size_t size, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char day[40];
    if (!gmtime_r(&seconds, &tm) || strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        day[0] = '\0';
    (void)snprintf(buf, size, "%s.%03d UTC", day, (int)(ms % 1000));
    return buf;
}

static void print_times(const json_t *o)
{
    char at[64], ago[48], all[160];
    if (json_object_get(o, "written_ms")) {
        (void)snprintf(all, sizeof all, "%s, %s ago", moment(at, sizeof at, whole(o, "written_ms")),
                       format_age(ago, sizeof ago, whole(o, "age_ms")));
        line("read", all);
    }
    if (json_object_get(o, "deadline_ms")) {
        int64_t left = whole(o, "left_ms");
        (void)snprintf(all, sizeof all, "%s, %s%s", moment(at, sizeof at, whole(o, "deadline_ms")),
                       format_age(ago, sizeof ago, left < 0 ? -left : left), left < 0 ? " ago" : " left");
        line("deadline", all);
    }
    if (json_object_get(o, "epoch")) {
        int64_t own = whole(o, "epoch"), current = whole(o, "current_epoch");
        (void)snprintf(all, sizeof all, "%" PRId64 "%s", own,
                       own == current ? " (the current one)" : " (not the current one: mflix invalidate --all)");
        line("epoch", all);
    }
}

static const char *meaning(const char *state)
{
    static const char *const words[][2] = {{"none", "nothing is cached"},
                                           {"value", "cached"},
                                           {"not_found", "cached: the database has none"},
                                           {"old", "too old to be used: a read loads it anew"},
                                           {"corrupt", "damaged, or not written by this library: a read loads it anew"},
                                           {"too_big", "too large to be read: a read loads it anew"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], state) == 0)
            return words[i][1];
    return state;
}

static void print_one(const app *a, const json_t *o)
{
    const char *state = json_string_value(json_object_get(o, "state"));
    const char *leads = json_string_value(json_object_get(o, "leads_to"));
    const char *key = json_string_value(json_object_get(o, "key"));
    const char *name;
    json_t *value;
    printf("%s%s ", paint(a, "bold"), json_string_value(json_object_get(o, "kind")));
    print_safe(stdout, json_string_value(json_object_get(o, "name")));
    printf("%s: %s\n", paint(a, NULL), meaning(state ? state : ""));
    if (key)
        line("key", key);
    if (json_object_get(o, "bytes"))
        printf("  %-10s%" PRId64 " bytes\n", "size", whole(o, "bytes"));
    print_times(o);
    if (leads)
        line("leads to", leads);
    json_object_foreach(json_object_get(o, "fields"), name, value) line(name, json_string_value(value));
}

/* Asks, and keeps the answer. 0, or an exit status after a message. */
static int ask(app *a, int what, const char *name, json_t *all, json_t **one)
{
    char *text = NULL;
    mc_error err;
    mc_status st = mc_inspect(a->mc, what, name, &text, &err);
    if (st)
        return fail(a, name, st, NULL, &err);
    *one = json_loads(text, JSON_ALLOW_NUL, NULL);
    mc_free(text);
    if (!*one || json_array_append_new(all, *one))
        return fail(a, name, MC_E_NOMEM, NULL, NULL);
    return EXIT_FINE;
}

static int show(const app *a, const json_t *all)
{
    size_t i;
    json_t *one;
    int there = 0;
    json_array_foreach(all, i, one)
    {
        const char *state = json_string_value(json_object_get(one, "state"));
        there |= state && strcmp(state, "none") != 0;
        if (!a->json)
            print_one(a, one);
    }
    if (a->json) {
        char *text = json_dumps(all, JSON_COMPACT);
        json j;
        answer_begin(&j, a, MC_OK);
        put_raw(&j, "inspected", text ? text : "[]", strlen(text ? text : "[]"));
        answer_end(&j, NULL);
        free(text);
    }
    return there ? EXIT_FINE : EXIT_NEGATIVE;
}

static int run_inspect(app *a, const args *g)
{
    int title = args_flag(g, "title"), theater = args_flag(g, "theater"), key = args_flag(g, "key");
    int what = title ? MC_INSPECT_TITLE : theater ? MC_INSPECT_THEATER : key ? MC_INSPECT_KEY : MC_INSPECT_MOVIE;
    if (title + theater + key > 1)
        return usage_error("inspect: one of --title, --theater and --key");
    int rc = app_open_for_keys(a);
    if (rc)
        return rc;
    json_t *all = json_array();
    json_t *one = NULL;
    rc = all ? ask(a, what, g->operands[0], all, &one) : fail(a, "inspect", MC_E_NOMEM, NULL, NULL);
    const char *leads = json_string_value(json_object_get(one, "leads_to"));
    if (!rc && leads)
        rc = ask(a, MC_INSPECT_MOVIE, leads, all, &one);
    if (!rc)
        rc = show(a, all);
    json_decref(all);
    return rc;
}

const command cmd_inspect = {
    "inspect",
    "[--title | --theater | --key] NAME",
    "what Redis holds for an id, a title or a key: state, age, deadline, epoch, size, fields",
    "Examples:\n"
    "  mflix inspect 573a1394f29313caabcdfa00         a movie by id\n"
    "  mflix inspect --title 'Rear Window'            its entry, and the movie that it leads to\n"
    "  mflix inspect --key system_status --json\n\n"
    "Reads Redis alone and changes nothing: no load, no view, no count. Exit status: 1 when nothing is there.\n",
    inspect_options,
    sizeof inspect_options / sizeof *inspect_options,
    1,
    1,
    run_inspect};
