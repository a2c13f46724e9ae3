/* SPDX-License-Identifier: Apache-2.0 */
/* Owns reading a whole input. Refuses more than INPUT_MAX bytes: no document is that large. */
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_stream(FILE *f, size_t *size)
{
    size_t n = 0, capacity = 65536;
    char *data = malloc(capacity);
    while (data) {
        size_t got = fread(data + n, 1, capacity - n - 1, f);
        n += got;
        if (got == 0)
            break;
        if (n + 1 < capacity)
            continue;
        char *grown = capacity <= INPUT_MAX ? realloc(data, capacity * 2) : NULL;
        if (!grown) {
            free(data);
            errno = capacity > INPUT_MAX ? EFBIG : ENOMEM;
            return NULL;
        }
        data = grown;
        capacity *= 2;
    }
    if (data && ferror(f)) { /* a folder opens, and fails here */
        free(data);
        return NULL;
    }
    if (data)
        data[n] = '\0';
    *size = n;
    return data;
}

char *input_read(const char *path, size_t *size)
{
    *size = 0;
    if (strcmp(path, "-") == 0)
        return read_stream(stdin, size);
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *data = read_stream(f, size);
    int number = errno;
    fclose(f);
    errno = number;
    return data;
}
