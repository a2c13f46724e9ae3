/* SPDX-License-Identifier: Apache-2.0 */
/* Text that a command reads: from a file, from standard input, or from the command line itself. */
#ifndef MFLIX_INPUT_H
#define MFLIX_INPUT_H

#include <stddef.h>

#define INPUT_MAX ((size_t)16 << 20) /* one byte more than the library's own limit leaves the refusal to it */

/*
 * Read a whole file, or standard input for "-". Returns a NUL-terminated buffer to free(), its length in `size`; NULL
 * with errno set when it cannot be read (EFBIG above INPUT_MAX).
 */
char *input_read(const char *path, size_t *size);

#endif
