/* SPDX-License-Identifier: Apache-2.0 */
/* Where a CSV comes from: a file, standard input ("-"), or a URL (http, https, ftp). */
#ifndef EXAMPLES_FETCH_H
#define EXAMPLES_FETCH_H

#include <stdio.h>

#define FETCH_WHY 256 /* room for a reason, with its NUL */

int fetch_is_url(const char *source);
/* Open it for reading, from its beginning; a URL is fetched wholly first, within a minute. NULL with a reason. */
FILE *fetch_open(const char *source, char why[FETCH_WHY]);
void fetch_close(FILE *f);

#endif
