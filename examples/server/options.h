/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#ifndef MFLIX_SERVER_OPTIONS_H
#define MFLIX_SERVER_OPTIONS_H

#include "request.h"

typedef struct options {
    char host[256];
    char port[6];
    unsigned threads;
    int access_log;
    int help;
    int version;
    const char *env_file; /* NULL: not given; so are the two below */
    const char *docs;
    const char *source;
    limits limits;
} options;

/* 0: refused, the reason is on stderr. */
int options_parse(int argc, char **argv, options *o);
void options_help(void);

#endif
