/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what is read from /proc/self. Refuses to guess: what cannot be read is left out. */
#include "process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void write_value(text *t, const char *name, const char *help, const char *value)
{
    text_fmt(t, "# HELP %s %s\n# TYPE %s gauge\n%s %s\n", name, help, name, name, value);
}

/* When the system was started, in seconds since 1970; 0 when it is not known. */
static int64_t boot_time(void)
{
    FILE *f = fopen("/proc/stat", "re");
    char line[256];
    int64_t seconds = 0;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "btime %" SCNd64, &seconds) == 1)
            break;
    if (f)
        fclose(f);
    return seconds;
}

static void write_times(text *t)
{
    char line[1024] = "";
    char value[64];
    FILE *f = fopen("/proc/self/stat", "re");
    size_t n = f ? fread(line, 1, sizeof line - 1, f) : 0;
    if (f)
        fclose(f);
    line[n] = '\0';
    const char *p = strrchr(line, ')'); /* the name of the program may hold anything */
    unsigned long long started;
    long pages;
    long ticks = sysconf(_SC_CLK_TCK);
    /* proc(5): the fields from the third on; starttime is the 22nd, rss the 24th. */
    if (!p || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu %*u %ld",
                     &started, &pages) != 2)
        return;
    int64_t boot = boot_time();
    if (boot > 0 && ticks > 0) {
        snprintf(value, sizeof value, "%.2f", (double)boot + (double)started / (double)ticks);
        write_value(t, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", value);
    }
    snprintf(value, sizeof value, "%" PRId64, (int64_t)pages * sysconf(_SC_PAGESIZE));
    write_value(t, "process_resident_memory_bytes", "Resident memory size in bytes.", value);
}

static void write_files(text *t)
{
    DIR *d = opendir("/proc/self/fd");
    char value[32];
    int n = -3; /* ".", ".." and the one that is open to look */
    if (!d)
        return;
    while (readdir(d))
        n++;
    closedir(d);
    snprintf(value, sizeof value, "%d", n);
    write_value(t, "process_open_fds", "Number of open file descriptors.", value);
}

void process_write(text *t)
{
    write_times(t);
    write_files(t);
}
