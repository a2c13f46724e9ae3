/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every public function that talks to Redis, called once with arguments that are right. For tables "each function x each fault". Each call checks
 * what holds whatever Redis says: never more rows than asked for, every handle what it claims to be, nothing handed out with an error.
 */
#ifndef SUPPORT_CALLS_H
#define SUPPORT_CALLS_H

#include <mflixcache/mflixcache.h>

typedef struct call_kind {
    const char *name;
    mc_status (*run)(mc_client *mc, mc_info *info, mc_error *err);
    int reads;       /* 1: the store answers when Redis cannot */
    int batch;       /* 1: has an info per item, and none of its own */
    int needs_redis; /* 1: only Redis can do it */
} call_kind;

extern const call_kind calls[];
extern const size_t ncalls;

/* Is it a status of the list in error.h? */
int call_status_known(mc_status st);

#endif
