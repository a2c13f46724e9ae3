/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the benchmark share: the servers and the data it runs on, how contenders take turns, what a result is.
 * Contenders are what a good engineer writes by hand on hiredis and SQLite, in formats of their own: never the library's.
 */
#ifndef MFLIX_BENCH_H
#define MFLIX_BENCH_H

#include <hiredis/hiredis.h>
#include <mflixcache/mflixcache.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HOT_KEYS 2000   /* reads and writes are over the so many best rated films */
#define MAX_BLOCK 256   /* most calls of one contender before the next has its turn */
#define MAX_ROUNDS 256  /* most rounds */
#define MAX_THREADS 128 /* most threads at a time */

/* Where client and Redis run. Loopback on a small machine is three different things. */
enum regime { SAME, CROSS, FREE };
extern const char *const regime_names[];

struct server { /* a process that this program started */
    pid_t pid;
    int port;
};

struct film {
    char id[32];
    char *title;
};

struct bench {
    bool quick;        /* fewer rounds, a smaller board: for a look, not for a table */
    bool tiny;         /* a few calls of everything: whether it runs at all */
    const char *uri;   /* of a Redis of any kind, for S19; NULL: a cluster of our own */
    const char *peers; /* folder of programs in other languages that take part as well; NULL: none does */
    enum regime regime;
    long cpus;
    size_t rounds, calls; /* of one comparison: so many rounds, in each so many calls of each contender */
    double slice_s;       /* of comparisons with threads: how long each contender runs before the next has its turn */
    size_t slices;        /* and how often */
    const char *bin;      /* the build's folder */
    const char *source;   /* the source tree */
    char dir[512];        /* for databases; removed at the end */
    struct server redis;  /* the Redis that the library and the contenders use */
    mc_client *mc;        /* the library's handle */
    redisContext *rc;     /* the contenders' connection */
    sqlite3 *db;          /* the contenders' database, with the same documents */
    struct film *films;   /* the best rated first */
    size_t n_films;
    uint32_t uniform[8192]; /* places below HOT_KEYS in the order in which they are asked for */
    uint32_t zipf[8192];
};
extern struct bench bench;

/* ---- measure.c: time, turns, numbers */
double now_us(void);
double median(double *v, size_t n); /* sorts v */
double quantile(double *v, size_t n, double q);
_Noreturn void die(const char *what, const char *why);
void check(bool ok, const char *what);
void seed_keys(void);
uint32_t key_at(const uint32_t *keys, size_t i); /* of a sequence that goes round */
void pin(enum regime regime);                    /* this thread, those it starts, and Redis */

/* One way to do a thing. `prepare` runs before each block and is not timed; `call` gets the places of its keys. */
struct contender {
    const char *name;
    void (*prepare)(const uint32_t *keys, size_t n);
    void (*call)(uint32_t key);
    double us;    /* out: median over the rounds of the block's median */
    double ratio; /* out: median over the rounds of contender 0's median by this one's */
};
/* Contenders in blocks, in another order each round. 0 is the library. keys: bench.uniform or bench.zipf. */
void take_turns(struct contender *c, size_t n, const uint32_t *keys, size_t rounds, size_t calls);

/* ---- report.c: results */
enum better { AT_MOST, AT_LEAST };
struct goal {
    enum better better;
    double target; /* 0: none, shown for comparison */
};
/* `what` and `reference` are copied. ours and theirs are in `unit`; the ratio is ours / theirs. */
void result(const char *id, const char *what, const char *reference, const char *unit, double ours, double theirs,
            double ratio, struct goal goal);
/* A limit that is no comparison: the ratio is ours / limit. */
void result_limit(const char *id, const char *what, const char *unit, double ours, enum better better, double limit);
void not_measured(const char *id, const char *what, const char *why);
void write_results(const char *folder);

/* ---- servers.c: processes and data */
void start_redis(struct server *s);
void stop_server(struct server *s);
void stop_all(void); /* at exit: processes and files */
int free_port(void);
/* Run a program of the build to its end with the library's settings in the environment; its standard output is dropped. Seconds it took. */
double run_mflix(const char *store, const char *prefix, const char *const *arguments);
pid_t spawn(const char *const *argv, const char *const *environment, int in, int out);
void remember_child(pid_t pid);
bool run_program(const char *const *argv); /* to its end, without output; whether it says that all is well */
mc_client *open_client(const struct server *redis, const char *store, const char *prefix);
redisContext *connect_redis(const struct server *redis);
double redis_cpu_us(redisContext *rc);   /* user and system time that the server has used */
double redis_commands(redisContext *rc); /* that the server has carried out */
double redis_memory(redisContext *rc);   /* bytes in use */

/* ---- data.c: the documents and the contenders' copies of them */
void lay_out_data(void);
sqlite3 *open_database(void); /* the contenders', as the library opens its own */

/* ---- by_hand.c: what is written by hand */
char *hand_get(redisContext *rc, const char *kind, const char *id); /* GET of a string, copied; freed by the caller */
void hand_hash(redisReply *r); /* each field copied, as a struct of strings would be filled */
void hand_list(redisContext *rc, const redisReply *list, size_t step,
               const char *command); /* a pipeline over the ids of a list */
void expect_hit(mc_status st, const mc_info *info, const char *what);

/* ---- the topics; each measures its rows in bench.regime */
void s1_hit(void);
void s2_document(void);
void s3_title(void);
void s4_threads(void);
void s5_more_threads(void);
void s6_miss(void);
void s7_write(void);
void s8_top(void);
void s9_many(void);
void s10_nearby(void);
void s10_circles(void);
void s11_stampede(void);
void s12_million(void);
void s13_after_invalidations(void);
void s14_memory(void);
void s15_loading(void);
void s16_server(void);
void s17_put(void);
void s18_tls(void);
void s19_topology(void);
void end_topology(void);
void end_tls(void); /* closes what it opened */

#endif
