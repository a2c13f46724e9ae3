/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are part of the program: the page and the description of the interface. The build writes the table. */
#ifndef MFLIX_SERVER_PAGE_H
#define MFLIX_SERVER_PAGE_H

#include <stddef.h>

typedef struct page_file {
    const char *name; /* such as "index.html"; NULL ends the table */
    const char *etag; /* quoted, from the SHA-256 of the content */
    const unsigned char *data;
    size_t size;
} page_file;

extern const page_file page_files[];

#endif
