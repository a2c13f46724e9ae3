// SPDX-License-Identifier: Apache-2.0
/*
 * Owns: mflix-server against services in Go and Python (peers/), a cached film over HTTP on connections that are kept (S16). The clients
 * are threads of this program with blocking sockets: they take little of the CPUs that the services run on.
 */
#include "bench.h"
#include "threads.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 16

struct service {
    const char *name;
    const char *id; /* of its row */
    struct server process;
    const char *path; /* what comes before the film's id */
    double target;
    double rate[MAX_ROUNDS];
};

struct user {
    pthread_t thread;
    const struct service *service;
    size_t number;
    size_t answers;
};

static atomic_bool stop;

static int connect_to(int port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        (void)close(fd);
        fd = -1;
    }
    if (fd >= 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* One whole answer, by its Content-Length or in chunks. */
static bool read_answer(int fd, char *buf, size_t size)
{
    size_t used = 0;
    for (;;) {
        ssize_t n = recv(fd, buf + used, size - 1 - used, 0);
        if (n <= 0)
            return false;
        used += (size_t)n;
        buf[used] = '\0';
        const char *body = strstr(buf, "\r\n\r\n");
        if (body == NULL)
            continue;
        const char *length = strcasestr(buf, "content-length:");
        if (length == NULL || length > body) { /* in chunks: net/http sends longer answers so */
            if (used > 5 && memcmp(buf + used - 5, "0\r\n\r\n", 5) == 0)
                return strncmp(buf, "HTTP/1.1 200", 12) == 0;
            continue;
        }
        if (used >= (size_t)(body + 4 - buf) + strtoul(length + 15, NULL, 10))
            return strncmp(buf, "HTTP/1.1 200", 12) == 0;
    }
}

static bool get_film(int fd, const struct service *s, const char *id, char *buf, size_t size)
{
    char request[256];
    int n = snprintf(request, sizeof request, "GET %s%s HTTP/1.1\r\nHost: localhost\r\n\r\n", s->path, id);
    return send(fd, request, (size_t)n, 0) == n && read_answer(fd, buf, size);
}

static void *use(void *argument)
{
    struct user *u = argument;
    static _Thread_local char buf[65536];
    int fd = connect_to(u->service->process.port);
    for (size_t at = u->number * 997; !atomic_load_explicit(&stop, memory_order_relaxed); at++) {
        if (fd < 0 || !get_film(fd, u->service, bench.films[key_at(bench.uniform, at)].id, buf, sizeof buf))
            die(u->service->name, "no answer");
        u->answers++;
    }
    (void)close(fd);
    return NULL;
}

static double requests_per_second(const struct service *s)
{
    struct user users[CONNECTIONS];
    double total = 0;
    atomic_store(&stop, false);
    double t0 = now_us();
    for (size_t i = 0; i < CONNECTIONS; i++) {
        users[i] = (struct user){.service = s, .number = i};
        check(pthread_create(&users[i].thread, NULL, use, &users[i]) == 0, "a thread");
    }
    (void)nanosleep(&(struct timespec){.tv_sec = (time_t)bench.slice_s,
                                       .tv_nsec = (long)((bench.slice_s - (double)(time_t)bench.slice_s) * 1e9)},
                    NULL);
    atomic_store(&stop, true);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        (void)pthread_join(users[i].thread, NULL);
        total += (double)users[i].answers;
    }
    return total / (now_us() - t0) * 1e6;
}

static void wait_for(struct service *s)
{
    static char buf[65536];
    for (int tries = 0; tries < 200; tries++) {
        int fd = connect_to(s->process.port);
        bool up = fd >= 0 && get_film(fd, s, bench.films[0].id, buf, sizeof buf);
        if (fd >= 0)
            (void)close(fd);
        if (up)
            return;
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    die(s->name, "does not answer");
}

static bool start_ours(struct service *s)
{
    char program[600], listen_at[32], uri[64], store[600];
    (void)snprintf(program, sizeof program, "%s/examples/server/mflix-server", bench.bin);
    if (access(program, X_OK) != 0)
        return false;
    s->process.port = free_port();
    (void)snprintf(listen_at, sizeof listen_at, "127.0.0.1:%d", s->process.port);
    (void)snprintf(uri, sizeof uri, "redis://127.0.0.1:%d/0", bench.redis.port);
    (void)snprintf(store, sizeof store, "sqlite:%s/mflix.db", bench.dir);
    const char *environment[] = {
        "MFLIXCACHE_CACHE_URI", uri, "MFLIXCACHE_STORE_URI", store, "MFLIXCACHE_MOVIES_TTL_MS", "3600000", NULL};
    s->process.pid = spawn((const char *[]){program, "--listen", listen_at, NULL}, environment, -1, -1);
    return true;
}

static bool start_peer(struct service *s, const char *program, bool python, const char *workers)
{
    char path[600], port[16], address[32], folder[600];
    (void)snprintf(path, sizeof path, "%s/%s", bench.peers != NULL ? bench.peers : "", program);
    if (bench.peers == NULL || access(path, X_OK) != 0)
        return false;
    s->process.port = free_port();
    (void)snprintf(port, sizeof port, "%d", s->process.port);
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", bench.redis.port);
    (void)snprintf(folder, sizeof folder, "%s/tests/bench/peers/python", bench.source);
    const char *environment[] = {"PEER_REDIS", address, "PYTHONDONTWRITEBYTECODE", "1", NULL};
    const char *py[] = {path,          "service:app", "--app-dir", folder,  "--port", port, "--no-access-log",
                        "--log-level", "error",       "--workers", workers, NULL};
    const char *go[] = {path, "serve", address, port, NULL};
    s->process.pid = spawn(python ? py : go, environment, -1, -1);
    return true;
}

void s16_server(void)
{
    static struct service services[3];
    static double ratio[MAX_ROUNDS];
    const char *what = "mflix-server, a cached film, 16 connections, requests per second";
    size_t n = 1;
    services[0] = (struct service){.name = "mflix-server", .path = "/movies/"};
    if (!start_ours(&services[0])) {
        not_measured("S16", what, "mflix-server is not built");
        return;
    }
    services[n] =
        (struct service){.name = "net/http and rueidis (Go), 12 lines", .id = "S16", .path = "/movies/", .target = 0.95};
    bool go = start_peer(&services[n], "go-peers", false, NULL);
    n += go;
    services[n] =
        (struct service){.name = "FastAPI, uvicorn, redis-py (Python), 1 worker", .id = "S16.py", .path = "/movies/"};
    n += start_peer(&services[n], "venv/bin/uvicorn", true, "1");
    for (size_t i = 0; i < n; i++)
        wait_for(&services[i]);
    for (size_t round = 0; round < bench.slices; round++)
        for (size_t turn = 0; turn < n; turn++) {
            struct service *s = &services[(turn + round) % n];
            s->rate[round] = requests_per_second(s);
        }
    if (!go)
        not_measured("S16", what, peers_missing("go"));
    for (size_t i = 1; i < n; i++) {
        for (size_t k = 0; k < bench.slices; k++)
            ratio[k] = services[0].rate[k] / services[i].rate[k];
        double theirs[MAX_ROUNDS], ours[MAX_ROUNDS];
        memcpy(theirs, services[i].rate, sizeof theirs);
        memcpy(ours, services[0].rate, sizeof ours);
        result(services[i].id, what, services[i].name, "/s", median(ours, bench.slices), median(theirs, bench.slices),
               median(ratio, bench.slices), (struct goal){AT_LEAST, services[i].target});
    }
    for (size_t i = 0; i < n; i++)
        stop_server(&services[i].process);
}
