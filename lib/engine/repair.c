/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: putting right the places on boards and geo sets that an unfinished write or an invalidation left in doubt, and removing what no
 * board can hold. Refuses: calling a board right while a place on it is in doubt.
 */
#include "engine/engine.h"

#include "base/syncpoint.h"

#include <string.h>

#define REPAIR_MAX 16

void mci_derived_forget(mci_call *c, const char *key, const char *member, size_t len)
{
    mci_batch b;
    mci_batch_init(&b);
    mci_cmd(&b, "ZREM", 3);
    mci_arg_str(&b, key);
    mci_arg(&b, member, len);
    (void)mci_call_exec(c, &b);
    mci_batch_free(&b);
}

void mci_repair_cmd(mci_call *c, mci_batch *b, const mci_coll *coll)
{
    mci_cmd(b, "ZRANGEBYSCORE", 7);
    mci_arg_str(b, coll->dirty);
    mci_arg_str(b, "-inf");
    mci_arg_int(b, mci_engine_now_ms(c->e));
    mci_arg_str(b, "LIMIT");
    mci_arg_int(b, 0);
    mci_arg_int(b, REPAIR_MAX + 1); /* one more, to see whether there are */
}

/* Read one batch of them. Returns how many were settled. */
static size_t repair_some(mci_call *c, mci_coll *coll, mci_item *items, size_t n)
{
    size_t settled = 0;
    mc_error *err = c->err;
    c->err = NULL;
    (void)mci_read_many(c, coll, items, n, MCI_WANT_FIELDS);
    for (size_t i = 0; i < n; i++) {
        if (items[i].info.cache ==
            MC_CACHE_HIT) /* a value stands beside a doubt: drop it, so that the next look settles both */
            (void)mci_invalidate_id(c, coll, items[i].id);
        settled += items[i].info.cache == MC_CACHE_HIT || items[i].info.flags & (MC_FLAG_FILLED | MC_FLAG_SHARED);
        mci_doc_unref(items[i].doc);
    }
    c->err = err;
    mci_add(c->e->metrics, MCI_C_BOARD_REPAIRS, (int64_t)n);
    return settled;
}

/* Many wait (a flood of invalidations): lists spend at most a tenth of their time on them, and the store answers meanwhile. */
static int may_repair_flood(mci_coll *coll, int64_t now_ns)
{
    return now_ns >= atomic_load(&coll->next_repair_ns);
}

/* Something else stands in the place of the ids in doubt: nobody knows which those were, so the sets that hang on them go with it. */
static void heal(mci_call *c, const mci_coll *coll)
{
    const char *const keys[] = {coll->board.name, coll->geo.name, coll->dirty};
    mci_batch b;
    mci_batch_init(&b);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i][0] == '\0')
            continue;
        mci_cmd(&b, "DEL", 2);
        mci_arg_str(&b, keys[i]);
    }
    mci_count(c->e->metrics, MCI_C_POISONED);
    (void)mci_call_exec(c, &b);
    mci_batch_free(&b);
}

mci_repair_state mci_repair(mci_call *c, mci_coll *coll, const mci_reply *overdue)
{
    mci_item items[REPAIR_MAX] = {0};
    char checked[REPAIR_MAX][MCI_ID_CAP];
    size_t n = 0;
    size_t removed = 0;
    int64_t began = mci_now_ns();
    if (overdue != NULL && overdue->type == MCI_REPLY_ERROR && strncmp(overdue->u.str, "WRONGTYPE", 9) == 0)
        heal(c, coll);
    if (overdue == NULL || overdue->type != MCI_REPLY_ARRAY)
        return overdue != NULL && overdue->type == MCI_REPLY_NIL ? MCI_REPAIR_CLEAN : MCI_REPAIR_LEFT;
    if (overdue->len == 0 || !MCI_CURE(MCI_CURE_REPAIR))
        return MCI_REPAIR_CLEAN;
    int flood = overdue->len > REPAIR_MAX;
    if (flood && !may_repair_flood(coll, began))
        return MCI_REPAIR_LEFT;
    for (size_t i = 0; i < REPAIR_MAX; i++) {
        const mci_reply *id = mci_reply_item(overdue, i);
        if (id == NULL || id->type != MCI_REPLY_STRING)
            continue;
        if (mci_id_check(coll->spec->id_kind, id->u.str, id->len, checked[n], "id", NULL) == MC_OK &&
            strcmp(checked[n], id->u.str) == 0) {
            items[n].id = checked[n];
            n++;
        } else { /* nobody could ever settle it, and it would stand in the way of others */
            mci_derived_forget(c, coll->dirty, id->u.str, id->len);
            removed++;
        }
    }
    size_t settled = n > 0 ? repair_some(c, coll, items, n) : 0;
    if (flood)
        atomic_store(&coll->next_repair_ns, mci_now_ns() + 10 * (mci_now_ns() - began));
    return !flood && settled + removed > 0 && settled == n ? MCI_REPAIR_DONE : MCI_REPAIR_LEFT;
}
