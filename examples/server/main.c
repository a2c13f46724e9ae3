/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the life of the server: settings, the handle and its session, signals, the end. Refuses to start when it cannot keep its
 * limits.
 */
#include "env_file.h"
#include "listen.h"
#include "log.h"
#include "options.h"
#include "server.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { FINE = 0, FAILED = 1, USAGE = 2 };

#define STOP_SECONDS 10

static int report(const char *what, const mc_error *err, int rc)
{
    fprintf(stderr, "mflix-server: %s: %s\n", what, err->text);
    return rc;
}

/*
 * The MongoDB driver under the library prints to stdout by itself when a server is away. The library may not change what
 * belongs to the whole process; this process is ours. Without the driver there is nothing to silence.
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

/* One handle as the settings say, and a session of it that reads past Redis. */
static int open_handles(app *a, const char *env_file)
{
    int unread = env_file_named(env_file);
    if (unread != 0) {
        fprintf(stderr, "mflix-server: %s: %s\n", env_file != NULL ? env_file : ".env", strerror(unread));
        return FAILED;
    }
    mc_options *o = mc_options_new();
    mc_error err = {0};
    mc_error unknown = {0}; /* variables that belong to no option */
    int rc = FAILED;
    if (!o)
        return fputs("mflix-server: out of memory\n", stderr), FAILED;
    if (mc_options_load_env(o, &unknown))
        rc = report("settings", &unknown, USAGE);
    else if (mc_open(o, &a->cached, &err))
        rc = report("open", &err, FAILED);
    else if (mc_session_open(a->cached, "read.tiers=store", &a->uncached, &err))
        rc = report("open a session", &err, FAILED);
    else
        rc = FINE;
    if (rc == FINE && unknown.text[0])
        fprintf(stderr, "mflix-server: warning: %s\n", unknown.text);
    mc_options_free(o);
    return rc;
}

/* Each connection is a descriptor; Redis, the store and files need some more. */
static int room_for(unsigned connections)
{
    struct rlimit l;
    rlim_t wanted = (rlim_t)connections + 256;
    if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur >= wanted)
        return 1;
    l.rlim_cur = l.rlim_max < wanted ? l.rlim_max : wanted;
    if (l.rlim_cur == wanted && setrlimit(RLIMIT_NOFILE, &l) == 0)
        return 1;
    fprintf(stderr, "mflix-server: --max-connections %u: this process may open %ju files only\n", connections,
            (uintmax_t)l.rlim_max);
    return 0;
}

static int serve(app *a, const options *o, const sigset_t *ends)
{
    const struct timespec tick = {0, 250000000};
    char address[128];
    int listener = listen_on(o->host, o->port, address, sizeof address);
    if (listener < 0)
        return FAILED;
    server *s = server_start(a, listener, o->threads);
    if (!s) {
        fprintf(stderr, "mflix-server: cannot start: %s\n", strerror(errno));
        return FAILED;
    }
    printf("mflix-server: http://%s/\n", address);
    fflush(stdout);
    while (sigtimedwait(ends, NULL, &tick) < 0)
        server_watch(s);
    server_stop(s, STOP_SECONDS);
    return FINE;
}

int main(int argc, char **argv)
{
    options o;
    app a;
    sigset_t ends;
    if (!options_parse(argc, argv, &o))
        return USAGE;
    if (o.help || o.version) {
        if (o.help)
            options_help();
        else
            printf("mflix-server %s\n", mc_version());
        return fflush(stdout) == 0 ? FINE : FAILED;
    }
    /* Blocked before there are threads: only this one takes them, in sigtimedwait(). */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    memset(&a, 0, sizeof a);
    a.limits = o.limits;
    a.docs = o.docs;
    a.source = o.source;
    a.access_log = o.access_log;
    silence_driver();
    int rc = room_for(o.limits.connections) ? open_handles(&a, o.env_file) : USAGE;
    if (rc == FINE) {
        mc_set_log(a.cached, log_library, MC_LOG_WARN, NULL);
        rc = serve(&a, &o, &ends);
    }
    mc_close(a.uncached);
    mc_close(a.cached);
    return rc;
}
