/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys for tests, made when they are needed, in a folder that goes with them. */
#ifndef SUPPORT_CERTIFICATES_H
#define SUPPORT_CERTIFICATES_H

typedef struct certificates {
    char dir[128];
} certificates;

typedef struct certificate {
    const char *name;     /* of its files, NAME.crt and NAME.key */
    const char *issuer;   /* NAME of another; NULL: it signs itself */
    const char *alt;      /* "DNS:localhost,IP:127.0.0.1"; NULL: none */
    const char *password; /* of the key; NULL: none */
    int is_ca;
    long from_s; /* from now on: when it begins to hold, and when it ends; 0: a day ago, in a day */
    long to_s;
} certificate;

void certificates_begin(certificates *c);
void certificates_make(certificates *c, const certificate *what);
void certificates_end(certificates *c);

/* Path of a file in the folder, as long as the program runs. For one thread. */
const char *certificates_path(const certificates *c, const char *file);
/* A file with a text. */
void certificates_write(certificates *c, const char *file, const char *text);

#endif
