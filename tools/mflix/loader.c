/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns loading in batches. Loading is restartable because it is repeatable: what is there already is skipped (or put
 * there again with --replace), so an answer that was lost is simply asked for once more.
 */
#include "loader.h"

#include "latency.h"
#include "output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_BYTES ((size_t)8 << 20) /* a batch is sent at this size, however few rows it has */
#define ATTEMPTS 4

loader *loader_new(app *a, const char *source, int theaters, int mode, size_t batch, size_t max_notes)
{
    loader *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->a = a;
    l->source = source;
    l->theaters = theaters;
    l->mode = mode;
    l->batch = batch;
    l->max_notes = max_notes < LOADER_MAX_NOTES ? max_notes : LOADER_MAX_NOTES;
    l->begun_ns = now_ns();
    progress_begin(&l->bar, a, theaters ? "theaters" : "movies", "rows");
    return l;
}

void loader_free(loader *l)
{
    if (!l)
        return;
    free(l->data);
    free(l);
}

void loader_refuse(loader *l, int64_t line, mc_status st, const char *why)
{
    l->refused++;
    if (l->n_notes == l->max_notes)
        return;
    loader_note *note = &l->notes[l->n_notes++];
    note->line = line;
    note->status = st;
    snprintf(note->text, sizeof note->text, "%s", why);
    progress_clear(&l->bar);
    fprintf(stderr, "mflix: ");
    print_safe(stderr, l->source);
    fprintf(stderr, ":%" PRId64 ": ", line);
    print_safe(stderr, note->text);
    fprintf(stderr, " (%s)\n", mc_status_name(st));
    if (l->n_notes == l->max_notes)
        fprintf(stderr, "mflix: further refused rows are only counted (more: --errors N)\n");
}

static mc_status send_once(loader *l, mc_status *statuses)
{
    const char *rows[LOADER_MAX_BATCH];
    for (size_t i = 0; i < l->n; i++)
        rows[i] = l->data + l->offsets[i];
    if (l->theaters)
        return mc_import_theaters(l->a->mc, rows, l->sizes, l->n, l->mode, statuses, &l->err);
    return mc_import_movies(l->a->mc, rows, l->sizes, l->n, l->mode, statuses, &l->err);
}

/* Send, and once more after a short rest where that may help: a repeated row is skipped or replaced by itself. */
static mc_status send_batch(loader *l, mc_status *statuses)
{
    mc_status st = MC_OK;
    for (int i = 0; i < ATTEMPTS; i++) {
        if (i > 0) {
            struct timespec rest = {0, 100000000L << i};
            nanosleep(&rest, NULL);
        }
        st = send_once(l, statuses);
        if (st == MC_OK || interrupted() || !(l->err.retriable || st == MC_E_UNKNOWN))
            break;
    }
    return st;
}

/* The record of a batch is about the first row that failed; the library gives the reason for another when asked. */
static void why_refused(const loader *l, size_t i, mc_error *err)
{
    const char *row = l->data + l->offsets[i];
    if (l->theaters)
        (void)mc_check_theater(l->a->mc, row, l->sizes[i], err);
    else
        (void)mc_check_movie(l->a->mc, row, l->sizes[i], err);
}

/* One row of a batch that was sent. */
static void take_result(loader *l, size_t i, mc_status st, int *detail)
{
    mc_error err = {0};
    int refused = st != MC_OK && st != MC_E_EXISTS;
    if (refused && *detail && l->err.code == st && l->err.text[0])
        err = l->err;
    else if (refused && l->n_notes < l->max_notes)
        why_refused(l, i, &err);
    if (refused)
        *detail = 0;
    if (st == MC_OK)
        l->loaded++;
    else if (st == MC_E_EXISTS)
        l->skipped++;
    else
        loader_refuse(l, l->lines[i], st, err.code == st && err.text[0] ? err.text : mc_status_text(st));
}

int loader_flush(loader *l)
{
    mc_status statuses[LOADER_MAX_BATCH] = {0};
    int detail = 1; /* the error record is about the first row that failed */
    if (l->failure)
        return -1;
    if (l->n == 0)
        return 0;
    mc_status st = send_batch(l, statuses);
    if (st) {
        l->failure = st;
        return -1;
    }
    for (size_t i = 0; i < l->n; i++)
        take_result(l, i, statuses[i], &detail);
    l->n = 0;
    l->used = 0;
    return 0;
}

int loader_add(loader *l, const char *row, size_t size, int64_t line)
{
    if (l->n > 0 && (l->n == l->batch || l->used + size > BATCH_BYTES) && loader_flush(l))
        return -1;
    if (l->used + size > l->capacity) {
        size_t capacity = l->used + size > BATCH_BYTES ? l->used + size : 2 * (l->used + size);
        char *grown = realloc(l->data, capacity);
        if (!grown) {
            l->failure = MC_E_NOMEM;
            return -1;
        }
        l->data = grown;
        l->capacity = capacity;
    }
    memcpy(l->data + l->used, row, size);
    l->offsets[l->n] = l->used;
    l->sizes[l->n] = size;
    l->lines[l->n++] = line;
    l->used += size;
    return 0;
}

static double seconds(loader *l)
{
    if (!l->ended_ns)
        l->ended_ns = now_ns();
    double s = (double)(l->ended_ns - l->begun_ns) / 1e9;
    return s > 0 ? s : 1e-9;
}

void loader_print(loader *l)
{
    double s = seconds(l);
    int64_t rows = l->loaded + l->skipped + l->refused;
    progress_clear(&l->bar);
    printf("%s: %" PRId64 " loaded, %" PRId64 " there already, %" PRId64 " refused", l->theaters ? "theaters" : "movies",
           l->loaded, l->skipped, l->refused);
    if (!l->a->quiet)
        printf(" · %.2f s · %.0f rows/s", s, (double)rows / s);
    putchar('\n');
    fflush(stdout);
    if (l->failure)
        fail(l->a, l->source, l->failure, NULL, &l->err);
    if ((l->failure && exit_code(l->failure) == EXIT_SERVER) || interrupted())
        fprintf(stderr, "mflix: stopped here; what was loaded stays, and a second run goes on where this one ended\n");
}

void loader_json(loader *l, json *j)
{
    double s = seconds(l);
    progress_clear(&l->bar);
    put_text(j, "collection", l->theaters ? "theaters" : "movies");
    put_int(j, "loaded", l->loaded);
    put_int(j, "skipped", l->skipped);
    put_int(j, "refused", l->refused);
    put_fixed(j, "elapsed_ms", s * 1000, 3);
    put_fixed(j, "rows_per_s", (double)(l->loaded + l->skipped + l->refused) / s, 1);
    put_bool(j, "interrupted", interrupted());
    if (l->failure)
        put_text(j, "error", l->err.code == l->failure && l->err.text[0] ? l->err.text : mc_status_text(l->failure));
    put_array(j, "errors");
    for (size_t i = 0; i < l->n_notes; i++) {
        put_object(j, NULL);
        put_int(j, "line", l->notes[i].line);
        put_text(j, "status", mc_status_name(l->notes[i].status));
        put_text(j, "error", l->notes[i].text);
        put_end_object(j);
    }
    put_end_array(j);
}

int loader_exit_code(const loader *l)
{
    if (interrupted())
        return EXIT_INTERRUPTED;
    if (l->failure)
        return exit_code(l->failure) == EXIT_USAGE ? EXIT_USAGE : EXIT_SERVER;
    return l->refused > 0 ? EXIT_NEGATIVE : EXIT_FINE;
}
