/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: opening and closing a cache in this process, who shares it, and running a list of operations under its lock. Refuses: I/O, waiting,
 * and running in a forked child.
 */
#include "cache/memory/memory_cache.h"

#include "cache/memory/sets.h"
#include "cache/memory/step.h"
#include "cache/memory/strings.h"
#include "cache/memory/value.h"

#include <stdlib.h>
#include <string.h>

static struct {
    mci_mutex lock;
    mci_memory *first;
} shared_memory = {.lock = {PTHREAD_MUTEX_INITIALIZER}};

/* ---- what is shared ----------------------------------------------------------------------------------------------- */

static int64_t fresh_epoch(mci_random *rnd)
{
    return (int64_t)mci_random_below(rnd, UINT64_C(1) << 53) + 1;
}

static void free_memory(mci_memory *m)
{
    mci_held_free_all(m);
    for (size_t i = 0; i < m->nsets; i++) {
        mci_slot_free(&m->sets[i]);
        free(m->names[i]);
    }
    for (size_t i = 0; i < m->nfamilies; i++)
        free(m->families[i]);
    free(m->identity);
    mci_mutex_destroy(&m->lock);
    free(m);
}

static mci_memory *new_memory(const mci_memory_cache_options *opt, mci_random *rnd)
{
    mci_memory *m = calloc(1, sizeof *m);
    if (m == NULL || mci_mutex_init(&m->lock) != 0) {
        free(m);
        return NULL;
    }
    strncpy(m->name, opt->name, sizeof m->name - 1);
    strncpy(m->prefix, opt->prefix, sizeof m->prefix - 1);
    m->process = mci_process_id();
    m->began_ms = mci_wall_ms();
    m->began_ns = mci_now_ns();
    m->max_bytes = opt->max_bytes;
    m->seed = mci_random_u64(rnd);
    m->epoch = fresh_epoch(rnd);
    mci_map_init(&m->held, m->seed);
    return m;
}

/* The one of that name, or a new one. */
static mci_memory *join(const mci_memory_cache_options *opt, mci_random *rnd)
{
    mci_memory *m = NULL;
    mci_mutex_lock(&shared_memory.lock);
    for (m = opt->name[0] != '\0' ? shared_memory.first : NULL; m != NULL; m = m->next)
        if (strcmp(m->name, opt->name) == 0 && strcmp(m->prefix, opt->prefix) == 0 && m->process == mci_process_id())
            break;
    if (m == NULL) {
        m = new_memory(opt, rnd);
        if (m != NULL && opt->name[0] != '\0') {
            m->next = shared_memory.first;
            shared_memory.first = m;
        }
    }
    if (m != NULL)
        m->caches++;
    mci_mutex_unlock(&shared_memory.lock);
    return m;
}

static void leave(mci_memory *m)
{
    mci_mutex_lock(&shared_memory.lock);
    int last = --m->caches == 0;
    for (mci_memory **at = &shared_memory.first; last && *at != NULL; at = &(*at)->next)
        if (*at == m) {
            *at = m->next;
            break;
        }
    mci_mutex_unlock(&shared_memory.lock);
    if (last)
        free_memory(m);
}

#ifdef MCI_TEST_HOOKS
void mci_memory_flush(const char *name)
{
    mci_mutex_lock(&shared_memory.lock);
    for (mci_memory *m = shared_memory.first; m != NULL; m = m->next) {
        if (strcmp(m->name, name) != 0)
            continue;
        mci_mutex_lock(&m->lock);
        mci_held_free_all(m);
        for (size_t i = 0; i < m->nsets; i++) {
            mci_slot empty;
            if (mci_slot_init(&empty, m->sets[i].kind, m->seed) != 0)
                continue;
            mci_slot_free(&m->sets[i]);
            m->sets[i] = empty;
        }
        free(m->identity);
        m->identity = NULL;
        m->epoch = m->epoch % 1000000 + 1;
        mci_mutex_unlock(&m->lock);
    }
    mci_mutex_unlock(&shared_memory.lock);
}
#endif

/* ---- operations --------------------------------------------------------------------------------------------------- */

static void epoch_read(const mci_memory_run *run)
{
    (void)run; /* it is in every answer */
}

static void epoch_raise(const mci_memory_run *run)
{
    run->m->epoch = fresh_epoch(run->mc->rnd);
}

static void identity(const mci_memory_run *run)
{
    mci_op_identity *i = &run->op->u.identity;
    const char *have = run->m->identity;
    i->ours = 1;
    if (i->identity[0] == '\0' || (have != NULL && strcmp(have, i->identity) == 0))
        return;
    /* What a store in memory held is of no use to anybody else. */
    if (have != NULL && !i->adopt && strncmp(have, "memory:", 7) != 0) {
        i->ours = 0;
        i->whose = (mci_slice){mci_arena_text(&run->ops->arena, have, strlen(have)), strlen(have)};
        return;
    }
    char *mine = strdup(i->identity);
    if (mine == NULL) {
        mci_memory_refuse(run);
        return;
    }
    free(run->m->identity);
    run->m->identity = mine;
    run->m->epoch = fresh_epoch(run->mc->rnd);
}

static void (*const kinds[MCI_OP_KINDS])(const mci_memory_run *run) = {
    [MCI_OP_EPOCH_READ] = epoch_read,
    [MCI_OP_EPOCH_RAISE] = epoch_raise,
    [MCI_OP_IDENTITY] = identity,
    [MCI_OP_VALUE_READ] = mci_memory_value_read,
    [MCI_OP_VALUE_ACQUIRE] = mci_memory_value_acquire,
    [MCI_OP_VALUE_COMMIT] = mci_memory_value_commit,
    [MCI_OP_VALUE_ANNOUNCE] = mci_memory_value_announce,
    [MCI_OP_VALUE_DROP] = mci_memory_value_drop,
    [MCI_OP_STRING_READ] = mci_memory_string_read,
    [MCI_OP_STRING_ACQUIRE] = mci_memory_string_acquire,
    [MCI_OP_STRING_SET] = mci_memory_string_set,
    [MCI_OP_STRING_REMOVE] = mci_memory_string_remove,
    [MCI_OP_SET_READ] = mci_memory_set_read,
    [MCI_OP_SET_ANNOUNCE] = mci_memory_set_write,
    [MCI_OP_SET_SETTLE] = mci_memory_set_write,
    [MCI_OP_SET_TELL] = mci_memory_set_write,
    [MCI_OP_SET_LEASE] = mci_memory_set_write,
    [MCI_OP_SET_REPAIR] = mci_memory_set_write,
    [MCI_OP_SET_RAISE] = mci_memory_set_write,
    [MCI_OP_SET_FORGET] = mci_memory_set_write,
    [MCI_OP_BUILD_BEGIN] = mci_memory_set_write,
    [MCI_OP_BUILD_PAGE] = mci_memory_set_write,
    [MCI_OP_BUILD_SWAP] = mci_memory_set_write,
    [MCI_OP_BUILD_LEAVE] = mci_memory_set_write,
    [MCI_OP_COUNTER_ADD] = mci_memory_counter,
    [MCI_OP_COUNTER_PAGE] = mci_memory_counter,
    [MCI_OP_COUNTER_CLEAR] = mci_memory_counter,
};

/* Strings and counters know no epoch: who joins a load of one compares none. */
static int tells_epoch(mci_op_kind kind)
{
    switch (kind) {
    case MCI_OP_STRING_READ:
    case MCI_OP_STRING_ACQUIRE:
    case MCI_OP_STRING_SET:
    case MCI_OP_STRING_REMOVE:
    case MCI_OP_COUNTER_ADD:
    case MCI_OP_COUNTER_PAGE:
    case MCI_OP_COUNTER_CLEAR:
        return 0;
    default:
        return 1;
    }
}

static int64_t now_ms(const mci_cache *c)
{
    const mci_memory_cache *mc = (const mci_memory_cache *)c;
    return mc->clock_ms(mc->clock_user);
}

static mc_status run(mci_cache *c, mci_ops *ops, mci_deadline dl, mc_error *err)
{
    mci_memory_cache *mc = (mci_memory_cache *)c;
    mci_memory *m = mc->shared;
    (void)dl; /* nothing here waits */
    if (ops->failed)
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for the operations");
    if (m->process != mci_process_id())
        return mci_fail(err, MC_E_CLOSED, MC_TIER_NONE, "the cache in memory belongs to the process that opened it");
    mci_memory_run r = {.mc = mc, .m = m, .ops = ops};
    int asked = 0;
    mci_mutex_lock(&m->lock);
    r.now_ms = now_ms(c);
    for (size_t i = 0; i < ops->n; i++) {
        r.op = &ops->op[i];
        r.op->status = MC_OK;
        r.op->why = NULL;
        asked |= tells_epoch(r.op->kind);
        kinds[r.op->kind](&r);
        r.op->epoch = m->epoch; /* under one lock: the same for all */
    }
    mci_held_sweep(m, r.now_ms);
    ops->epoch = asked ? m->epoch : 0;
    mci_mutex_unlock(&m->lock);
    ops->epoch_status = asked ? MC_OK : MC_E_INTERNAL;
    ops->sent = 1;
    return MC_OK;
}

static mc_status ping(mci_cache *c, mci_deadline dl, mc_error *err)
{
    (void)c;
    (void)dl;
    (void)err;
    return MC_OK;
}

static int is_up(mci_cache *c)
{
    (void)c;
    return 1;
}

/* ---- names -------------------------------------------------------------------------------------------------------- */

/* Number of a name in a table, added when it is not there; -1: there is no room. `is_new` tells which. */
static int number_of(char **table, size_t *n, size_t most, const char *first, const char *second, int *is_new)
{
    char name[256];
    mci_buf b = {.data = name, .cap = sizeof name, .max = sizeof name - 1};
    mci_buf_str(&b, first);
    mci_buf_char(&b, '\n');
    mci_buf_str(&b, second);
    if (b.failed)
        return -1;
    name[b.len] = '\0';
    *is_new = 0;
    for (size_t i = 0; i < *n; i++)
        if (strcmp(table[i], name) == 0)
            return (int)i;
    if (*n == most || (table[*n] = strdup(name)) == NULL)
        return -1;
    *is_new = 1;
    return (int)(*n)++;
}

static int add_family(mci_cache *c, mci_family *f)
{
    mci_memory *m = ((mci_memory_cache *)c)->shared;
    int is_new = 0;
    mci_mutex_lock(&m->lock);
    int n =
        number_of(m->families, &m->nfamilies, MCI_MAX_FAMILIES, f->spec->name, f->unique != NULL ? f->unique : "", &is_new);
    mci_mutex_unlock(&m->lock);
    if (n >= 0)
        f->number = (size_t)n;
    return n < 0 ? -1 : 0;
}

static int add_set(mci_cache *c, mci_set *s)
{
    mci_memory *m = ((mci_memory_cache *)c)->shared;
    const char *const kind_names[] = {[MCI_SET_RANK] = "rank", [MCI_SET_GEO] = "geo", [MCI_SET_COUNTER] = "counter"};
    char name[128];
    mci_buf b = {.data = name, .cap = sizeof name, .max = sizeof name - 1};
    mci_buf_str(&b, kind_names[s->kind]);
    mci_buf_char(&b, ' ');
    mci_buf_str(&b, s->name);
    if (b.failed)
        return -1;
    name[b.len] = '\0';
    int is_new = 0;
    mci_mutex_lock(&m->lock);
    int n = number_of(m->names, &m->nsets, MCI_MAX_SETS, s->spec->name, name, &is_new);
    if (is_new && mci_slot_init(&m->sets[n], s->kind, m->seed) != 0) {
        free(m->names[--m->nsets]);
        n = -1;
    }
    mci_mutex_unlock(&m->lock);
    if (n >= 0)
        s->number = (size_t)n;
    return n < 0 ? -1 : 0;
}

/* ---- open and close ----------------------------------------------------------------------------------------------- */

/* The wall clock as it was when the memory was made, going on evenly. */
static int64_t machine_ms(void *user)
{
    const mci_memory *m = user;
    return m->began_ms + (mci_now_ns() - m->began_ns) / 1000000;
}

static void close_cache(mci_cache *c)
{
    mci_memory_cache *mc = (mci_memory_cache *)c;
    if (mc->shared->process == mci_process_id()) /* in a forked child another thread's lock may be held for ever */
        leave(mc->shared);
    free(mc);
}

static const mci_cache_ops memory_cache_ops = {run, ping, now_ms, is_up, add_family, add_set, close_cache, NULL, NULL};

mc_status mci_memory_cache_open(const mci_memory_cache_options *opt, mci_random *rnd, mci_cache **out, mc_error *err)
{
    *out = NULL;
    if (strlen(opt->name) > MCI_MEMORY_NAME_MAX || strlen(opt->prefix) >= sizeof((mci_memory *)0)->prefix)
        return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "memory:%s: the name has more than %d bytes", opt->name,
                        MCI_MEMORY_NAME_MAX);
    mci_memory_cache *mc = calloc(1, sizeof *mc);
    if (mc != NULL)
        mc->shared = join(opt, rnd);
    if (mc == NULL || mc->shared == NULL) {
        free(mc);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a cache");
    }
    mc->head.ops = &memory_cache_ops;
    mc->rnd = rnd;
    mc->value_max_bytes = opt->value_max_bytes;
    mc->quarantine_ms = opt->quarantine_ms;
    mc->soft_ms = opt->quarantine_ms < MCI_SOFT_MS ? opt->quarantine_ms : MCI_SOFT_MS;
    mc->clock_ms = opt->clock_ms != NULL ? opt->clock_ms : machine_ms;
    mc->clock_user = opt->clock_ms != NULL ? opt->clock_user : mc->shared;
    *out = &mc->head;
    return MC_OK;
}
