/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the life of the program: settings in their order (defaults, file, environment, flags), the handle, signals, the
 * end. Ctrl-C only sets a flag, so that a long command stops between two steps with everything closed; a second one ends
 * the program at once.
 */
#include "app.h"
#include "arguments.h"
#include "env_file.h"
#include "help.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int stop_asked; /* set by the handler on one thread, read by all */

int interrupted(void)
{
    return stop_asked != 0;
}

static void on_interrupt(int number)
{
    (void)number;
    if (stop_asked)
        _exit(EXIT_INTERRUPTED);
    stop_asked = 1;
}

static void set_signals(void)
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    sigemptyset(&act.sa_mask);
    act.sa_handler = on_interrupt;
    act.sa_flags = SA_RESTART; /* a call to a server under way is finished, not failed */
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    act.sa_handler = SIG_IGN; /* `mflix top | head -1` is not a reason to die between two writes */
    act.sa_flags = 0;
    sigaction(SIGPIPE, &act, NULL);
}

static int colors_wanted(const args *a, int fd)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    if (a->no_color || (no_color && *no_color) || !isatty(fd))
        return 0;
    return term && *term && strcmp(term, "dumb") != 0;
}

/* Of a key that is no option the one that was probably meant: it begins so, or is spelt nearly so. NULL: it is one, or nothing is near. */
static const char *option_meant(const char *key)
{
    const char *names[128];
    size_t n = 0;
    const char *begins = NULL;
    mc_option_info row;
    while (n < sizeof names / sizeof *names && mc_option_at(n, &row) == MC_OK) {
        if (strcmp(row.key, key) == 0)
            return NULL;
        if (!begins && *key && strncmp(row.key, key, strlen(key)) == 0)
            begins = row.key;
        names[n++] = row.key;
    }
    return begins ? begins : nearest_name(key, names, n);
}

static int apply_flags(app *a)
{
    const args *g = a->args;
    mc_error err;
    mc_status st;
    for (size_t i = 0; i < g->n_settings; i++) {
        const char *equals = strchr(g->settings[i], '=');
        char key[128];
        size_t size = (size_t)(equals - g->settings[i]);
        if (size >= sizeof key)
            return usage_error("-o %.40s...: no such option (`mflix options` lists them)", g->settings[i]);
        memcpy(key, g->settings[i], size);
        key[size] = '\0';
        const char *meant = option_meant(key);
        if (meant)
            return usage_error("-o %s: no such option (did you mean %s? `mflix options` lists them)", key, meant);
        st = mc_options_set(a->options, key, equals + 1, &err);
        if (st) {
            fail(a, "-o", st, NULL, &err);
            return EXIT_USAGE;
        }
    }
    if (g->redis_uri && (st = mc_options_set(a->options, "cache.uri", g->redis_uri, &err))) {
        fail(a, "--redis", st, NULL, &err);
        return EXIT_USAGE;
    }
    if (g->store_uri && (st = mc_options_set(a->options, "store.uri", g->store_uri, &err))) {
        fail(a, "--store", st, NULL, &err);
        return EXIT_USAGE;
    }
    return 0;
}

/*
 * The MongoDB driver under the library prints to stdout by itself when a server is away, which would break --json. The library may
 * not change what belongs to the whole process; this process is ours. Without the driver there is nothing to silence.
 */
static void silence_driver(void)
{
    void (*set_handler)(void *, void *) = NULL;
    void *self = dlopen(NULL, RTLD_NOW);
    void *symbol = self ? dlsym(self, "mongoc_log_set_handler") : NULL;
    memcpy(&set_handler, &symbol, sizeof symbol); /* the way POSIX gives from data to function pointers */
    if (set_handler)
        set_handler(NULL, NULL);
    if (self)
        dlclose(self);
}

static int read_env_file(app *a)
{
    const char *named = a->args->env_file;
    int rc = env_file_named(named);
    if (rc == 0)
        return 0;
    errno = rc;
    return fail_errno(a, named ? named : ".env");
}

static int collect_options(app *a)
{
    mc_error err;
    mc_status st;
    silence_driver();
    int read = read_env_file(a);
    if (read)
        return read;
    a->options = mc_options_new();
    if (!a->options)
        return fail(a, "options", MC_E_NOMEM, NULL, NULL);
    if (a->args->config) {
        st = mc_options_load_file(a->options, a->args->config, &err);
        if (st) {
            fail(a, a->args->config, st, NULL, &err);
            return st == MC_E_FILE || st == MC_E_NOMEM ? EXIT_SERVER : EXIT_USAGE;
        }
    }
    /* What a flag overrides need not be right. */
    if (a->args->redis_uri) {
        unsetenv("REDIS_HOST");
        unsetenv("REDIS_PORT");
    }
    if (a->args->store_uri)
        unsetenv("MONGO_URL");
    /* A command that needs no server goes on; the others say it when they need one. */
    if (mc_options_load_env(a->options, &a->env_error) == MC_OK && a->env_error.text[0] && !a->quiet)
        fprintf(stderr, "mflix: warning: %s (`mflix options` lists the options)\n", a->env_error.text);
    return apply_flags(a);
}

/* What could not be written must not pass for success; a reader that left early (`mflix top | head -1`) is not an error. */
static int finish_output(int rc)
{
    struct pollfd reader = {STDOUT_FILENO, POLLOUT, 0};
    int failed = fflush(stdout) != 0 || ferror(stdout);
    if (!failed || errno == EPIPE || (poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR)))
        return rc;
    fprintf(stderr, "mflix: standard output: %s\n", errno ? strerror(errno) : "write error");
    return EXIT_SERVER;
}

int app_settings(app *a)
{
    if (a->env_error.code == MC_OK)
        return 0;
    fail(a, "settings", a->env_error.code, NULL, &a->env_error);
    return EXIT_USAGE;
}

int app_set(app *a, const char *key, const char *value)
{
    mc_error err;
    int rc = app_settings(a);
    if (rc)
        return rc;
    mc_status st = mc_options_set(a->options, key, value, &err);
    return st ? fail(a, key, st, NULL, &err) : 0;
}

int app_open_for_keys(app *a)
{
    int rc = app_set(a, "store.identity", "*");
    return rc ? rc : app_open(a);
}

int app_open(app *a)
{
    mc_error err;
    int rc = app_settings(a);
    if (rc)
        return rc;
    mc_status st = a->mc ? MC_OK : mc_open(a->options, &a->mc, &err);
    return st ? fail(a, "open", st, NULL, &err) : 0;
}

static int run_command(app *a)
{
    int rc = collect_options(a);
    return rc ? rc : a->args->cmd->run(a, a->args);
}

int main(int argc, char **argv)
{
    args parsed;
    app a;
    static char **volatile own; /* needed to the last line of the program: never given back */
    argv = own = arguments_own(argc, argv);
    if (argv == NULL)
        return 1;
    expect_json(argc, argv);
    int rc = args_parse(argc, argv, commands, n_commands, &parsed);
    if (rc)
        return rc;
    set_signals();
    memset(&a, 0, sizeof a);
    a.args = &parsed;
    a.json = parsed.json;
    a.quiet = parsed.quiet;
    a.color = colors_wanted(&parsed, STDOUT_FILENO);
    a.color_err = colors_wanted(&parsed, STDERR_FILENO);
    a.live = !parsed.quiet && isatty(STDERR_FILENO);
    if (parsed.version)
        print_version(&a);
    else if (parsed.help && parsed.cmd)
        print_command_help(&a, parsed.cmd);
    else if (parsed.help)
        print_help(&a);
    else if (!parsed.cmd && parsed.json)
        rc = usage_error("no command (try: mflix help)");
    else if (!parsed.cmd) {
        print_help(&a);
        rc = EXIT_USAGE; /* a script whose command came out empty is not to go on */
    } else
        rc = run_command(&a);
    if (a.mc)
        mc_close(a.mc);
    mc_options_free(a.options);
    return finish_output(rc);
}
