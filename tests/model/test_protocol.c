/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks every schedule of the protocol's model (readers, writers, expiries, deaths, a Redis that forgets), counts those that end in
 * a stale read or a stale value, and replays random schedules with the real scripts on a real Redis, comparing every state.
 */
#include "protocol_model.h"
#include "wire.h"

#include "scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- all schedules ------------------------------------------------------------------------------------------------ */

/* Number of schedules from a state on, and of those that go wrong; states are visited once. */
typedef struct entry {
    model m;
    double all;
    double wrong;
    int used;
} entry;

#define TABLE (1u << 22)
static entry *table;
static size_t states;

static entry *slot_of(const model *m)
{
    const unsigned char *p = (const unsigned char *)m;
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < sizeof *m; i++)
        h = (h ^ p[i]) * 1099511628211u;
    for (size_t i = (size_t)(h ^ h >> 29) % TABLE;; i = (i + 1) % TABLE) {
        if (!table[i].used || memcmp(&table[i].m, m, sizeof *m) == 0)
            return &table[i];
    }
}

static void explore(const model *m, unsigned mutants, double *all, double *wrong)
{
    if (m->stale) { /* all ways on from here are wrong */
        *all = *wrong = 1;
        return;
    }
    entry *e = slot_of(m);
    if (e->used) {
        *all = e->all;
        *wrong = e->wrong;
        return;
    }
    event events[EVENTS_MAX];
    int n = model_events(m, mutants, events);
    double sum = 0;
    double bad = 0;
    int running = 0;
    for (int i = 0; i < n; i++)
        running |= events[i].kind == E_STEP || events[i].kind == E_LANDS || events[i].kind == E_OUTSIDE;
    if (!running && (m->at[0].quarantine | m->at[1].quarantine) == 0) {
        sum = 1;
        bad = !model_converged(m, mutants);
    }
    for (int i = 0; i < n && (running || (m->at[0].quarantine | m->at[1].quarantine) != 0); i++) {
        model next = *m;
        double a = 0;
        double w = 0;
        model_apply(&next, events[i], mutants);
        explore(&next, mutants, &a, &w);
        sum += a;
        bad += w;
    }
    e = slot_of(m); /* the table does not move, but the slot may have been taken meanwhile */
    e->m = *m;
    e->used = 1;
    e->all = sum;
    e->wrong = bad;
    if (++states > TABLE / 2)
        fail_msg("too many states");
    *all = sum;
    *wrong = bad;
}

static double share_from(const char *name, model m, unsigned mutants)
{
    double all = 0;
    double wrong = 0;
    memset(table, 0, sizeof *table * TABLE);
    states = 0;
    explore(&m, mutants, &all, &wrong);
    print_message(
        "%-34s %d readers, %d writers, %d expiries, %d deaths, %d floods, %d late: %.4g schedules, %zu states, %.2f %% "
        "wrong\n",
        name, READERS, m.writers, m.expiries, m.deaths, m.floods, m.lates, all, states, 100 * wrong / all);
    return wrong;
}

static double share_of_wrong(const char *name, int writers, int expiries, int deaths, int floods, unsigned mutants)
{
    model m;
    model_init(&m, writers, expiries, deaths, floods);
    return share_from(name, m, mutants);
}

/* Outcomes that are not known: the write lands at any time, or the announcement is given up before it does. */
static double share_with_late(const char *name, int writers, int expiries, int lates, int impatient)
{
    model m;
    model_init(&m, writers, expiries, 0, 0);
    m.lates = (int8_t)lates;
    m.impatient = (int8_t)impatient;
    return share_from(name, m, 0);
}

/* Somebody writes past the library, then clears all: by raising an epoch that no script of the value's slot touches. */
static double share_with_outside(const char *name, int writers, int expiries, int deaths, int floods, unsigned mutants)
{
    model m;
    model_init(&m, writers, expiries, deaths, floods);
    m.outside = 0;
    return share_from(name, m, mutants);
}

/* The second server takes over, with what it was told until some moment. `dead`: the first has gone; else it goes on for those who have not heard. */
static double share_with_takeover(const char *name, int writers, int switches, int dead, unsigned mutants)
{
    model m;
    model_init(&m, writers, 0, 0, 0);
    m.copies = 1;
    m.switches = (int8_t)switches;
    m.dead = (int8_t)dead;
    return share_from(name, m, mutants);
}

/* The readers are threads of one process: one that misses shares the load of another whose lease is asked for after its own read began. */
static double share_with_shared_loads(const char *name, int writers, int expiries, int deaths, int floods, unsigned mutants)
{
    model m;
    model_init(&m, writers, expiries, deaths, floods);
    m.shares = 1;
    return share_from(name, m, mutants);
}

/* Some writers store nothing at their end: an import's, or what was not carried out. */
static double share_with_nothing(const char *name, unsigned nothing, int writers, int expiries, int deaths, int floods,
                                 unsigned mutants)
{
    model m;
    model_init(&m, writers, expiries, deaths, floods);
    m.nothing = (uint8_t)nothing;
    return share_from(name, m, mutants);
}

/* And the outcome of one is not known. */
static double share_with_late_import(unsigned nothing, int writers, int expiries)
{
    model m;
    model_init(&m, writers, expiries, 0, 0);
    m.nothing = (uint8_t)nothing;
    m.lates = 1;
    return share_from("writers that store nothing", m, 0);
}

#define SAID(nothing) ((nothing) | (nothing) << 4)

static void nothing_is_wrong(unsigned nothing)
{
    assert_true(share_with_nothing("writers that store nothing", nothing, 2, 2, 0, 0, 0) == 0);
    assert_true(share_with_nothing("writers that store nothing", nothing, 2, 1, 1, 0, 0) == 0);
    assert_true(share_with_nothing("writers that store nothing", nothing, 2, 1, 0, 1, 0) == 0);
    assert_true(share_with_nothing("writers that store nothing", nothing, 3, 1, 0, 0, 0) == 0);
}

static void test_no_schedule_is_wrong(void **state)
{
    (void)state;
    assert_true(share_of_wrong("lease + sole-writer quarantine", 2, 2, 0, 0, 0) == 0);
    assert_true(share_of_wrong("lease + sole-writer quarantine", 2, 2, 2, 0, 0) == 0);
    assert_true(share_of_wrong("lease + sole-writer quarantine", 3, 2, 0, 0, 0) == 0);
    assert_true(share_of_wrong("lease + sole-writer quarantine", 3, 1, 1, 0, 0) == 0);
    assert_true(share_of_wrong("lease + sole-writer quarantine", 2, 1, 0, 1, 0) == 0);
    assert_true(share_of_wrong("lease + sole-writer quarantine", 2, 0, 0, 2, 0) == 0);
    assert_true(share_of_wrong("lease + sole-writer quarantine", 3, 0, 0, 1, 0) == 0);
    assert_true(share_with_late("unknown outcome, under suspicion", 2, 1, 1, 0) == 0);
    assert_true(share_with_late("unknown outcome, under suspicion", 2, 1, 2, 0) == 0);
    assert_true(share_with_late("unknown outcome, under suspicion", 3, 0, 1, 0) == 0);
    assert_true(share_with_outside("epoch stamped, compared by readers", 2, 1, 0, 0, 0) == 0);
    assert_true(share_with_outside("epoch stamped, compared by readers", 2, 1, 1, 0, 0) == 0);
    assert_true(share_with_outside("epoch stamped, compared by readers", 2, 0, 0, 1, 0) == 0);
    assert_true(share_with_takeover("takeover, the first is dead", 2, 1, 1, 0) == 0);
    assert_true(share_with_takeover("takeover, the first goes on", 2, 1, 0, 0) == 0);
    assert_true(share_with_takeover("and is primary again", 1, 2, 0, 0) == 0);
    assert_true(share_with_shared_loads("a load is shared", 2, 2, 0, 0, 0) == 0);
    assert_true(share_with_shared_loads("a load is shared", 2, 1, 1, 0, 0) == 0);
    assert_true(share_with_shared_loads("a load is shared", 2, 1, 0, 1, 0) == 0);
    assert_true(share_with_shared_loads("a load is shared", 3, 1, 0, 0, 0) == 0);
    for (unsigned nothing = 1; nothing < 4; nothing++) {
        nothing_is_wrong(nothing);
        nothing_is_wrong(SAID(nothing));
        assert_true(share_with_late_import(SAID(nothing), 2, 1) == 0);
    }
}

static void test_mutants_are_caught(void **state)
{
    (void)state;
    assert_true(share_of_wrong("naive: set after read and write", 2, 2, 0, 0, M_NO_LEASE | M_NO_QUARANTINE | M_NO_SOLO) > 0);
    assert_true(share_of_wrong("lease only", 2, 2, 0, 0, M_NO_QUARANTINE | M_NO_SOLO) > 0);
    assert_true(share_of_wrong("quarantine, fills without lease", 2, 2, 0, 0, M_NO_LEASE) > 0);
    assert_true(share_of_wrong("quarantine, every writer stores", 2, 2, 0, 0, M_NO_SOLO) > 0);
    assert_true(share_of_wrong("last writer's token, not the sole writer's", 2, 2, 0, 0, M_LAST_TOKEN) > 0);
    assert_true(share_with_late("unknown outcome, given up too soon", 2, 1, 1, 1) > 0);
    assert_true(share_with_nothing("one stores nothing, and is not heard of", 1, 2, 2, 0, 0, M_LAST_TOKEN) > 0);
    assert_true(share_with_nothing("one stores nothing, and leaves another alone", SAID(1u), 2, 1, 0, 0, M_KEEPS_SOLE) > 0);
    assert_true(share_with_outside("epochs not compared", 1, 1, 0, 0, M_NO_EPOCH) > 0);
    assert_true(share_with_outside("stamped with the epoch of the end", 1, 1, 0, 0, M_EPOCH_AT_END) > 0);
    assert_true(share_with_shared_loads("a load of before is shared", 1, 2, 0, 0, M_JOIN_EARLIER) > 0);
    assert_true(share_with_takeover("the term is no part of the epoch", 2, 1, 1, M_NO_TERM) > 0);
    assert_true(share_with_takeover("the term is that of the fill", 2, 1, 1, M_EPOCH_AT_END) > 0);
    assert_true(share_with_takeover("the new primary is not told", 2, 1, 1, M_NO_SECOND) > 0);
    assert_true(share_with_takeover("nobody asks after the commit", 2, 1, 0, M_NO_CONFIRM) > 0);
    assert_true(share_with_takeover("nobody holds a commit", 2, 1, 0, M_NO_HOLD) > 0);
    assert_true(share_with_takeover("a primary again is believed as before", 1, 2, 0, M_NO_CONFIG) > 0);
}

/* ---- the real scripts --------------------------------------------------------------------------------------------- */

#define LONG "1000000" /* ms: nothing ends by itself */

static srv server;
static wire redis;
static int together; /* readers ask and fill for many ids at once */
#define MANY 3       /* ids in one call of an import; the first is the one that is compared */
static const char *const keys[] = {"{t}:value", "{t}:quarantine", "{t}:lease", "{t}:sole"};
/* As those scripts want them that take many ids: all values, leases, quarantines, sole-writer tokens. */
static const char *const own[] = {"{t}:value", "{t}:lease", "{t}:quarantine", "{t}:sole"};
static const char *const many_keys[] = {"{t}:value",       "{t}2:value", "{t}3:value",     "{t}:lease",
                                        "{t}2:lease",      "{t}3:lease", "{t}:quarantine", "{t}2:quarantine",
                                        "{t}3:quarantine", "{t}:sole",   "{t}2:sole",      "{t}3:sole"};

#define SCRIPT(s, ...) wire_script(&redis, &mci_script_value_##s, keys, 4, __VA_ARGS__, NULL)

/* In one of a few buffers that are used in turn. */
static const char *token_of(int actor)
{
    static char buffers[4][33];
    static unsigned next;
    char *out = buffers[next++ % 4];
    snprintf(out, sizeof buffers[0], "%032d", actor);
    return out;
}

/* What a value is stamped with names it, too. */
static const char *stamp_of(int version, int epoch)
{
    static char buffers[4][33];
    static unsigned next;
    char *out = buffers[next++ % 4];
    snprintf(out, sizeof buffers[0], "%d of %d", version, epoch);
    return out;
}

/* Leases and fills of many ids at once, of which the first is the one that is compared; nobody else uses the others. */
static const char *const load_keys[] = {"{t}:value",       "{t}4:value", "{t}5:value", "{t}:quarantine", "{t}4:quarantine",
                                        "{t}5:quarantine", "{t}:lease",  "{t}4:lease", "{t}5:lease"};

/* 1: the lease was given; 0: it has to be asked for alone. */
static int real_lease(int r)
{
    const redisReply *reply =
        wire_script(&redis, &mci_script_value_lease, load_keys, 3 * MANY, LONG, token_of(r), token_of(r), token_of(r), NULL);
    assert_int_equal(reply->elements, 1 + MANY);
    assert_true(wire_int(wire_item(reply, 0)) > 0);
    return (int)wire_int(wire_item(reply, 1));
}

static void real_fill(int r, int version, int epoch, const model *before, const model *after)
{
    const char *stamp = stamp_of(version, epoch);
    const redisReply *reply =
        wire_script(&redis, &mci_script_value_fill, load_keys, 3 * MANY, token_of(r), LONG, "_m", stamp, "", token_of(r),
                    "0", "", token_of(r), LONG, "_m", stamp, "_d", "", "", NULL);
    assert_int_equal(reply->elements, MANY);
    if (before->at[0].value != version)
        assert_int_equal(wire_int(wire_item(reply, 0)), after->at[0].value == version);
    for (int i = 1; i < MANY; i++)
        (void)wire_command(&redis, "DEL", load_keys[i], load_keys[2 * MANY + i], NULL);
}

/* As a client does: what it has read and cannot use is named. */
static void real_miss(const model *before, const model *after, int r)
{
    int old = before->at[0].value != NONE && before->at[0].value_epoch != before->at[0].epoch;
    const char *rejected = old ? stamp_of(before->at[0].value, before->at[0].value_epoch) : "";
    if (together && !old && real_lease(r)) {
        assert_true(after->step[r] == S_MIDDLE && after->may_fill[r]);
        return;
    }
    const char *tag = wire_text(wire_item(SCRIPT(miss, token_of(r), LONG, rejected, "_m"), 0));
    assert_int_equal(strcmp(tag, "V") == 0, after->step[r] == S_DONE);
    assert_int_equal(strcmp(tag, "L") == 0, after->step[r] == S_MIDDLE && after->may_fill[r]);
}

/* Is the writer announced for the other ids of its calls? */
static void others_have(int actor, int yes)
{
    for (int i = 1; i < MANY; i++) {
        const redisReply *r = wire_command(&redis, "ZSCORE", many_keys[2 * MANY + i], token_of(actor), NULL);
        assert_int_equal(r->type, yes ? REDIS_REPLY_STRING : REDIS_REPLY_NIL);
        r = wire_command(&redis, "PTTL", many_keys[2 * MANY + i], NULL);
        assert_int_not_equal(wire_int(r), -1);
    }
}

/* Who says that nothing will be stored does it for many ids at once. */
static void real_pre(const model *m, int w)
{
    int many = m->nothing >> (w + 4) & 1;
    const redisReply *r = wire_script(&redis, &mci_script_value_pre, many ? many_keys : own, many ? 4 * MANY : 4,
                                      token_of(READERS + w), LONG, many ? "0" : "1", NULL);
    assert_true(wire_int(wire_item(r, 0)) > 0);
    if (many)
        others_have(READERS + w, 1);
}

static void real_put(const char *mode, int actor, int version, int epoch, const model *before, const model *after)
{
    const redisReply *r = SCRIPT(put, mode, token_of(actor), LONG, "_m", stamp_of(version, epoch));
    if (before->at[0].value != version) /* else it may have been refused, too */
        assert_int_equal(wire_int(wire_item(r, 0)), after->at[0].value == version);
    assert_int_equal(wire_int(wire_item(r, 1)), __builtin_popcount(after->at[0].quarantine));
    assert_int_equal(wire_int(wire_item(r, 2)), 0);
}

static void real_fill_alone(int r, int version, int epoch, const model *before, const model *after)
{
    real_put("F", r, version, epoch, before, after);
}

static void real_end(int actor, const model *after)
{
    int many = after->nothing >> (actor - READERS + 4) & 1;
    const redisReply *r =
        wire_script(&redis, &mci_script_value_end, many ? many_keys : own, many ? 4 * MANY : 4, token_of(actor), NULL);
    assert_int_equal(r->elements, many ? MANY : 1);
    assert_int_equal(wire_int(wire_item(r, 0)), __builtin_popcount(after->at[0].quarantine));
    if (many)
        others_have(actor, 0);
}

static void real_event(event e)
{
    if (e.kind == E_TOKEN_EXPIRES) /* a deadline long gone: the next script drops it */
        (void)wire_command(&redis, "ZADD", keys[1], "1", token_of(READERS + e.who), NULL);
    else if (e.kind == E_FLOOD)
        (void)wire_command(&redis, "FLUSHALL", NULL);
    else
        (void)wire_command(&redis, "DEL", e.kind == E_VALUE_EXPIRES ? keys[0] : keys[2], NULL);
}

/* The state of Redis is the state of the model. */
static void compare(const model *m)
{
    const redisReply *r = wire_command(&redis, "HGET", keys[0], "_m", NULL);
    assert_string_equal(wire_text(r), m->at[0].value == NONE ? "" : stamp_of(m->at[0].value, m->at[0].value_epoch));
    r = wire_command(&redis, "ZCOUNT", keys[1], LONG, "+inf", NULL);
    assert_int_equal(wire_int(r), __builtin_popcount(m->at[0].quarantine));
    r = wire_command(&redis, "GET", keys[2], NULL);
    assert_string_equal(wire_text(r), m->at[0].lease == NONE ? "" : token_of(m->at[0].lease));
    r = wire_command(&redis, "GET", keys[3], NULL);
    assert_string_equal(wire_text(r), m->at[0].sole == NONE ? ""
                                      : m->at[0].sole >= 0  ? token_of(READERS + m->at[0].sole)
                                                            : "-");
}

static void step_for_real(const model *before, const model *after, event e)
{
    if (e.kind == E_DIE || e.kind == E_LANDS || e.kind == E_OUTSIDE) /* the epoch is in a key that no script touches */
        return;
    if (e.kind == E_UNKNOWN) {
        real_pre(before, e.who);
        return;
    }
    if (e.kind != E_STEP) {
        real_event(e);
        return;
    }
    int w = e.who - READERS;
    if (e.who < READERS) {
        if (before->step[e.who] == S_BEGIN)
            real_miss(before, after, e.who);
        else if (before->step[e.who] == S_END)
            (together ? real_fill : real_fill_alone)(e.who, before->loaded[e.who], before->reader_epoch[e.who], before,
                                                     after);
    } else if (before->step[e.who] == S_BEGIN) {
        real_pre(before, w);
    } else if (before->step[e.who] == S_END) {
        if (before->nothing >> w & 1)
            real_end(e.who, after);
        else
            real_put("P", e.who, before->version[w], before->writer_epoch[w], before, after);
    }
}

static void test_scripts_agree(void **state)
{
    (void)state;
    srv_start_redis(&server, NULL);
    wire_open(&redis, &server);
    unsigned seed = 20260101;
    size_t steps = 0;
    for (int schedule = 0; schedule < 1500; schedule++) {
        model m;
        model_init(&m, 2 + schedule % 2, 2, schedule % 3, schedule % 5 == 0);
        together = schedule % 3 == 0;
        m.lates = schedule % 5 != 0 &&
                  schedule % 2; /* not with a Redis that forgets: docs/consistency.md says what is left then */
        m.outside = (int8_t)(schedule % 7 == 0 ? 0 : 2);
        m.nothing = (uint8_t)(schedule % 8 < 4 ? schedule % 4 : SAID(schedule % 4));
        real_event((event){E_FLOOD, 0});
        (void)wire_command(&redis, "HSET", keys[0], "_m", stamp_of(0, 0), NULL);
        for (;;) {
            event events[EVENTS_MAX];
            int n = model_events(&m, 0, events);
            if (n == 0)
                break;
            seed = seed * 1103515245u + 12345u;
            event e = events[(seed >> 16) % (unsigned)n];
            model next = m;
            model_apply(&next, e, 0);
            step_for_real(&m, &next, e);
            m = next;
            compare(&m);
            steps++;
        }
        assert_false(m.stale);
        assert_true(model_converged(&m, 0));
    }
    print_message("1500 schedules, %zu steps: model and scripts agree\n", steps);
    wire_close(&redis);
    srv_stop(&server);
}

static int set_up(void **state)
{
    (void)state;
    table = calloc(TABLE, sizeof *table);
    return table == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    free(table);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_schedule_is_wrong),
        cmocka_unit_test(test_mutants_are_caught),
        cmocka_unit_test(test_scripts_agree),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
