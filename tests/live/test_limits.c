/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every function at large inputs: CPU time grows with the input, memory is a small multiple of it. Each measurement is taken in a process
 * of its own, of CPU time and of the kernel's count of its peak, for n and for 4n: nothing depends on how fast the machine is, or how busy.
 * With --table the program prints docs/limits.md.
 */
#include "base/clock.h"
#include "servers.h"

#include <mflixcache/mflixcache.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ID "573a1390f29313caabcd4801"
#define HEAD "{\"_id\":{\"$oid\":\"" ID "\"},\"title\":\"T\",\"imdb\":{\"rating\":5.5}"
#define RATIO_MAX 10.0 /* for four times the input; a quadratic function has 16, and caches of the machine cost some */
#define TRIES 6
#define ROWS_MAX 1000

typedef struct job {
    mc_client *mc;
    size_t n;
    char *text; /* the input, or what represents it */
    size_t len;
    const char **list;
    size_t *sizes;
    mc_entry *entries;
    const mc_movie *movie;
    mc_error err;
} job;

static srv redis;
static char snapshot[64];

#define must(j, call)                                                                                                       \
    do {                                                                                                                    \
        if ((call) < 0) {                                                                                                   \
            (void)fprintf(stderr, "%s: %s\n", #call, (j)->err.text);                                                        \
            _exit(2);                                                                                                       \
        }                                                                                                                   \
    } while (0)

static void open_client(job *j)
{
    char prefix[32];
    mc_options *o = mc_options_new();
    (void)snprintf(prefix, sizeof prefix, "lim%d:", (int)getpid());
    const char *const set[][2] = {
        {"cache.uri", redis.uri},        {"cache.prefix", prefix},          {"store.uri", "sqlite::memory:"},
        {"value.max_bytes", "67108864"}, {"call.timeout_ms", "600000"},     {"store.timeout_ms", "200000"},
        {"cache.timeout_ms", "60000"},   {"write.quarantine_ms", "600000"}, {"snapshot.path", snapshot}};
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
        must(j, mc_options_set(o, set[i][0], set[i][1], &j->err));
    must(j, mc_open(o, &j->mc, &j->err));
    mc_options_free(o);
}

/* ---- inputs ---- */

static void print(job *j, const char *before, const char *item, size_t n, const char *after)
{
    size_t cap = strlen(before) + n * (strlen(item) + 20) + strlen(after) + 1;
    char *p = j->text = malloc(cap);
    p += sprintf(p, "%s", before);
    for (size_t i = 0; i < n; i++) {
        *p = ',';
        p += i > 0;
        for (const char *c = item; *c != '\0'; c++) {
            if (*c == '#')
                p += sprintf(p, "%07zu", i);
            else
                *p++ = *c;
        }
    }
    p += sprintf(p, "%s", after);
    j->len = (size_t)(p - j->text);
}

static void list_text(job *j)
{
    print(j, HEAD ",\"cast\":[", "\"Name #\"", j->n, "]}");
}

static void members_text(job *j)
{
    print(j, HEAD ",\"more\":{", "\"k#\":1", j->n, "}}");
}

static void objects_text(job *j)
{
    print(j, HEAD ",\"more\":[", "{\"x\":1,\"y\":-2.5}", j->n, "]}");
}

static void numbers_text(job *j)
{
    print(j, HEAD ",\"more\":[", "1#.125e-3", j->n, "]}");
}

static void escapes_text(job *j)
{
    print(j, HEAD ",\"plot\":\"", "\\u00e9\\n#", j->n, "\"}");
}

static void patch_text(job *j)
{
    print(j, "{\"more\":{", "\"k#\":{\"a\":1,\"b\":\"#\"}", j->n, "}}");
}

static void documents(job *j)
{
    j->list = calloc(j->n, sizeof *j->list);
    j->sizes = calloc(j->n, sizeof *j->sizes);
    j->text = malloc(j->n * 400);
    char *p = j->text;
    for (size_t i = 0; i < j->n; i++) {
        j->list[i] = p;
        p +=
            1 + sprintf(p,
                        "{\"_id\":{\"$oid\":\"573a1390f29313caac%06zx\"},\"title\":\"Film "
                        "%zu\",\"imdb\":{\"rating\":%zu.5},\"plot\":"
                        "\"A plot of some words that is long enough to look like one, but is not\",\"genres\":[\"A\",\"B\"],"
                        "\"location\":{\"geo\":{\"coordinates\":[%zu.25,%zu.5]}}}",
                        i, i, i % 9, i % 90, i % 60);
        j->sizes[i] = strlen(j->list[i]);
        j->len += j->sizes[i];
    }
}

static void entries(job *j)
{
    j->entries = calloc(j->n, sizeof *j->entries);
    j->text = malloc(j->n * 16);
    for (size_t i = 0; i < j->n; i++) {
        char *key = j->text + i * 16;
        (void)sprintf(key, "key%07zu", i);
        j->entries[i] = (mc_entry){.key = key, .value = "some value of a key", .size = 19};
        j->len += 10 + 19;
    }
}

/* ---- before the measurement, and the measurement itself ---- */

static void create(job *j)
{
    must(j, mc_create_movie(j->mc, j->text, j->len, NULL, NULL, &j->err));
}

static void list_created(job *j)
{
    list_text(j);
    create(j);
    must(j, mc_invalidate(j->mc, ID, NULL, &j->err));
}

static void get(job *j)
{
    must(j, mc_get_movie_document(j->mc, ID, &j->movie, NULL, &j->err));
}

static void list_cached(job *j)
{
    list_created(j);
    get(j);
    mc_movie_unref(j->movie);
}

static void list_held(job *j)
{
    list_created(j);
    get(j);
}

static void walk(job *j)
{
    size_t n = mc_movie_cast_count(j->movie);
    size_t sum = 0;
    for (int turn = 0; turn < 20; turn++)
        for (size_t i = 0; i < n; i++)
            sum += (unsigned char)mc_movie_cast(j->movie, i)[0];
    if (n != j->n || sum != 20 * n * 'N')
        _exit(2);
}

static void rate(job *j)
{
    must(j, mc_update_rating(j->mc, ID, 3.5, NULL, NULL, &j->err));
}

static void patch_ready(job *j)
{
    must(j, mc_create_movie(j->mc, HEAD "}", sizeof HEAD, NULL, NULL, &j->err));
    patch_text(j);
}

static void update(job *j)
{
    must(j, mc_update_movie(j->mc, ID, j->text, j->len, NULL, NULL, &j->err));
}

static void delete (job *j)
{
    must(j, mc_delete_movie(j->mc, ID, NULL, &j->err));
}

static void import(job *j)
{
    mc_status st[ROWS_MAX];
    must(j, mc_import_movies(j->mc, j->list, j->sizes, j->n, MC_IMPORT_REPLACE, st, &j->err));
}

static void imported(job *j)
{
    documents(j);
    import(j);
    for (size_t i = 0; i < j->n; i++) {
        char *id = malloc(40);
        (void)snprintf(id, 40, "573a1390f29313caac%06zx", i);
        j->list[i] = id;
    }
}

static void get_many(job *j)
{
    static const mc_movie *m[ROWS_MAX];
    mc_status st[ROWS_MAX];
    must(j, mc_get_movies(j->mc, j->list, j->n, m, st, NULL, &j->err));
}

static void board_built(job *j)
{
    size_t n = j->n;
    j->n = ROWS_MAX;
    imported(j);
    must(j, mc_warm(j->mc, MC_WARM_ALL, 0, NULL, NULL, NULL, &j->err));
    j->n = n;
    j->len = n * j->sizes[0];
}

static void top(job *j)
{
    mc_list *rows = NULL;
    must(j, mc_top_movies(j->mc, 0, (int64_t)j->n, &rows, NULL, &j->err));
    if (mc_list_size(rows) != j->n)
        _exit(2);
    mc_list_free(rows);
}

static void warm(job *j)
{
    must(j, mc_warm(j->mc, MC_WARM_ALL, 0, NULL, NULL, NULL, &j->err));
}

static void theaters_imported(job *j)
{
    mc_status st[ROWS_MAX];
    size_t n = j->n;
    j->n = ROWS_MAX;
    documents(j);
    must(j, mc_import_theaters(j->mc, j->list, j->sizes, j->n, MC_IMPORT_REPLACE, st, &j->err));
    must(j, mc_warm(j->mc, MC_WARM_THEATERS, 0, NULL, NULL, NULL, &j->err));
    j->n = n;
    j->len = n * j->sizes[0];
}

static void near(job *j)
{
    mc_list *rows = NULL;
    must(j, mc_nearby_theaters(j->mc, 45, 30, 2e7, (int64_t)j->n, &rows, NULL, &j->err));
    if (mc_list_size(rows) != j->n)
        _exit(2);
    mc_list_free(rows);
}

static void put_many(job *j)
{
    mc_status st[ROWS_MAX];
    must(j, mc_put_many(j->mc, j->entries, j->n, 0, st, NULL, &j->err));
}

static mc_status loader(void *user, const char *key, int64_t deadline_ms, mc_value_sink *sink)
{
    (void)user;
    (void)deadline_ms;
    return mc_value_sink_set(sink, key, strlen(key));
}

static void get_or_load(job *j)
{
    static char *out[ROWS_MAX];
    static mc_info infos[ROWS_MAX];
    size_t sizes[ROWS_MAX];
    mc_status st[ROWS_MAX];
    const char *keys[ROWS_MAX];
    for (size_t i = 0; i < j->n; i++)
        keys[i] = j->entries[i].key;
    must(j, mc_get_many_or_load(j->mc, keys, j->n, 0, loader, NULL, out, sizes, st, infos, &j->err));
    for (size_t i = 0; i < j->n; i++)
        mc_free(out[i]);
}

static void save(job *j)
{
    must(j, mc_save_snapshot(j->mc, j->entries, j->n, &j->err));
}

static void saved(job *j)
{
    entries(j);
    save(j);
}

static void load(job *j)
{
    must(j, mc_load_snapshot(j->mc, NULL, NULL, &j->err));
}

static void value_ready(job *j)
{
    j->len = j->n;
    j->text = malloc(j->n);
    memset(j->text, 'v', j->n);
}

static void put(job *j)
{
    must(j, mc_put(j->mc, "big", j->text, j->len, 0, NULL, &j->err));
}

static void value_there(job *j)
{
    value_ready(j);
    put(j);
}

static void get_key(job *j)
{
    char *out = NULL;
    size_t size = 0;
    must(j, mc_get(j->mc, "big", &out, &size, NULL, &j->err));
    mc_free(out);
}

typedef struct probe {
    const char *name;
    const char *what;
    size_t n; /* half as many is measured, and twice as many */
    void (*prepare)(job *);
    void (*run)(job *);
    double memory_max; /* bytes for a byte of input, or the whole megabytes of `memory_floor` */
} probe;

static const probe probes[] = {
    {"mc_create_movie", "a list of names", 100000, list_text, create, 30},
    {"mc_create_movie", "members of an object", 50000, members_text, create, 40},
    {"mc_create_movie", "objects in an array", 25000, objects_text, create, 60},
    {"mc_create_movie", "numbers in an array", 80000, numbers_text, create, 30},
    {"mc_create_movie", "escapes in a text", 200000, escapes_text, create, 30},
    {"mc_get_movie_document", "a list of names, from the store and into Redis", 100000, list_created, get, 30},
    {"mc_get_movie_document", "a list of names, from Redis", 100000, list_cached, get, 20},
    {"mc_movie_cast", "each of a list of names, 20 times", 100000, list_held, walk, 2},
    {"mc_update_rating", "of a document with a list of names", 100000, list_created, rate, 60},
    {"mc_update_movie", "members of a patch", 20000, patch_ready, update, 60},
    {"mc_delete_movie", "of a document with a list of names", 100000, list_created, delete, 30},
    {"mc_import_movies", "documents", 500, documents, import, 30},
    {"mc_get_movies", "documents", 500, imported, get_many, 30},
    {"mc_top_movies", "rows", 500, board_built, top, 30},
    {"mc_nearby_theaters", "rows", 500, theaters_imported, near, 30},
    {"mc_warm", "documents", 500, imported, warm, 30},
    {"mc_put_many", "entries", 500, entries, put_many, 60},
    {"mc_get_many_or_load", "keys, each loaded", 500, entries, get_or_load, 100},
    {"mc_put", "bytes of a value", 8000000, value_ready, put, 10},
    {"mc_get", "bytes of a value", 8000000, value_there, get_key, 10},
    {"mc_save_snapshot", "entries", 100000, entries, save, 20},
    {"mc_load_snapshot", "entries", 100000, saved, load, 20},
};
#define PROBES (sizeof probes / sizeof probes[0])
#define MEMORY_FLOOR ((size_t)4 << 20) /* buffers, pools and pages that do not depend on the input */

/* ---- one measurement ---- */

typedef struct result {
    int64_t cpu_ns;
    int64_t elapsed_ns;
    size_t peak; /* bytes above what was there before */
    size_t input;
} result;

static size_t status_kb(const char *field)
{
    char line[128];
    size_t kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            kb = strtoul(line + strlen(field), NULL, 10);
    if (f != NULL)
        (void)fclose(f);
    return kb;
}

static int64_t cpu_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void measure_here(const probe *p, size_t n, int to)
{
    static job j;
    result r;
    j.n = n;
    open_client(&j);
    p->prepare(&j);
    FILE *f = fopen("/proc/self/clear_refs", "w"); /* the peak counts from here */
    if (f != NULL) {
        (void)fputs("5", f);
        (void)fclose(f);
    }
    size_t before = status_kb("VmRSS:");
    int64_t began = mci_now_ns();
    int64_t cpu = cpu_ns();
    p->run(&j);
    r.cpu_ns = cpu_ns() - cpu;
    r.elapsed_ns = mci_now_ns() - began;
    size_t peak = status_kb("VmHWM:");
    r.peak = peak > before ? (peak - before) * 1024 : 0;
    r.input = j.len;
    if (write(to, &r, sizeof r) != (ssize_t)sizeof r)
        _exit(3);
    _exit(0);
}

static result measure(const probe *p, size_t n)
{
    int fds[2];
    result r = {0};
    int status = 0;
    (void)fflush(NULL);
    if (pipe(fds) != 0)
        abort();
    pid_t pid = fork();
    if (pid == 0)
        measure_here(p, n, fds[1]);
    (void)close(fds[1]);
    int whole = read(fds[0], &r, sizeof r) == (ssize_t)sizeof r;
    (void)close(fds[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0 || !whole) {
        (void)fprintf(stderr, "%s (%s, n = %zu): no result, status %d\n", p->name, p->what, n, status);
        exit(1);
    }
    return r;
}

/* The least of several is what the function costs; the rest is what else the machine had to do. */
static double ratio_of(const probe *p, result *large, int tries)
{
    result a = measure(p, p->n / 2);
    result b = measure(p, 2 * p->n);
    for (int i = 1; i < tries && (double)b.cpu_ns > RATIO_MAX * (double)a.cpu_ns; i++) {
        result c = measure(p, p->n / 2);
        result d = measure(p, 2 * p->n);
        a.cpu_ns = c.cpu_ns > a.cpu_ns ? c.cpu_ns : a.cpu_ns; /* measured too short once is as wrong as measured too long */
        b = d.cpu_ns < b.cpu_ns ? d : b;
    }
    *large = b;
    return (double)b.cpu_ns / (double)(a.cpu_ns > 0 ? a.cpu_ns : 1);
}

static void test_growth(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < PROBES; i++) {
        result r;
        double ratio = ratio_of(&probes[i], &r, TRIES);
        double memory = r.input > 0 && r.peak > MEMORY_FLOOR ? (double)(r.peak - MEMORY_FLOOR) / (double)r.input : 0;
        int wrong = ratio > RATIO_MAX;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        wrong |= memory > probes[i].memory_max; /* sanitizers keep what was freed */
#endif
        print_message("%s %-22s %-46s %8zu: CPU %7.1f ms, ratio %.2f, memory %5.1f of %9zu bytes\n", wrong ? "BAD" : "   ",
                      probes[i].name, probes[i].what, 2 * probes[i].n, (double)r.cpu_ns / 1e6, ratio, memory, r.input);
        bad += wrong;
    }
    if (bad > 0)
        fail_msg("%d functions grow faster than their input", bad);
}

/* ---- the document ---- */

static result least(const probe *p, size_t n)
{
    result r = measure(p, n);
    for (int i = 1; i < 4; i++) {
        result again = measure(p, n);
        r = again.cpu_ns < r.cpu_ns ? again : r;
    }
    return r;
}

static void table(void)
{
    (void)printf("# Limits\n\n"
                 "What the functions cost at large inputs, written by `script/limits`: CPU time of the calling process at "
                 "the size that is\n"
                 "named, how many times that is what a quarter of the input costs (4 is in proportion), and the most memory "
                 "that the call\n"
                 "took on top of its input, as a multiple of it (of inputs below a megabyte: as it is). The last column: "
                 "did it end within\n"
                 "5 s, the default of `call.timeout_ms`. SQLite in memory, one Redis on the same machine, which had other "
                 "work to do. A\n"
                 "test (`live.limits`) fails when four times the input costs more than %.0f times as much.\n\n",
                 RATIO_MAX);
    (void)printf("| function | input | size | bytes | CPU | for four times the input | memory | within 5 s |\n"
                 "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < PROBES; i++) {
        result a = least(&probes[i], probes[i].n / 2);
        result r = least(&probes[i], 2 * probes[i].n);
        char memory[32]; /* of a small input the buffers are more than it, and do not grow with it */
        if (r.input >= 1u << 20)
            (void)snprintf(memory, sizeof memory, "%.1fx", (double)r.peak / (double)r.input);
        else
            (void)snprintf(memory, sizeof memory, "%.1f MiB", (double)r.peak / 1048576);
        (void)printf("| `%s()` | %s | %zu | %zu | %.1f ms | %.1fx | %s | %s |\n", probes[i].name, probes[i].what,
                     2 * probes[i].n, r.input, (double)r.cpu_ns / 1e6,
                     (double)r.cpu_ns / (double)(a.cpu_ns > 0 ? a.cpu_ns : 1), memory,
                     r.elapsed_ns < INT64_C(5000000000) ? "yes" : "NO");
    }
    (void)printf("\n## Ceilings\n\n| what | at most | beyond it |\n| --- | --- | --- |\n"
                 "| a document or patch | 15 MiB of JSON, 64 levels | `MC_E_TOOBIG`, `MC_E_DEPTH` |\n"
                 "| memory for a document or patch while it is looked at | 16 MiB and 16 times its text, counted before "
                 "anything is made | "
                 "`MC_E_TOOBIG` with the numbers |\n"
                 "| paths of a patch's fields | 1,024 bytes each; 4 MiB and 8 times the patch in sum | `MC_E_TOOBIG` |\n"
                 "| a value in Redis | `value.max_bytes` (1 MiB) | documents are not cached, keys are refused |\n"
                 "| documents, ids or rows of a call | 1,000 | `MC_E_RANGE` |\n"
                 "| a snapshot | `snapshot.max_bytes` (64 MiB), 1,000,000 entries | `MC_E_TOOBIG` |\n"
                 "| items of a list | none of their own: every accessor costs the same for the first and the last | |\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_growth)};
    int failed = 0;
    srv_start_redis(&redis, NULL);
    (void)snprintf(snapshot, sizeof snapshot, "/tmp/mflix-limits-%d.json", (int)getpid());
    if (argc > 1 && strcmp(argv[1], "--table") == 0)
        table();
    else
        failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(snapshot);
    srv_stop(&redis);
    return failed;
}
