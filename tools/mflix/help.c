/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the help: made from the tables of the commands, so that an option cannot exist without its line. */
#include "help.h"

#include "json_out.h"
#include "output.h"

#include <ctype.h>
#include <string.h>

void print_version(const app *a)
{
    if (a->json) {
        json j;
        put_begin(&j, stdout);
        put_object(&j, NULL);
        put_text(&j, "version", mc_version());
        put_text(&j, "headers", MC_VERSION_TEXT);
        put_text(&j, "features", mc_features());
        put_end_object(&j);
        put_finish(&j);
        return;
    }
    printf("mflix %s (library %s: %s)\n", MC_VERSION_TEXT, mc_version(), mc_features());
}

static void print_option(const option_spec *o)
{
    char left[48];
    char letter[8] = "    ";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    printf("  %-30s %s\n", left, o->help);
}

static void print_options(const option_spec *options, size_t n)
{
    for (size_t i = 0; i < n; i++)
        print_option(&options[i]);
}

void print_help(const app *a)
{
    const char *bold = paint(a, "bold"), *plain = paint(a, NULL);
    printf("%sUsage:%s mflix [options] COMMAND [operands]\n\n", bold, plain);
    fputs("Movies and theaters from MongoDB or SQLite, answered from Redis: a read asks Redis first and the\n"
          "database only on a miss; a write goes to the database first and leaves no old copy behind. After\n"
          "each answer mflix says whether it was a HIT or a MISS, how old it is and what it cost.\n\n",
          stdout);
    printf("%sFirst steps%s (Redis on this machine, an SQLite file as the database):\n", bold, plain);
    fputs("  mflix --store sqlite:mflix.db generate --load      fill it with made-up films and theaters\n"
          "  mflix --store sqlite:mflix.db load movies.ndjson.gz     or with your own\n"
          "  mflix --store sqlite:mflix.db top -n 3             the best rated\n"
          "  mflix --store sqlite:mflix.db get --title 'Red Outlaw'     ask twice: MISS, then HIT\n"
          "  mflix --store sqlite:mflix.db bench                what the cache is worth here\n\n",
          stdout);
    printf("%sCommands%s (mflix help COMMAND says more):\n", bold, plain);
    for (size_t i = 0; i < n_commands; i++)
        printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
    printf("\n%sOptions%s (before or after the command):\n", bold, plain);
    print_options(global_options, n_global_options);
    printf(
        "\n%sSettings%s come from, each winning over the one before: built-in defaults, --config FILE, .env (--env-file),\n"
        "the environment (MONGO_URL, REDIS_HOST, REDIS_PORT, MFLIXCACHE_...), the options above. `mflix options` shows\n"
        "them all.\n\n",
        bold, plain);
    printf("%sExit status:%s 0 done; 1 not found, a check failed, or some rows were refused; 2 wrong usage or input;\n"
           "3 a server, a file or the library failed; 130 interrupted.\n",
           bold, plain);
}

void print_command_help(const app *a, const command *cmd)
{
    const char *bold = paint(a, "bold"), *plain = paint(a, NULL);
    printf("%sUsage:%s mflix %s%s%s\n\n", bold, plain, cmd->name, *cmd->operands ? " " : "", cmd->operands);
    printf("%c%s.\n", toupper((unsigned char)cmd->summary[0]), cmd->summary + 1);
    if (cmd->n_options > 0) {
        printf("\n%sOptions:%s\n", bold, plain);
        print_options(cmd->options, cmd->n_options);
    }
    if (cmd->details)
        printf("\n%s", cmd->details);
    printf("\n%sOptions of every command:%s\n", bold, plain);
    print_options(global_options, n_global_options);
}

/* A '|' would end the table's cell. */
static void print_cell(const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            putchar('\\');
        putchar(*text);
    }
}

static const char *print_group(const char *key, const char *open)
{
    static const char *const groups[][2] = {
        {"cache.", "Redis"}, {"store.", "The database"}, {"movies.ttl", "Cached values"}, {"call.", "Reads and writes"}};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (strncmp(key, groups[i][0], strlen(groups[i][0])) == 0 && strcmp(open, groups[i][1]) != 0) {
            open = groups[i][1];
            printf("\n## %s\n\n| key | type | default | range | what |\n| --- | --- | --- | --- | --- |\n", open);
        }
    }
    return open;
}

void print_options_page(void)
{
    mc_option_info row;
    const char *open = "";
    fputs(
        "# Options\n\n"
        "<!-- Generated from the option table; do not edit. -->\n\n"
        "Set one with `mc_options_set(o, key, value, &err)`, all of a JSON file with `mc_options_load_file()`, or from the\n"
        "environment with `mc_options_load_env()`: the variable is `MFLIXCACHE_` and the key in capitals, `_` in place of "
        "`.`.\n"
        "The program takes `-o key=value` and `--config FILE`. Later settings win. Times are milliseconds.\n",
        stdout);
    for (size_t i = 0; mc_option_at(i, &row) == MC_OK; i++) {
        open = print_group(row.key, open);
        printf("| `%s` | %s | ", row.key, row.type);
        if (*row.default_value)
            printf("`%s`", row.default_value);
        else
            fputs("empty", stdout);
        fputs(" | ", stdout);
        print_cell(row.range);
        fputs(" | ", stdout);
        print_cell(row.help);
        printf("%s |\n", row.secret ? " Never shown." : "");
    }
}

/* ---- help as a command -------------------------------------------------------------------------------------------- */

static int run_help(app *a, const args *g)
{
    const command *cmd = g->n_operands > 0 ? args_command(g->operands[0], commands, n_commands) : NULL;
    if (g->n_operands > 0 && !cmd)
        return EXIT_USAGE;
    if (cmd)
        print_command_help(a, cmd);
    else
        print_help(a);
    return EXIT_FINE;
}

const command cmd_help = {"help",
                          "[COMMAND]",
                          "say what mflix can do, or what one command does",
                          "Examples:\n"
                          "  mflix help\n"
                          "  mflix help get\n",
                          NULL,
                          0,
                          0,
                          1,
                          run_help};
