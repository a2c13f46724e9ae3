// SPDX-License-Identifier: Apache-2.0
/*
 * Owns: the processes that the benchmark starts, and its folder. Each is ended by its process id when the program ends, however it ends.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_CHILDREN 16

static volatile sig_atomic_t children[MAX_CHILDREN];

void remember_child(pid_t pid)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++)
        if (children[i] == 0) {
            children[i] = pid;
            return;
        }
    die("too many processes", "remember_child");
}

static void forget_child(pid_t pid)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++)
        if (children[i] == pid)
            children[i] = 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    (void)remove(path);
    return 0;
}

void stop_all(void)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++)
        if (children[i] > 0)
            (void)kill(children[i], SIGTERM);
    for (size_t i = 0; i < MAX_CHILDREN; i++)
        if (children[i] > 0)
            (void)waitpid(children[i], NULL, 0);
    if (bench.dir[0] != '\0')
        (void)nftw(bench.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    bench.dir[0] = '\0';
}

int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        die("no free port", "bind");
    (void)close(fd);
    return ntohs(a.sin_port);
}

/* in and out: descriptors for standard input and output, -1 for none. The child ends with this program. */
pid_t spawn(const char *const *argv, const char *const *environment, int in, int out)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        die(argv[0], "cannot fork");
    if (pid > 0) {
        remember_child(pid);
        return pid;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    int none = open("/dev/null", O_RDWR);
    if (dup2(in >= 0 ? in : none, 0) < 0 || dup2(out >= 0 ? out : none, 1) < 0)
        _exit(127);
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i += 2)
        (void)setenv(environment[i], environment[i + 1], 1);
    char *arguments[32] = {NULL};
    for (size_t i = 0; argv[i] != NULL && i < 31; i++)
        arguments[i] = strdup(argv[i]);
    execvp(arguments[0], arguments);
    fprintf(stderr, "bench: cannot start %s\n", argv[0]);
    _exit(127);
}

void stop_server(struct server *s)
{
    if (s->pid > 0) {
        (void)kill(s->pid, SIGTERM);
        (void)waitpid(s->pid, NULL, 0);
        forget_child(s->pid);
    }
    s->pid = 0;
}

void start_redis(struct server *s)
{
    char port[16];
    s->port = free_port();
    (void)snprintf(port, sizeof port, "%d", s->port);
    const char *argv[] = {"redis-server", "--port", port,    "--bind",  "127.0.0.1",    "--save", "",
                          "--appendonly", "no",     "--dir", bench.dir, "--maxclients", "1000",   NULL};
    s->pid = spawn(argv, NULL, -1, -1);
    for (int tries = 0; tries < 200; tries++) {
        redisContext *rc = redisConnect("127.0.0.1", s->port);
        bool up = rc != NULL && rc->err == 0;
        if (rc != NULL)
            redisFree(rc);
        if (up)
            return;
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    die("redis-server", "does not answer");
}

redisContext *connect_redis(const struct server *redis)
{
    redisContext *rc = redisConnect("127.0.0.1", redis->port);
    if (rc == NULL || rc->err != 0)
        die("cannot connect to Redis", rc != NULL ? rc->errstr : "no memory");
    return rc;
}

/* "name:12.5" of an INFO section. */
static double info_number(redisContext *rc, const char *section, const char *name)
{
    redisReply *r = redisCommand(rc, "INFO %s", section);
    if (r == NULL || r->type != REDIS_REPLY_STRING)
        die("INFO", section);
    const char *at = strstr(r->str, name);
    double v = at != NULL ? strtod(at + strlen(name), NULL) : 0;
    freeReplyObject(r);
    return v;
}

double redis_cpu_us(redisContext *rc)
{
    return (info_number(rc, "cpu", "used_cpu_sys:") + info_number(rc, "cpu", "used_cpu_user:")) * 1e6;
}

double redis_commands(redisContext *rc)
{
    return info_number(rc, "stats", "total_commands_processed:");
}

double redis_memory(redisContext *rc)
{
    return info_number(rc, "memory", "used_memory:");
}

mc_client *open_client(const struct server *redis, const char *store, const char *prefix)
{
    mc_error err;
    mc_client *mc = NULL;
    char uri[64];
    (void)snprintf(uri, sizeof uri, "redis://127.0.0.1:%d/0", redis->port);
    mc_options *o = mc_options_new();
    if (o == NULL || mc_options_set(o, "cache.uri", uri, &err) != MC_OK ||
        mc_options_set(o, "cache.prefix", prefix, &err) != MC_OK || mc_options_set(o, "store.uri", store, &err) != MC_OK ||
        mc_options_set(o, "movies.ttl_ms", "3600000", &err) != MC_OK ||
        mc_options_set(o, "alias.ttl_ms", "3600000", &err) != MC_OK || mc_open(o, &mc, &err) != MC_OK)
        die("cannot open the library", err.text);
    mc_options_free(o);
    return mc;
}

bool run_program(const char *const *argv)
{
    int status = 0;
    pid_t pid = spawn(argv, NULL, -1, -1);
    bool well = waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    forget_child(pid);
    return well;
}

double run_mflix(const char *store, const char *prefix, const char *const *arguments)
{
    char program[600];
    char uri[64];
    const char *argv[32] = {program, "--quiet"};
    int status = 0;
    (void)snprintf(program, sizeof program, "%s/tools/mflix/mflix", bench.bin);
    (void)snprintf(uri, sizeof uri, "redis://127.0.0.1:%d/0", bench.redis.port);
    for (size_t i = 0; arguments[i] != NULL && i < 28; i++)
        argv[i + 2] = arguments[i];
    const char *environment[] = {
        "MFLIXCACHE_CACHE_URI", uri, "MFLIXCACHE_STORE_URI", store, "MFLIXCACHE_CACHE_PREFIX", prefix, NULL};
    double t0 = now_us();
    pid_t pid = spawn(argv, environment, -1, -1);
    if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        die("mflix", arguments[0]);
    forget_child(pid);
    return (now_us() - t0) / 1e6;
}
