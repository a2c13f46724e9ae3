/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the log: each line is one JSON object, written at once. Refuses control bytes: what a client sent is escaped. */
#include "log.h"
#include "respond.h"
#include "router.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void begin_line(text *t)
{
    struct timespec now;
    struct tm utc;
    char s[48] = "";
    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &utc))
        strftime(s, sizeof s, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(s + strlen(s), sizeof s - strlen(s), ".%03ldZ", now.tv_nsec / 1000000);
    put_open(t, NULL, '{');
    put_text(t, "time", s);
}

static void end_line(text *t)
{
    put_close(t, '}');
    text_str(t, "\n");
    /* A log that cannot be written is not a reason to refuse requests. */
    if (!t->failed && write(STDERR_FILENO, t->data, t->size) < 0)
        t->failed = 1;
    text_free(t);
}

static void remote(struct MHD_Connection *mhd, char *out, size_t size)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info ? info->client_addr : NULL;
    const void *bytes = NULL;
    if (a && a->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)a)->sin_addr;
    else if (a && a->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
    if (!bytes || !inet_ntop(a->sa_family, bytes, out, (socklen_t)size))
        snprintf(out, size, "?");
}

void log_access(const request *r, struct MHD_Connection *mhd)
{
    text t = {0};
    char address[64];
    remote(mhd, address, sizeof address);
    begin_line(&t);
    put_text(&t, "remote", address);
    put_text(&t, "method", r->method);
    put_text(&t, "target", r->target);
    put_text(&t, "route", r->route ? r->route->path : "other");
    put_int(&t, "status", r->status);
    put_double(&t, "ms", (double)((now_ns() - r->begun_ns) / 1000) / 1000);
    if (r->has_info) {
        put_text(&t, "tier", mc_tier_name(r->info.tier));
        put_text(&t, "cache", cache_name(r->info.cache));
    }
    if (r->refused.status)
        put_text(&t, "why", r->refused.detail);
    end_line(&t);
}

void log_library(int level, const char *line, void *user)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    text t = {0};
    (void)user;
    begin_line(&t);
    put_text(&t, "level", level >= 0 && level < 4 ? names[level] : "debug");
    put_text(&t, "message", line);
    end_line(&t);
}
