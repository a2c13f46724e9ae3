/* SPDX-License-Identifier: Apache-2.0 */
/* A progress line on a terminal; silent anywhere else. */
#ifndef MFLIX_PROGRESS_H
#define MFLIX_PROGRESS_H

#include "app.h"

typedef struct progress {
    int live; /* 0: nothing is ever drawn */
    int color;
    int drawn;         /* a line is on the screen */
    const char *label; /* such as "movies" */
    const char *unit;  /* of `count`, such as "rows" */
    int64_t begun_ns;
    int64_t last_ns; /* last drawing */
} progress;

void progress_begin(progress *p, const app *a, const char *label, const char *unit);

/*
 * Show the progress, at most ten times a second. `done` of `total` gives the bar, the percentage and the time left
 * (total <= 0: not known, then neither is drawn); `count` and the rate per second are in units of the work.
 */
void progress_show(progress *p, int64_t count, int64_t done, int64_t total);

/* Wipe the line, so that what is printed next has a line of its own. The next progress_show() draws it again. */
void progress_clear(progress *p);

/* The text of the line, without colours, for `elapsed_ns` since the beginning: apart so that it can be tested. */
void progress_format(char *buf, size_t size, int width, const progress *p, int64_t elapsed_ns, int64_t count, int64_t done,
                     int64_t total);

#endif
