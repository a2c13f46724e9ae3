/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments as a program's own copies. What may hold a password is overwritten where every user of the machine can read it (ps, /proc/PID/cmdline).
 * Better is not to give it there at all: the environment and a file are for that.
 */
#ifndef MFLIX_ARGUMENTS_H
#define MFLIX_ARGUMENTS_H

#include <stdlib.h>
#include <string.h>

/* The part of an argument that is to be hidden; NULL: nothing. */
static inline char *arguments_secret(char *arg)
{
    static const char *const settings[] = {"password=", "cache.key=", "cache.key_old="};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        char *at = strstr(arg, settings[i]);
        if (at != NULL)
            return at + strlen(settings[i]);
    }
    char *scheme = strstr(arg, "://");
    return scheme != NULL && strchr(scheme, '@') != NULL ? scheme + 3 : NULL;
}

/* Copies that live as long as the program; NULL when memory is short. Call it first. */
static inline char **arguments_own(int argc, char **argv)
{
    char **own = calloc((size_t)argc + 1, sizeof *own);
    for (int i = 0; own != NULL && i < argc; i++) {
        own[i] = strdup(argv[i]);
        char *secret = arguments_secret(argv[i]);
        if (own[i] == NULL)
            return NULL;
        if (secret != NULL)
            memset(secret, '*', strlen(secret));
    }
    return own;
}

#endif
