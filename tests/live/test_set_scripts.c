/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scripts of a derived set at their edges, where the model has none: what others have put into the keys, arguments that are not numbers, a
 * Redis that is full or a replica, and the questions that a read may ask.
 */
#include "wire.h"

#include "scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define LONG "1000000000"
#define N1 "1.0000000000000001"
#define N2 "1.0000000000000002"

static srv server;
static wire redis;
static const char *const keys[] = {"{t}:set", "{t}:pending", "{t}:announced", "{t}:new"};

#define CMD(...) wire_command(&redis, __VA_ARGS__, NULL)
#define SCRIPT(s, ...) wire_script(&redis, &mci_script_derived_##s, keys, 4, __VA_ARGS__, NULL)
#define READ(...) wire_script(&redis, &mci_script_derived_read, keys, 2, "16", __VA_ARGS__, NULL)

/* Before Redis 7 an error inside a script comes after the script's own text, with a dash or without its first word. */
static int starts(const redisReply *r, const char *with)
{
    if (r->type != REDIS_REPLY_ERROR)
        return 0;
    const char *inner = strstr(r->str, ": -");
    return strncmp(r->str, with, strlen(with)) == 0 || (inner != NULL && strncmp(inner + 3, with, strlen(with)) == 0);
}

/* A whole board: a 1, b 2, c 2, d 3. */
static void board(void)
{
    (void)CMD("FLUSHALL");
    assert_string_equal(wire_text(wire_item(SCRIPT(raise, N1, LONG, "", "E"), 1)), N1);
    assert_int_equal(wire_int(wire_item(SCRIPT(build, A, LONG, N2, LONG), 4)), 0);
    assert_int_equal(wire_int(SCRIPT(page, A, N1, LONG, "", "b", "Z", "1", "a", "2", "b")), 1);
    assert_int_equal(wire_int(SCRIPT(page, A, N1, LONG, "", "b", "Z", "1", "a", "2", "b")), 1); /* it comes again */
    assert_int_equal(wire_int(SCRIPT(page, A, N1, LONG, "c", "d", "Z", "3", "d")),
                     0);                                                              /* the page before it did not arrive */
    assert_int_equal(wire_int(SCRIPT(page, A, N1, LONG, "", "d", "Z", "3", "d")), 0); /* or came before it */
    assert_int_equal(wire_int(SCRIPT(page, A, N1, LONG, "b", "d", "Z", "2", "c", "3", "d")), 1);
    assert_int_equal(wire_int(SCRIPT(swap, A, N1, LONG)), 1);
}

static const char *state_now(void)
{
    return wire_text(wire_item(READ("size"), 2));
}

static size_t due_now(void)
{
    return wire_item(READ("size"), 3)->elements;
}

/* Everything that stands in the keys, as one text (free()). */
static char *contents(void)
{
    size_t cap = 1 << 16;
    size_t n = 0;
    char *out = calloc(1, cap);
    assert_non_null(out);
    for (int k = 0; k < 4; k++) {
        const redisReply *r = CMD("DUMP", keys[k]);
        n += (size_t)snprintf(out + n, cap - n, "%d:", k);
        for (size_t i = 0; i < r->len && n + 3 < cap; i++)
            n += (size_t)snprintf(out + n, cap - n, "%02x", (unsigned char)r->str[i]);
    }
    return out;
}

static void test_questions(void **state)
{
    (void)state;
    board();
    const redisReply *r = READ("page", "1", "9");
    assert_string_equal(wire_text(wire_item(r, 2)), "W");
    assert_int_equal(wire_int(wire_item(r, 5)), 5);
    const redisReply *rows = wire_item(r, 6);
    assert_int_equal(rows->elements, 6); /* without the marker */
    assert_string_equal(wire_text(wire_item(rows, 0)), "c");
    assert_string_equal(wire_text(wire_item(rows, 4)), "a");
    assert_string_equal(wire_text(wire_item(rows, 5)), "1");
    rows = wire_item(READ("place", "b", "d", "nobody"), 6);
    assert_string_equal(wire_text(wire_item(rows, 0)), "2");
    assert_int_equal(wire_int(wire_item(rows, 1)), 1); /* a higher score */
    assert_int_equal(wire_int(wire_item(rows, 2)), 2); /* c stands before it, too */
    assert_string_equal(wire_text(wire_item(wire_item(rows, 3), 0)), "3");
    assert_int_equal(wire_item(wire_item(rows, 3), 1)->type, REDIS_REPLY_NIL);
    rows = wire_item(READ("place", "nobody"), 6);
    assert_int_equal(wire_item(rows, 0)->type, REDIS_REPLY_NIL);
    assert_int_equal(wire_item(rows, 2)->type, REDIS_REPLY_NIL);
    rows = wire_item(READ("counts", "2", "1", "(2", "2", "+inf"), 6);
    assert_int_equal(wire_int(wire_item(rows, 0)), 1);
    assert_int_equal(wire_int(wire_item(rows, 1)), 3);
    rows = wire_item(READ("ranges", "1", "2", "+inf", "9", "10"), 6);
    assert_string_equal(wire_text(wire_item(wire_item(rows, 0), 0)), "b");
    assert_int_equal(wire_item(rows, 0)->elements, 2);
    assert_int_equal(wire_item(rows, 1)->elements, 0);
    assert_true(starts(READ("nothing"), "ERR"));
    assert_true(starts(READ("page", "-1", "9"), "ERR"));
    assert_true(starts(READ("page", "0", "9007199254740993000"), "ERR"));
    /* More ranges than a script can unpack at once. */
    static const char *args[3 + 2 * 6000] = {"16", "counts", "6000"};
    for (size_t i = 3; i < sizeof args / sizeof args[0]; i++)
        args[i] = i % 2 ? "1" : "(2";
    r = wire_script_args(&redis, &mci_script_derived_read, keys, 2, args, sizeof args / sizeof args[0]);
    assert_int_equal(wire_item(r, 6)->elements, 6000);
    assert_int_equal(wire_int(wire_item(wire_item(r, 6), 5999)), 1);
}

static void test_places_on_the_map(void **state)
{
    (void)state;
    (void)CMD("FLUSHALL");
    (void)SCRIPT(raise, N1, LONG, "", "E");
    (void)SCRIPT(build, A, LONG, N2, LONG);
    assert_true(starts(SCRIPT(page, A, N1, LONG, "", "b", "G", "1", "86", "a"), "ERR"));
    assert_true(starts(SCRIPT(page, A, N1, LONG, "", "b", "G", "", "a"), "ERR")); /* on a page everybody has a place */
    assert_int_equal(wire_int(SCRIPT(page, A, N1, LONG, "", "b", "G", "1", "1", "a", "2", "2", "b")), 1);
    const redisReply *r = SCRIPT(announce, "b", A, LONG, LONG, N2);
    const char *now = wire_number(wire_int(wire_item(r, 0)));
    assert_int_equal(wire_int(wire_item(SCRIPT(settle, "b", A, N1, now, LONG, "P", "G", N2, "1.5", "1.5"), 0)), 1);
    assert_int_equal(wire_int(SCRIPT(swap, A, N1, LONG)), 1);
    r = READ("near", "1", "1", "100000", "5");
    assert_string_equal(wire_text(wire_item(r, 2)), "W");
    const redisReply *rows = wire_item(r, 6);
    assert_int_equal(rows->elements, 2); /* the marker is nowhere */
    assert_string_equal(wire_text(wire_item(wire_item(rows, 0), 0)), "a");
    assert_true(wire_int(wire_item(wire_item(rows, 0), 1)) > 0);
    assert_string_equal(wire_text(wire_item(wire_item(rows, 1), 0)), "b");
    (void)SCRIPT(tell, N2, LONG, "a", "b");
    assert_int_equal(due_now(), 2);
    (void)SCRIPT(lease, B, LONG, "a", "b");
    r = SCRIPT(repair, B, N1, LONG, "G", "a", "", "b", "3", "3");
    assert_int_equal(wire_int(wire_item(r, 0)) + wire_int(wire_item(r, 1)), 2);
    assert_int_equal(due_now(), 0);
    assert_int_equal(wire_int(wire_item(READ("size"), 5)), 2); /* b, and the marker */
}

static void test_leases_of_repairs(void **state)
{
    (void)state;
    board();
    (void)SCRIPT(tell, N2, LONG, "a");
    assert_int_equal(wire_int(wire_item(SCRIPT(lease, A, LONG, "a", "b"), 1)), 1);
    assert_int_equal(wire_int(wire_item(SCRIPT(lease, A, LONG, "a", "b"), 2)), 0); /* not due */
    assert_int_equal(wire_int(wire_item(SCRIPT(lease, B, LONG, "a"), 1)), 0);      /* another's */
    assert_int_equal(wire_int(wire_item(SCRIPT(lease, B, "0", "a"), 1)), 1);       /* whose time is over */
    assert_int_equal(wire_int(wire_item(SCRIPT(repair, A, N1, LONG, "Z", "a", "9"), 0)), 0);
    assert_int_equal(wire_int(wire_item(SCRIPT(repair, B, N2, LONG, "Z", "a", "9"), 0)), 0); /* another nonce */
    assert_int_equal(wire_int(wire_item(SCRIPT(repair, B, N1, LONG, "Z", "a", "9"), 0)), 1);
    assert_string_equal(wire_text(wire_item(wire_item(READ("page", "0", "1"), 6), 0)), "a");
}

static void test_announcements(void **state)
{
    (void)state;
    board();
    long long first = wire_int(wire_item(SCRIPT(announce, "a", A, "1000", LONG, N2), 0));
    (void)SCRIPT(announce, "a", A, LONG, LONG, N2); /* again: it lasts longer, and is still alone */
    char want[128];
    snprintf(want, sizeof want, A " - 0000000000000 0 " A " ");
    const char *record = wire_text(CMD("HGET", keys[2], "a"));
    assert_memory_equal(record, want, strlen(want));
    assert_true(atoll(record + strlen(want)) > first + 1000);
    /* What comes when its time is over is a doubt, although its token stands (it was announced once more). */
    assert_int_equal(wire_int(wire_item(SCRIPT(settle, "a", A, N1, "1", "1000", "P", "Z", N2, "9"), 0)), 0);
    assert_int_equal(due_now(), 1);
    /* A write that changed nothing leaves what was in doubt before. */
    const char *now = wire_number(wire_int(wire_item(SCRIPT(announce, "a", A, LONG, LONG, N2), 0)));
    assert_int_equal(wire_int(wire_item(SCRIPT(settle, "a", A, N1, now, LONG, "A", "Z", N2, ""), 0)), 1);
    assert_int_equal(due_now(), 1);
    /* Writers of one id are counted, and there is an end. */
    for (int i = 0; i < 1000; i++) {
        char token[40];
        snprintf(token, sizeof token, "%032d", i);
        assert_int_equal(SCRIPT(announce, "b", token, LONG, LONG, N2)->type, REDIS_REPLY_ARRAY);
    }
    const redisReply *many = SCRIPT(announce, "b", A, LONG, LONG, N2);
    assert_true(starts(many, "ERR") && strstr(many->str, "too many writers") != NULL);
    assert_int_equal(wire_int(wire_item(SCRIPT(settle, "b", A, N1, "1", LONG, "P", "Z", N2, "9"), 1)), 1000);
}

static void test_a_raised_nonce(void **state)
{
    (void)state;
    board();
    assert_string_equal(wire_text(wire_item(SCRIPT(raise, N2, LONG, "1.9", ""), 1)), N1); /* it is another's by now */
    assert_string_equal(state_now(), "W");
    assert_string_equal(wire_text(wire_item(SCRIPT(raise, N2, LONG, N1, ""), 1)), N2);
    assert_string_equal(state_now(), "");
    assert_string_equal(wire_text(wire_item(SCRIPT(build, A, LONG, N1, LONG), 1)), N2);
    assert_int_equal(wire_int(SCRIPT(swap, A, N1, LONG)), 0);
    assert_int_equal(wire_int(wire_item(SCRIPT(build, B, LONG, N1, LONG), 0)), 1); /* the refused one does not bar others */
    assert_int_equal(wire_int(SCRIPT(leave, B)), 1);
    assert_int_equal(wire_int(wire_item(SCRIPT(build, A, LONG, N1, LONG), 0)), 1);
}

static void test_keys_of_other_types(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        for (int script = 0; script < 7; script++) {
            board();
            (void)SCRIPT(build, A, LONG, N2, LONG);
            (void)CMD("DEL", keys[k]);
            (void)CMD(k == 2 ? "RPUSH" : "SET", keys[k], "something else");
            const redisReply *r = READ("page", "0", "10");
            assert_int_equal(r->type, REDIS_REPLY_ARRAY);
            if (k < 2)
                assert_string_equal(wire_text(wire_item(r, 2)), "");
            switch (script) {
            case 0:
                r = SCRIPT(announce, "a", A, LONG, LONG, N2);
                break;
            case 1:
                r = SCRIPT(settle, "a", A, N1, "1", LONG, "P", "Z", N2, "5");
                break;
            case 2:
                r = SCRIPT(tell, N2, LONG, "a");
                break;
            case 3:
                r = SCRIPT(lease, A, LONG, "a");
                break;
            case 4:
                r = SCRIPT(build, B, LONG, N2, LONG);
                break;
            case 5:
                r = SCRIPT(raise, N2, LONG, "", "");
                break;
            default:
                r = SCRIPT(leave, A);
            }
            assert_int_not_equal(r->type, REDIS_REPLY_ERROR);
            assert_int_not_equal(SCRIPT(page, A, N1, LONG, "", "", "Z")->type, REDIS_REPLY_ERROR);
            assert_int_not_equal(SCRIPT(repair, A, N1, LONG, "Z", "a", "5")->type, REDIS_REPLY_ERROR);
            assert_int_not_equal(SCRIPT(swap, A, N1, LONG)->type, REDIS_REPLY_ERROR);
            /* and whoever builds then puts it right */
            (void)SCRIPT(leave, A);
            (void)SCRIPT(leave, B);
            r = SCRIPT(build, B, LONG, N2, LONG);
            char nonce[40];
            char cursor[40];
            snprintf(nonce, sizeof nonce, "%s", wire_text(wire_item(r, 1)));
            snprintf(cursor, sizeof cursor, "%s", wire_text(wire_item(r, 3)));
            assert_int_equal(wire_int(SCRIPT(page, B, nonce, LONG, cursor, "a", "Z", "1", "a")), 1);
            assert_int_equal(wire_int(SCRIPT(swap, B, nonce, LONG)), 1);
            assert_true(strlen(state_now()) == 1);
        }
    }
}

static void test_what_others_wrote(void **state)
{
    (void)state;
    static const char *const records[] = {
        "", "x", "- - 0", "- - 1e300 0", ("- - 0 0 " A), ("- - 0 0 " A " nan"), ("- - 0 0 " A " 0x7fffffffffffffffff")};
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        board();
        (void)CMD("HSET", keys[2], "a", records[i]);
        const char *now = wire_number(wire_int(wire_item(SCRIPT(announce, "a", A, LONG, LONG, N2), 0)));
        assert_int_equal(wire_int(wire_item(SCRIPT(settle, "a", A, N1, now, LONG, "P", "Z", N2, "9"), 0)), 1);
        assert_int_equal(CMD("HEXISTS", keys[2], "a")->integer, 0);
    }
    board();
    char *large = malloc(200001);
    assert_non_null(large);
    memset(large, 'x', 200000);
    large[200000] = '\0';
    (void)CMD("HSET", keys[2], "a", large, "@ ", large, "@ holder", large);
    assert_int_equal(SCRIPT(announce, "a", A, LONG, LONG, N2)->type, REDIS_REPLY_ARRAY);
    assert_int_equal(wire_int(wire_item(SCRIPT(build, A, LONG, N2, LONG), 0)), 1);
    free(large);
    /* Members that no id can be are never due, and in no page; a second "nonce" is none. */
    board();
    (void)CMD("ZADD", keys[1], "1", "! x", "1", "two words", "1", "?", "1", "~ " N1);
    (void)CMD("ZADD", keys[0], "99", "! x", "98", "two words", "97", "@ " N1);
    assert_int_equal(due_now(), 0);
    assert_int_equal(wire_int(wire_item(READ("size"), 4)), 1);
    assert_int_equal(wire_item(READ("page", "0", "4"), 6)->elements, 2);
    (void)CMD("ZADD", keys[1], "+inf", "! " N2);
    assert_string_equal(state_now(), "");
    assert_string_equal(wire_text(wire_item(SCRIPT(tell, "1.7", LONG, "a"), 1)), "1.7");
    /* An id may look like much, only not like a marker. */
    board();
    const char *now = wire_number(wire_int(wire_item(SCRIPT(announce, "!~@", A, LONG, LONG, N2), 0)));
    assert_int_equal(wire_int(wire_item(SCRIPT(settle, "!~@", A, N1, now, LONG, "P", "Z", N2, "9"), 0)), 1);
    assert_string_equal(wire_text(wire_item(wire_item(READ("page", "0", "4"), 6), 0)), "!~@");
}

/* Refused, and nothing is changed. */
#define REFUSED(why, ...)                                                                                                   \
    do {                                                                                                                    \
        char *before = contents();                                                                                          \
        const redisReply *r_ = SCRIPT(__VA_ARGS__);                                                                         \
        if (!starts(r_, why))                                                                                               \
            fail_msg("line %d: %s", __LINE__, r_->type == REDIS_REPLY_ERROR ? r_->str : "not refused");                     \
        char *after = contents();                                                                                           \
        assert_string_equal(before, after);                                                                                 \
        free(before);                                                                                                       \
        free(after);                                                                                                        \
    } while (0)

static void test_arguments_that_are_none(void **state)
{
    (void)state;
    static const char *const numbers[] = {"", "x", "1.5", "nan", "inf", "-inf", "9007199254740994", "1e300"};
    board();
    (void)SCRIPT(build, A, LONG, N2, LONG);
    (void)SCRIPT(announce, "a", A, LONG, LONG, N2);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        REFUSED("ERR", announce, "b", B, numbers[i], LONG, N2);
        REFUSED("ERR", announce, "b", B, LONG, numbers[i], N2);
        REFUSED("ERR", settle, "a", A, N1, numbers[i], LONG, "P", "Z", N2, "5");
        REFUSED("ERR", settle, "a", A, N1, "1", numbers[i], "P", "Z", N2, "5");
        REFUSED("ERR", tell, N2, numbers[i], "a");
        REFUSED("ERR", lease, A, numbers[i], "a");
        REFUSED("ERR", build, A, numbers[i], N2, LONG);
        REFUSED("ERR", page, A, N1, numbers[i], "", "z", "Z", "1", "a");
        REFUSED("ERR", swap, A, N1, numbers[i]);
        REFUSED("ERR", raise, N2, numbers[i], "", "");
    }
    static const char *const scores[] = {"x", "nan", "inf", "-inf", "1e999", " 1", "1 "};
    for (size_t i = 0; i < sizeof scores / sizeof scores[0]; i++) {
        REFUSED("ERR", settle, "a", A, N1, "1", LONG, "P", "Z", N2, scores[i]);
        REFUSED("ERR", repair, A, N1, LONG, "Z", "a", scores[i]);
        REFUSED("ERR", page, A, N1, LONG, "", "z", "Z", "1", "y", scores[i], "a");
    }
    static const char *const ids[] = {"", "! 1.0", "@ holder", "?", "a b", "a\nb"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        REFUSED("ERR", announce, ids[i], B, LONG, LONG, N2);
        REFUSED("ERR", tell, N2, LONG, "b", ids[i]);
        REFUSED("ERR", lease, B, LONG, ids[i]);
        REFUSED("ERR", page, A, N1, LONG, "", "", "Z", "1", "y", "1", ids[i]);
    }
    REFUSED("ERR", announce, "b", "no token", LONG, LONG, N2);
    REFUSED("ERR", announce, "b", B, LONG, LONG, "no nonce");
    REFUSED("ERR", settle, "a", A, N1, "1", LONG, "X", "Z", N2, "5");
    REFUSED("ERR", settle, "a", A, N1, "1", LONG, "P", "X", N2, "5");
    REFUSED("ERR", settle, "a", A, N1, "1", LONG, "P", "Z", N2);
}

/* Many ids in one call are what each would have been alone; and one of them that cannot be leaves all as they were. */
static void test_many_at_once(void **state)
{
    (void)state;
    board();
    const redisReply *r = SCRIPT(announce, "a", A, LONG, LONG, N2, "e", A, "b", A, "d", A);
    const char *now = wire_number(wire_int(wire_item(r, 0)));
    assert_string_equal(wire_text(wire_item(r, 1)), N1);
    (void)SCRIPT(announce, "b", B, LONG, LONG, N2); /* overlaps */
    REFUSED("ERR", announce, "f", B, LONG, LONG, N2, "g", B, "f", B);
    REFUSED("ERR", announce, "f", B, LONG, LONG, N2, "g");
    REFUSED("ERR", settle, "a", A, N1, now, LONG, "P", "Z", N2, "9", "a", A, "P", "8");
    REFUSED("ERR", settle, "a", A, N1, now, LONG, "P", "Z", N2, "9", "e", A, "X", "8");
    REFUSED("ERR", settle, "a", A, N1, now, LONG, "P", "Z", N2, "9", "e", A, "P");
    r = SCRIPT(settle, "a", A, N1, now, LONG, "P", "Z", N2, "9", "e", A, "P", "8", "b", A, "P", "7", "d", A, "P", "");
    static const int expected[] = {1, 0, 1, 0, 0, 1, 1, 0};
    assert_int_equal(r->elements, 8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(wire_int(wire_item(r, i)), expected[i]);
    assert_int_equal(due_now(), 1);
    const redisReply *rows = wire_item(READ("page", "0", "9"), 6);
    assert_int_equal(rows->elements, 8); /* a 9, e 8, b as it was, c; d is gone */
    assert_string_equal(wire_text(wire_item(rows, 0)), "a");
    assert_string_equal(wire_text(wire_item(rows, 2)), "e");
    assert_string_equal(wire_text(wire_item(rows, 5)), "2");
    (void)SCRIPT(settle, "b", B, N1, now, LONG, "A", "Z", N2, "");
    r = CMD("HLEN", keys[2]);
    assert_int_equal(wire_int(r), 1); /* the nonce */
}

static void test_a_full_redis(void **state)
{
    (void)state;
    board();
    (void)SCRIPT(tell, N2, LONG, "c");
    (void)SCRIPT(announce, "a", A, LONG, LONG, N2);
    const char *now = wire_number(wire_int(wire_item(SCRIPT(announce, "b", A, LONG, LONG, N2), 0)));
    (void)SCRIPT(build, A, LONG, N2, LONG);
    (void)CMD("CONFIG", "SET", "maxmemory", "1");
    REFUSED("OOM", announce, "d", A, LONG, LONG, N2);
    REFUSED("OOM", page, A, N1, LONG, "", "z", "Z", "1", "y");
    REFUSED("OOM", build, A, LONG, N2, LONG);
    assert_int_equal(wire_int(wire_item(SCRIPT(lease, B, LONG, "c"), 1)), 0);
    assert_int_equal(due_now(), 1);
    /* A settlement is heard, but it becomes a doubt; one that changed nothing leaves nothing; what is told is heard. */
    assert_int_equal(wire_int(wire_item(SCRIPT(settle, "a", A, N1, now, LONG, "P", "Z", N2, "5"), 0)), 0);
    assert_int_equal(wire_int(wire_item(SCRIPT(settle, "b", A, N1, now, LONG, "A", "Z", N2, ""), 0)), 1);
    assert_int_equal(due_now(), 2);
    (void)SCRIPT(tell, N2, LONG, "d");
    assert_int_equal(due_now(), 3);
    assert_string_equal(wire_text(wire_item(wire_item(READ("page", "0", "1"), 6), 0)), "d");
    assert_int_equal(wire_int(SCRIPT(swap, A, N1, LONG)), 1);
    assert_int_equal(wire_int(SCRIPT(leave, A)), 1);
    assert_string_equal(wire_text(wire_item(SCRIPT(raise, N2, LONG, "", ""), 1)), N2);
    assert_string_equal(state_now(), "");
    (void)CMD("CONFIG", "SET", "maxmemory", "0");
}

static void test_a_replica(void **state)
{
    (void)state;
    board();
    (void)SCRIPT(tell, N2, LONG, "a");
    (void)CMD("REPLICAOF", "127.0.0.1", wire_number(srv_free_port()));
    const redisReply *r = READ("page", "0", "9");
    assert_string_equal(wire_text(wire_item(r, 2)), "W");
    assert_int_equal(wire_item(r, 3)->elements, 1);
    REFUSED("READONLY", announce, "a", A, LONG, LONG, N2);
    REFUSED("READONLY", tell, N2, LONG, "b");
    REFUSED("READONLY", settle, "a", A, N1, "1", LONG, "P", "Z", N2, "5");
    REFUSED("READONLY", build, A, LONG, N2, LONG);
    (void)CMD("REPLICAOF", "NO", "ONE");
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
        cmocka_unit_test(test_questions),         cmocka_unit_test(test_places_on_the_map),
        cmocka_unit_test(test_leases_of_repairs), cmocka_unit_test(test_announcements),
        cmocka_unit_test(test_a_raised_nonce),    cmocka_unit_test(test_keys_of_other_types),
        cmocka_unit_test(test_what_others_wrote), cmocka_unit_test(test_arguments_that_are_none),
        cmocka_unit_test(test_many_at_once),      cmocka_unit_test(test_a_full_redis),
        cmocka_unit_test(test_a_replica),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
