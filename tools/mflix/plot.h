/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two series over time, cached and uncached, as a drawing in SVG: latencies on a logarithmic scale, the hit ratio, and the load.
 * One self-contained file, readable in light and dark.
 */
#ifndef MFLIX_PLOT_H
#define MFLIX_PLOT_H

#include <stddef.h>
#include <stdio.h>

#define PLOT_ROWS 8

enum { PLOT_CACHED, PLOT_UNCACHED, PLOT_SERIES };

/* One slice of the time. Without requests of a series it has no point there. */
typedef struct plot_slice {
    size_t n[PLOT_SERIES];
    double p50_ms[PLOT_SERIES], p99_ms[PLOT_SERIES];
    double hit_ratio; /* of the cached ones */
    double rate;      /* requests a second, and users: for the panel of the load */
    int users;
} plot_slice;

/* A row of the table beside the drawing. */
typedef struct plot_row {
    char label[32];
    double mean_ms, p50_ms, p90_ms, p99_ms;
    size_t n;
} plot_row;

typedef struct plot_data {
    char title[128], about[256];
    double seconds; /* length of all slices together, above 0 */
    plot_slice *slices;
    size_t n_slices; /* at least 1 */
    size_t bridge;   /* a line goes on over so many slices without a request */
    int load;        /* there is a panel of the load */
    plot_row rows[PLOT_ROWS];
    size_t n_rows;
} plot_data;

/* Does the name end in .svg or .html? */
int plot_kind_ok(const char *path);
/* Write the file, of the kind that its name says. 0, or -1 with errno set. */
int plot_write(const char *path, const plot_data *d);

void plot_svg(FILE *f, const plot_data *d);
/* The same inside a page, with the table. */
void plot_html(FILE *f, const plot_data *d);

#endif
