/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every command of the program shares: its settings, the handle, the way to fail. The program uses the public
 * headers of the library only, as any other program would.
 */
#ifndef MFLIX_APP_H
#define MFLIX_APP_H

#include "args.h"

#include <mflixcache/mflixcache.h>
#include <stdio.h>

/* Exit codes; docs/cli.md lists them. */
enum {
    EXIT_FINE = 0,
    EXIT_NEGATIVE = 1,     /* not found, a check failed, some rows were refused */
    EXIT_USAGE = 2,        /* the command line or the input is wrong; nothing was sent */
    EXIT_SERVER = 3,       /* a server, a file or the library failed */
    EXIT_INTERRUPTED = 130 /* Ctrl-C, as shells count it */
};

typedef struct app {
    const args *args;
    mc_options *options; /* defaults < file < environment < flags */
    mc_client *mc;       /* NULL unless the command needs it */
    mc_error env_error;  /* what the environment got wrong; a command that opens the handle fails with it */
    int json, quiet;
    int color;     /* stdout takes colours */
    int color_err; /* stderr does */
    int live;      /* stderr is a terminal: progress bars make sense */
} app;

/* 1 once Ctrl-C was pressed. Long commands look at it between steps. */
int interrupted(void);

/* Reports what is wrong with the environment's settings: 0, or the exit code. For commands that show or use settings. */
int app_settings(app *a);

/* Open the handle, unless it is open. Returns 0, or the exit code after saying why not. */
int app_open(app *a);
/* The same for string keys, which are of no database. */
int app_open_for_keys(app *a);
/* One more setting, before it is opened. 0, or an exit status after a message. */
int app_set(app *a, const char *key, const char *value);

/* Exit code that belongs to a status. */
int exit_code(mc_status st);

/*
 * Say that something failed: "mflix: what: why (hint)" on stderr and, with --json, an object on stdout. `info` and `err`
 * may be NULL. Returns the exit code.
 */
int fail(app *a, const char *what, mc_status st, const mc_info *info, const mc_error *err);

/* Say that something failed outside the library; `next` may be NULL. Returns EXIT_SERVER. */
int fail_outside(app *a, const char *what, mc_status st, const char *why, const char *next);

/* The same with errno's text. */
int fail_errno(app *a, const char *what);

/* Before anything can fail: whether --json is on the command line. */
void expect_json(int argc, char **argv);

/* "mflix: " + text on stderr, and an object on stdout with --json. Returns EXIT_USAGE. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The commands, one per file section. */
extern const command cmd_load, cmd_generate, cmd_get, cmd_top, cmd_near, cmd_rate, cmd_create, cmd_update, cmd_delete,
    cmd_invalidate, cmd_trending, cmd_view, cmd_warm, cmd_stats, cmd_ping, cmd_put, cmd_getkey, cmd_rmkey, cmd_options,
    cmd_bench, cmd_plot, cmd_doctor, cmd_inspect, cmd_count, cmd_export, cmd_help;
extern const command *const commands[];
extern const size_t n_commands;

#endif
