/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: reading INFO, and what is to be said about it. Refuses: taking what is not there for a zero. */
#include "cache/redis/info.h"

#include "base/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OLDEST_MAJOR 6
#define OLDEST_MINOR 2

/* The value of a line "name:value" in `out`; "" when there is none. */
static const char *value_of(const char *text, const char *name, char out[96])
{
    size_t n = strlen(name);
    out[0] = '\0';
    for (const char *p = text; p != NULL && *p != '\0'; p = strchr(p, '\n'), p += p != NULL) {
        if (strncmp(p, name, n) != 0 || p[n] != ':')
            continue;
        size_t len = strcspn(p + n + 1, "\r\n");
        (void)snprintf(out, 96, "%.*s", (int)(len < 95 ? len : 95), p + n + 1);
        break;
    }
    return out;
}

/* -1: it does not say. */
static long long number_of(const char *text, const char *name)
{
    char value[96];
    value_of(text, name, value);
    return value[0] >= '0' && value[0] <= '9' ? strtoll(value, NULL, 10) : -1;
}

static void judge_version(const char *text, mc_findings *out)
{
    char version[96];
    char server[96];
    char valkey[96];
    value_of(text, "redis_version", version);
    value_of(text, "server_name", server);
    value_of(text, "valkey_version", valkey);
    char *end;
    long major = strtol(version, &end, 10);
    long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    if (version[0] == '\0')
        mci_found_it(out, MC_SEVERITY_NOTE, "redis.version", "Redis 6.2 or later is needed",
                     "the server does not say its version");
    else if (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR))
        mci_found_it(out, MC_SEVERITY_ERROR, "redis.version",
                     "use Redis 6.2 or later, or Valkey: commands that are used came with it", "Redis %s is older than 6.2",
                     version);
    else if (valkey[0] != '\0')
        mci_found_it(out, MC_SEVERITY_FINE, "redis.version", "", "Valkey %s", valkey);
    else
        mci_found_it(out, MC_SEVERITY_FINE, "redis.version", "", "%s %s", server[0] != '\0' ? server : "Redis", version);
}

static void judge_memory(const char *text, mc_findings *out)
{
    char policy[96];
    long long max = number_of(text, "maxmemory");
    long long used = number_of(text, "used_memory");
    value_of(text, "maxmemory_policy", policy);
    if (policy[0] == '\0')
        return;
    if (strncmp(policy, "allkeys-", 8) == 0)
        mci_found_it(
            out, max == 0 ? MC_SEVERITY_NOTE : MC_SEVERITY_WARNING, "redis.eviction",
            "set maxmemory-policy volatile-lru: what must stay has no time to live",
            "maxmemory-policy %s may evict the epoch (then values that were invalidated are good again) and view counts",
            policy);
    else if (max == 0)
        mci_found_it(out, MC_SEVERITY_NOTE, "redis.memory",
                     "set maxmemory (a quarter to half of the machine) with maxmemory-policy volatile-lru",
                     "maxmemory is not set: Redis may take all the memory there is");
    else if (strcmp(policy, "noeviction") == 0)
        mci_found_it(out, max > 0 && used > max / 10 * 9 ? MC_SEVERITY_WARNING : MC_SEVERITY_NOTE, "redis.eviction",
                     "set maxmemory-policy volatile-lru",
                     "maxmemory-policy noeviction: when %lld MiB are full (now %lld), writes are refused", max >> 20,
                     used >> 20);
    else
        mci_found_it(out, MC_SEVERITY_FINE, "redis.memory", "", "maxmemory %lld MiB (now %lld), %s", max >> 20, used >> 20,
                     policy);
}

static void judge_persistence(const char *text, mc_findings *out)
{
    char status[96];
    long long aof = number_of(text, "aof_enabled");
    long long loaded = number_of(text, "rdb_last_load_keys_loaded"); /* Redis 7 */
    if (strcmp(value_of(text, "rdb_last_bgsave_status", status), "err") == 0)
        mci_found_it(out, MC_SEVERITY_WARNING, "redis.disk",
                     "look at Redis' log and disk; a cache needs no dumps: save \"\"",
                     "the last dump to disk failed: Redis may refuse writes (MISCONF)");
    if (aof == 1 || loaded > 0)
        mci_found_it(
            out, MC_SEVERITY_WARNING, "redis.persistence",
            "save \"\" and appendonly no; after a start from a dump: mflix invalidate --all (docs/guide/deployment.md)",
            "%s: a restart may bring back old values", aof == 1 ? "appendonly is on" : "the server was started from a dump");
}

static void judge_role(const char *text, mc_findings *out)
{
    char role[96];
    char host[96];
    long long replicas = number_of(text, "connected_slaves");
    if (strcmp(value_of(text, "role", role), "slave") == 0)
        mci_found_it(out, MC_SEVERITY_ERROR, "redis.role",
                     "name the primary in cache.uri, or the sentinels or cluster that know it", "it is a replica of %s:%lld",
                     value_of(text, "master_host", host), number_of(text, "master_port"));
    else if (replicas > 0)
        mci_found_it(out, MC_SEVERITY_NOTE, "redis.role",
                     "docs/guide/deployment.md: what a failover to one that lags brings back",
                     "a primary with %lld replicas", replicas);
    if (number_of(text, "cluster_enabled") == 1)
        mci_found_it(out, MC_SEVERITY_NOTE, "redis.mode", "", "a node of a cluster");
}

void mci_redis_judge_info(const char *text, size_t len, mc_findings *out)
{
    char *copy = malloc(len + 1);
    if (copy == NULL) {
        mci_found_it(out, MC_SEVERITY_NOTE, "redis.info", "", "no memory to read what the server says of itself");
        return;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    judge_version(copy, out);
    judge_role(copy, out);
    judge_memory(copy, out);
    judge_persistence(copy, out);
    free(copy);
}

void mci_redis_look_at_info(mci_redis *r, int64_t step_ms, mc_findings *out)
{
    mci_batch b;
    mc_error err = {0};
    mci_batch_init(&b);
    mci_cmd(&b, "INFO");
    mc_status st = mci_redis_exec(r, &b, mci_deadline_in(step_ms), &err);
    const mci_reply *reply = st == MC_OK ? mci_batch_reply(&b, 0) : NULL;
    if (reply != NULL && reply->type == MCI_REPLY_STRING)
        mci_redis_judge_info(reply->u.str, reply->len, out);
    else
        mci_found_it(out, MC_SEVERITY_NOTE, "redis.info",
                     "allow INFO: it tells version, role, memory policy and persistence, which were not looked at",
                     "the server does not tell about itself (%s)",
                     reply != NULL && reply->type == MCI_REPLY_ERROR ? reply->u.str : err.text);
    mci_batch_free(&b);
}
