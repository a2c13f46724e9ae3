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

#define BATCH_BYTES ((size_t)8 << 20) /* a batch is sent at this size, however few rows it has */

loader *loader_new(app *a, const char *source, int theaters, int mode, int jobs, size_t batch_rows, size_t max_notes)
{
    loader *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->sender = sender_new(a, theaters, mode, jobs);
    if (!l->sender) {
        free(l);
        return NULL;
    }
    l->a = a;
    l->source = source;
    l->theaters = theaters;
    l->batch_rows = batch_rows;
    l->max_notes = max_notes < LOADER_MAX_NOTES ? max_notes : LOADER_MAX_NOTES;
    l->begun_ns = now_ns();
    progress_begin(&l->bar, a, theaters ? "theaters" : "movies", "rows");
    return l;
}

void loader_free(loader *l)
{
    if (!l)
        return;
    sender_free(l->sender);
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

/* The record of a batch is about the first row that failed; the library gives the reason for another when asked. */
static void why_refused(const loader *l, const batch *b, size_t i, mc_error *err)
{
    const char *row = b->data + b->offsets[i];
    if (l->theaters)
        (void)mc_check_theater(l->a->mc, row, b->sizes[i], err);
    else
        (void)mc_check_movie(l->a->mc, row, b->sizes[i], err);
}

/* One row of a batch that was sent. */
static void take_result(loader *l, const batch *b, size_t i, int *detail)
{
    mc_status st = b->statuses[i];
    mc_error err = {0};
    int refused = st != MC_OK && st != MC_E_EXISTS;
    if (refused && *detail && b->err.code == st && b->err.text[0])
        err = b->err;
    else if (refused && l->n_notes < l->max_notes)
        why_refused(l, b, i, &err);
    if (refused)
        *detail = 0;
    if (st == MC_OK)
        l->loaded++;
    else if (st == MC_E_EXISTS)
        l->skipped++;
    else
        loader_refuse(l, b->lines[i], st, err.code == st && err.text[0] ? err.text : mc_status_text(st));
}

/* The answers that are there; `all`: those of every batch that was sent. Returns 0, or -1 when loading has to stop. */
static int take_answers(loader *l, int all)
{
    const batch *b;
    while ((b = sender_done(l->sender, all || l->failure)) != NULL) {
        int detail = 1; /* the error record is about the first row that failed */
        for (size_t i = 0; i < b->n && b->status == MC_OK; i++)
            take_result(l, b, i, &detail);
        if (b->status != MC_OK && l->failure == MC_OK) {
            l->failure = b->status;
            l->err = b->err;
        }
        sender_taken(l->sender);
    }
    return l->failure ? -1 : 0;
}

static int send_filled(loader *l)
{
    int alone = sender_filling(l->sender)->alone;
    if (sender_filling(l->sender)->n > 0)
        sender_send(l->sender);
    return take_answers(l, alone);
}

int loader_flush(loader *l)
{
    return l->failure || send_filled(l) ? -1 : take_answers(l, 1);
}

int loader_add(loader *l, const char *row, size_t size, int64_t line)
{
    const batch *b = sender_filling(l->sender);
    if (b->n > 0 && (b->n == l->batch_rows || b->used + size > BATCH_BYTES) && send_filled(l))
        return -1;
    if (!sender_may_add(l->sender, row, size) && take_answers(l, 1))
        return -1;
    if (batch_add(sender_filling(l->sender), row, size, line) == 0)
        return 0;
    (void)take_answers(l, 1);
    l->failure = MC_E_NOMEM;
    return -1;
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
