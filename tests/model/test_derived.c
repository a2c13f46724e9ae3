/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks every schedule of a derived set's protocol, in configurations small enough for that, and counts those in which a set is believed
 * that is older than an acknowledged write, or that end in a set that nobody puts right. Then takes away one rule after the other: each
 * has to be missed by one of the configurations.
 */
#include "derived_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- states that were seen ---------------------------------------------------------------------------------------- */

typedef struct seen {
    d_model m;
    double all; /* schedules from here on */
} seen;

#define STATES_MAX (1u << 22)
static struct {
    seen *state;
    uint32_t *slot; /* index + 1 by hash */
    size_t n, cap, slots;
} table;

static size_t hash_of(const d_model *m)
{
    const unsigned char *p = (const unsigned char *)m;
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < sizeof *m; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return (size_t)(h ^ h >> 29);
}

static uint32_t *find(const d_model *m)
{
    for (size_t i = hash_of(m) % table.slots;; i = (i + 1) % table.slots)
        if (table.slot[i] == 0 || memcmp(&table.state[table.slot[i] - 1].m, m, sizeof *m) == 0)
            return &table.slot[i];
}

static void grow(void)
{
    table.cap = table.cap == 0 ? 4096 : 2 * table.cap;
    table.state = realloc(table.state, table.cap * sizeof *table.state);
    table.slots = 2 * table.cap;
    free(table.slot);
    table.slot = calloc(table.slots, sizeof *table.slot);
    if (table.cap > STATES_MAX || table.state == NULL || table.slot == NULL)
        fail_msg("too many states");
    for (size_t i = 0; i < table.n; i++)
        *find(&table.state[i].m) = (uint32_t)i + 1;
}

static void remember(const d_model *m, double all)
{
    if (table.n == table.cap)
        grow();
    table.state[table.n] = (seen){*m, all};
    *find(m) = (uint32_t)++table.n;
}

static void forget_all(void)
{
    free(table.state);
    free(table.slot);
    memset(&table, 0, sizeof table);
}

/* ---- all schedules ------------------------------------------------------------------------------------------------ */

typedef enum verdict { FINE = 0, OLD, STALE_AT_THE_END, STUCK } verdict;
static const char *const verdicts[] = {"", "an old place was believed", "stale at the end", "never put right"};

typedef struct walk {
    const d_config *cfg;
    d_mutants mutants;
    verdict found;
    d_event path[256]; /* to the first one that is wrong */
    size_t depth, length;
} walk;

static double explore(walk *w, const d_model *m)
{
    verdict v = m->wrong ? OLD : FINE;
    int quiet = v == FINE && d_is_quiet(m, w->cfg);
    if (w->found != FINE)
        return 0;
    if (table.n > 0) {
        const uint32_t *known = find(m);
        if (*known != 0)
            return table.state[*known - 1].all;
    }
    if (quiet) {
        int end = d_end(*m, w->cfg, w->mutants);
        v = end == 0 ? FINE : end == 1 ? STALE_AT_THE_END : STUCK;
    }
    if (v != FINE) {
        w->found = v;
        w->length = w->depth;
        return 0;
    }
    double all = quiet;
    d_event events[D_EVENTS_MAX];
    int n = d_events(m, w->cfg, w->mutants, events);
    for (int i = 0; i < n && w->found == FINE; i++) {
        d_model next = *m;
        d_apply(&next, w->cfg, events[i], w->mutants, NULL);
        w->path[w->depth++] = events[i];
        all += explore(w, &next);
        w->depth--;
    }
    if (w->found == FINE)
        remember(m, all);
    return all;
}

static void print_path(const walk *w)
{
    static const char *const events[] = {[DE_WRITER] = "writer goes on",
                                         [DE_DIES] = "writer dies",
                                         [DE_LANDS] = "a dead writer's write lands",
                                         [DE_NEVER] = "a dead writer's write never happens",
                                         [DE_NOT_CONFIRMED] = "script of writer not confirmed",
                                         [DE_ARRIVES_LATE] = "lost settlement of writer arrives",
                                         [DE_ANNOUNCED_LATE] = "announcement of writer arrives (again)",
                                         [DE_SETTLED_AGAIN] = "settlement sent again by writer",
                                         [DE_TIME_OVER] = "quarantine of writer is over",
                                         [DE_LEASE] = "lease by repair * 2 + id",
                                         [DE_REPAIR] = "repair goes on",
                                         [DE_BUILDER] = "builder goes on",
                                         [DE_PAGE_LOST] = "page of builder is lost",
                                         [DE_PAGE_LATE] = "lost page of builder arrives",
                                         [DE_READER] = "reader goes on",
                                         [DE_OUTSIDE] = "outside write goes on",
                                         [DE_DUE] = "becomes due: id",
                                         [DE_PHANTOM_ENDS] = "phantom ends",
                                         [DE_HOLD_ENDS] = "builder's lease ends",
                                         [DE_VANISHES] = "key vanishes:",
                                         [DE_FORGETS] = "slot forgets"};
    for (size_t i = 0; i < w->length; i++)
        print_message("    %s %d\n", events[w->path[i].kind], w->path[i].who);
}

static verdict explored(const d_config *cfg, d_mutants mutants, double *schedules, size_t *states)
{
    d_model m;
    walk w = {.cfg = cfg, .mutants = mutants};
    d_init(&m, cfg);
    *schedules = explore(&w, &m);
    *states = table.n;
    forget_all();
    if (w.found != FINE && (mutants == 0 || getenv("MFLIX_MODEL_PATHS") != NULL))
        print_path(&w);
    return w.found;
}

static void test_no_schedule_is_wrong(void **state)
{
    (void)state;
    double sum = 0;
    size_t total = 0;
    for (size_t i = 0; i < d_nconfigs; i++) {
        double schedules = 0;
        size_t states = 0;
        verdict v = explored(d_configs[i], 0, &schedules, &states);
        print_message("%-36s %9.3g schedules %8zu states %s\n", d_configs[i]->name, schedules, states, verdicts[v]);
        assert_int_equal(v, FINE);
        sum += schedules;
        total += states;
    }
    print_message("%zu configurations, %.3g schedules, %zu states: none is wrong\n", d_nconfigs, sum, total);
}

static const struct {
    enum d_mutant mutant;
    const char *rule;
} rules[] = {
    {DM_PAGE_FIRST, "pending is read before the page"},
    {DM_ANNOUNCE_KEEPS_REPAIR, "an announcement ends repairs under way"},
    {DM_SETTLE_KEEPS_REPAIR, "a settlement ends repairs under way"},
    {DM_REPAIR_WITHOUT_LEASE, "a repair looks at its lease"},
    {DM_REPAIR_CLEARS, "a repair while somebody writes is looked at again"},
    {DM_QUIET_AT_END, "who writes is judged at the lease"},
    {DM_REARM_FROM_NOW, "looked at again counted from the lease"},
    {DM_NO_PENDING_NONCE, "nonce of pending"},
    {DM_NO_ANNOUNCED_NONCE, "nonce of announcements"},
    {DM_NO_BUILD_TOKEN, "pages and swap look at the builder's lease"},
    {DM_PAGES_UNFENCED, "pages look at the builder's lease"},
    {DM_PAGES_UNCHAINED, "a page follows the one before it"},
    {DM_NO_NX, "a page adds only what is not there"},
    {DM_NO_TOMBSTONES, "tombstones"},
    {DM_NO_NEW_MARKER, "marker of the new set"},
    {DM_SWAP_ANY_NONCE, "a swap compares the nonce"},
    {DM_SETTLE_ANY_NONCE, "a settlement compares the nonce"},
    {DM_REPAIR_ANY_NONCE, "a repair compares the nonce"},
    {DM_NOT_RAISED, "the nonce is raised in this slot, too"},
    {DM_UNANNOUNCED_IGNORED, "an unannounced settlement is a doubt"},
    {DM_NEWS_KEEP_SOLE, "unannounced news end others' soleness"},
    {DM_SETTLE_NOT_MIRRORED, "a settlement goes into the new set"},
    {DM_REPAIR_NOT_MIRRORED, "a repair goes into the new set"},
    {DM_OVERLAP_SILENT, "an overlapped settlement is a doubt"},
    {DM_ANNOUNCE_UNDUE, "what is due stays due"},
    {DM_NO_WAIT, "an unconfirmed settlement is waited for"},
    {DM_SETTLE_REPEATED, "a repeated settlement is a doubt"},
    {DM_SETTLE_AFTER_TIME, "a settlement after its time is a doubt"},
    {DM_SWAP_TOKEN_AT_BEGIN, "a swap keeps doubts of who wrote when it began"},
    {DM_SWAP_RENEWED, "a swap keeps doubts that came after it began"},
    {DM_SWAP_KEEPS_REPAIR, "a swap ends repairs of what it settles"},
    {DM_NO_PHANTOM_ANNOUNCE, "after a loss nobody is alone"},
    {DM_NO_PHANTOM_REPAIR, "after a loss a repair is looked at again"},
    {DM_NO_SECOND_BUILD, "after a loss there is a second build"},
    {DM_TRUST_PROVISIONAL, "the first build is not believed"},
    {DM_PROVISIONAL_CONTINUED, "the first build is not finished as the second"},
    {DM_HOLD_FOREVER, "a builder's lease ends"},
    {DM_EVERY_WRITER_SETTLES, "only who was alone settles"},
    {DM_LAST_ANNOUNCED_SETTLES, "alone, not the last to announce itself"},
};

static void test_every_rule_is_needed(void **state)
{
    (void)state;
    size_t missed = 0;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        verdict v = FINE;
        size_t at = 0;
        double schedules = 0;
        size_t states = 0;
        for (; at < d_nconfigs && v == FINE; at++)
            v = explored(d_configs[at], (d_mutants)1 << rules[i].mutant, &schedules, &states);
        missed += v == FINE;
        print_message("without \"%s\": %s%s%s\n", rules[i].rule, v == FINE ? "NOT CAUGHT" : verdicts[v],
                      v == FINE ? "" : ", ", v == FINE ? "" : d_configs[at - 1]->name);
    }
    assert_int_equal(missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_schedule_is_wrong),
        cmocka_unit_test(test_every_rule_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
