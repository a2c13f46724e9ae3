/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the command line. Refuses what it does not know, numbers outside their limits, and addresses without a port. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int complain(const char *name, const char *why)
{
    fprintf(stderr, "mflix-server: %s: %s (try: mflix-server --help)\n", name, why);
    return 0;
}

void options_help(void)
{
    fputs("Usage: mflix-server [OPTION...]\n"
          "Serves movies and theaters over HTTP, from MongoDB or SQLite through Redis.\n\n"
          "  --listen HOST:PORT      where to listen (127.0.0.1:8080; port 0 is any free one, [::1]:8080 is IPv6)\n"
          "  --allow-host NAME       a name that Host may have, beside addresses and localhost; up to 8 times\n"
          "  --threads N             threads that serve, 1 to 256 (twice the CPUs, at least 32)\n"
          "  --max-connections N     at a time, 1 to 100000 (1024)\n"
          "  --max-per-address N     of these from one address, 0 is not a limit (256)\n"
          "  --max-body BYTES        1 to 16777216 (1048576)\n"
          "  --max-header BYTES      request line and header lines, 256 to 32768 (16384)\n"
          "  --timeout SECONDS       for receiving a request, and again for sending its answer, 1 to 3600 (30)\n"
          "  --env-file FILE         settings as NAME=VALUE lines (.env of the folder, if there is one; '': none)\n"
          "  --docs URL              where the page's links to documents lead (their names: docs/README.md ...)\n"
          "  --source URL            where its links to source files lead (examples/server/page ...)\n"
          "  --access-log            one line of JSON on stderr for each request\n"
          "  --help, --version\n\n"
          "The library's settings come from the environment, and what it does not say from that file: MONGO_URL,\n"
          "REDIS_HOST, REDIS_PORT, MFLIXCACHE_*.\n"
          "SIGTERM and SIGINT end it when what is under way is finished, after 10 seconds at the latest.\n",
          stdout);
}

static int parse_number(const char *name, const char *value, unsigned long low, unsigned long high, unsigned long *out)
{
    char why[96];
    char *end;
    errno = 0;
    *out = strtoul(value, &end, 10);
    if (*value >= '0' && *value <= '9' && *end == '\0' && errno == 0 && *out >= low && *out <= high)
        return 1;
    snprintf(why, sizeof why, "must be a whole number from %lu to %lu", low, high);
    return complain(name, why);
}

/* "127.0.0.1:8080", "[::1]:0", "localhost:8080" */
static int parse_listen(const char *value, options *o)
{
    const char *colon = strrchr(value, ':');
    size_t size = colon ? (size_t)(colon - value) : 0;
    unsigned long port;
    if (size >= 2 && value[0] == '[' && value[size - 1] == ']') {
        value++;
        size -= 2;
    } else if (memchr(value, ':', size)) {
        return complain("--listen", "an IPv6 address is written in brackets, such as [::1]:8080");
    }
    if (size == 0 || size >= sizeof o->host || strlen(colon + 1) > 5)
        return complain("--listen", "must be HOST:PORT, such as 127.0.0.1:8080");
    if (!parse_number("--listen", colon + 1, 0, 65535, &port))
        return 0;
    memcpy(o->host, value, size);
    o->host[size] = '\0';
    snprintf(o->port, sizeof o->port, "%lu", port);
    return 1;
}

static int add_host(options *o, const char *name)
{
    if (o->limits.n_hosts == sizeof o->limits.hosts / sizeof o->limits.hosts[0])
        return complain("--allow-host", "given more than 8 times");
    if (*name == '\0')
        return complain("--allow-host", "the name is empty");
    o->limits.hosts[o->limits.n_hosts++] = name;
    return 1;
}

static int parse_link(const char *name, const char *value, const char **out)
{
    *out = value;
    if (strncmp(value, "https://", 8) == 0 || strncmp(value, "http://", 7) == 0)
        return 1;
    return complain(name, "must be a URL of http or https");
}

/* Options with a value. */
static int parse_pair(options *o, const char *name, const char *value)
{
    unsigned long n;
    if (strcmp(name, "--listen") == 0)
        return parse_listen(value, o);
    if (strcmp(name, "--allow-host") == 0)
        return add_host(o, value);
    if (strcmp(name, "--env-file") == 0) {
        o->env_file = value;
        return 1;
    }
    if (strcmp(name, "--docs") == 0)
        return parse_link(name, value, &o->docs);
    if (strcmp(name, "--source") == 0)
        return parse_link(name, value, &o->source);
    if (strcmp(name, "--threads") == 0) {
        if (!parse_number(name, value, 1, 256, &n))
            return 0;
        o->threads = (unsigned)n;
    } else if (strcmp(name, "--max-connections") == 0) {
        if (!parse_number(name, value, 1, 100000, &n))
            return 0;
        o->limits.connections = (unsigned)n;
    } else if (strcmp(name, "--max-per-address") == 0) {
        if (!parse_number(name, value, 0, 100000, &n))
            return 0;
        o->limits.per_ip = (unsigned)n;
    } else if (strcmp(name, "--max-body") == 0) {
        if (!parse_number(name, value, 1, 16777216, &n))
            return 0;
        o->limits.body = n;
    } else if (strcmp(name, "--max-header") == 0) {
        if (!parse_number(name, value, 256, 32768, &n))
            return 0;
        o->limits.header = n;
    } else {
        if (!parse_number(name, value, 1, 3600, &n))
            return 0;
        o->limits.timeout_s = (unsigned)n;
    }
    return 1;
}

static int takes_value(const char *name)
{
    static const char *const names[] = {"--listen",          "--allow-host", "--threads",    "--max-connections",
                                        "--max-per-address", "--max-body",   "--max-header", "--timeout",
                                        "--env-file",        "--docs",       "--source"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return 1;
    return 0;
}

int options_parse(int argc, char **argv, options *o)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    memset(o, 0, sizeof *o);
    snprintf(o->host, sizeof o->host, "127.0.0.1");
    snprintf(o->port, sizeof o->port, "8080");
    /* A thread waits for the store while it serves: few of them would let one slow query hold up many requests. */
    o->threads = cpus < 16 ? 32 : cpus > 128 ? 256 : (unsigned)cpus * 2;
    o->limits.body = 1048576;
    o->limits.header = 16384;
    o->limits.timeout_s = 30;
    o->limits.connections = 1024;
    o->limits.per_ip = 256;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--help") == 0)
            o->help = 1;
        else if (strcmp(name, "--version") == 0)
            o->version = 1;
        else if (strcmp(name, "--access-log") == 0)
            o->access_log = 1;
        else if (!takes_value(name))
            return complain(name, "no such option");
        else if (i + 1 == argc)
            return complain(name, "needs a value");
        else if (!parse_pair(o, name, argv[++i]))
            return 0;
    }
    if (o->limits.connections < o->threads) /* each thread serves at least one */
        o->threads = o->limits.connections;
    return 1;
}
