/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers for tests: started on a free port of 127.0.0.1 with a directory of their own, killed by process id, and by the kernel
 * when the test dies first. A server that cannot be had ends the test with 77 (skip), or with 1 where skipping is forbidden
 * (CI or MFLIX_NO_SKIP set).
 */
#ifndef SUPPORT_SERVERS_H
#define SUPPORT_SERVERS_H

#include <sys/types.h>

typedef struct srv {
    pid_t pid; /* 0 when it is not running */
    int port;
    char dir[256];         /* its temporary directory; removed by srv_stop() */
    char uri[320];         /* redis://127.0.0.1:PORT/0 or mongodb://127.0.0.1:PORT/test */
    char name[128];        /* what it is, for the test's output: "redis-server", "secantusd-py" */
    char socket[320];      /* Redis: its unix socket */
    const char *extra[24]; /* arguments it was started with: kept by reference, for srv_start_again() */
    int nextra;
    int is_mongo;
    char conf[300]; /* of a Sentinel: its file of settings */
} srv;

/* Start redis-server, or the program that MFLIX_REDIS_SERVER names; further arguments ("--maxmemory", "1mb") up to a NULL. Waits until it accepts. */
void srv_start_redis(srv *s, ...) __attribute__((sentinel));

/* Was redis-server built with TLS? */
int srv_has_tls(void);
/* End the test as srv_skip() does when redis-server was built without TLS. */
void srv_need_tls(void);

#define SRV_BUS 10000 /* the port of a cluster node's bus is so much above its own */

/* Start a Sentinel that watches the primary at that port under the name, with a quorum of two; a primary is down for it after a second. */
void srv_start_sentinel(srv *s, const char *name, int primary_port);

/* Start SecantusDB (MFLIX_SECANTUSD, else .venv/bin/secantusd-py under the source root, else PATH). */
void srv_start_mongo(srv *s, ...) __attribute__((sentinel));

void srv_kill(srv *s);        /* SIGKILL and wait; port, directory and arguments are kept */
void srv_start_again(srv *s); /* on the same port */
void srv_pause(srv *s);       /* SIGSTOP */
void srv_resume(srv *s);      /* SIGCONT */
void srv_stop(srv *s);        /* kill, remove the directory; harmless when it does not run */

/* A port nobody listens on right now. */
int srv_free_port(void);

/* End the test: "SKIP reason" and exit 77, or a failure where skipping is forbidden. */
void srv_skip(const char *reason) __attribute__((noreturn));

/* MONGO_URL with the database `mflixcache_test` in the place of any it names (somebody's films are not for tests to write to), its
 * database kept as authSource where a user is given. 1, or 0 when MONGO_URL is not set. */
int srv_mongo_url(char *out, size_t cap);

/* Path of a file of the sample data ("movies.ndjson.gz"): MFLIX_DATA, else ../shared/data beside the source root.
 * 0, or -1 when it is not there. */
int srv_data_file(const char *name, char *out, size_t cap);

/* The source root: MFLIX_SOURCE_DIR of the build, else the working directory. */
const char *srv_source_root(void);

#endif
