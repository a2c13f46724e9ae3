/* SPDX-License-Identifier: Apache-2.0 */
/* A Lua script embedded at build: its text and the SHA-1 under which Redis knows it. */
#ifndef MCI_REDIS_SCRIPT_H
#define MCI_REDIS_SCRIPT_H

#include <stddef.h>

typedef struct mci_script {
    const char *name;
    const char *text;
    size_t len;
    const char *sha1; /* 40 lower-case hexadecimal digits */
} mci_script;

#endif
