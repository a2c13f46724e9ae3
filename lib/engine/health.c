/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the question whether Redis can be used, beyond answering at all. Refuses: silence: a server that refuses what the cache
 * needs is told by flag, counter, gauge and one log line each time that it begins and ends.
 */
#include "engine/health.h"

#include "engine/identity.h"

#include <string.h>

typedef struct refusal {
    const char *text; /* what the error begins with */
    int lasting;
} refusal;

static const refusal refusals[] = {
    {"READONLY", 1},
    {"NOPERM", 1},
    {"NOAUTH", 1},
    {"CROSSSLOT", 1},
    {"MOVED", 1},
    {"ERR unknown", 1},
    {"OOM", 0},
    {"MISCONF", 0},
    {"BUSY", 0},
    {"LOADING", 0},
    {"MASTERDOWN", 0},
    {"NOREPLICAS", 0},
    {"ASK", 1},
    {"TRYAGAIN", 0},
    {"CLUSTERDOWN", 1},
    {"UNBLOCKED", 0},
    {"ERR max", 0},
    {"DENIED", 1},
    {"ERR This instance has cluster", 1},
};

/* Errors of a command inside a script stand behind the script's own words on servers before 7. */
static const refusal *refusal_of(const mci_reply *r)
{
    if (r == NULL || r->type != MCI_REPLY_ERROR)
        return NULL;
    const char *inner = strstr(r->u.str, ": -");
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        size_t n = strlen(refusals[i].text);
        if (strncmp(r->u.str, refusals[i].text, n) == 0 || (inner != NULL && strncmp(inner + 3, refusals[i].text, n) == 0))
            return &refusals[i];
    }
    return NULL;
}

static void tell(mci_engine *e, int refused, const char *why)
{
    mci_set(e->metrics, MCI_C_REDIS_REFUSING, refused);
    if (atomic_exchange_explicit(&e->refusing, refused, memory_order_relaxed) == refused)
        return;
    if (refused)
        mci_log_write(e->log, MC_LOG_WARN, "Redis answers but cannot be used: %.200s", why);
    else
        mci_log_write(e->log, MC_LOG_INFO, "Redis can be used again");
}

void mci_health_look(mci_call *c, const mci_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const mci_reply *r = mci_batch_reply(b, i);
        if (r == NULL || r->type != MCI_REPLY_ERROR || refusal_of(r) == NULL)
            continue;
        mci_health_refused(c, r->u.str);
        return;
    }
}

void mci_health_of_put(mci_call *c, const mci_reply *r)
{
    int64_t n = 0;
    if (mci_reply_int(mci_reply_item(r, 2), &n) == 0 && n == 1) {
        c->info->flags |= MC_FLAG_REFUSED;
        mci_count(c->e->metrics, MCI_C_REDIS_REFUSALS);
        tell(c->e, 1, "it is full (maxmemory), and takes no values");
    } else if (atomic_load_explicit(&c->e->refusing, memory_order_relaxed) && mci_reply_int(mci_reply_item(r, 0), &n) == 0 &&
               n == 1) {
        tell(c->e, 0, "");
    }
}

void mci_health_refused(mci_call *c, const char *why)
{
    c->info->flags |= MC_FLAG_REDIS_DOWN | MC_FLAG_REFUSED;
    mci_count(c->e->metrics, MCI_C_REDIS_REFUSALS);
    tell(c->e, 1, why);
}

mc_status mci_health_ask(mci_engine *e, mci_deadline dl, int adopt, int *lasting, mc_error *err)
{
    mci_batch b;
    int forever = 0;
    mc_error own = {0};
    mc_status st = mci_redis_ping(e->redis, dl, &own);
    mci_batch_init(&b);
    if (st == MC_OK) {
        int64_t epoch = 0;
        mci_identity_cmd(e, &b, adopt);
        st = mci_redis_exec(e->redis, &b, dl, &own);
        const mci_reply *r = mci_batch_reply(&b, 0);
        const refusal *why = st == MC_OK ? refusal_of(r) : NULL;
        if (st == MC_OK)
            st = mci_identity_reply(e, r, &epoch, &own);
        forever = (why != NULL && why->lasting) || st == MC_E_DATABASE;
        if (why != NULL || st == MC_E_DATABASE)
            mci_count(e->metrics, MCI_C_REDIS_REFUSALS);
        if (why != NULL || st == MC_E_DATABASE || st == MC_OK)
            tell(e, st != MC_OK, own.text);
    } else {
        forever = st == MC_E_AUTH || st == MC_E_CLUSTER || st == MC_E_URI;
    }
    mci_batch_free(&b);
    if (lasting != NULL)
        *lasting = forever;
    if (st != MC_OK && err != NULL)
        *err = own;
    return st;
}
