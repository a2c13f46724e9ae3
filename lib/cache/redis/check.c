/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the look at a server: reach, each command, each script. What it says of itself is in info.c. Refuses: touching a key that a value could
 * have, and leaving one behind.
 */
#include "cache/redis/check.h"

#include "base/findings.h"
#include "base/wipe.h"
#include "cache/redis/info.h"
#include "redis/slot.h"
#include "scripts.h"

#include <stdio.h>
#include <string.h>

#define PINGS 5
#define SLOW_NS INT64_C(5000000)
#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define NONCE "1.0000000000000001"
#define SPAN "60000" /* ms: what could not be removed is gone then */

/* What a refusal is about: the words of Redis that say so. */
typedef enum refusal_kind { PERMISSION = 0, COMMAND, READ_ONLY, REPLICAS, DISK, FULL, CLUSTER, BUSY, KINDS } refusal_kind;

static const struct {
    refusal_kind kind;
    const char *words;
} words[] = {
    {PERMISSION, "NOPERM"},
    {PERMISSION, "can't run this command"}, /* inside a script, before Redis 7 */
    {PERMISSION, "can't access at least one of the keys"},
    {COMMAND, "unknown command"},
    {COMMAND, "Unknown Redis command"},
    {READ_ONLY, "READONLY"},
    {REPLICAS, "NOREPLICAS"},
    {DISK, "MISCONF"},
    {FULL, "OOM"},
    {CLUSTER, "MOVED"},
    {CLUSTER, "CROSSSLOT"},
    {CLUSTER, "CLUSTERDOWN"},
    {BUSY, "BUSY"},
    {BUSY, "LOADING"},
    {BUSY, "MASTERDOWN"},
};

static const struct {
    const char *code;
    const char *what;
    const char *advice;
} kinds[KINDS] = {
    [PERMISSION] =
        {"redis.permission", "the account may not run",
         "give it the commands and keys of ACL SETUSER in docs/guide/deployment.md (Rights), with your cache.prefix"},
    [COMMAND] = {"redis.command", "the server does not know",
                 "use Redis 6.2 or later, or Valkey; look for rename-command in its configuration"},
    [READ_ONLY] = {"redis.read_only", "the server is read-only (a replica) and refuses",
                   "name the primary in cache.uri, or the sentinels or cluster that know it"},
    [REPLICAS] = {"redis.replicas", "too few replicas are connected (min-replicas-to-write), so it refuses",
                  "bring the replicas back, or set min-replicas-to-write to 0: a cache needs none"},
    [DISK] = {"redis.disk", "its last dump to disk failed, so it refuses",
              "look at Redis' log and disk; for a cache: save \"\", or stop-writes-on-bgsave-error no"},
    [FULL] = {"redis.full", "it is full (maxmemory) and refuses", "raise maxmemory, or set maxmemory-policy volatile-lru"},
    [CLUSTER] = {"redis.cluster", "it is a node of a cluster that sends elsewhere",
                 "use redis+cluster:// in cache.uri, or a server that is no cluster"},
    [BUSY] = {"redis.busy", "it is busy or loading its data and refuses",
              "wait and ask again; if it stays so, look for a long script or a large dump"},
};

/* ---- trials ---- */

/* Which keys a command or script gets. */
typedef enum trial_keys { NO_KEY, STRING, HASH, ZSET, OF_VALUE, OF_LOAD, OF_STRING, OF_SET, OF_SET_READ } trial_keys;

typedef struct trial {
    const mci_script *script; /* NULL: a plain command */
    const char *name;
    trial_keys keys;
    const char *args[10]; /* "@": a token, "#": an id */
} trial;

/* Plain commands, those inside scripts among them: each by itself says more than a script that fails somewhere. */
static const trial commands[] = {
    {NULL, "SET", STRING, {"1", "PX", SPAN}},
    {NULL, "GET", STRING, {NULL}},
    {NULL, "MGET", STRING, {NULL}},
    {NULL, "SETRANGE", STRING, {"0", "1"}},
    {NULL, "STRLEN", STRING, {NULL}},
    {NULL, "EXISTS", STRING, {NULL}},
    {NULL, "TYPE", STRING, {NULL}},
    {NULL, "PTTL", STRING, {NULL}},
    {NULL, "TIME", NO_KEY, {NULL}},
    {NULL, "HSET", HASH, {"a", "1"}},
    {NULL, "PEXPIRE", HASH, {SPAN}},
    {NULL, "HGET", HASH, {"a"}},
    {NULL, "HMGET", HASH, {"a", "b"}},
    {NULL, "HSTRLEN", HASH, {"a"}},
    {NULL, "HEXISTS", HASH, {"a"}},
    {NULL, "HKEYS", HASH, {NULL}},
    {NULL, "HDEL", HASH, {"b"}},
    {NULL, "ZADD", ZSET, {"1", "#"}},
    {NULL, "PEXPIRE", ZSET, {SPAN}},
    {NULL, "ZINCRBY", ZSET, {"1", "#"}},
    {NULL, "ZSCORE", ZSET, {"#"}},
    {NULL, "ZMSCORE", ZSET, {"#"}},
    {NULL, "ZCARD", ZSET, {NULL}},
    {NULL, "ZCOUNT", ZSET, {"-inf", "+inf"}},
    {NULL, "ZRANGE", ZSET, {"0", "1"}},
    {NULL, "ZREVRANGE", ZSET, {"0", "1"}},
    {NULL, "ZREVRANK", ZSET, {"#"}},
    {NULL, "ZRANGEBYSCORE", ZSET, {"-inf", "+inf"}},
    {NULL, "ZREMRANGEBYSCORE", ZSET, {"5", "6"}},
    {NULL, "GEOADD", ZSET, {"1", "1", "#"}},
    {NULL, "GEOSEARCH", ZSET, {"FROMLONLAT", "1", "1", "BYRADIUS", "1", "m"}},
    {NULL, "ZREM", ZSET, {"@"}},
    {NULL, "MULTI", NO_KEY, {NULL}},
    {NULL, "EXEC", NO_KEY, {NULL}},
};

/* Scripts in an order in which each has something to do. */
static const trial scripts[] = {
    {&mci_script_value_miss, "value_miss", OF_VALUE, {"@", SPAN, "", "_p"}},
    {&mci_script_value_put, "value_put", OF_VALUE, {"F", "@", SPAN, "_p", "1"}},
    {&mci_script_value_lease, "value_lease", OF_LOAD, {SPAN, "@"}},
    {&mci_script_value_fill, "value_fill", OF_LOAD, {"@", SPAN, "_p", "1", ""}},
    {&mci_script_value_pre, "value_pre", OF_VALUE, {"@", "1000", "1"}},
    {&mci_script_value_end, "value_end", OF_VALUE, {"@"}},
    {&mci_script_value_drop, "value_drop", OF_VALUE, {"_p"}},
    {&mci_script_string_acquire, "string_acquire", OF_STRING, {"@", SPAN, "", ""}},
    {&mci_script_string_set, "string_set", OF_STRING, {"F", "@", SPAN, "1", "1"}},
    {&mci_script_derived_raise, "derived_raise", OF_SET, {NONCE, "1000", "", "E"}},
    {&mci_script_derived_announce, "derived_announce", OF_SET, {"#", "@", "1000", "1000", NONCE}},
    {&mci_script_derived_settle, "derived_settle", OF_SET, {"#", "@", NONCE, "1", "1000", "A", "Z", NONCE, ""}},
    {&mci_script_derived_tell, "derived_tell", OF_SET, {NONCE, "1000", "#"}},
    {&mci_script_derived_lease, "derived_lease", OF_SET, {"@", "1000", "#"}},
    {&mci_script_derived_repair, "derived_repair", OF_SET, {"@", NONCE, "1000", "Z", "#", "1"}},
    {&mci_script_derived_build, "derived_build", OF_SET, {"@", "1000", NONCE, "1000"}},
    {&mci_script_derived_page, "derived_page", OF_SET, {"@", NONCE, "1000", "", "Z", "1", "#"}},
    {&mci_script_derived_swap, "derived_swap", OF_SET, {"@", NONCE, SPAN}},
    {&mci_script_derived_leave, "derived_leave", OF_SET, {"@"}},
    {&mci_script_derived_read, "derived_read", OF_SET_READ, {"16", "page", "0", "1"}},
};

typedef struct look {
    mci_redis_cache *rc;
    mci_redis *redis; /* who is looked at */
    mc_findings *out;
    int64_t step_ms;
    char id[MCI_TOKEN_SIZE + 8]; /* no document has it */
    char string[MCI_TOKEN_SIZE + 80];
    char token[MCI_TOKEN_SIZE];
    char set[MCI_SET_KEYS][MCI_KEY_MAX];
} look;

/* What was refused for one kind of reason. */
typedef struct refused {
    size_t commands, scripts;
    char names[2][160]; /* of commands, of scripts */
    char said[160];     /* by Redis, of the first */
} refused;

/* The keys of a trial in its batch; plain commands have those of a derived set, which may be of any type. */
static void add_keys(const look *l, mci_batch *b, trial_keys keys)
{
    const mci_key_names *n = &l->rc->names;
    if (keys == STRING)
        mci_key_of_string(b, n, MCI_KEY_STRING, l->string);
    else if (keys == HASH || keys == ZSET)
        mci_key(b, l->set[keys == HASH ? MCI_KEY_ANNOUNCED : MCI_KEY_SET], NULL);
    for (int k = 0; k < (keys == OF_LOAD ? 3 : MCI_VALUE_KEYS) && (keys == OF_VALUE || keys == OF_LOAD); k++)
        mci_key(b, n->family[0][k], l->id);
    for (int k = 0; k < MCI_STRING_KEYS && keys == OF_STRING; k++)
        mci_key_of_string(b, n, (mci_string_key)k, l->string);
    for (int k = 0; k < (keys == OF_SET ? MCI_SET_KEYS : 2) && (keys == OF_SET || keys == OF_SET_READ); k++)
        mci_key(b, l->set[k], NULL);
}

static void add_trial(const look *l, mci_batch *b, const trial *t)
{
    if (t->script != NULL)
        mci_cmd_script(b, t->script);
    else
        mci_cmd(b, t->name);
    add_keys(l, b, t->keys);
    for (size_t i = 0; i < COUNT(t->args) && t->args[i] != NULL; i++) {
        const char *a = t->args[i];
        mci_arg_str(b, strcmp(a, "@") == 0 ? l->token : strcmp(a, "#") == 0 ? l->id : a);
    }
}

/* In an exchange of its own: scripts that the server did not know are sent once more behind everything else. */
static void remove_keys(const look *l)
{
    static const trial_keys all[] = {OF_VALUE, OF_STRING, OF_SET};
    mci_batch b;
    mci_batch_init(&b);
    for (size_t i = 0; i < COUNT(all); i++) {
        mci_cmd(&b, "DEL"); /* of one slot */
        add_keys(l, &b, all[i]);
    }
    (void)mci_redis_exec(l->redis, &b, mci_deadline_in(l->step_ms), NULL);
    mci_batch_free(&b);
}

static void note_refusal(refused r[KINDS], const trial *t, const mci_reply *reply)
{
    if (reply == NULL || reply->type != MCI_REPLY_ERROR)
        return; /* an answer; or an error about what the key holds, which says that the command was run */
    for (size_t i = 0; i < COUNT(words); i++) {
        if (strstr(reply->u.str, words[i].words) == NULL)
            continue;
        refused *x = &r[words[i].kind];
        char *names = x->names[t->script != NULL];
        size_t at = strlen(names);
        if (strstr(names, t->name) == NULL)
            (void)snprintf(names + at, sizeof x->names[0] - at, "%s%s", at > 0 ? ", " : "", t->name);
        if (x->commands + x->scripts == 0)
            (void)snprintf(x->said, sizeof x->said, "%s", reply->u.str);
        x->commands += t->script == NULL;
        x->scripts += t->script != NULL;
        return;
    }
}

static void tell_refusals(const look *l, const refused r[KINDS])
{
    size_t total = 0;
    for (size_t k = 0; k < KINDS; k++) {
        const refused *x = &r[k];
        total += x->commands + x->scripts;
        if (x->commands > 0)
            mci_found_it(l->out, MC_SEVERITY_ERROR, kinds[k].code, kinds[k].advice, "%s %s (%s)", kinds[k].what, x->names[0],
                         x->said);
        else if (x->scripts == COUNT(scripts) && (k == PERMISSION || k == COMMAND))
            mci_found_it(l->out, MC_SEVERITY_ERROR, "redis.scripts",
                         "allow EVAL and EVALSHA: each step of the protocol is a script; Valkey needs its Lua module",
                         "the server runs no scripts for this account (%s)", x->said);
        else if (x->scripts > 0)
            mci_found_it(l->out, MC_SEVERITY_ERROR, kinds[k].code, kinds[k].advice, "%s scripts %s (%s)", kinds[k].what,
                         x->names[1], x->said);
    }
    if (total == 0)
        mci_found_it(l->out, MC_SEVERITY_FINE, "redis.permission", "",
                     "all %zu commands and %zu scripts are allowed and run", COUNT(commands), COUNT(scripts));
}

/* 0, or -1 when there was no answer. */
static int try_all(look *l)
{
    refused r[KINDS] = {0};
    mci_batch b;
    mc_error err = {0};
    mci_batch_init(&b);
    for (size_t i = 0; i < COUNT(commands); i++)
        add_trial(l, &b, &commands[i]);
    for (size_t i = 0; i < COUNT(scripts); i++)
        add_trial(l, &b, &scripts[i]);
    size_t n = b.n;
    mc_status st = mci_redis_exec(l->redis, &b, mci_deadline_in(l->step_ms), &err);
    if (st != MC_OK)
        mci_found_it(l->out, MC_SEVERITY_ERROR, "redis.unreachable", "look at Redis' log; raise cache.timeout_ms",
                     "commands were not answered: %s", err.text);
    for (size_t i = 0; st == MC_OK && i < n; i++)
        note_refusal(r, i < COUNT(commands) ? &commands[i] : &scripts[i - COUNT(commands)], mci_batch_reply(&b, i));
    if (st == MC_OK)
        tell_refusals(l, r);
    mci_batch_free(&b);
    remove_keys(l);
    return st == MC_OK ? 0 : -1;
}

/* ---- reach ---- */

static void tell_unreachable(const look *l, mc_status st, const mc_error *err)
{
    const char *code = "redis.unreachable";
    const char *advice = "is it running, and is cache.uri its address? Until then the database answers everything";
    for (size_t i = 0; i < COUNT(words); i++) /* also PING is refused by some */
        if (words[i].kind != PERMISSION && words[i].kind != COMMAND && strstr(err->text, words[i].words) != NULL) {
            code = kinds[words[i].kind].code;
            advice = kinds[words[i].kind].advice;
            break;
        }
    if (st == MC_E_AUTH) {
        code = "redis.auth";
        advice = "look at the user and password in cache.uri, or cache.user and cache.password";
    } else if (st == MC_E_URI) {
        code = "redis.database";
        advice = "the number at the end of cache.uri must be below `databases` of the server; 0 is always there";
    } else if (st == MC_E_TLS) {
        code = "redis.tls";
        advice = "docs/guide/deployment.md (Encryption)";
    } else if (st == MC_E_CLUSTER) {
        code = kinds[CLUSTER].code;
        advice = kinds[CLUSTER].advice;
    } else if (st == MC_E_TIMEOUT) {
        code = "redis.timeout";
        advice = "is the address right, and a firewall open? A distant server needs a longer cache.connect_timeout_ms";
    }
    mci_found_it(l->out, MC_SEVERITY_ERROR, code, advice, "%s", err->text);
}

/* 0, or -1 when it does not answer. */
static int ping(const look *l)
{
    int64_t best = INT64_MAX;
    for (int i = 0; i < PINGS; i++) {
        mc_error err = {0};
        int64_t t0 = mci_now_ns();
        mc_status st = mci_redis_ping(l->redis, mci_deadline_in(l->step_ms), &err);
        int64_t took = mci_now_ns() - t0;
        best = took < best ? took : best;
        if (st != MC_OK) {
            tell_unreachable(l, st, &err);
            return -1;
        }
    }
    mci_found_it(l->out, best > SLOW_NS ? MC_SEVERITY_WARNING : MC_SEVERITY_FINE, "redis.reachable",
                 best > SLOW_NS ? "put it nearer: every hit takes at least one round trip" : "",
                 "answers in %.2f ms (the shortest of %d)", (double)best / 1e6, PINGS);
    return 0;
}

/* Keys that this server is asked about: all of the check lie in one slot. */
static void name_keys(look *l)
{
    for (int i = 0; i < 20 * MCI_NODES_MAX; i++) {
        mci_random_token(l->rc->rnd, l->token);
        (void)snprintf(l->id, sizeof l->id, "check:%s", l->token);
        if (mci_servers_of(l->rc->servers, mci_slot_of(l->id, strlen(l->id))) == l->redis)
            break;
    }
    if (l->rc->names.raw_strings)
        (void)snprintf(l->string, sizeof l->string, "%s{%s}", l->rc->names.prefix, l->id);
    else
        (void)snprintf(l->string, sizeof l->string, "%s", l->id);
    mci_keys_of_check(&l->rc->names, l->token, l->set);
}

/* 1: it answers. */
static int look_at(look *l)
{
    if (ping(l) != 0)
        return 0;
    if (l->rc->names.nfamilies == 0) /* nothing is kept in it */
        return 1;
    name_keys(l);
    if (try_all(l) != 0)
        return 0;
    mci_redis_look_at_info(l->redis, l->step_ms, l->out);
    return 1;
}

int mci_redis_check(mci_redis_cache *rc, int64_t step_ms, mc_findings *out)
{
    mci_redis *all[MCI_NODES_MAX];
    look l = {.rc = rc, .out = out, .step_ms = step_ms};
    mc_error err = {0};
    int answer = 1;
    mc_status st = mci_servers_ready(rc->servers, 0, mci_deadline_in(step_ms), &err);
    size_t n = st == MC_OK ? mci_servers_all(rc->servers, all) : 0;
    if (n == 0) {
        tell_unreachable(&l, st, &err);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        l.redis = all[i];
        if (n > 1) {
            char whom[300];
            mci_redis_addr addr;
            mci_redis_address(all[i], &addr);
            (void)snprintf(whom, sizeof whom, "%.200s:%d: ", addr.host, addr.port);
            mci_findings_about(out, whom);
            mci_wipe(&addr, sizeof addr);
        }
        answer &= look_at(&l);
    }
    mci_findings_about(out, "");
    return answer;
}
