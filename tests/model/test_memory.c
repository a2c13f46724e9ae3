/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache in this process takes the steps of both models: random schedules of a derived set and of a value, step by step as operations, and
 * after each one what it keeps is what the model says. It cannot lose a part of itself; schedules in which keys are lost are left out.
 */
#include "derived_model.h"
#include "protocol_model.h"

#include "cache/memory/memory_cache.h"
#include "cache/memory/step.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LONG INT64_C(1000000000) /* ms */
#define SCHEDULES 40000

static const mci_spec things = {.name = "things",
                                .key = "thing",
                                .id_kind = MCI_ID_STRING,
                                .alias_field = -1,
                                .rank_field = -1,
                                .lon_field = -1,
                                .lat_field = -1};

static mci_random rnd;
static int64_t clock_now = INT64_C(1700000000000);
static mci_cache *cache;
static mci_memory *memory;
static mci_set rank = {.spec = &things, .kind = MCI_SET_RANK, .name = "rating"};
static mci_family names = {.spec = &things, .unique = "name"};
static mci_ops ops;
static unsigned seed = 20260303;

static int64_t fake_clock(void *user)
{
    (void)user;
    return clock_now;
}

static void open_cache(void)
{
    mc_error err = {0};
    mci_memory_cache_options opt = {.name = "",
                                    .prefix = "",
                                    .max_bytes = 1 << 20,
                                    .value_max_bytes = 1 << 20,
                                    .quarantine_ms = LONG,
                                    .clock_ms = fake_clock};
    assert_int_equal(mci_memory_cache_open(&opt, &rnd, &cache, &err), MC_OK);
    assert_int_equal(cache->ops->add_set(cache, &rank), 0);
    assert_int_equal(cache->ops->add_family(cache, &names), 0);
    memory = ((mci_memory_cache *)cache)->shared;
}

static void close_cache(void)
{
    mci_ops_free(&ops);
    cache->ops->close(cache);
}

static mci_op *op(mci_op_kind kind)
{
    mci_ops_free(&ops);
    mci_ops_init(&ops);
    return mci_ops_add(&ops, kind);
}

/* One millisecond later. */
static mci_op *run(void)
{
    mc_error err = {0};
    clock_now++;
    assert_int_equal(cache->ops->run(cache, &ops, mci_deadline_in(1000), &err), MC_OK);
    assert_int_equal(ops.op[0].status, MC_OK);
    return &ops.op[0];
}

static unsigned any_of(int n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % (unsigned)n;
}

/* Tokens and nonces by kind and number, in one of a few buffers that are used in turn. */
static const char *name(char kind, int number)
{
    static char buffers[8][40];
    static unsigned next;
    char *out = buffers[next++ % 8];
    snprintf(out, sizeof buffers[0], "%c%031d", kind, number);
    return out;
}

static int number_of(const char *text)
{
    return text[0] != '\0' ? atoi(text + 1) : 0;
}

/* ---- a derived set ------------------------------------------------------------------------------------------------ */

static const char *const ids[] = {"a", "b"};
static int64_t announced_at[D_WRITERS];

static void writer_step(const d_call *c, const char *fresh, mci_place place)
{
    if (c->op == D_ANNOUNCE) {
        op(MCI_OP_SET_ANNOUNCE)->u.set_announce = (mci_op_set_announce){
            .set = &rank, .id = ids[c->id], .token = name('a', c->who), .span_ms = LONG, .fresh = fresh};
        const mci_op_set_announce *a = &run()->u.set_announce;
        announced_at[c->who] = a->now_ms;
        assert_string_equal(a->nonce, name('n', c->given));
    } else if (c->op == D_SETTLE) {
        op(MCI_OP_SET_SETTLE)->u.set_settle = (mci_op_set_settle){.set = &rank,
                                                                  .id = ids[c->id],
                                                                  .token = name('a', c->who),
                                                                  .nonce = name('n', c->nonce),
                                                                  .announced_ms = c->over ? 1 : announced_at[c->who],
                                                                  .carried_out = !c->aborted,
                                                                  .place = place,
                                                                  .fresh = fresh};
        assert_int_equal(run()->u.set_settle.settled, c->result);
    } else {
        op(MCI_OP_SET_TELL)->u.set_tell = (mci_op_set_tell){.set = &rank, .ids = &ids[c->id], .n = 1, .fresh = fresh};
        (void)run();
    }
}

static void repair_step(const d_call *c, mci_slot *s, mci_place place, int is_due)
{
    mci_record *r = mci_record_find(s, ids[c->id], clock_now);
    if (c->op == D_LEASE) {
        if (r != NULL) /* another's lease may have run out at any time */
            r->repair[0] = '\0';
        op(MCI_OP_SET_LEASE)->u.set_lease =
            (mci_op_set_lease){.set = &rank, .ids = &ids[c->id], .n = 1, .token = name('c', c->who)};
        assert_int_equal(run()->u.set_lease.granted[0], c->result);
        return;
    }
    op(MCI_OP_SET_REPAIR)->u.set_repair = (mci_op_set_repair){.set = &rank,
                                                              .ids = &ids[c->id],
                                                              .places = &place,
                                                              .n = 1,
                                                              .token = name('c', c->who),
                                                              .nonce = name('n', c->nonce)};
    assert_int_equal(run()->u.set_repair.done[0], c->result);
    if (is_due) /* its time, counted from the lease, is over by now */
        assert_int_equal(mci_ranked_put(s->pending, ids[c->id], 1), 0);
}

static void builder_step(const d_call *c, const char *fresh, mci_place place)
{
    const char *token = name('b', c->who);
    switch (c->op) {
    case D_BUILD:
        op(MCI_OP_BUILD_BEGIN)->u.build_begin =
            (mci_op_build_begin){.set = &rank, .token = token, .hold_ms = LONG, .fresh = fresh};
        assert_int_equal(run()->u.build_begin.ours, c->result);
        break;
    case D_PAGE:
        op(MCI_OP_BUILD_PAGE)->u.build_page = (mci_op_build_page){.set = &rank,
                                                                  .token = token,
                                                                  .nonce = name('n', c->nonce),
                                                                  .hold_ms = LONG,
                                                                  .after = c->id > 0 ? ids[c->id - 1] : "",
                                                                  .cursor = ids[c->id],
                                                                  .ids = &ids[c->id],
                                                                  .places = &place,
                                                                  .n = place.there ? 1 : 0};
        assert_int_equal(run()->u.build_page.added, c->result);
        break;
    case D_SWAP:
        op(MCI_OP_BUILD_SWAP)->u.build_swap =
            (mci_op_build_swap){.set = &rank, .token = token, .nonce = name('n', c->nonce), .ttl_ms = LONG};
        assert_int_equal(run()->u.build_swap.swapped, c->result);
        break;
    default:
        op(MCI_OP_BUILD_LEAVE)->u.build_leave = (mci_op_build_leave){.set = &rank, .token = token};
        (void)run();
    }
}

static void set_step(const d_call *c, const d_slot *before, const d_slot *after)
{
    mci_slot *s = &memory->sets[rank.number];
    const char *fresh = name('n', before->nonces + 1);
    mci_place place = {.there = !c->none, .x = c->version};
    if (c->op <= D_TELL) {
        writer_step(c, fresh, place);
    } else if (c->op <= D_REPAIR) {
        repair_step(c, s, place, after->entry[c->id] == D_DUE);
    } else if (c->op <= D_LEAVE) {
        builder_step(c, fresh, place);
    } else if (c->op == D_RAISE) {
        op(MCI_OP_SET_RAISE)->u.set_raise = (mci_op_set_raise){.set = &rank, .nonce = "", .fresh = fresh};
        (void)run();
    } else if (c->op == D_BECOMES_DUE) {
        assert_int_equal(mci_ranked_put(s->pending, ids[c->id], 1), 0);
    } else if (c->op == D_TOKEN_ENDS) {
        mci_writer *w = mci_record_writer(mci_record_find(s, ids[c->id], clock_now), name('a', c->who));
        if (w != NULL)
            w->until_ms = 0;
    } else {
        assert_int_equal(c->op, D_HOLD_ENDS);
        s->held_until_ms = 0;
    }
}

static void see_places(const mci_ranked *r, int8_t place[D_IDS])
{
    for (int i = 0; r != NULL && i < D_IDS; i++) {
        const mci_ranked_member *m = mci_ranked_find(r, ids[i]);
        if (m != NULL)
            place[i] = (int8_t)(isinf(mci_ranked_score(m)) ? D_TOMBSTONE : (int)mci_ranked_score(m));
    }
}

static void see_id(mci_slot *s, int i, d_slot *out)
{
    const mci_ranked_member *m = mci_ranked_find(s->pending, ids[i]);
    double when = m != NULL ? mci_ranked_score(m) : 0;
    if (m != NULL)
        out->entry[i] = (int8_t)(when > (double)clock_now                           ? D_WAITING
                                 : when >= 0                                        ? D_DUE
                                 : s->fresh != NULL && when <= -(double)s->begun_ms ? D_DOUBT_NEW
                                                                                    : D_DOUBT);
    mci_record *r = mci_record_find(s, ids[i], clock_now);
    if (r == NULL)
        return;
    for (size_t w = 0; w < r->nwriters; w++)
        out->tokens[i] = (uint8_t)(out->tokens[i] | 1 << number_of(r->writers[w].token));
    if (r->nwriters > 0 && r->sole[0] != '\0')
        out->sole[i] = (int8_t)number_of(r->sole);
    if (r->repair[0] != '\0') {
        out->repair[i] = (int8_t)number_of(r->repair);
        out->quiet[i] = (int8_t)r->quiet;
    }
}

/* A set of another nonce is nothing that could be read. */
static void only_what_counts(d_slot *s)
{
    memset(s->armed, 0, sizeof s->armed);
    memset(s->taken, 0, sizeof s->taken);
    if (s->set != s->pending) {
        s->set = 0;
        memset(s->place, D_NONE, sizeof s->place);
    }
}

static void compare_set(const d_slot *expected)
{
    mci_slot *s = &memory->sets[rank.number];
    d_slot real;
    d_slot want = *expected;
    d_slot_init(&real);
    real.nonces = expected->nonces;
    real.pending = real.announced = (int8_t)number_of(s->nonce);
    for (int i = 0; i < D_IDS; i++)
        see_id(s, i, &real);
    if (s->fresh != NULL) {
        real.building = 1;
        real.cursor = (int8_t)(s->cursor != NULL ? s->cursor[0] - 'a' + 1 : 0);
        real.fresh = real.pending;
        see_places(s->fresh, real.placed);
    }
    if (s->builder[0] != '\0') {
        real.holder = (int8_t)number_of(s->builder);
        real.held = s->held_until_ms > clock_now;
    }
    real.set = (int8_t)number_of(s->complete);
    see_places(s->set, real.place);
    only_what_counts(&real);
    only_what_counts(&want);
    assert_memory_equal(&real, &want, sizeof want);
    op(MCI_OP_SET_READ)->u.set_read = (mci_op_set_read){.set = &rank, .query = MCI_QUERY_PAGE, .count = 9};
    const mci_set_answer *a = &run()->u.set_read.answer;
    size_t due = 0;
    for (int i = 0; i < D_IDS; i++)
        due += expected->entry[i] >= D_DUE;
    assert_int_equal(a->ndue, due);
    assert_int_equal(a->complete, want.set != 0 ? MCI_COMPLETE : MCI_INCOMPLETE);
}

static void begin_set(const d_slot *first)
{
    mci_slot *s = &memory->sets[rank.number];
    snprintf(s->nonce, sizeof s->nonce, "%s", name('n', 1));
    if (first->set != 0)
        snprintf(s->complete, sizeof s->complete, "%s", name('n', 1));
    s->until_ms = clock_now + LONG;
    for (int i = 0; i < D_IDS; i++) {
        if (first->place[i] != D_NONE)
            assert_int_equal(mci_ranked_put(s->set, ids[i], first->place[i]), 0);
        if (first->entry[i] == D_DOUBT)
            assert_int_equal(mci_ranked_put(s->pending, ids[i], -(double)clock_now), 0);
    }
}

static void test_a_derived_set(void **state)
{
    (void)state;
    size_t steps = 0;
    size_t schedules = 0;
    for (size_t schedule = 0; schedule < SCHEDULES; schedule++) {
        const d_config *cfg = d_configs[schedule % d_nconfigs];
        d_event events[D_EVENTS_MAX];
        d_model m;
        int n;
        if (cfg->vanish > 0 || cfg->forgets > 0)
            continue;
        d_init(&m, cfg);
        open_cache();
        begin_set(&m.s);
        compare_set(&m.s);
        while ((n = d_events(&m, cfg, 0, events)) > 0) {
            d_call did;
            d_slot before = m.s;
            d_apply(&m, cfg, events[any_of(n)], 0, &did);
            if (did.op == D_NOTHING)
                continue;
            set_step(&did, &before, &m.s);
            compare_set(&m.s);
            steps++;
        }
        assert_false(m.wrong);
        close_cache();
        schedules++;
    }
    print_message("%zu schedules, %zu steps: model and cache agree\n", schedules, steps);
    assert_true(schedules > SCHEDULES / 2);
}

/* ---- a value ------------------------------------------------------------------------------------------------------ */

static mci_held *held(void)
{
    mci_map_item *i = mci_map_next(&memory->held, NULL);
    return (mci_held *)i;
}

static void real_miss(const model *before, const model *after, int r)
{
    char stale[24] = "";
    int old = before->at[0].value != NONE && before->at[0].value_epoch != before->at[0].epoch;
    if (old)
        snprintf(stale, sizeof stale, "%llu", (unsigned long long)held()->serial);
    op(MCI_OP_VALUE_ACQUIRE)->u.acquire = (mci_op_acquire){.family = &names,
                                                           .id = "it",
                                                           .want = MCI_WANT_FIELDS,
                                                           .token = name('r', r),
                                                           .lease_ms = LONG,
                                                           .rejected = {old ? stale : NULL, strlen(stale)}};
    const mci_op_acquire *a = &run()->u.acquire;
    assert_int_equal(a->acquired == MCI_ACQUIRED_FOUND, after->step[r] == S_DONE);
    if (a->acquired == MCI_ACQUIRED_FOUND)
        assert_int_equal(number_of(a->found.target), before->at[0].value);
    assert_int_equal(a->acquired == MCI_ACQUIRED_LEASE, after->step[r] == S_MIDDLE && after->may_fill[r]);
}

static void real_pre(int w)
{
    op(MCI_OP_VALUE_ANNOUNCE)->u.announce =
        (mci_op_announce){.family = &names, .id = "it", .token = name('w', w), .span_ms = LONG};
    (void)run();
}

static void real_put(mci_commit_mode mode, const char *token, int version, int epoch, const model *after)
{
    op(MCI_OP_VALUE_COMMIT)->u.commit = (mci_op_commit){.family = &names,
                                                        .id = "it",
                                                        .mode = mode,
                                                        .token = token,
                                                        .target = name('v', version),
                                                        .epoch = epoch + 1,
                                                        .now_ms = clock_now,
                                                        .ttl_ms = LONG};
    const mci_op_commit *c = &run()->u.commit;
    if (c->stored)
        assert_int_equal(after->at[0].value, version);
    assert_int_equal(c->others, __builtin_popcount(after->at[0].quarantine));
}

static void value_event(event e)
{
    mci_held *h = held();
    if (e.kind == E_VALUE_EXPIRES)
        mci_held_drop(memory, h);
    else if (e.kind == E_LEASE_EXPIRES)
        h->guard->lease[0] = '\0';
    else if (e.kind == E_TOKEN_EXPIRES)
        assert_int_equal(mci_guard_remove(memory, h->guard, name('w', e.who)), 1);
}

static void value_step(const model *before, const model *after, event e)
{
    int w = e.who - READERS;
    if (e.kind == E_UNKNOWN)
        real_pre(e.who);
    else if (e.kind == E_OUTSIDE)
        memory->epoch = after->at[0].epoch + 1;
    else if (e.kind != E_STEP)
        value_event(e);
    else if (e.who < READERS && before->step[e.who] == S_BEGIN)
        real_miss(before, after, e.who);
    else if (e.who < READERS && before->step[e.who] == S_END)
        real_put(MCI_COMMIT_FILL, name('r', e.who), before->loaded[e.who], before->reader_epoch[e.who], after);
    else if (e.who >= READERS && before->step[e.who] == S_BEGIN)
        real_pre(w);
    else if (e.who >= READERS && before->step[e.who] == S_END)
        real_put(MCI_COMMIT_POST, name('w', w), before->version[w], before->writer_epoch[w], after);
}

static void compare_value(const model *m)
{
    mci_held *h = held();
    mci_guard *g = h != NULL ? h->guard : NULL;
    int has_value = h != NULL && h->kind == MCI_HELD_TEXT;
    assert_int_equal(has_value ? number_of(h->text) : NONE, m->at[0].value);
    if (has_value)
        assert_int_equal(h->epoch, m->at[0].value_epoch + 1);
    assert_int_equal(g != NULL ? g->nwriters : 0, __builtin_popcount(m->at[0].quarantine));
    assert_string_equal(g != NULL ? g->lease : "", m->at[0].lease == NONE ? "" : name('r', m->at[0].lease));
    /* Who was alone is only asked by a writer that stands; without one it goes at the next look. */
    if (m->at[0].quarantine != 0)
        assert_string_equal(g != NULL ? g->sole : "", m->at[0].sole == NONE ? ""
                                                      : m->at[0].sole >= 0  ? name('w', m->at[0].sole)
                                                                            : "-");
}

static void test_a_value(void **state)
{
    (void)state;
    size_t steps = 0;
    for (int schedule = 0; schedule < SCHEDULES; schedule++) {
        model m;
        event events[EVENTS_MAX];
        int n;
        model_init(&m, 2 + schedule % 2, 2, schedule % 3, 0);
        m.lates = (int8_t)(schedule % 2);
        m.outside = (int8_t)(schedule % 3 == 0 ? 0 : 2);
        open_cache();
        memory->epoch = 1;
        op(MCI_OP_VALUE_ACQUIRE)->u.acquire =
            (mci_op_acquire){.family = &names, .id = "it", .want = MCI_WANT_FIELDS, .token = name('r', 0), .lease_ms = LONG};
        (void)run();
        model first = {.at[0].value = 0};
        real_put(MCI_COMMIT_FILL, name('r', 0), 0, 0, &first);
        compare_value(&m);
        while ((n = model_events(&m, 0, events)) > 0) {
            event e = events[any_of(n)];
            model next = m;
            model_apply(&next, e, 0);
            value_step(&m, &next, e);
            m = next;
            compare_value(&m);
            steps++;
        }
        assert_false(m.stale);
        assert_true(model_converged(&m, 0));
        close_cache();
    }
    print_message("%d schedules, %zu steps: model and cache agree\n", SCHEDULES, steps);
}

static int set_up(void **state)
{
    (void)state;
    return mci_random_init(&rnd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_derived_set),
        cmocka_unit_test(test_a_value),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
