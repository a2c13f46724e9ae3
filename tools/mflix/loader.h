/* SPDX-License-Identifier: Apache-2.0 */
/* Documents into the store, many at a time: what load and generate share. */
#ifndef MFLIX_LOADER_H
#define MFLIX_LOADER_H

#include "app.h"
#include "json_out.h"
#include "progress.h"
#include "sender.h"

#define LOADER_MAX_NOTES 100 /* refused rows that are described; the others are counted */

typedef struct loader_note {
    int64_t line;
    mc_status status;
    char text[160];
} loader_note;

typedef struct loader {
    app *a;
    const char *source; /* what messages call the input */
    int theaters;       /* 1: theaters, 0: movies */
    size_t batch_rows;  /* sent at once */
    sender *sender;
    progress bar;
    /* what came of it */
    int64_t loaded, skipped, refused;
    int64_t begun_ns, ended_ns;
    loader_note notes[LOADER_MAX_NOTES];
    size_t n_notes, max_notes;
    mc_status failure; /* the call as a whole failed: then everything stops */
    mc_error err;
} loader;

/* Returns the loader, freed with loader_free(), or NULL when memory is short. */
loader *loader_new(app *a, const char *source, int theaters, int mode, int jobs, size_t batch_rows, size_t max_notes);
void loader_free(loader *l);

/* Add a row; sends a batch when it is full, and takes the answers of earlier ones. Returns 0, or -1 when loading has to stop (see failure). */
int loader_add(loader *l, const char *row, size_t size, int64_t line);
/* Send what is left, and wait for all answers. Returns as loader_add(). */
int loader_flush(loader *l);
/* A row that cannot be sent at all. */
void loader_refuse(loader *l, int64_t line, mc_status st, const char *why);

/* Close the books: say what came of it to a person, or as members of the open object. */
void loader_print(loader *l);
void loader_json(loader *l, json *j);
/* Exit code: fine, some rows refused, failed, interrupted. */
int loader_exit_code(const loader *l);

#endif
