// SPDX-License-Identifier: Apache-2.0
/*
 * The library beside what a good engineer writes by hand, on one Redis, in one process, the contenders taking turns. Only ratios travel to
 * another machine. script/bench builds and starts this.
 *   bench --bin BUILD --source TREE --out FOLDER [--quick | --tiny] [--peers FOLDER] [--only S1,S7] [--uri URI]
 */
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct topic {
    const char *id;
    void (*run)(void);
    bool in[3]; /* by regime: same, cross, free */
} topics[] = {{"S1", s1_hit, {true, true, false}},          {"S2", s2_document, {true, true, false}},
              {"S3", s3_title, {true, true, false}},        {"S4", s4_threads, {false, true, true}},
              {"S5", s5_more_threads, {false, true, true}}, {"S8", s8_top, {true, true, false}},
              {"S9", s9_many, {true, true, false}},         {"S10", s10_nearby, {true, true, false}},
              {"S10", s10_circles, {false, false, true}},   {"S17", s17_put, {true, true, false}},
              {"S18", s18_tls, {true, true, false}},        {"S19", s19_topology, {false, false, true}},
              {"S6", s6_miss, {true, true, false}},         {"S7", s7_write, {true, true, false}},
              {"S11", s11_stampede, {false, false, true}},  {"S13", s13_after_invalidations, {false, true, false}},
              {"S14", s14_memory, {false, false, true}},    {"S15", s15_loading, {false, false, true}},
              {"S16", s16_server, {false, false, true}},    {"S12", s12_million, {false, false, true}}};
#define N_TOPICS (sizeof topics / sizeof *topics)

static const char *only;
static const char *out = "build/bench";

static void on_signal(int number)
{
    stop_all();
    _exit(128 + number);
}

/* "S1" is in "S1,S7" and not in "S17". */
static bool wanted(const char *id)
{
    size_t n = strlen(id);
    for (const char *at = only; at != NULL && *at != '\0';) {
        const char *end = strchr(at, ',');
        size_t size = end != NULL ? (size_t)(end - at) : strlen(at);
        if (size == n && strncmp(at, id, n) == 0)
            return true;
        at = end != NULL ? end + 1 : NULL;
    }
    return only == NULL;
}

static void check_only(void)
{
    for (const char *at = only; at != NULL && *at != '\0';) {
        size_t size = strcspn(at, ",");
        bool known = false;
        for (size_t i = 0; i < N_TOPICS; i++)
            known = known || (strlen(topics[i].id) == size && strncmp(at, topics[i].id, size) == 0);
        if (!known) {
            fprintf(stderr, "bench: --only takes S1 to S19, separated by commas; \"%.*s\" is none of them\n", (int)size, at);
            exit(2);
        }
        at += size + (at[size] == ',' ? 1 : 0);
    }
}

static const char *value_of(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc) {
        fprintf(stderr, "bench: %s needs a value\n", argv[*i]);
        exit(2);
    }
    return argv[++*i];
}

static void read_arguments(int argc, char **argv)
{
    bench.bin = "build/release";
    bench.source = ".";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            bench.quick = true;
        else if (strcmp(argv[i], "--tiny") == 0)
            bench.quick = bench.tiny = true;
        else if (strcmp(argv[i], "--peers") == 0)
            bench.peers = value_of(argc, argv, &i);
        else if (strcmp(argv[i], "--only") == 0)
            only = value_of(argc, argv, &i);
        else if (strcmp(argv[i], "--uri") == 0)
            bench.uri = value_of(argc, argv, &i);
        else if (strcmp(argv[i], "--bin") == 0)
            bench.bin = value_of(argc, argv, &i);
        else if (strcmp(argv[i], "--source") == 0)
            bench.source = value_of(argc, argv, &i);
        else if (strcmp(argv[i], "--out") == 0)
            out = value_of(argc, argv, &i);
        else {
            fprintf(stderr, "usage: bench --bin BUILD --source TREE --out FOLDER [--quick | --tiny] [--peers FOLDER] "
                            "[--only S1,S7] [--uri URI]\n");
            exit(2);
        }
    }
    if (bench.uri != NULL && only == NULL)
        only = "S19";
    check_only();
    bench.rounds = bench.tiny ? 2 : bench.quick ? 25 : 81;
    bench.calls = bench.tiny ? 5 : bench.quick ? 100 : 200;
    bench.slices = bench.tiny ? 1 : bench.quick ? 3 : 9;
    bench.slice_s = bench.tiny ? 0.05 : bench.quick ? 0.3 : 0.6;
}

static bool runs_in(const struct topic *t, enum regime r)
{
    return t->in[r] && wanted(t->id);
}

int main(int argc, char **argv)
{
    size_t total = 0;
    size_t done = 0;
    bench.cpus = sysconf(_SC_NPROCESSORS_ONLN);
    read_arguments(argc, argv);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGINT, on_signal);
    (void)signal(SIGTERM, on_signal);
    if (mkdir(out, 0777) != 0 && errno != EEXIST)
        die(out, "cannot be made");
    (void)snprintf(bench.dir, sizeof bench.dir, "%s/work.XXXXXX", out);
    if (mkdtemp(bench.dir) == NULL)
        die(bench.dir, "cannot be made");
    (void)atexit(stop_all);
    char *absolute = realpath(bench.dir, NULL);
    check(absolute != NULL && strlen(absolute) < sizeof bench.dir, "a folder");
    (void)snprintf(bench.dir, sizeof bench.dir, "%s", absolute);
    free(absolute);
    for (size_t i = 0; i < N_TOPICS; i++)
        for (int r = SAME; r <= FREE; r++)
            total += runs_in(&topics[i], (enum regime)r) && (r != CROSS || bench.cpus > 1);
    double start = now_us();
    fprintf(stderr, "bench: starting Redis, making documents\n");
    start_redis(&bench.redis);
    lay_out_data();
    if (bench.cpus < 2)
        fprintf(stderr, "bench: there is one CPU: what needs Redis and client on two is left out\n");
    for (int r = SAME; r <= FREE; r++) {
        if (r == CROSS && bench.cpus < 2)
            continue;
        pin((enum regime)r);
        for (size_t i = 0; i < N_TOPICS; i++) {
            if (!runs_in(&topics[i], (enum regime)r))
                continue;
            fprintf(stderr, "bench: %4.0f s, %2zu of %zu: %s %s\n", (now_us() - start) / 1e6, ++done, total, topics[i].id,
                    regime_names[r]);
            topics[i].run();
        }
    }
    write_results(out);
    fprintf(stderr, "bench: %.0f s in all; %s/results.json, %s/index.html\n", (now_us() - start) / 1e6, out, out);
    end_tls();
    end_topology();
    mc_status st = mc_close(bench.mc);
    redisFree(bench.rc);
    (void)sqlite3_close(bench.db);
    return st == MC_OK ? 0 : 1;
}
