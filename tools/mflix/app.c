/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns how the program fails: one form of message, one table from statuses to exit codes and hints. Nothing here knows
 * a command.
 */
#include "app.h"

#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* Set once, before the command line is taken apart: then usage errors are objects as well. */
static int usage_in_json;

void expect_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strncmp(argv[i], "--js", 4) == 0 && strncmp(argv[i], "--json", strlen(argv[i])) == 0)
            usage_in_json = 1;
}

int usage_error(const char *format, ...)
{
    char why[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(why, sizeof why, format, list);
    va_end(list);
    fputs("mflix: ", stderr);
    print_safe(stderr, why);
    fputc('\n', stderr);
    if (usage_in_json) {
        json j;
        put_begin(&j, stdout);
        put_object(&j, NULL);
        put_text(&j, "command", NULL);
        put_text(&j, "status", mc_status_name(MC_E_ARG));
        put_int(&j, "code", MC_E_ARG);
        put_text(&j, "error", why);
        put_end_object(&j);
        put_finish(&j);
    }
    return EXIT_USAGE;
}

int exit_code(mc_status st)
{
    switch (st) {
    case MC_OK:
        return EXIT_FINE;
    case MC_NOT_FOUND:
    case MC_E_EXISTS:
    case MC_E_CONFLICT:
        return EXIT_NEGATIVE;
    case MC_E_ARG:
    case MC_E_RANGE:
    case MC_E_UTF8:
    case MC_E_JSON:
    case MC_E_DEPTH:
    case MC_E_FIELD:
    case MC_E_TOOBIG:
    case MC_E_TYPE:
    case MC_E_OPTION:
    case MC_E_URI:
        return EXIT_USAGE;
    case MC_E_ABORT:
        return interrupted() ? EXIT_INTERRUPTED : EXIT_SERVER;
    default:
        return EXIT_SERVER;
    }
}

/* The default database is empty whenever the program begins: who finds nothing in it should know. */
static const char *hint_not_found(const app *a)
{
    char uri[64];
    if (!a->options || mc_options_get(a->options, "store.uri", uri, sizeof uri, NULL) != MC_OK ||
        strncmp(uri, "sqlite::memory:", 15) != 0)
        return NULL;
    return "the database is an empty one in memory; choose yours with --store URI or MONGO_URL";
}

/* What to try next, or NULL. */
static const char *hint(const app *a, mc_status st)
{
    switch (st) {
    case MC_NOT_FOUND:
        return hint_not_found(a);
    case MC_E_CACHE:
        return "is Redis running there? choose another with --redis redis://HOST:PORT";
    case MC_E_STORE:
        return "is the database running there? choose another with --store URI";
    case MC_E_AUTH:
        return "user and password belong into the URI, or into cache.user and cache.password";
    case MC_E_TIMEOUT:
        return "more time: -o call.timeout_ms=MILLISECONDS; `mflix ping` shows which server is slow";
    case MC_E_UNKNOWN:
        return "it may have been carried out: read again before repeating it";
    case MC_E_DATABASE:
        return "is it the right database? choose another with --store URI";
    case MC_E_OPTION:
        return "`mflix options` lists the options";
    case MC_E_URI:
        return "forms: redis://HOST:PORT/DB, mongodb://HOST:PORT/DATABASE, sqlite:FILE";
    case MC_E_EXISTS:
        return "change it with `mflix update`";
    case MC_E_ARG:
        return a->args->cmd && strcmp(a->args->cmd->name, "get") == 0 ? "by title: mflix get --title TITLE" : NULL;
    default:
        return NULL;
    }
}

static void json_failure(const app *a, const char *what, mc_status st, const mc_info *info, const mc_error *err)
{
    json j;
    answer_begin(&j, a, st);
    if (st < 0) {
        put_int(&j, "code", st);
        put_text(&j, "what", what);
        put_text(&j, "error", err && err->code == st && err->text[0] ? err->text : mc_status_text(st));
        if (err && err->code == st) {
            put_text(&j, "tier", mc_tier_name(err->tier));
            put_int(&j, "backend_code", err->backend_code);
            put_bool(&j, "retriable", err->retriable);
        }
    }
    answer_end(&j, info);
}

int fail(app *a, const char *what, mc_status st, const mc_info *info, const mc_error *err)
{
    const char *why = err && err->code == st && err->text[0] ? err->text : mc_status_text(st);
    const char *next = hint(a, st);
    if (a->json && a->args->cmd)
        json_failure(a, what, st, info, err);
    fputs("mflix: ", stderr);
    print_safe(stderr, what);
    fputs(": ", stderr);
    print_safe(stderr, st == MC_NOT_FOUND ? "not found" : why);
    if (next)
        fprintf(stderr, " (%s)", next);
    fputc('\n', stderr);
    if (st == MC_NOT_FOUND && info)
        print_info(a, info);
    return exit_code(st);
}

int fail_outside(app *a, const char *what, mc_status st, const char *why, const char *next)
{
    if (a->json && a->args->cmd) {
        json j;
        answer_begin(&j, a, st);
        put_int(&j, "code", st);
        put_text(&j, "what", what);
        put_text(&j, "error", why);
        answer_end(&j, NULL);
    }
    fputs("mflix: ", stderr);
    print_safe(stderr, what);
    fputs(": ", stderr);
    print_safe(stderr, why);
    if (next)
        fprintf(stderr, " (%s)", next);
    fputc('\n', stderr);
    return EXIT_SERVER;
}

int fail_errno(app *a, const char *what)
{
    return fail_outside(a, what, MC_E_FILE, strerror(errno), NULL);
}
