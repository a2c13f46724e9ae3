// SPDX-License-Identifier: Apache-2.0
/*
 * Owns: what a program writes by hand on hiredis, in keys of its own (data.c lays them out): a string of JSON for each film, the fields
 * of a film as a shorter string, a plain hash, a sorted set, a geo set.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

char *hand_get(redisContext *rc, const char *kind, const char *id)
{
    redisReply *r = redisCommand(rc, "GET %s:%s", kind, id);
    if (r == NULL || r->type != REDIS_REPLY_STRING)
        die("GET", kind);
    char *copy = malloc(r->len + 1);
    check(copy != NULL, "memory");
    memcpy(copy, r->str, r->len + 1);
    freeReplyObject(r);
    return copy;
}

void hand_hash(redisReply *r)
{
    char *copy[64];
    size_t n = 0;
    if (r == NULL || r->type != REDIS_REPLY_ARRAY || r->elements == 0)
        die("HGETALL", "no such hash");
    for (size_t i = 1; i < r->elements && n < 64; i += 2)
        copy[n++] = strdup(r->element[i]->str);
    while (n > 0)
        free(copy[--n]);
}

void hand_list(redisContext *rc, const redisReply *list, size_t step, const char *command)
{
    if (list == NULL || list->type != REDIS_REPLY_ARRAY || list->elements == 0)
        die("a list by hand", "empty");
    for (size_t i = 0; i < list->elements; i += step) {
        const redisReply *id = list->element[i]->type == REDIS_REPLY_ARRAY ? list->element[i]->element[0] : list->element[i];
        redisAppendCommand(rc, command, id->str);
    }
    for (size_t i = 0; i < list->elements; i += step) {
        redisReply *r = NULL;
        if (redisGetReply(rc, (void **)&r) != REDIS_OK || r == NULL)
            die("a pipeline by hand", rc->errstr);
        if (r->type == REDIS_REPLY_STRING)
            free(strdup(r->str));
        else
            hand_hash(r);
        freeReplyObject(r);
    }
}

void expect_hit(mc_status st, const mc_info *info, const char *what)
{
    if (st != MC_OK || info->cache != MC_CACHE_HIT)
        die(what, st != MC_OK ? mc_status_name(st) : "no hit");
}
