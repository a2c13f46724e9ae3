/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the life of the servers that tests run against. Refuses: leaving any behind, and killing anything but its own children. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw, prctl */
#endif
#include "servers.h"

#include "actor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_TRIES 4
#define START_WAIT_MS 30000

static void nap(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        ;
}

static void die(const char *what)
{
    fprintf(stderr, "servers: %s: %s\n", what, strerror(errno));
    exit(1);
}

void srv_skip(const char *reason)
{
    if (getenv("CI") != NULL || getenv("MFLIX_NO_SKIP") != NULL) {
        fprintf(stderr, "FAILED: %s (skipping is forbidden here)\n", reason);
        exit(1);
    }
    printf("SKIP %s\n", reason);
    fflush(stdout);
    exit(77);
}

const char *srv_source_root(void)
{
    const char *root = getenv("MFLIX_SOURCE_DIR");
#ifdef MFLIX_SOURCE_DIR
    if (root == NULL)
        root = MFLIX_SOURCE_DIR;
#endif
    return root != NULL ? root : ".";
}

int srv_data_file(const char *name, char *out, size_t cap)
{
    const char *dir = getenv("MFLIX_DATA");
    int n = dir != NULL ? snprintf(out, cap, "%s/%s", dir, name)
                        : snprintf(out, cap, "%s/../shared/data/%s", srv_source_root(), name);
    return n > 0 && (size_t)n < cap && access(out, R_OK) == 0 ? 0 : -1;
}

int srv_free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        die("no free port");
    close(fd);
    return ntohs(a.sin_port);
}

static int accepts(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int ok = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Our Redis answers (an error, perhaps: it may want a password). Asked on its socket in the file system: on the port, it may be
 * another server, or one that takes the connection and then finds that it cannot start (no second port for a cluster node). */
static int answers(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = 1};
    char c;
    if (strlen(path) >= sizeof a.sun_path)
        die("too long a path");
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
             connect(fd, (struct sockaddr *)&a, sizeof a) == 0 && send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
             recv(fd, &c, 1, 0) == 1;
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Where a program is: an absolute path, or found in PATH. 0 or -1. */
static int find_program(const char *name, char *out, size_t cap)
{
    if (strchr(name, '/') != NULL)
        return snprintf(out, cap, "%s", name) > 0 && access(out, X_OK) == 0 ? 0 : -1;
    const char *path = getenv("PATH");
    char all[8192];
    if (path == NULL || snprintf(all, sizeof all, "%s", path) >= (int)sizeof all)
        return -1;
    char *save = NULL;
    for (char *dir = strtok_r(all, ":", &save); dir != NULL; dir = strtok_r(NULL, ":", &save)) {
        int n = snprintf(out, cap, "%s/%s", dir, name);
        if (n > 0 && (size_t)n < cap && access(out, X_OK) == 0)
            return 0;
    }
    return -1;
}

/* MFLIX_REDIS_SERVER: another version than the installed one. */
static int find_redis(char *out, size_t cap)
{
    const char *given = getenv("MFLIX_REDIS_SERVER");
    return find_program(given != NULL ? given : "redis-server", out, cap);
}

static int find_secantus(char *out, size_t cap)
{
    const char *given = getenv("MFLIX_SECANTUSD");
    if (given != NULL)
        return find_program(given, out, cap);
    char local[1024];
    int n = snprintf(local, sizeof local, "%s/.venv/bin/secantusd-py", srv_source_root());
    if (n > 0 && (size_t)n < sizeof local && find_program(local, out, cap) == 0)
        return 0;
    return find_program("secantusd-py", out, cap);
}

static void child(const char *program, char **argv, const char *log, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    int fd = open(log, O_CREAT | O_WRONLY | O_APPEND, 0600);
    int null = open("/dev/null", O_RDONLY);
    if (fd < 0 || null < 0 || dup2(null, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
        _exit(127);
    execv(program, argv);
    _exit(127);
}

/* Start the process and wait until it is there. 0; -1 when it ended or stayed silent (the port may have been taken). */
static int launch(srv *s)
{
    char program[1024];
    char port[16];
    char data[300];
    char log[300];
    char *argv[48];
    int n = 0;
    snprintf(port, sizeof port, "%d", s->port);
    snprintf(log, sizeof log, "%s/log", s->dir);
    if ((s->is_mongo ? find_secantus(program, sizeof program) : find_redis(program, sizeof program)) != 0)
        srv_skip(s->is_mongo ? "SecantusDB (secantusd-py) is not installed" : "redis-server is not installed");
    const char *base_mongo[] = {"--host", "127.0.0.1", "--port", port, "--storage-path", data, "--log-level", "WARNING"};
    const char *base_redis[] = {"--port",  port,     "--bind", "127.0.0.1",    "--dir", s->dir,        "--unixsocket",
                                s->socket, "--save", "",       "--appendonly", "no",    "--daemonize", "no"};
    snprintf(data, sizeof data, "%s/data", s->dir);
    argv[n++] = program;
    if (s->conf[0] != '\0') {
        argv[n++] = s->conf;
        argv[n++] = (char *)(uintptr_t) "--sentinel";
    }
    const char **base = s->is_mongo ? base_mongo : base_redis;
    size_t nbase = s->is_mongo ? sizeof base_mongo / sizeof *base_mongo : sizeof base_redis / sizeof *base_redis;
    for (size_t i = 0; i < nbase; i++)
        argv[n++] = (char *)(uintptr_t)base[i];
    for (int i = 0; i < s->nextra; i++)
        argv[n++] = (char *)(uintptr_t)s->extra[i];
    argv[n] = NULL;
    pid_t parent = getpid();
    s->pid = fork();
    if (s->pid < 0)
        die("fork");
    if (s->pid == 0)
        child(program, argv, log, parent);
    for (int waited = 0; waited < START_WAIT_MS; waited += 10) {
        int status = 0;
        if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
            s->pid = 0;
            return -1;
        }
        if (s->is_mongo ? accepts(s->port) : answers(s->socket))
            return 0;
        nap(10);
    }
    srv_kill(s);
    return -1;
}

int srv_has_tls(void)
{
    char program[1024];
    char command[1200];
    char line[256];
    int missing = 0;
    if (find_redis(program, sizeof program) != 0)
        srv_skip("redis-server is not installed");
    snprintf(command, sizeof command, "'%s' --port 0 --tls-port 0 --save '' 2>&1",
             program); /* ends: it would listen nowhere */
    FILE *p = popen(command, "re");
    while (p != NULL && fgets(line, sizeof line, p) != NULL)
        missing |= strstr(line, "Bad directive") != NULL;
    if (p == NULL || pclose(p) < 0)
        die("redis-server");
    return !missing;
}

void srv_need_tls(void)
{
    if (!srv_has_tls())
        srv_skip("this redis-server has no TLS");
}

static void show_log(const srv *s)
{
    char path[300];
    char line[512];
    snprintf(path, sizeof path, "%s/log", s->dir);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return;
    while (fgets(line, sizeof line, f) != NULL)
        fprintf(stderr, "  | %s", line);
    fclose(f);
}

static void make_dir(srv *s)
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(s->dir, sizeof s->dir, "%s/mflixtest-XXXXXX", tmp != NULL && strlen(tmp) < 60 ? tmp : "/tmp");
    if (n <= 0 || (size_t)n >= sizeof s->dir || mkdtemp(s->dir) == NULL)
        die("temporary directory");
}

/* A node of a cluster needs another port at a distance. */
static int free_port_for(const srv *s)
{
    int bus = s->nextra > 0 && strcmp(s->extra[0], "--cluster-enabled") == 0;
    int port;
    do
        port = srv_free_port();
    while (bus && port + SRV_BUS > 65535);
    return port;
}

static void start(srv *s)
{
    if (s->dir[0] == '\0')
        make_dir(s);
    snprintf(s->socket, sizeof s->socket, "%s/redis.sock", s->dir);
    snprintf(s->name, sizeof s->name, "%s", s->is_mongo ? "secantusd-py" : "redis-server");
    for (int i = 0; i < START_TRIES; i++) {
        s->port = free_port_for(s);
        snprintf(s->uri, sizeof s->uri, s->is_mongo ? "mongodb://127.0.0.1:%d/test" : "redis://127.0.0.1:%d/0", s->port);
        if (launch(s) == 0)
            return;
    }
    fprintf(stderr, "servers: %s does not start\n", s->name);
    show_log(s);
    srv_stop(s);
    exit(1);
}

static void take_extra(srv *s, va_list ap)
{
    const char *arg;
    while ((arg = va_arg(ap, const char *)) != NULL && s->nextra < (int)(sizeof s->extra / sizeof *s->extra))
        s->extra[s->nextra++] = arg;
}

void srv_start_redis(srv *s, ...)
{
    *s = (srv){.is_mongo = 0};
    va_list ap;
    va_start(ap, s);
    take_extra(s, ap);
    va_end(ap);
    start(s);
}

void srv_start_sentinel(srv *s, const char *name, int primary_port)
{
    *s = (srv){.is_mongo = 0};
    make_dir(s);
    snprintf(s->conf, sizeof s->conf, "%s/sentinel.conf", s->dir);
    FILE *f = fopen(s->conf, "we");
    if (f == NULL || fprintf(f,
                             "sentinel monitor %s 127.0.0.1 %d 2\nsentinel down-after-milliseconds %s 1000\n"
                             "sentinel failover-timeout %s 2000\nsentinel parallel-syncs %s 2\n",
                             name, primary_port, name, name, name) < 0)
        die("sentinel.conf");
    fclose(f);
    start(s);
}

void srv_start_mongo(srv *s, ...)
{
    *s = (srv){.is_mongo = 1};
    va_list ap;
    va_start(ap, s);
    take_extra(s, ap);
    va_end(ap);
    start(s);
}

/* A fixture in memory has no server to play with, and one of several servers none that is all of it. */
static void leave_out_without(const srv *s)
{
    if (strncmp(s->uri, "memory:", 7) == 0 || strncmp(s->uri, "redis+", 6) == 0)
        test_leave_out();
}

void srv_kill(srv *s)
{
    leave_out_without(s);
    if (s->pid <= 0)
        return;
    kill(s->pid, SIGKILL);
    while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    s->pid = 0;
}

void srv_start_again(srv *s)
{
    if (s->pid > 0)
        return;
    for (int i = 0; i < START_TRIES; i++) {
        if (launch(s) == 0)
            return;
        nap(200);
    }
    fprintf(stderr, "servers: %s does not start again\n", s->name);
    show_log(s);
    exit(1);
}

void srv_pause(srv *s)
{
    leave_out_without(s);
    int status = 0;
    if (s->pid > 0 && kill(s->pid, SIGSTOP) == 0)
        (void)waitpid(s->pid, &status, WUNTRACED); /* until it has stopped: an answer under way would come after us */
}

void srv_resume(srv *s)
{
    if (s->pid > 0)
        kill(s->pid, SIGCONT);
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void srv_stop(srv *s)
{
    srv_kill(s);
    if (s->dir[0] != '\0')
        (void)nftw(s->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    s->dir[0] = '\0';
}

int srv_mongo_url(char *out, size_t cap)
{
    const char *url = getenv("MONGO_URL");
    const char *host = url != NULL ? strstr(url, "://") : NULL;
    if (host == NULL)
        return 0;
    const char *query = strchr(host, '?');
    const char *path = strchr(host + 3, '/');
    if (path != NULL && query != NULL && path > query)
        path = NULL;
    int head = (int)(path != NULL ? path - url : query != NULL ? query - url : (long)strlen(url));
    int named = path != NULL ? (int)strcspn(path + 1, "?") : 0;
    int user = memchr(host, '@', (size_t)(url + head - host)) != NULL;
    int add = user && named > 0 && strstr(url, "authSource=") == NULL;
    int n = snprintf(out, cap, "%.*s/mflixcache_test%s%s%s%.*s", head, url, query != NULL ? query : "",
                     add ? (query != NULL ? "&" : "?") : "", add ? "authSource=" : "", add ? named : 0,
                     path != NULL ? path + 1 : "");
    if (n < 0 || (size_t)n >= cap) {
        fprintf(stderr, "MONGO_URL is too long\n");
        exit(1);
    }
    return 1;
}
