// SPDX-License-Identifier: Apache-2.0
/*
 * Owns: programs in other languages that take part (peers/): which are there, and how they are asked: "get THREADS MS" on their standard
 * input, "OPS P50 P99 CPU" on their standard output. They run on the CPUs that this program is pinned to.
 */
#include "threads.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PEERS 4

static const struct kind {
    const char *peer, *name;
    const char *program; /* in the folder of the peers */
    const char *script;  /* in the source tree; NULL when the program is whole */
    const char *client;  /* its first argument; NULL for none */
} kinds[] = {{"rueidis", "rueidis (Go), GET of the same fields", "go-peers", NULL, "rueidis"},
             {"go-redis", "go-redis (Go), GET of the same fields", "go-peers", NULL, "go-redis"},
             {"redis-rs", "redis-rs (Rust), GET of the same fields", "rust-peers", NULL, NULL},
             {"redis-py", "redis-py with hiredis (Python), GET of the same fields", "venv/bin/python",
              "tests/bench/peers/python/client.py", NULL}};

static struct running {
    struct server process;
    FILE *to, *from;
} running[MAX_PEERS];
static size_t n_running;

static void ask(struct party *p, struct slice *out)
{
    struct running *r = &running[p->number];
    double used = 0;
    double server = redis_cpu_us(bench.rc);
    if (fprintf(r->to, "get %zu %.0f\n", p->threads, bench.slice_s * 1000) < 0 || fflush(r->to) != 0 ||
        fscanf(r->from, "%lf %lf %lf %lf", &out->ops, &out->p50, &out->p99, &used) != 4)
        die(p->name, "does not answer");
    out->cpu = used + (redis_cpu_us(bench.rc) - server) / (out->ops * bench.slice_s);
}

static const char *ids_file(void)
{
    static char path[600];
    (void)snprintf(path, sizeof path, "%s/ids", bench.dir);
    FILE *f = fopen(path, "w");
    for (size_t i = 0; f != NULL && i < HOT_KEYS; i++)
        fprintf(f, "%s\n", bench.films[i].id);
    if (f == NULL || fclose(f) != 0)
        die(path, "cannot be written");
    return path;
}

static bool start(const struct kind *k, const char *ids)
{
    char program[600], script[600], address[32];
    const char *argv[6] = {program};
    size_t n = 1;
    int in[2], out[2];
    (void)snprintf(program, sizeof program, "%s/%s", bench.peers, k->program);
    if (access(program, X_OK) != 0)
        return false;
    if (k->script != NULL) {
        (void)snprintf(script, sizeof script, "%s/%s", bench.source, k->script);
        argv[n++] = script;
    }
    if (k->client != NULL)
        argv[n++] = k->client;
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", bench.redis.port);
    argv[n++] = address;
    argv[n++] = ids;
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        die(k->name, "pipe");
    struct running *r = &running[n_running++];
    r->process.pid = spawn(argv, NULL, in[0], out[1]);
    (void)close(in[0]);
    (void)close(out[1]);
    r->to = fdopen(in[1], "w");
    r->from = fdopen(out[0], "r");
    check(r->to != NULL && r->from != NULL, "a pipe");
    return true;
}

size_t add_peers(struct party *p, size_t room, size_t threads)
{
    size_t n = 0;
    n_running = 0;
    if (bench.peers == NULL)
        return 0;
    const char *ids = ids_file();
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && n < room; i++)
        if (start(&kinds[i], ids)) {
            p[n] = (struct party){.name = kinds[i].name, .peer = kinds[i].peer, .run = ask, .threads = threads, .number = n};
            n++;
        }
    return n;
}

void end_peers(void)
{
    for (size_t i = 0; i < n_running; i++) {
        (void)fclose(running[i].to);
        (void)fclose(running[i].from);
        stop_server(&running[i].process);
    }
    n_running = 0;
}

const char *peers_missing(const char *toolchain)
{
    static char why[64];
    if (bench.peers == NULL)
        return "needs --peers";
    (void)snprintf(why, sizeof why, "no %s", toolchain);
    return why;
}
