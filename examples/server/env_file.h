/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings from a file of NAME=VALUE lines, such as .env beside a compose.yaml. Taken are MONGO_URL, REDIS_HOST, REDIS_PORT and MFLIXCACHE_...
 * alone, and only what the environment does not say already; all other lines are other programs'. Of mflix, mflix-server and mflix-producer.
 * To be called before the program's second thread begins.
 */
#ifndef MFLIX_SERVER_ENV_FILE_H
#define MFLIX_SERVER_ENV_FILE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENV_FILE_LINE 4096

static inline int env_file_is_ours(const char *name)
{
    return strcmp(name, "MONGO_URL") == 0 || strcmp(name, "REDIS_HOST") == 0 || strcmp(name, "REDIS_PORT") == 0 ||
           strncmp(name, "MFLIXCACHE_", 11) == 0;
}

/* "NAME=value", "export NAME='value'", NAME="value"; a # after a blank begins a comment outside quotes. The line is cut up. */
static inline void env_file_line(char *line)
{
    char *p = line + strspn(line, " \t");
    if (strncmp(p, "export ", 7) == 0)
        p += 7 + strspn(p + 7, " \t");
    char *equals = strchr(p, '=');
    if (*p == '#' || equals == NULL)
        return;
    *equals = '\0';
    p[strcspn(p, " \t")] = '\0';
    char *value = equals + 1 + strspn(equals + 1, " \t");
    char *end = NULL;
    if (*value == '"' || *value == '\'')
        end = strchr(value + 1, *value);
    if (end != NULL) {
        value++;
    } else {
        char *comment = strstr(value, " #");
        end = comment != NULL ? comment : value + strlen(value);
        while (end > value && strchr(" \t", end[-1]) != NULL)
            end--;
    }
    *end = '\0';
    if (env_file_is_ours(p))
        (void)setenv(p, value, 0);
}

/* 0, or errno: it cannot be read; EMSGSIZE: a line is longer than 4,095 bytes. */
static inline int env_file_load(const char *path)
{
    char line[ENV_FILE_LINE];
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return errno;
    int rc = 0;
    while (rc == 0 && fgets(line, sizeof line, f) != NULL) {
        size_t n = strcspn(line, "\r\n");
        rc = line[n] == '\0' && !feof(f) ? EMSGSIZE : 0;
        line[n] = '\0';
        if (rc == 0)
            env_file_line(line);
    }
    if (rc == 0 && ferror(f))
        rc = EIO;
    (void)fclose(f);
    return rc;
}

/* The file that --env-file named ("": none), or .env of the folder where none was named (NULL), which need not be there. 0, or errno. */
static inline int env_file_named(const char *named)
{
    if (named != NULL && *named == '\0')
        return 0;
    int rc = env_file_load(named != NULL ? named : ".env");
    return named == NULL && (rc == ENOENT || rc == EISDIR) ? 0 : rc;
}

#endif
