/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache in this process, operation by operation and by a clock of the test's own: what times out, what is refused, what has to go when
 * there is no room, who shares what. (That it takes the steps of the protocol: tests/model/test_memory.c.)
 */
#include "ops_kit.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- single operations -------------------------------------------------------------------------------------------- */

static const mci_found *read_of(ops_kit *k, const mci_family *f, const char *id)
{
    ops_kit_op(k, MCI_OP_VALUE_READ)->u.value_read = (mci_op_value_read){.family = f, .id = id, .want = MCI_WANT_BOTH};
    return &ops_kit_run(k)->u.value_read.found;
}

static const mci_op_acquire *acquire(ops_kit *k, const mci_family *f, const char *id, const char *token, mci_slice rejected)
{
    ops_kit_op(k, f != NULL ? MCI_OP_VALUE_ACQUIRE : MCI_OP_STRING_ACQUIRE)->u.acquire = (mci_op_acquire){
        .family = f, .id = id, .want = MCI_WANT_BOTH, .token = token, .lease_ms = 1000, .rejected = rejected};
    return &ops_kit_run(k)->u.acquire;
}

static const mci_slice nothing = {NULL, 0};

static const mci_op_commit *commit(ops_kit *k, mci_commit_mode mode, const mci_family *f, const char *id, const char *token,
                                   const mci_doc *d, const char *target)
{
    int64_t epoch = k->ops.epoch;
    ops_kit_op(k, MCI_OP_VALUE_COMMIT)->u.commit = (mci_op_commit){.family = f,
                                                                   .id = id,
                                                                   .mode = mode,
                                                                   .token = token,
                                                                   .doc = d,
                                                                   .target = target,
                                                                   .epoch = epoch,
                                                                   .now_ms = ops_kit_clock,
                                                                   .ttl_ms = 60000};
    return &ops_kit_run(k)->u.commit;
}

/* A load that finds a document of so many bytes. */
static int fill(ops_kit *k, const mci_family *f, const char *id, const char *title, size_t bytes)
{
    mci_doc *d = ops_kit_document(f->spec, id, title, bytes);
    assert_int_equal(acquire(k, f, id, A, nothing)->acquired, MCI_ACQUIRED_LEASE);
    int stored = commit(k, MCI_COMMIT_FILL, f, id, A, d, NULL)->stored;
    mci_doc_unref(d);
    return stored;
}

static void announce(ops_kit *k, const mci_family *f, const char *id, const char *token)
{
    ops_kit_op(k, MCI_OP_VALUE_ANNOUNCE)->u.announce =
        (mci_op_announce){.family = f, .id = id, .token = token, .span_ms = 10000};
    assert_int_equal(ops_kit_run(k)->u.announce.now_ms, ops_kit_clock);
}

static void test_values(void **state)
{
    (void)state;
    ops_kit k;
    ops_kit_open(&k, "", 1 << 20);
    assert_int_equal(read_of(&k, &k.docs, "one")->state, MCI_FOUND_NONE);
    assert_true(fill(&k, &k.docs, "one", "First", 10));
    const mci_found *f = read_of(&k, &k.docs, "one");
    assert_int_equal(f->state, MCI_FOUND_VALUE);
    assert_string_equal(mci_doc_text(f->doc, 0), "First");
    assert_int_equal(f->written_ms, ops_kit_clock);
    assert_int_equal(read_of(&k, &k.other, "one")->state, MCI_FOUND_NONE); /* another collection */
    assert_int_equal(acquire(&k, &k.docs, "one", B, nothing)->acquired, MCI_ACQUIRED_FOUND);
    assert_int_equal(k.ops.op[0].u.acquire.found.state, MCI_FOUND_VALUE);
    /* A negative entry, and an entry of a unique key. */
    (void)acquire(&k, &k.docs, "none", A, nothing);
    assert_true(commit(&k, MCI_COMMIT_FILL, &k.docs, "none", A, NULL, NULL)->stored);
    assert_int_equal(read_of(&k, &k.docs, "none")->state, MCI_FOUND_NEGATIVE);
    (void)acquire(&k, &k.titles, "First", A, nothing);
    assert_true(commit(&k, MCI_COMMIT_FILL, &k.titles, "First", A, NULL, "one")->stored);
    f = read_of(&k, &k.titles, "First");
    assert_int_equal(f->state, MCI_FOUND_VALUE);
    assert_string_equal(f->target, "one");
    /* Dropping tells the unique field. */
    ops_kit_op(&k, MCI_OP_VALUE_DROP)->u.drop = (mci_op_drop){.family = &k.docs, .id = "one"};
    mci_slice title = ops_kit_run(&k)->u.drop.unique;
    assert_int_equal(title.n, 5);
    assert_memory_equal(title.p, "First", 5);
    assert_int_equal(read_of(&k, &k.docs, "one")->state, MCI_FOUND_NONE);
    /* Too large a value is no error; it is not kept. */
    assert_true(fill(&k, &k.docs, "large", "x", 6000));
    assert_int_equal(read_of(&k, &k.docs, "large")->state, MCI_FOUND_NONE);
    assert_true(fill(&k, &k.docs, "near the limit", "x", 4800));
    assert_int_equal(read_of(&k, &k.docs, "near the limit")->state, MCI_FOUND_VALUE);
    ops_kit_close(&k);
}

static void test_epochs_and_times(void **state)
{
    (void)state;
    ops_kit k;
    ops_kit_open(&k, "", 1 << 20);
    assert_true(fill(&k, &k.docs, "one", "First", 10));
    ops_kit_clock += 60001; /* its time to live is over */
    assert_int_equal(read_of(&k, &k.docs, "one")->state, MCI_FOUND_NONE);
    assert_true(fill(&k, &k.docs, "one", "First", 10));
    ops_kit_op(&k, MCI_OP_VALUE_READ)->u.value_read =
        (mci_op_value_read){.family = &k.docs, .id = "one", .want = MCI_WANT_FIELDS};
    k.ops.clock_ms = ops_kit_clock + 60001; /* by the caller's clock it is */
    assert_int_equal(ops_kit_run(&k)->u.value_read.found.state, MCI_FOUND_OLD);
    (void)ops_kit_op(&k, MCI_OP_EPOCH_RAISE);
    (void)ops_kit_run(&k);
    const mci_found *f = read_of(&k, &k.docs, "one");
    assert_int_equal(f->state, MCI_FOUND_OLD);
    char name[32];
    assert_true(f->name.n > 0 && f->name.n < sizeof name);
    memcpy(name, f->name.p, f->name.n);
    mci_slice named = {name, f->name.n};
    assert_int_equal(acquire(&k, &k.docs, "one", A, nothing)->acquired, MCI_ACQUIRED_FOUND);
    assert_int_equal(acquire(&k, &k.docs, "one", A, named)->acquired, MCI_ACQUIRED_LEASE);
    /* What was named once is not what stands there later. */
    mci_doc *d = ops_kit_document(&ops_kit_things, "one", "Again", 1);
    assert_true(commit(&k, MCI_COMMIT_FILL, &k.docs, "one", A, d, NULL)->stored);
    mci_doc_unref(d);
    assert_int_equal(acquire(&k, &k.docs, "one", A, named)->found.state, MCI_FOUND_VALUE);
    ops_kit_close(&k);
}

static void test_leases_and_announcements(void **state)
{
    (void)state;
    ops_kit k;
    mci_doc *d = ops_kit_document(&ops_kit_things, "one", "First", 1);
    ops_kit_open(&k, "", 1 << 20);
    assert_int_equal(acquire(&k, &k.docs, "one", A, nothing)->acquired, MCI_ACQUIRED_LEASE);
    const mci_op_acquire *a = acquire(&k, &k.docs, "one", B, nothing);
    assert_int_equal(a->acquired, MCI_ACQUIRED_OTHER);
    assert_int_equal(a->holder.n, 32);
    assert_memory_equal(a->holder.p, A, 32);
    ops_kit_clock += 1001; /* the lease is over */
    assert_int_equal(acquire(&k, &k.docs, "one", B, nothing)->acquired, MCI_ACQUIRED_LEASE);
    assert_false(commit(&k, MCI_COMMIT_FILL, &k.docs, "one", A, d, NULL)->stored);
    (void)commit(&k, MCI_COMMIT_RELEASE, &k.docs, "one", B, NULL, NULL);
    assert_int_equal(acquire(&k, &k.docs, "one", A, nothing)->acquired, MCI_ACQUIRED_LEASE);
    announce(&k, &k.docs, "one", B);
    assert_false(commit(&k, MCI_COMMIT_FILL, &k.docs, "one", A, d, NULL)->stored);
    assert_int_equal(acquire(&k, &k.docs, "one", A, nothing)->acquired, MCI_ACQUIRED_WRITER);
    announce(&k, &k.docs, "one", A); /* the second: neither is alone */
    const mci_op_commit *c = commit(&k, MCI_COMMIT_POST, &k.docs, "one", B, d, NULL);
    assert_false(c->stored);
    assert_int_equal(c->others, 1);
    assert_false(commit(&k, MCI_COMMIT_POST, &k.docs, "one", A, d, NULL)->stored);
    announce(&k, &k.docs, "one", A);
    assert_true(commit(&k, MCI_COMMIT_POST, &k.docs, "one", A, d, NULL)->stored);
    announce(&k, &k.docs, "one", A);
    ops_kit_clock += 10001; /* it is given up */
    assert_int_equal(acquire(&k, &k.docs, "one", B, nothing)->acquired, MCI_ACQUIRED_LEASE);
    assert_false(commit(&k, MCI_COMMIT_POST, &k.docs, "one", A, d, NULL)->stored);
    /* One that was given up and comes nevertheless takes the sole writer its right: nobody knows whose write was the last. */
    announce(&k, &k.docs, "one", A);
    ops_kit_clock += 10001;
    announce(&k, &k.docs, "one", B);
    assert_false(commit(&k, MCI_COMMIT_POST, &k.docs, "one", A, d, NULL)->stored);
    assert_false(commit(&k, MCI_COMMIT_POST, &k.docs, "one", B, d, NULL)->stored);
    /* When all of it is over, nothing is left of it. */
    ops_kit_clock += 100000;
    for (int i = 0; i < 100; i++)
        (void)read_of(&k, &k.docs, "elsewhere");
    assert_int_equal(((mci_memory_cache *)k.c)->shared->held.n, 0);
    assert_int_equal(((mci_memory_cache *)k.c)->shared->bytes, 0);
    mci_doc_unref(d);
    ops_kit_close(&k);
}

static int set_string(ops_kit *k, mci_string_mode mode, const char *token, const char *value)
{
    ops_kit_op(k, MCI_OP_STRING_SET)->u.string_set = (mci_op_string_set){.mode = mode,
                                                                         .token = token,
                                                                         .key = "k",
                                                                         .value = value,
                                                                         .size = strlen(value),
                                                                         .now_ms = ops_kit_clock,
                                                                         .ttl_ms = 1000};
    return ops_kit_run(k)->u.string_set.stored;
}

static const mci_found *string_now(ops_kit *k)
{
    ops_kit_op(k, MCI_OP_STRING_READ)->u.string_read = (mci_op_string_read){.key = "k"};
    return &ops_kit_run(k)->u.string_read.found;
}

static void test_strings(void **state)
{
    (void)state;
    ops_kit k;
    ops_kit_open(&k, "", 1 << 20);
    assert_int_equal(string_now(&k)->state, MCI_FOUND_NONE);
    assert_int_equal(acquire(&k, NULL, "k", A, nothing)->acquired, MCI_ACQUIRED_LEASE);
    assert_int_equal(acquire(&k, NULL, "k", B, nothing)->acquired, MCI_ACQUIRED_OTHER);
    assert_false(set_string(&k, MCI_STRING_FILL, B, "b"));
    assert_true(set_string(&k, MCI_STRING_FILL, A, "a"));
    assert_int_equal(string_now(&k)->state, MCI_FOUND_VALUE);
    assert_int_equal(string_now(&k)->text.n, 1);
    assert_int_equal(k.ops.epoch, 0); /* there is none that counts for it */
    ops_kit_op(&k, MCI_OP_STRING_REMOVE)->u.string_remove.key = "k";
    assert_true(ops_kit_run(&k)->u.string_remove.removed);
    ops_kit_op(&k, MCI_OP_STRING_REMOVE)->u.string_remove.key = "k";
    assert_false(ops_kit_run(&k)->u.string_remove.removed);
    /* A put takes the right to fill; an empty string is one. */
    assert_int_equal(acquire(&k, NULL, "k", A, nothing)->acquired, MCI_ACQUIRED_LEASE);
    assert_true(set_string(&k, MCI_STRING_PUT, "", ""));
    assert_false(set_string(&k, MCI_STRING_FILL, A, "late"));
    assert_int_equal(string_now(&k)->state, MCI_FOUND_VALUE);
    assert_int_equal(string_now(&k)->text.n, 0);
    ops_kit_clock += 1001;
    assert_int_equal(acquire(&k, NULL, "k", A, nothing)->acquired, MCI_ACQUIRED_LEASE);
    assert_true(set_string(&k, MCI_STRING_NONE, A, ""));
    assert_int_equal(string_now(&k)->state, MCI_FOUND_NEGATIVE);
    ops_kit_clock += 1001;
    assert_int_equal(acquire(&k, NULL, "k", A, nothing)->acquired, MCI_ACQUIRED_LEASE);
    assert_false(set_string(&k, MCI_STRING_RELEASE, A, ""));
    assert_int_equal(acquire(&k, NULL, "k", B, nothing)->acquired, MCI_ACQUIRED_LEASE);
    ops_kit_close(&k);
}

/* ---- the bound ---------------------------------------------------------------------------------------------------- */

static size_t bytes_of(const ops_kit *k)
{
    return mci_memory_bytes(((mci_memory_cache *)k->c)->shared);
}

static void test_the_bound(void **state)
{
    (void)state;
    ops_kit k;
    const int64_t max = 200000;
    char id[16];
    ops_kit_open(&k, "", max);
    announce(&k, &k.docs, "announced", A);
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_true(fill(&k, &k.docs, id, "x", 1000));
        assert_true(bytes_of(&k) <= (size_t)max);
        if (i >= 5) /* what is used stays */
            assert_int_equal(read_of(&k, &k.docs, "5")->state, MCI_FOUND_VALUE);
    }
    assert_int_equal(read_of(&k, &k.docs, "6")->state, MCI_FOUND_NONE);
    assert_int_equal(read_of(&k, &k.docs, "499")->state, MCI_FOUND_VALUE);
    assert_int_equal(acquire(&k, &k.docs, "announced", B, nothing)->acquired, MCI_ACQUIRED_WRITER);
    /* A set takes the room of values, and when it is too large itself it is refused. */
    mci_place at = {.there = 1, .x = 1};
    int refused = 0;
    ops_kit_op(&k, MCI_OP_BUILD_BEGIN)->u.build_begin =
        (mci_op_build_begin){.set = &k.rank, .token = A, .hold_ms = 1000, .fresh = "1.a"};
    assert_true(ops_kit_run(&k)->u.build_begin.ours);
    for (int i = 0; i < 4000 && !refused; i++) {
        snprintf(id, sizeof id, "%d", i);
        const char *ids[] = {id};
        ops_kit_op(&k, MCI_OP_BUILD_PAGE)->u.build_page = (mci_op_build_page){
            .set = &k.rank, .token = A, .nonce = "1.a", .hold_ms = 1000, .ids = ids, .places = &at, .n = 1};
        refused = ops_kit_run(&k)->status == MC_E_NOMEM;
        assert_true(bytes_of(&k) <= (size_t)max);
    }
    assert_true(refused);
    assert_int_equal(read_of(&k, &k.docs, "499")->state, MCI_FOUND_NONE);
    assert_int_equal(acquire(&k, &k.docs, "announced", B, nothing)->acquired, MCI_ACQUIRED_WRITER);
    assert_true(fill(&k, &k.docs, "after", "x", 1000)); /* and gives its room back */
    ops_kit_close(&k);
    /* No room for one value. */
    ops_kit_open(&k, "", 2000);
    mci_doc *d = ops_kit_document(&ops_kit_things, "one", "x", 3000);
    (void)acquire(&k, &k.docs, "one", A, nothing);
    const mci_op_commit *c = commit(&k, MCI_COMMIT_FILL, &k.docs, "one", A, d, NULL);
    assert_false(c->stored);
    assert_true(c->full);
    mci_doc_unref(d);
    ops_kit_close(&k);
}

/* What is announced never has to go; so it must not stay when its writer has ended, whichever way. */
static void test_ended_writes_take_no_room(void **state)
{
    (void)state;
    ops_kit k;
    char id[16];
    ops_kit_open(&k, "", 20000);
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "%d", i);
        announce(&k, &k.docs, id, A);
        if (i % 2 == 0)
            announce(&k, &k.docs, id, B); /* neither was alone */
        (void)commit(&k, i % 3 == 0 ? MCI_COMMIT_ABORT : MCI_COMMIT_POST, &k.docs, id, A, NULL, NULL);
        if (i % 2 == 0)
            (void)commit(&k, MCI_COMMIT_POST, &k.docs, id, B, NULL, NULL);
    }
    assert_true(bytes_of(&k) <= 20000);
    assert_true(fill(&k, &k.docs, "after", "x", 1000));
    ops_kit_close(&k);
}

/* What has no room even alone takes nobody else's. */
static void test_one_too_large(void **state)
{
    (void)state;
    ops_kit k;
    static char large[4501];
    memset(large, 'x', sizeof large - 1);
    ops_kit_open(&k, "", 4000);
    assert_true(fill(&k, &k.docs, "small", "x", 100));
    assert_true(set_string(&k, MCI_STRING_PUT, "", "kept"));
    assert_false(set_string(&k, MCI_STRING_PUT, "", large));
    assert_int_equal(string_now(&k)->state, MCI_FOUND_VALUE);
    assert_int_equal(string_now(&k)->text.n, 4);
    assert_false(fill(&k, &k.docs, "large", "x", sizeof large));
    assert_int_equal(read_of(&k, &k.docs, "large")->state, MCI_FOUND_NONE);
    assert_int_equal(read_of(&k, &k.docs, "small")->state, MCI_FOUND_VALUE);
    assert_int_equal(string_now(&k)->state, MCI_FOUND_VALUE);
    assert_true(bytes_of(&k) <= 4000);
    ops_kit_close(&k);
}

/* ---- sharing ------------------------------------------------------------------------------------------------------ */

static const mci_op_identity *identify(ops_kit *k, const char *who, int adopt)
{
    ops_kit_op(k, MCI_OP_IDENTITY)->u.identity = (mci_op_identity){.identity = who, .adopt = adopt};
    return &ops_kit_run(k)->u.identity;
}

static void test_sharing(void **state)
{
    (void)state;
    ops_kit a;
    ops_kit b;
    ops_kit alone;
    ops_kit_open(&a, "shop", 1 << 20);
    ops_kit_open(&b, "shop", 1 << 20);
    ops_kit_open(&alone, "", 1 << 20);
    assert_true(fill(&a, &a.docs, "one", "First", 10));
    assert_int_equal(read_of(&b, &b.docs, "one")->state, MCI_FOUND_VALUE);
    assert_int_equal(read_of(&alone, &alone.docs, "one")->state, MCI_FOUND_NONE);
    assert_true(identify(&a, "db1", 0)->ours);
    assert_int_equal(read_of(&b, &b.docs, "one")->state, MCI_FOUND_OLD); /* nobody had said whose it was */
    assert_false(identify(&b, "db2", 0)->ours);
    assert_memory_equal(b.ops.op[0].u.identity.whose.p, "db1", 3);
    assert_true(identify(&b, "db2", 1)->ours);
    ops_kit_close(&a);
    assert_true(identify(&b, "db2", 0)->ours); /* as long as one is open */
    ops_kit_close(&b);
    ops_kit_open(&a, "shop", 1 << 20);
    assert_true(identify(&a, "db3", 0)->ours);
    ops_kit_close(&a);
    mci_memory_cache_options opt = {.name = "a name that is much longer than any name of a memory should be, or can be",
                                    .prefix = ""};
    mc_error err = {0};
    mci_cache *c = NULL;
    assert_int_equal(mci_memory_cache_open(&opt, ((mci_memory_cache *)alone.c)->rnd, &c, &err), MC_E_ARG);
    opt = (mci_memory_cache_options){
        .name = "as.long-a_name.as.the.option.takes.1234567890123456789012345678x", .prefix = "", .max_bytes = 65536};
    assert_int_equal(strlen(opt.name), 64);
    assert_int_equal(mci_memory_cache_open(&opt, ((mci_memory_cache *)alone.c)->rnd, &c, &err), MC_OK);
    c->ops->close(c);
    ops_kit_close(&alone);
}

static void test_a_forked_child(void **state)
{
    (void)state;
    ops_kit k;
    ops_kit_open(&k, "", 1 << 20);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        mc_error err = {0};
        ops_kit_op(&k, MCI_OP_EPOCH_READ);
        int ok = k.c->ops->run(k.c, &k.ops, mci_deadline_in(1000), &err) == MC_E_CLOSED;
        k.c->ops->close(k.c);
        _exit(ok ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ops_kit_close(&k);
}

static void *work(void *arg)
{
    ops_kit k;
    char id[8];
    long number = (long)(intptr_t)arg;
    ops_kit_open(&k, "threads", 50000);
    for (int i = 0; i < 2000; i++) {
        snprintf(id, sizeof id, "%ld", (number + i) % 50);
        if (acquire(&k, &k.docs, id, number % 2 ? A : B, nothing)->acquired == MCI_ACQUIRED_LEASE) {
            mci_doc *d = ops_kit_document(&ops_kit_things, id, id, 500);
            (void)commit(&k, MCI_COMMIT_FILL, &k.docs, id, number % 2 ? A : B, d, NULL);
            mci_doc_unref(d);
        }
        const mci_found *f = read_of(&k, &k.docs, id);
        if (f->state == MCI_FOUND_VALUE)
            assert_string_equal(mci_doc_text(f->doc, 0), id);
        ops_kit_op(&k, MCI_OP_COUNTER_ADD)->u.counter_add = (mci_op_counter_add){.set = &k.views, .id = "all"};
        (void)ops_kit_run(&k);
    }
    ops_kit_close(&k);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    ops_kit k;
    pthread_t thread[4];
    ops_kit_open(&k, "threads", 50000);
    for (long i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, (void *)(intptr_t)i), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    ops_kit_op(&k, MCI_OP_COUNTER_PAGE)->u.counter_page = (mci_op_counter_page){.set = &k.views, .count = 1};
    assert_true(ops_kit_run(&k)->u.counter_page.members[0].score == 8000);
    ops_kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_epochs_and_times),
        cmocka_unit_test(test_leases_and_announcements),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_the_bound),
        cmocka_unit_test(test_ended_writes_take_no_room),
        cmocka_unit_test(test_one_too_large),
        cmocka_unit_test(test_sharing),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_a_forked_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
