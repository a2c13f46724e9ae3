/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the grammar of the command line: global options anywhere, --name=value and --name value, -n10 and -n 10, joined
 * short flags, unambiguous beginnings of long names, "--" ends the options. Refuses unknown options with a suggestion.
 * A word of a dash and a digit is an operand, so that coordinates need no "--".
 */
#include "app.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { G_REDIS, G_STORE, G_SET, G_CONFIG, G_ENV_FILE, G_JSON, G_QUIET, G_NO_COLOR, G_VERSION, G_HELP };

const option_spec global_options[] = {
    [G_REDIS] = {"redis", 0, "URI",
                 "Redis server, such as redis://127.0.0.1:6379/0, or memory: for none (option cache.uri)"},
    [G_STORE] = {"store", 0, "URI", "database: mongodb://..., sqlite:FILE or sqlite::memory: (option store.uri)"},
    [G_SET] = {"option", 'o', "KEY=VALUE", "any option of the library, see `mflix options`; may be repeated"},
    [G_CONFIG] = {"config", 0, "FILE", "options from a JSON file"},
    [G_ENV_FILE] = {"env-file", 0, "FILE", "settings from a file of NAME=VALUE lines (default: .env, if there is one)"},
    [G_JSON] = {"json", 0, NULL, "print one JSON object instead of text"},
    [G_QUIET] = {"quiet", 'q', NULL, "no progress, no line about the cache"},
    [G_NO_COLOR] = {"no-color", 0, NULL, "no colours (also: NO_COLOR in the environment)"},
    [G_VERSION] = {"version", 'V', NULL, "print the version and what this build can do"},
    [G_HELP] = {"help", 'h', NULL, "print help; after a command: help for that command"},
};
const size_t n_global_options = sizeof global_options / sizeof *global_options;

/* The parsing position. */
typedef struct cursor {
    int argc;
    char **argv;
    int i; /* next word */
    args *out;
} cursor;

/* An option found by name: global, or of the command. */
typedef struct found {
    const option_spec *spec;
    int global;
    size_t index;
} found;

/* Edit distance, cut off at 4: enough to distinguish a typing error from another word. */
static int distance(const char *a, const char *b)
{
    int row[33];
    size_t na = strlen(a), nb = strlen(b);
    if (na > 32 || nb > 32)
        return 4;
    for (size_t j = 0; j <= nb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]);
            int drop = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < drop ? change : drop;
        }
    }
    return row[nb] < 4 ? row[nb] : 4;
}

const char *nearest_name(const char *word, const char *const *names, size_t n)
{
    const char *best = NULL;
    int least = 3;
    for (size_t i = 0; i < n; i++) {
        int d = distance(word, names[i]);
        if (d < least && d < (int)strlen(names[i])) {
            least = d;
            best = names[i];
        }
    }
    return best;
}

/* Matches of one table: an exact name wins, a beginning counts when it is the only one. */
static int match_table(const option_spec *table, size_t n, const char *name, size_t size, int global, found *out,
                       int *partial)
{
    for (size_t i = 0; i < n; i++) {
        if (strncmp(table[i].name, name, size) != 0)
            continue;
        if (table[i].name[size] == '\0') {
            *out = (found){&table[i], global, i};
            return 1;
        }
        if ((*partial)++ == 0)
            *out = (found){&table[i], global, i};
    }
    return 0;
}

static int unknown_option(const cursor *c, const char *shown, const char *name, int partial)
{
    const char *names[ARGS_MAX_OPTIONS + 16];
    size_t n = 0;
    const command *cmd = c->out->cmd;
    const char *of = cmd ? cmd->name : "";
    const char *gap = cmd ? " " : "";
    if (partial > 1)
        return usage_error("option '%s' is ambiguous (try: mflix%s%s --help)", shown, gap, of);
    for (size_t i = 0; cmd && i < cmd->n_options; i++)
        names[n++] = cmd->options[i].name;
    for (size_t i = 0; i < n_global_options; i++)
        names[n++] = global_options[i].name;
    const char *near = nearest_name(name, names, n);
    if (near)
        return usage_error("unknown option '%s' (did you mean --%s? try: mflix%s%s --help)", shown, near, gap, of);
    return usage_error("unknown option '%s' (try: mflix%s%s --help)", shown, gap, of);
}

static int find_long(const cursor *c, const char *name, size_t size, const char *word, found *out)
{
    int partial = 0;
    const command *cmd = c->out->cmd;
    if (size > 0) {
        if (cmd && match_table(cmd->options, cmd->n_options, name, size, 0, out, &partial))
            return 0;
        if (match_table(global_options, n_global_options, name, size, 1, out, &partial))
            return 0;
        if (partial == 1)
            return 0;
    }
    char bare[40];
    snprintf(bare, sizeof bare, "%.*s", (int)(size < 39 ? size : 39), name);
    return unknown_option(c, word, bare, partial);
}

static int find_short(const cursor *c, char letter, const char *word, found *out)
{
    const command *cmd = c->out->cmd;
    for (size_t i = 0; cmd && i < cmd->n_options; i++) {
        if (cmd->options[i].letter == letter) {
            *out = (found){&cmd->options[i], 0, i};
            return 0;
        }
    }
    for (size_t i = 0; i < n_global_options; i++) {
        if (global_options[i].letter == letter) {
            *out = (found){&global_options[i], 1, i};
            return 0;
        }
    }
    return unknown_option(c, word, word, 0);
}

static int set_global(args *a, size_t index, const char *value)
{
    switch (index) {
    case G_REDIS:
        a->redis_uri = value;
        break;
    case G_STORE:
        a->store_uri = value;
        break;
    case G_CONFIG:
        a->config = value;
        break;
    case G_ENV_FILE:
        a->env_file = value;
        break;
    case G_SET:
        if (!strchr(value, '='))
            return usage_error("-o %s: no '=' in it (write -o key=value; `mflix options` lists the keys)", value);
        if (a->n_settings == ARGS_MAX_SETTINGS)
            return usage_error("-o is given more than %d times (put the options into a file: --config FILE)",
                               ARGS_MAX_SETTINGS);
        a->settings[a->n_settings++] = value;
        break;
    case G_JSON:
        a->json = 1;
        break;
    case G_QUIET:
        a->quiet = 1;
        break;
    case G_NO_COLOR:
        a->no_color = 1;
        break;
    case G_VERSION:
        a->version = 1;
        break;
    default:
        a->help = 1;
        break;
    }
    return 0;
}

static int store_option(args *a, const found *f, const char *value)
{
    if (f->global)
        return set_global(a, f->index, value);
    a->values[f->index] = value;
    return 0;
}

/* One word that begins with two dashes. */
static int parse_long(cursor *c, const char *word)
{
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    size_t size = equals ? (size_t)(equals - name) : strlen(name);
    found f = {0};
    int rc = find_long(c, name, size, word, &f);
    if (rc || !f.spec)
        return rc ? rc : EXIT_USAGE;
    const char *value = "";
    if (f.spec->arg) {
        if (equals)
            value = equals + 1;
        else if (c->i < c->argc)
            value = c->argv[c->i++];
        else
            return usage_error("--%s needs a value (--%s %s)", f.spec->name, f.spec->name, f.spec->arg);
    } else if (equals) {
        return usage_error("--%s takes no value", f.spec->name);
    }
    return store_option(c->out, &f, value);
}

/* One word of short options: flags may be joined, the last one may carry its value. */
static int parse_short(cursor *c, const char *word)
{
    for (const char *p = word + 1; *p; p++) {
        char shown[3] = {'-', *p, '\0'};
        found f = {0};
        int rc = find_short(c, *p, shown, &f);
        if (rc || !f.spec)
            return rc ? rc : EXIT_USAGE;
        if (!f.spec->arg) {
            rc = store_option(c->out, &f, "");
            if (rc)
                return rc;
            continue;
        }
        const char *value = p + 1;
        if (*value == '\0') {
            if (c->i == c->argc)
                return usage_error("%s needs a value (%s %s)", shown, shown, f.spec->arg);
            value = c->argv[c->i++];
        }
        return store_option(c->out, &f, value);
    }
    return 0;
}

/* What people try who come from other programs. */
static const struct {
    const char *word;
    const char *meant;
} meanings[] = {
    {"find", "get"},          {"show", "get"},
    {"read", "get"},          {"search", "get --title"},
    {"query", "get --title"}, {"set", "put"},
    {"save", "put"},          {"store", "put"},
    {"list", "top"},          {"ls", "top"},
    {"best", "top"},          {"all", "export"},
    {"dump", "export"},       {"keys", "inspect"},
    {"info", "stats"},        {"metrics", "stats"},
    {"status", "ping"},       {"health", "doctor"},
    {"check", "doctor"},      {"diagnose", "doctor"},
    {"describe", "inspect"},  {"debug", "inspect"},
    {"ttl", "inspect"},       {"exists", "inspect"},
    {"import", "load"},       {"insert", "create"},
    {"add", "create"},        {"new", "create"},
    {"remove", "delete"},     {"rm", "delete"},
    {"del", "rmkey"},         {"flush", "invalidate"},
    {"clear", "invalidate"},  {"expire", "invalidate"},
    {"edit", "update"},       {"change", "update"},
    {"patch", "update"},      {"score", "rate"},
    {"nearby", "near"},       {"nearest", "near"},
    {"theaters", "near"},     {"popular", "trending"},
    {"views", "trending"},    {"config", "options"},
    {"settings", "options"},  {"benchmark", "bench"},
    {"preload", "warm"},      {"graph", "plot"},
    {"man", "help"},
};

static const char *by_meaning(const char *word, const command *const *list, size_t n)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        size_t size = strcspn(meanings[i].meant, " ");
        for (size_t k = 0; k < n && strcmp(meanings[i].word, word) == 0; k++)
            if (strlen(list[k]->name) == size && strncmp(list[k]->name, meanings[i].meant, size) == 0)
                return meanings[i].meant;
    }
    return NULL;
}

const command *args_command(const char *word, const command *const *list, size_t n)
{
    const char *names[64];
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i]->name, word) == 0)
            return list[i];
        names[i < 64 ? i : 63] = list[i]->name;
    }
    const char *near = by_meaning(word, list, n);
    if (!near)
        near = nearest_name(word, names, n < 64 ? n : 64);
    if (near)
        (void)usage_error("unknown command '%s' (did you mean %s? try: mflix help)", word, near);
    else
        (void)usage_error("unknown command '%s' (try: mflix help)", word);
    return NULL;
}

static int take_operand(cursor *c, const command *const *list, size_t n, const char *word)
{
    args *a = c->out;
    if (!a->cmd) {
        a->cmd = args_command(word, list, n);
        return a->cmd ? 0 : EXIT_USAGE;
    }
    if (a->n_operands == ARGS_MAX_OPERANDS || a->n_operands == a->cmd->max_operands)
        return usage_error("%s: '%s' is one word too many (usage: mflix %s %s)", a->cmd->name, word, a->cmd->name,
                           a->cmd->operands);
    a->operands[a->n_operands++] = word;
    return 0;
}

/* "-73.98" and "-.5" are numbers, "-" is standard input. */
static int is_operand(const char *word)
{
    if (word[0] != '-' || word[1] == '\0')
        return 1;
    return isdigit((unsigned char)word[1]) || (word[1] == '.' && isdigit((unsigned char)word[2]));
}

int args_parse(int argc, char **argv, const command *const *list, size_t n, args *out)
{
    cursor c = {argc, argv, 1, out};
    int ended = 0;
    memset(out, 0, sizeof *out);
    while (c.i < argc) {
        const char *word = argv[c.i++];
        int rc;
        if (!ended && strcmp(word, "--") == 0) {
            ended = 1;
            continue;
        }
        if (ended || is_operand(word))
            rc = take_operand(&c, list, n, word);
        else if (word[1] == '-')
            rc = parse_long(&c, word);
        else
            rc = parse_short(&c, word);
        if (rc)
            return rc;
    }
    if (out->cmd && !out->help && out->n_operands < out->cmd->min_operands)
        return usage_error("%s: something is missing (usage: mflix %s %s)", out->cmd->name, out->cmd->name,
                           out->cmd->operands);
    return 0;
}

const char *args_text(const args *a, const char *name)
{
    for (size_t i = 0; i < a->cmd->n_options; i++)
        if (strcmp(a->cmd->options[i].name, name) == 0)
            return a->values[i];
    fprintf(stderr, "mflix: no option --%s in the table of %s\n", name, a->cmd->name);
    abort(); /* a mistake in this program, found by the first test that comes by */
}

int args_flag(const args *a, const char *name)
{
    return args_text(a, name) != NULL;
}

int args_int(const args *a, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const char *text = args_text(a, name);
    char *end;
    if (!text)
        return 0;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || isspace((unsigned char)*text))
        return usage_error("--%s: '%s' is not a whole number", name, text);
    if (errno == ERANGE || value < min || value > max)
        return usage_error("--%s: %s is outside %lld to %lld", name, text, (long long)min, (long long)max);
    *out = value;
    return 0;
}

int parse_double(const char *what, const char *text, double min, double max, double *out)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || isspace((unsigned char)*text))
        return usage_error("%s: '%s' is not a number", what, text);
    if (!(value >= min && value <= max)) /* also catches NaN */
        return usage_error("%s: %s is outside %.10g to %.10g", what, text, min, max);
    *out = value;
    return 0;
}

int args_double(const args *a, const char *name, double min, double max, double *out)
{
    char what[48];
    const char *text = args_text(a, name);
    if (!text)
        return 0;
    snprintf(what, sizeof what, "--%s", name);
    return parse_double(what, text, min, max, out);
}
