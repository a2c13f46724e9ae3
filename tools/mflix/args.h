/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: options and operands, in the style of getopt_long. Written here because getopt takes the longitude
 * in "near -73.98 40.75" for an option, and because help and completion are made from the same tables.
 */
#ifndef MFLIX_ARGS_H
#define MFLIX_ARGS_H

#include <stddef.h>
#include <stdint.h>

#define ARGS_MAX_OPTIONS 16    /* of one command */
#define ARGS_MAX_OPERANDS 1000 /* ids of one `mflix get` */
#define ARGS_MAX_SETTINGS 64   /* how often -o may be given */

/* One option of a command. */
typedef struct option_spec {
    const char *name; /* without the two dashes */
    char letter;      /* short form, or 0 */
    const char *arg;  /* name of its value in the help; NULL: it takes none */
    const char *help;
} option_spec;

struct app;
struct args;

/* One command: its line in the help, its options, its function. */
typedef struct command {
    const char *name;
    const char *operands; /* as the help prints them */
    const char *summary;
    const char *details; /* what `mflix COMMAND --help` adds: examples first */
    const option_spec *options;
    size_t n_options;
    size_t min_operands;
    size_t max_operands;
    /* Checks the command line, and only then opens the handle: wrong usage is reported without asking any server. */
    int (*run)(struct app *app, const struct args *args);
} command;

/* What is on the command line. All texts are borrowed from argv. */
typedef struct args {
    const command *cmd; /* NULL: none was named */
    const char *operands[ARGS_MAX_OPERANDS];
    size_t n_operands;
    const char *values[ARGS_MAX_OPTIONS]; /* by place in cmd->options; NULL: not given; "" for those without a value */
    const char *redis_uri;
    const char *store_uri;
    const char *config;
    const char *env_file;                    /* NULL: .env of the folder, if there is one; "": none */
    const char *settings[ARGS_MAX_SETTINGS]; /* key=value */
    size_t n_settings;
    int json, quiet, no_color, version, help;
} args;

extern const option_spec global_options[];
extern const size_t n_global_options;

/* Take the command line apart. Returns 0, or EXIT_USAGE after saying on stderr what is wrong. */
int args_parse(int argc, char **argv, const command *const *commands, size_t n_commands, args *out);

/* Value of one option of the command, NULL when not given. The name must be in the command's table. */
const char *args_text(const args *a, const char *name);
int args_flag(const args *a, const char *name);

/* Numbers, whole and within limits. Not given: `*out` keeps its default. Returns 0 or EXIT_USAGE (said on stderr). */
int args_int(const args *a, const char *name, int64_t min, int64_t max, int64_t *out);
int args_double(const args *a, const char *name, double min, double max, double *out);

/* The same for an operand; `what` names it in the message. */
int parse_double(const char *what, const char *text, double min, double max, double *out);

/* The command of that name; NULL after a message with the nearest one, by spelling or by meaning. */
const command *args_command(const char *word, const command *const *list, size_t n);

/* Of some names the one nearest to a mistyped word; NULL when none is near. */
const char *nearest_name(const char *word, const char *const *names, size_t n);

#endif
