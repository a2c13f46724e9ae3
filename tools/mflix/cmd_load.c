/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that fill the store: load (from a file) and generate (made-up documents, into files or the store). */
#include "app.h"
#include "generate.h"
#include "loader.h"
#include "output.h"
#include "rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

/* What goes into a database in memory is gone with the process: said once, as it is the default. */
static void warn_memory(const app *a)
{
    char uri[64];
    if (!a->quiet && mc_options_get(a->options, "store.uri", uri, sizeof uri, NULL) == MC_OK &&
        strncmp(uri, "sqlite::memory:", 15) == 0)
        fprintf(stderr,
                "mflix: note: the database is in memory and ends with this command (keep it: --store sqlite:FILE)\n");
}

/* ---- load --------------------------------------------------------------------------------------------------------- */

static const option_spec load_options[] = {
    {"collection", 'c', "NAME", "movies or theaters (default: by \"title\" or \"theaterId\" in the first document)"},
    {"replace", 0, NULL, "put documents in the place of those with the same id (default: leave the stored ones)"},
    {"batch", 0, "N", "rows sent at once (500; at most 1000)"},
    {"jobs", 0, "N", "batches that are sent at the same time (one for each processor, 2 to 8; at most 16)"},
    {"errors", 0, "N", "refused rows to describe (10; at most 100); all are counted"},
};

/* Rows into the loader until the end, an error or Ctrl-C. Returns 0, or -1 when the input cannot be read. */
static int pump(rows *r, loader *l, const char *row, size_t size, int64_t line, int rc)
{
    int64_t done, total;
    while (rc > 0 && !interrupted()) {
        if (rc == ROW_TOO_LONG)
            loader_refuse(l, line, MC_E_TOOBIG, "the line is longer than 16 MiB");
        else if (loader_add(l, row, size, line))
            return 0;
        if (l->bar.live) { /* where the file is read is a question to the system */
            rows_position(r, &done, &total);
            progress_show(&l->bar, l->loaded + l->skipped + l->refused, done, total);
        }
        rc = rows_next(r, &row, &size, &line);
    }
    loader_flush(l);
    return rc == ROW_ERROR ? -1 : 0;
}

static int report_load(app *a, loader *l, const rows *r, int unreadable)
{
    if (a->json) {
        json j;
        answer_begin(&j, a, unreadable ? MC_E_FILE : l->failure);
        put_text(&j, "file", l->source);
        loader_json(l, &j);
        if (unreadable && !l->failure)
            put_text(&j, "error", rows_error(r));
        answer_end(&j, NULL);
    } else {
        loader_print(l);
    }
    if (unreadable) {
        fprintf(stderr, "mflix: ");
        print_safe(stderr, l->source);
        fprintf(stderr, ": %s (the rows before it are loaded)\n", rows_error(r));
        return EXIT_SERVER;
    }
    return loader_exit_code(l);
}

/* Which collection, from --collection or the first document. -1: neither is known, said on stderr. */
static int choose_collection(const args *g, const char *row, size_t size, int rc)
{
    const char *name = args_text(g, "collection");
    size_t begin = 0;
    while (rc == ROW_READ && begin < size && (row[begin] == ' ' || row[begin] == '\t'))
        begin++;
    if (rc == ROW_READ && row[begin] == '[') {
        usage_error(
            "%s: this is a JSON array; load takes one document a line (mongoexport without --jsonArray, or jq -c '.[]')",
            g->operands[0]);
        return -1;
    }
    if (name && strcmp(name, "movies") != 0 && strcmp(name, "theaters") != 0) {
        usage_error("--collection: '%s' is neither movies nor theaters", name);
        return -1;
    }
    if (name)
        return strcmp(name, "theaters") == 0;
    if (rc != ROW_READ || row[begin] != '{' || row_member(row, size, "title"))
        return 0;
    if (row_member(row, size, "theaterId"))
        return 1;
    usage_error(
        "%s: the first document has neither \"title\" (a movie) nor \"theaterId\" (a theater); say which with --collection",
        g->operands[0]);
    return -1;
}

/* How to load: the options of the command line. */
typedef struct load_plan {
    int64_t batch, notes, jobs;
    int mode;
} load_plan;

static int load_rows(app *a, const args *g, const load_plan *plan, rows *r)
{
    const char *row = NULL;
    size_t size = 0;
    int64_t line = 0;
    mc_error err;
    int first = rows_next(r, &row, &size, &line);
    int theaters = choose_collection(g, row, size, first);
    if (theaters < 0)
        return EXIT_USAGE;
    int rc = app_open(a);
    if (rc)
        return rc;
    warn_memory(a);
    mc_status st = mc_prepare_store(a->mc, &err);
    if (st && st != MC_E_UNSUPPORTED)
        return fail(a, "prepare the store", st, NULL, &err);
    loader *l =
        loader_new(a, g->operands[0], theaters, plan->mode, (int)plan->jobs, (size_t)plan->batch, (size_t)plan->notes);
    if (!l)
        return fail(a, "load", MC_E_NOMEM, NULL, NULL);
    int unreadable = first == ROW_ERROR || pump(r, l, row, size, line, first) != 0;
    rc = report_load(a, l, r, unreadable);
    loader_free(l);
    return rc;
}

static int run_load(app *a, const args *g)
{
    load_plan plan = {500, 10, sender_usual_jobs(), args_flag(g, "replace") ? MC_IMPORT_REPLACE : MC_IMPORT_SKIP};
    int rc = args_int(g, "batch", 1, BATCH_MAX_ROWS, &plan.batch);
    if (!rc)
        rc = args_int(g, "jobs", 1, SENDER_MAX_JOBS, &plan.jobs);
    if (!rc)
        rc = args_int(g, "errors", 0, LOADER_MAX_NOTES, &plan.notes);
    if (rc)
        return rc;
    rows *r = rows_open(g->operands[0]);
    if (!r)
        return fail_errno(a, g->operands[0]);
    rc = load_rows(a, g, &plan, r);
    rows_close(r);
    return rc;
}

const command cmd_load = {
    "load",
    "FILE.ndjson[.gz] | -",
    "load documents into the database, one JSON object a line",
    "Examples:\n"
    "  mflix load movies.ndjson.gz\n"
    "  mflix load theaters.ndjson --replace\n"
    "  mongoexport -d sample_mflix -c movies | mflix load -\n\n"
    "May be stopped and started again at any time: documents that are there already are left alone, or replaced with\n"
    "--replace. Rows that are not JSON, or that the library refuses, are reported with their line number and skipped;\n"
    "then the exit status is 1. Indexes are made first, and what Redis holds stays coherent.\n",
    load_options,
    sizeof load_options / sizeof *load_options,
    1,
    1,
    run_load};

/* ---- generate ----------------------------------------------------------------------------------------------------- */

static const option_spec generate_options[] = {
    {"movies", 0, "N", "how many movies (21349)"},
    {"theaters", 0, "N", "how many theaters (1564)"},
    {"seed", 0, "N", "another seed gives other documents; the same seed the same bytes (42)"},
    {"out", 0, "DIR", "write DIR/movies.ndjson and DIR/theaters.ndjson"},
    {"gzip", 0, NULL, "with --out: pack the files, names end in .gz"},
    {"load", 0, NULL, "put them into the database"},
    {"jobs", 0, "N", "with --load: batches that are sent at the same time (one for each processor, 2 to 8; at most 16)"},
};

typedef struct generation {
    app *a;
    int64_t count[2]; /* movies, theaters */
    int64_t seed;
    const char *dir; /* NULL: no files */
    int gzip, load;
    int64_t jobs;
} generation;

static const char *const kinds[2] = {"movies", "theaters"};

/* One collection into its file and into the loader, either of them NULL. 0, or an exit code when the file fails. */
static int make_documents(const generation *g, int kind, gzFile file, const char *path, loader *l)
{
    text row = {0};
    progress bar;
    int rc = 0;
    progress_begin(&bar, g->a, kinds[kind], "rows");
    for (int64_t i = 0; i < g->count[kind] && !rc && !interrupted(); i++) {
        if (kind == 0)
            generate_movie((uint64_t)g->seed, i, &row);
        else
            generate_theater((uint64_t)g->seed, i, &row);
        if (row.failed) {
            rc = fail(g->a, "generate", MC_E_NOMEM, NULL, NULL);
        } else if (l && loader_add(l, row.data, row.n, i + 1)) {
            break;
        } else {
            text_add(&row, "\n");
            if (file && gzwrite(file, row.data, (unsigned)row.n) != (int)row.n)
                rc = fail_errno(g->a, path);
            progress_show(&bar, i + 1, i + 1, g->count[kind]);
        }
    }
    if (l && !rc)
        loader_flush(l);
    progress_clear(&bar);
    text_free(&row);
    return rc;
}

/* What came of one collection, kept until the end: with --json there is one answer for both. */
typedef struct outcome {
    char path[4096];
    loader *l;
    int done;
} outcome;

static int generate_kind(const generation *g, int kind, outcome *o)
{
    gzFile file = NULL;
    int rc;
    if (g->dir) {
        snprintf(o->path, sizeof o->path, "%s/%s.ndjson%s", g->dir, kinds[kind], g->gzip ? ".gz" : "");
        file = gzopen(o->path, g->gzip ? "wb6" : "wbT");
        if (!file)
            return fail_errno(g->a, o->path);
    }
    if (g->load)
        o->l = loader_new(g->a, "generated", kind, MC_IMPORT_SKIP, (int)g->jobs, 500, 10);
    if (g->load && !o->l)
        rc = fail(g->a, "generate", MC_E_NOMEM, NULL, NULL);
    else
        rc = make_documents(g, kind, file, o->path, o->l);
    if (file && gzclose(file) != Z_OK && !rc)
        rc = fail_errno(g->a, o->path);
    o->done = rc == 0;
    return rc;
}

static void print_outcome(const generation *g, int kind, outcome *o)
{
    if (g->dir)
        printf("%s: %" PRId64 " written to %s\n", kinds[kind], g->count[kind], o->path);
    if (o->l)
        loader_print(o->l);
}

static void json_outcomes(const generation *g, outcome *outcomes)
{
    json j;
    mc_status st = outcomes[0].l ? outcomes[0].l->failure : MC_OK;
    answer_begin(&j, g->a, st == MC_OK && outcomes[1].l ? outcomes[1].l->failure : st);
    put_int(&j, "seed", g->seed);
    for (int kind = 0; kind < 2; kind++) {
        if (!outcomes[kind].done)
            continue;
        put_object(&j, kinds[kind]);
        put_int(&j, "count", g->count[kind]);
        if (g->dir)
            put_text(&j, "file", outcomes[kind].path);
        if (outcomes[kind].l)
            loader_json(outcomes[kind].l, &j);
        put_end_object(&j);
    }
    answer_end(&j, NULL);
}

/* Both collections, then the answer. What failed outside the library was answered where it failed. */
static int generate_all(const generation *g, outcome *outcomes)
{
    int rc = 0, worst = 0;
    for (int kind = 0; kind < 2 && !rc && !worst; kind++) {
        rc = generate_kind(g, kind, &outcomes[kind]);
        if (!rc && !g->a->json)
            print_outcome(g, kind, &outcomes[kind]);
        if (!rc && outcomes[kind].l)
            worst = loader_exit_code(outcomes[kind].l);
        if (!rc && interrupted())
            worst = EXIT_INTERRUPTED;
    }
    if (!rc && g->a->json)
        json_outcomes(g, outcomes);
    return rc ? rc : worst;
}

static int prepare(generation *g)
{
    mc_error err;
    int rc;
    if (g->dir && mkdir(g->dir, 0777) != 0 && errno != EEXIST)
        return fail_errno(g->a, g->dir);
    if (!g->load)
        return 0;
    rc = app_open(g->a);
    if (rc)
        return rc;
    warn_memory(g->a);
    mc_status st = mc_prepare_store(g->a->mc, &err);
    return st && st != MC_E_UNSUPPORTED ? fail(g->a, "prepare the store", st, NULL, &err) : 0;
}

static int run_generate(app *a, const args *line)
{
    generation g = {a,
                    {GENERATE_MOVIES, GENERATE_THEATERS},
                    42,
                    args_text(line, "out"),
                    args_flag(line, "gzip"),
                    args_flag(line, "load"),
                    sender_usual_jobs()};
    int rc = args_int(line, "movies", 0, GENERATE_MAX_MOVIES, &g.count[0]);
    if (!rc)
        rc = args_int(line, "theaters", 0, GENERATE_MAX_THEATERS, &g.count[1]);
    if (!rc)
        rc = args_int(line, "seed", 0, INT64_MAX, &g.seed);
    if (!rc)
        rc = args_int(line, "jobs", 1, SENDER_MAX_JOBS, &g.jobs);
    if (!rc && !g.dir && !g.load)
        rc = usage_error("generate: where to? give --out DIR (files), --load (the database), or both");
    if (!rc)
        rc = prepare(&g);
    if (rc)
        return rc;
    outcome *outcomes = calloc(2, sizeof *outcomes);
    if (!outcomes)
        return fail(a, "generate", MC_E_NOMEM, NULL, NULL);
    rc = generate_all(&g, outcomes);
    loader_free(outcomes[0].l);
    loader_free(outcomes[1].l);
    free(outcomes);
    return rc;
}

const command cmd_generate = {
    "generate",
    "--out DIR | --load",
    "made-up movies and theaters with the statistics of the real ones",
    "Examples:\n"
    "  mflix generate --load                              21,349 movies and 1,564 theaters into the database\n"
    "  mflix generate --movies 1000 --theaters 50 --out data\n"
    "  mflix generate --seed 7 --out data --gzip\n\n"
    "The same seed gives the same bytes on every machine, and a smaller number gives the beginning of a larger one. With\n"
    "the oddities of real data: years such as \"1981è\", empty ratings, equal titles, dates before 1970, missing fields.\n",
    generate_options,
    sizeof generate_options / sizeof *generate_options,
    0,
    0,
    run_generate};
