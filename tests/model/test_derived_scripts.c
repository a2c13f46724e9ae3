/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random schedules of the derived set's model, step by step with the real scripts on a real Redis: after each step all four keys and what a
 * reader is told are those of the model. Spans are so long that nothing ends by itself; what the model says has ended is set back.
 */
#include "derived_model.h"
#include "wire.h"

#include "scripts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define LONG "1000000000" /* ms */
#define SCHEDULES 1900

static srv server;
static wire redis;
static const char *const keys[] = {"{t}:set", "{t}:pending", "{t}:announced", "{t}:new"};
static const char *const ids[] = {"a", "b"};
static long long announced_at[D_WRITERS];

static long long clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What happens in one millisecond has no order in Redis: it counts as the more careful of both. The model has an order. */
static void next_millisecond(void)
{
    long long now = clock_ms();
    while (clock_ms() <= now)
        continue;
}

/* Names: tokens of writers, repairs and builders, and nonces. Used in one call only. */
static const char *name(char kind, int number)
{
    static char buffers[8][40];
    static unsigned next;
    char *out = buffers[next++ % 8];
    if (kind == 'n')
        snprintf(out, sizeof buffers[0], "0.%016d", number);
    else
        snprintf(out, sizeof buffers[0], "%c%031d", kind, number);
    return out;
}

static int number_of(const char *text)
{
    return atoi(text + (text[0] == '0' ? 2 : 1));
}

/* ---- the steps ---------------------------------------------------------------------------------------------------- */

#define SCRIPT(s, ...) wire_script(&redis, &mci_script_derived_##s, keys, 4, __VA_ARGS__, NULL)

static void expect_nonce(const d_call *c, const redisReply *r)
{
    assert_string_equal(wire_text(r), c->given == 0 ? "" : name('n', c->given));
}

static void writer_script(const d_call *c, const char *fresh, const char *place)
{
    const redisReply *r;
    if (c->op == D_ANNOUNCE) {
        r = SCRIPT(announce, ids[c->id], name('a', c->who), LONG, LONG, fresh);
        announced_at[c->who] = wire_int(wire_item(r, 0));
        expect_nonce(c, wire_item(r, 1));
    } else if (c->op == D_SETTLE) {
        r = SCRIPT(settle, ids[c->id], name('a', c->who), name('n', c->nonce),
                   c->over ? "1" : wire_number(announced_at[c->who]), LONG, c->aborted ? "A" : "P", "Z", fresh, place);
        assert_int_equal(wire_int(wire_item(r, 0)), c->result);
    } else {
        r = SCRIPT(tell, fresh, LONG, ids[c->id]);
        expect_nonce(c, wire_item(r, 1));
    }
}

static void builder_script(const d_call *c, const char *fresh, const char *place)
{
    const redisReply *r;
    if (c->op == D_BUILD) {
        r = SCRIPT(build, name('b', c->who), LONG, fresh, LONG);
        assert_int_equal(wire_int(wire_item(r, 0)), c->result);
        if (c->result)
            expect_nonce(c, wire_item(r, 1));
    } else if (c->op == D_PAGE) {
        const char *after = c->id > 0 ? ids[c->id - 1] : "";
        r = c->none ? SCRIPT(page, name('b', c->who), name('n', c->nonce), LONG, after, ids[c->id], "Z")
                    : SCRIPT(page, name('b', c->who), name('n', c->nonce), LONG, after, ids[c->id], "Z", place, ids[c->id]);
        assert_int_equal(wire_int(r), c->result);
    } else if (c->op == D_SWAP) {
        assert_int_equal(wire_int(SCRIPT(swap, name('b', c->who), name('n', c->nonce), LONG)), c->result);
    } else {
        assert_int_equal(wire_int(SCRIPT(leave, name('b', c->who))), 1);
    }
}

/* The deadline after a word of a text is set back. */
static void set_back(const char *field, const char *word)
{
    char text[1024];
    snprintf(text, sizeof text, "%s", wire_text(wire_command(&redis, "HGET", keys[2], field, NULL)));
    char *at = NULL; /* the last one: a sole writer's token comes twice */
    for (char *p = strstr(text, word); p != NULL; p = strstr(p + 1, word))
        at = p;
    if (at == NULL || strncmp(at + strlen(word), " ", 1) != 0)
        return;
    char *deadline = at + strlen(word) + 1;
    size_t len = strcspn(deadline, " ");
    memset(deadline, '0', len);
    (void)wire_command(&redis, "HSET", keys[2], field, text, NULL);
}

static void by_itself(const d_call *c, const d_slot *before)
{
    if (c->op == D_BECOMES_DUE)
        (void)wire_command(&redis, "ZADD", keys[1], "1", ids[c->id], NULL);
    else if (c->op == D_TOKEN_ENDS)
        set_back(ids[c->id], name('a', c->who));
    else if (c->op == D_PHANTOM_ENDS)
        (void)wire_command(&redis, "ZADD", keys[1], "1", "?", NULL);
    else if (c->op == D_HOLD_ENDS)
        set_back("@ holder", name('b', before->holder));
    else if (c->op == D_VANISHES)
        (void)wire_command(&redis, "DEL", keys[c->who], NULL);
    else if (c->op == D_FORGETS)
        (void)wire_command(&redis, "FLUSHALL", NULL);
}

static void step_for_real(const d_call *c, const d_slot *before, const d_slot *after)
{
    const char *fresh = name('n', before->nonces + 1);
    const char *place = c->none ? "" : wire_number(c->version);
    const redisReply *r;
    if (c->op == D_NOTHING)
        return;
    if (c->op <= D_TELL) {
        writer_script(c, fresh, place);
    } else if (c->op == D_LEASE) { /* another's lease may have run out at any time */
        r = SCRIPT(lease, name('c', c->who), "0", ids[c->id]);
        expect_nonce(c, wire_item(r, 0));
        assert_int_equal(wire_int(wire_item(r, 1)), c->result);
    } else if (c->op == D_REPAIR) {
        r = SCRIPT(repair, name('c', c->who), name('n', c->nonce), LONG, "Z", ids[c->id], place);
        assert_int_equal(wire_int(wire_item(r, 0)), c->result);
        if (after->entry[c->id] == D_DUE) /* its time, counted from the lease, is over by now */
            (void)wire_command(&redis, "ZADD", keys[1], "1", ids[c->id], NULL);
    } else if (c->op <= D_LEAVE) {
        builder_script(c, fresh, place);
    } else if (c->op == D_RAISE) {
        r = SCRIPT(raise, fresh, LONG, "", "");
        expect_nonce(c, wire_item(r, 1));
    } else {
        by_itself(c, before);
    }
}

/* ---- what stands there -------------------------------------------------------------------------------------------- */

static int id_of(const char *text)
{
    return strcmp(text, "a") == 0 ? 0 : strcmp(text, "b") == 0 ? 1 : -1;
}

static void see_pending(d_slot *s, double begun)
{
    const redisReply *r = wire_command(&redis, "ZRANGE", keys[1], "0", "-1", "WITHSCORES", NULL);
    double now = (double)clock_ms();
    for (size_t i = 0; i + 1 < r->elements; i += 2) {
        const char *member = wire_text(r->element[i]);
        double score = strtod(wire_text(r->element[i + 1]), NULL);
        if (member[0] == '!') {
            s->pending = (int8_t)number_of(member + 2);
            assert_true(isinf(score) && score > 0);
        } else if (member[0] == '?') {
            s->phantom = score > now ? 1 : 2;
        } else {
            assert_true(id_of(member) >= 0);
            s->entry[id_of(member)] = (int8_t)(score > now   ? D_WAITING
                                               : score >= 0  ? D_DUE
                                               : s->building ? (score > -begun ? D_DOUBT : D_DOUBT_NEW)
                                                             : D_DOUBT);
        }
    }
}

/* One id's record: sole, repair, when, quiet, then tokens with their deadlines. */
static void see_record(d_slot *s, int id, char *text)
{
    char *word[64];
    char *save = NULL;
    size_t n = 0;
    for (char *p = strtok_r(text, " ", &save); p != NULL && n < 64; p = strtok_r(NULL, " ", &save))
        word[n++] = p;
    assert_true(n >= 4 && n % 2 == 0);
    for (size_t i = 4; i < n; i += 2)
        if (atoll(word[i + 1]) > clock_ms())
            s->tokens[id] = (uint8_t)(s->tokens[id] | 1 << number_of(word[i]));
    if (s->tokens[id] != 0 && word[0][0] == 'a')
        s->sole[id] = (int8_t)number_of(word[0]);
    if (word[1][0] == 'c') {
        s->repair[id] = (int8_t)number_of(word[1]);
        s->quiet[id] = word[3][0] == '1';
    }
}

static double see_announcements(d_slot *s)
{
    char text[1024];
    double begun = 0;
    const redisReply *r = wire_command(&redis, "HGETALL", keys[2], NULL);
    for (size_t i = 0; i + 1 < r->elements; i += 2) {
        const char *field = wire_text(r->element[i]);
        snprintf(text, sizeof text, "%s", wire_text(r->element[i + 1]));
        if (strcmp(field, "! ") == 0) {
            s->announced = (int8_t)number_of(text);
        } else if (strcmp(field, "@ ") == 0) {
            char cursor[8] = "";
            int provisional = 0;
            assert_true(sscanf(text, "%lf %d %7s", &begun, &provisional, cursor) >= 2);
            s->building = 1;
            s->provisional = (int8_t)provisional;
            s->cursor = (int8_t)(id_of(cursor) + 1);
        } else if (strcmp(field, "@ holder") == 0) {
            s->holder = (int8_t)number_of(text);
            s->held = atoll(strchr(text, ' ') + 1) > clock_ms();
        } else {
            assert_true(id_of(field) >= 0);
            see_record(s, id_of(field), text);
        }
    }
    return begun;
}

static void see_places(int key, int8_t *nonce, int8_t *provisional, int8_t place[D_IDS])
{
    const redisReply *r = wire_command(&redis, "ZRANGE", keys[key], "0", "-1", "WITHSCORES", NULL);
    for (size_t i = 0; i + 1 < r->elements; i += 2) {
        const char *member = wire_text(r->element[i]);
        double score = strtod(wire_text(r->element[i + 1]), NULL);
        if (id_of(member) >= 0) {
            place[id_of(member)] = (int8_t)(isinf(score) ? D_TOMBSTONE : (int)score);
            continue;
        }
        assert_true(member[1] == ' ' && isinf(score) && score < 0);
        assert_true(key == 3 ? member[0] == '@' : member[0] == '!' || member[0] == '~');
        *nonce = (int8_t)number_of(member + 2);
        *provisional = member[0] == '~';
    }
}

static void what_a_reader_is_told(const d_slot *s)
{
    const redisReply *r = wire_script(&redis, &mci_script_derived_read, keys, 2, "16", "page", "0", "10", NULL);
    assert_string_equal(wire_text(wire_item(r, 1)), s->pending == 0 ? "" : name('n', s->pending));
    int whole = s->pending != 0 && s->set == s->pending;
    assert_string_equal(wire_text(wire_item(r, 2)), !whole ? "" : s->set_provisional ? "P" : "W");
    size_t due = 0;
    for (int i = 0; i < D_IDS; i++)
        due += s->entry[i] >= D_DUE;
    assert_int_equal(wire_item(r, 3)->elements, due);
    assert_int_equal(wire_int(wire_item(r, 4)), s->phantom == 2);
    size_t members = 0;
    for (int i = 0; i < D_IDS; i++)
        members += s->place[i] != D_NONE;
    assert_int_equal(wire_item(r, 6)->elements, 2 * members);
}

/* The keys are those of the model, but for what only the model knows. */
static void compare(const d_slot *model, d_op after)
{
    d_slot real;
    d_slot want = *model;
    int8_t none = 0;
    d_slot_init(&real);
    double begun = see_announcements(&real);
    see_pending(&real, begun);
    see_places(0, &real.set, &real.set_provisional, real.place);
    see_places(3, &real.fresh, &none, real.placed);
    real.nonces = want.nonces;
    memset(want.armed, 0, sizeof want.armed);
    memset(want.taken, 0, sizeof want.taken);
    if (memcmp(&real, &want, sizeof want) != 0)
        print_message("after step of kind %d, in derived_slot.h:\n", (int)after);
    assert_memory_equal(&real, &want, sizeof want);
    what_a_reader_is_told(model);
}

/* ---- random schedules --------------------------------------------------------------------------------------------- */

static void begin(const d_slot *s)
{
    (void)wire_command(&redis, "FLUSHALL", NULL);
    (void)wire_command(&redis, "ZADD", keys[1], "+inf", "! 0.0000000000000001", NULL);
    (void)wire_command(&redis, "HSET", keys[2], "! ", "0.0000000000000001", NULL);
    if (s->set != 0)
        (void)wire_command(&redis, "ZADD", keys[0], "-inf", "! 0.0000000000000001", NULL);
    for (int i = 0; i < D_IDS; i++) {
        if (s->place[i] != D_NONE)
            (void)wire_command(&redis, "ZADD", keys[0], wire_number(s->place[i]), ids[i], NULL);
        if (s->entry[i] == D_DOUBT)
            (void)wire_command(&redis, "ZADD", keys[1], wire_number(-clock_ms()), ids[i], NULL);
    }
}

static void test_scripts_agree(void **state)
{
    (void)state;
    unsigned seed = 20260207;
    size_t steps = 0;
    for (int schedule = 0; schedule < SCHEDULES; schedule++) {
        const d_config *cfg = d_configs[(size_t)schedule % d_nconfigs];
        d_model m;
        d_event events[D_EVENTS_MAX];
        int n;
        d_init(&m, cfg);
        begin(&m.s);
        compare(&m.s, D_NOTHING);
        while ((n = d_events(&m, cfg, 0, events)) > 0) {
            d_call did;
            d_slot before = m.s;
            seed = seed * 1103515245u + 12345u;
            d_apply(&m, cfg, events[(seed >> 16) % (unsigned)n], 0, &did);
            if (did.op == D_NOTHING)
                continue;
            next_millisecond();
            step_for_real(&did, &before, &m.s);
            compare(&m.s, did.op);
            steps++;
        }
        assert_false(m.wrong);
        assert_int_equal(d_end(m, cfg, 0), 0);
    }
    print_message("%d schedules, %zu steps: model and scripts agree\n", SCHEDULES, steps);
}

static int set_up(void **state)
{
    (void)state;
    srv_start_redis(&server, NULL);
    wire_open(&redis, &server);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wire_close(&redis);
    srv_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts_agree),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
