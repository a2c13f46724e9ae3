/* SPDX-License-Identifier: Apache-2.0 */
/* Many callers on one connection: each gets its own replies or a clean error, wherever the stream is cut and whoever gives up. */
#include "redis/shared.h"

#include "base/syncpoint.h"
#include "certificates.h"
#include "echo_server.h"
#include "tls_front.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static echo_server server;
static mci_shared line;
static mci_shared_hooks hooks;
static _Atomic int callers;
static tls_front front; /* before the server, when `tls` */
static mci_tls *tls;    /* NULL: without */
#if MFLIXCACHE_WITH_TLS
static certificates certs;
#endif

static mc_status open_conn(void *ctx, mci_deadline dl, mci_conn **out, mc_error *err)
{
    (void)ctx;
    mci_redis_addr addr = {.port = tls != NULL ? front.port : server.port, .tls = tls != NULL};
    mci_addresses known = {0};
    int64_t ms = 0;
    snprintf(addr.host, sizeof addr.host, "127.0.0.1");
    return mci_conn_open(&addr, &known, tls, dl, out, &ms, err);
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static int begin(void **state)
{
    (void)state;
    echo_start(&server);
    hooks = (mci_shared_hooks){
        .open = open_conn, .closed = nothing, .log_spent = nothing, .timeout_ms = 60000, .callers = &callers};
    assert_int_equal(mci_shared_init(&line, &hooks), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    atomic_store(&mci_mutation_off, 0); /* also after a test that failed */
    mci_shared_close(&line, mci_deadline_in(5000));
    echo_stop(&server);
    return 0;
}

#if MFLIXCACHE_WITH_TLS

static int begin_tls(void **state)
{
    const char *crt = certificates_path(&certs, "server.crt");
    const mci_tls_options opt = {
        .ca_file = crt, .ca_path = "", .cert_file = "", .key_file = "", .key_password_file = "", .server_name = ""};
    begin(state);
    assert_int_equal(mci_tls_open(&opt, NULL, NULL, &tls, NULL), MC_OK);
    tls_front_start(&front, server.port, crt, certificates_path(&certs, "server.key"), 0);
    return 0;
}

static int end_tls(void **state)
{
    mci_shared_close(&line, mci_deadline_in(5000));
    tls_front_stop(&front);
    mci_tls_free(tls);
    tls = NULL;
    assert_int_equal(mci_shared_init(&line, &hooks), 0);
    return end(state);
}

static int make_certificates(void **state)
{
    (void)state;
    certificates_begin(&certs);
    certificates_make(&certs, &(certificate){.name = "server", .alt = "IP:127.0.0.1"});
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    certificates_end(&certs);
    return 0;
}

#endif

/* Echoes of texts that nobody else asks for. */
static void ask(mci_batch *b, int who, int n)
{
    mci_batch_init(b);
    for (int i = 0; i < n; i++) {
        char text[64];
        snprintf(text, sizeof text, "caller %d command %d %.*s", who, i, (who * 7 + i) % 23, "xxxxxxxxxxxxxxxxxxxxxxx");
        mci_cmd(b, "ECHO");
        mci_arg_str(b, text);
    }
    mci_batch_seal(b);
}

static int is_own(const mci_batch *b, int who, int n)
{
    for (int i = 0; i < n; i++) {
        char text[64];
        snprintf(text, sizeof text, "caller %d command %d %.*s", who, i, (who * 7 + i) % 23, "xxxxxxxxxxxxxxxxxxxxxxx");
        if (!mci_reply_is(mci_batch_reply(b, (size_t)i), text))
            return 0;
    }
    return 1;
}

/* Once: MC_OK with the own replies, or an error with a text. */
static mc_status call(int who, int n, int64_t ms, int repeat)
{
    mci_batch b;
    mci_outcome outcome;
    mc_error err = {0};
    ask(&b, who, n);
    mc_status st = mci_shared_exchange(&line, &b, 0, mci_now_ns(), mci_deadline_in(ms), &outcome, &err);
    if (st != MC_OK && outcome.lost && repeat)
        st = mci_shared_exchange(&line, &b, 0, mci_now_ns(), mci_deadline_in(ms), &outcome, &err);
    if (st == MC_OK && !is_own(&b, who, n))
        st = MC_E_INTERNAL; /* somebody else's */
    if (st != MC_OK && st != MC_E_INTERNAL && err.text[0] == '\0')
        st = MC_E_EXISTS; /* an error without a reason */
    mci_batch_free(&b);
    return st;
}

typedef struct worker {
    pthread_t thread;
    int who;
    int rounds;
    int64_t ms;
    int repeat;
    int ok, failed, wrong;
} worker;

static void *work(void *arg)
{
    worker *w = arg;
    for (int i = 0; i < w->rounds; i++) {
        mc_status st = call(w->who * 1000 + i, 1 + (w->who + i) % 4, w->ms, w->repeat);
        w->ok += st == MC_OK;
        w->wrong += st == MC_E_INTERNAL || st == MC_E_EXISTS;
        w->failed += st != MC_OK;
    }
    return NULL;
}

static void run(worker *w, int n, int rounds, int64_t ms, int repeat)
{
    for (int i = 0; i < n; i++) {
        w[i] = (worker){.who = i + 1, .rounds = rounds, .ms = ms, .repeat = repeat};
        assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
    }
    for (int i = 0; i < n; i++) {
        pthread_join(w[i].thread, NULL);
        assert_int_equal(w[i].wrong, 0);
    }
}

static void test_alone(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(call(i, 1 + i % 5, 10000, 0), MC_OK);
    assert_int_equal(atomic_load(&server.connections), 1);
}

static void test_many(void **state)
{
    (void)state;
    worker w[64];
    run(w, 64, 100, 60000, 0);
    for (int i = 0; i < 64; i++)
        assert_int_equal(w[i].ok, 100);
    assert_int_equal(atomic_load(&server.connections), 1);
    print_message("%ld commands came in %ld pieces\n", atomic_load(&server.commands), atomic_load(&server.reads));
}

/* The server closes each connection after so many bytes of replies. Whoever has lost a connection that had worked tries once more. */
static void test_cut_at_every_byte(void **state)
{
    (void)state;
    int ok = 0;
    for (long cut = 0; cut < 160; cut++) {
        worker w[3];
        atomic_store(&server.cut, cut);
        run(w, 3, 4, 10000, 1);
        for (int i = 0; i < 3; i++)
            ok += w[i].ok;
    }
    assert_true(ok > 0);
    atomic_store(&server.cut, -1);
    while (call(7, 2, 10000, 1) != MC_OK)
        ;
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    worker w[3];
    atomic_store(&server.slice, 1);
    run(w, 3, 2, 60000, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(w[i].ok, 2);
}

static void *slow_call(void *arg)
{
    mci_batch b;
    mci_outcome outcome;
    mc_error err = {0};
    mci_batch_init(&b);
    mci_cmd(&b, "SLOW");
    mci_arg_str(&b, "400");
    mci_arg_str(&b, "late");
    mci_batch_seal(&b);
    *(mc_status *)arg = mci_shared_exchange(&line, &b, 0, mci_now_ns(), mci_deadline_in(50), &outcome, &err);
    mci_batch_free(&b);
    return NULL;
}

/* A call that the server leaves without an answer. Whoever is so late that its deadline passes before it has sent anything tries again. */
static mc_status unanswered_call(int who)
{
    mc_status st = MC_OK;
    int sent = 0;
    for (int64_t ms = 30; !sent; ms *= 2) {
        mci_batch b;
        mci_outcome outcome;
        mc_error err = {0};
        ask(&b, who, 1);
        st = mci_shared_exchange(&line, &b, 0, mci_now_ns(), mci_deadline_in(ms), &outcome, &err);
        sent = b.sent;
        mci_batch_free(&b);
    }
    return st;
}

/* Callers give up before their replies come; those behind them get their own. `wrong` receives how many did not. */
static void give_up_in_front(int *wrong)
{
    *wrong = 0;
    for (int i = 0; i < 3; i++) {
        pthread_t t;
        mc_status st = MC_OK;
        worker w[4];
        mc_status first = call(1, 1, 10000, 1);
        if (first == MC_E_INTERNAL) { /* what the round before left behind */
            ++*wrong;
            return;
        }
        assert_int_equal(first, MC_OK);
        assert_int_equal(pthread_create(&t, NULL, slow_call, &st), 0);
        mci_sleep_ms(10, MCI_NO_DEADLINE);
        for (int k = 0; k < 4; k++) {
            w[k] = (worker){.who = k + 1, .rounds = 1, .ms = 60000};
            assert_int_equal(pthread_create(&w[k].thread, NULL, work, &w[k]), 0);
        }
        pthread_join(t, NULL);
        assert_int_equal(st, MC_E_TIMEOUT);
        for (int k = 0; k < 4; k++) {
            pthread_join(w[k].thread, NULL);
            *wrong += w[k].wrong;
        }
    }
}

static void test_giving_up(void **state)
{
    (void)state;
    int wrong = 0;
    give_up_in_front(&wrong);
    assert_int_equal(wrong, 0);
    assert_int_equal(atomic_load(&server.connections), 1);
    /* Without a place for the reply of whoever gave up, the next would take it for its own. */
    atomic_store(&mci_mutation_off, MCI_SAFEGUARD_PLACE);
    for (int i = 0; i < 10 && wrong == 0; i++)
        give_up_in_front(&wrong);
    atomic_store(&mci_mutation_off, 0);
    assert_true(wrong > 0);
}

/* Nobody else waits: a connection that gave no answer is not used for the next call. */
static void test_silence(void **state)
{
    (void)state;
    assert_int_equal(call(1, 1, 10000, 0), MC_OK);
    atomic_store(&server.silent, 1);
    assert_int_equal(unanswered_call(2), MC_E_TIMEOUT);
    atomic_store(&server.silent, 0);
    assert_int_equal(call(3, 1, 10000, 0), MC_OK);
    assert_int_equal(atomic_load(&server.connections), 2);
}

static void test_too_many_replies(void **state)
{
    (void)state;
    assert_int_equal(call(1, 1, 10000, 0), MC_OK);
    atomic_store(&server.extra, 1);
    (void)call(2, 1, 10000, 0);
    assert_int_equal(call(3, 1, 10000, 1), MC_OK);
}

typedef struct posted {
    _Atomic int answered, lost;
} posted;

static void take_posted(void *ctx, const mci_batch *b)
{
    posted *p = ctx;
    if (is_own(b, 5, 2))
        atomic_fetch_add(&p->answered, 1);
    else
        atomic_fetch_add(&p->lost, 1);
}

static int post(posted *p)
{
    mci_batch b;
    ask(&b, 5, 2);
    int rc = mci_shared_post(&line, &b, take_posted, p);
    assert_int_equal(b.n, rc == 0 ? 0 : 2);
    mci_batch_free(&b);
    return rc;
}

static void test_posting(void **state)
{
    (void)state;
    posted p = {0};
    assert_int_equal(post(&p), -1); /* there is no connection yet */
    assert_int_equal(call(1, 1, 10000, 0), MC_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(post(&p), 0);
    assert_int_equal(call(2, 3, 10000, 0), MC_OK); /* takes their replies along */
    assert_int_equal(atomic_load(&p.answered), 20);
    worker w[8];
    assert_int_equal(post(&p), 0);
    run(w, 8, 50, 60000, 0);
    assert_int_equal(atomic_load(&p.answered), 21);
    assert_int_equal(post(&p), 0);
    mci_shared_close(&line, mci_deadline_in(10000)); /* waits for the last */
    assert_int_equal(atomic_load(&p.answered), 22);
    assert_int_equal(mci_shared_init(&line, &hooks), 0);
    assert_int_equal(call(1, 1, 10000, 0), MC_OK);
    atomic_store(&server.silent, 1);
    assert_int_equal(post(&p), 0);
    assert_int_equal(unanswered_call(2), MC_E_TIMEOUT);
    atomic_store(&server.silent, 0);
    assert_int_equal(call(3, 1, 10000, 0), MC_OK);
    assert_int_equal(atomic_load(&p.lost), 1);
    assert_int_equal(atomic_load(&p.answered), 22);
}

/* A lone caller that polls first gets the same answers. */
static void test_polling(void **state)
{
    (void)state;
    hooks.spin_ns = 200000;
    atomic_store(&callers, 1);
    for (int i = 0; i < 50; i++)
        assert_int_equal(call(i, 2, 10000, 0), MC_OK);
    atomic_store(&server.silent, 1);
    assert_int_equal(unanswered_call(2), MC_E_TIMEOUT);
}

/* In two halves: several are begun before the first is ended, in any order, while others use the connection. */
static mc_status end_half(mci_turn *turn, mci_batch *b, int who, int64_t ms)
{
    mci_outcome outcome;
    mc_status st = mci_shared_end(&line, turn, b, mci_deadline_in(ms), &outcome);
    if (st == MC_OK && !is_own(b, who, 2))
        st = MC_E_INTERNAL;
    mci_batch_free(b);
    return st;
}

static void *work_in_halves(void *arg)
{
    worker *w = arg;
    for (int i = 0; i < w->rounds; i++) {
        mci_batch b[3];
        mci_turn *turn[3];
        mc_error err[3] = {{0}};
        for (int k = 0; k < 3; k++) {
            ask(&b[k], w->who * 1000 + i * 3 + k, 2);
            turn[k] = mci_shared_begin(&line, &b[k], 0, mci_now_ns(), &err[k]);
            if (turn[k] == NULL)
                mci_batch_free(&b[k]);
        }
        for (int n = 0; n < 3; n++) {
            int k = (n + i) % 3;
            mc_status st = turn[k] != NULL ? end_half(turn[k], &b[k], w->who * 1000 + i * 3 + k, w->ms) : MC_E_CACHE;
            w->ok += st == MC_OK;
            w->wrong += st == MC_E_INTERNAL || (st != MC_OK && turn[k] != NULL && err[k].text[0] == '\0');
        }
        (void)call(w->who, 1, 10000, 1); /* opens it again after a cut */
    }
    return NULL;
}

static void run_halves(worker *w, int rounds, int64_t ms)
{
    for (int i = 0; i < 4; i++) {
        w[i] = (worker){.who = i + 1, .rounds = rounds, .ms = ms, .repeat = 1};
        assert_int_equal(pthread_create(&w[i].thread, NULL, i % 2 ? work : work_in_halves, &w[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(w[i].thread, NULL);
        assert_int_equal(w[i].wrong, 0);
    }
}

static void test_halves(void **state)
{
    (void)state;
    worker w[4];
    assert_int_equal(call(1, 1, 10000, 0), MC_OK);
    run_halves(w, 200, 60000);
    assert_int_equal(w[0].ok, 600);
    assert_int_equal(w[2].ok, 600);
    for (long cut = 1; cut < 300; cut += 7) {
        atomic_store(&server.cut, cut);
        run_halves(w, 3, 10000);
    }
    atomic_store(&server.cut, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_alone, begin, end),
        cmocka_unit_test_setup_teardown(test_many, begin, end),
        cmocka_unit_test_setup_teardown(test_cut_at_every_byte, begin, end),
        cmocka_unit_test_setup_teardown(test_byte_by_byte, begin, end),
        cmocka_unit_test_setup_teardown(test_giving_up, begin, end),
        cmocka_unit_test_setup_teardown(test_silence, begin, end),
        cmocka_unit_test_setup_teardown(test_too_many_replies, begin, end),
        cmocka_unit_test_setup_teardown(test_posting, begin, end),
        cmocka_unit_test_setup_teardown(test_halves, begin, end),
        cmocka_unit_test_setup_teardown(test_polling, begin, end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
#if MFLIXCACHE_WITH_TLS
    const struct CMUnitTest over_tls[] = {
        cmocka_unit_test_setup_teardown(test_alone, begin_tls, end_tls),
        cmocka_unit_test_setup_teardown(test_many, begin_tls, end_tls),
        cmocka_unit_test_setup_teardown(test_cut_at_every_byte, begin_tls, end_tls),
        cmocka_unit_test_setup_teardown(test_byte_by_byte, begin_tls, end_tls),
        cmocka_unit_test_setup_teardown(test_giving_up, begin_tls, end_tls),
        cmocka_unit_test_setup_teardown(test_silence, begin_tls, end_tls),
        cmocka_unit_test_setup_teardown(test_too_many_replies, begin_tls, end_tls),
        cmocka_unit_test_setup_teardown(test_posting, begin_tls, end_tls),
        cmocka_unit_test_setup_teardown(test_halves, begin_tls, end_tls),
        cmocka_unit_test_setup_teardown(test_polling, begin_tls, end_tls),
    };
    failed += cmocka_run_group_tests(over_tls, make_certificates, remove_certificates);
#endif
    return failed;
}
