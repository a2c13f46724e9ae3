/* SPDX-License-Identifier: Apache-2.0 */
/* What one result is, between the two files that write them down. */
#ifndef MFLIX_BENCH_REPORT_H
#define MFLIX_BENCH_REPORT_H

#include "bench.h"

#include <stdio.h>

#define MAX_ROWS 128

struct row {
    char id[40];
    char what[200];
    char reference[120];
    char unit[8];
    char why[120]; /* why it was not measured; empty when it was */
    enum regime regime;
    bool limit; /* held against a number, not against a contender */
    double ours, theirs, ratio;
    struct goal goal;
    bool met;
};
extern struct row rows[MAX_ROWS];
extern size_t n_rows;

struct machine {
    char cpu[128], system[160], redis[32], hiredis[32], when[32];
};

void json_text(FILE *f, const char *s);
void write_page(const char *path, const struct machine *m);

#endif
