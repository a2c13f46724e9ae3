/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: asking the Sentinels and counting their answers. Refuses: the word of fewer than a majority: an old primary that is cut off may have one beside it. */
#include "redis/sentinel.h"

#include "base/syncpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mci_sentinel {
    char service[128];
    size_t n;
    mci_redis *at[MCI_SEEDS_MAX];
};

mc_status mci_sentinel_open(const mci_redis_options *opt, const char *user, const char *password, mci_random *rnd,
                            mci_metrics *metrics, mci_log *log, mci_sentinel **out, mc_error *err)
{
    mci_sentinel *s = calloc(1, sizeof *s);
    mc_status st = s != NULL ? MC_OK : mci_fail(err, MC_E_NOMEM, MC_TIER_REDIS, "no memory for the Sentinels");
    mci_redis_options one = *opt;
    one.connections = 1;
    one.spin_us = 0;
    one.term_ms = 0;
    one.quiet = 1;
    one.addr.bare = 1;
    one.addr.db = 0;
    (void)snprintf(one.addr.user, sizeof one.addr.user, "%s", user);
    (void)snprintf(one.addr.password, sizeof one.addr.password, "%s", password);
    if (s != NULL)
        (void)snprintf(s->service, sizeof s->service, "%s", opt->addr.service);
    for (const char *seed = opt->addr.seeds; st == MC_OK && seed != NULL;) {
        seed = mci_redis_seed(seed, one.addr.host, &one.addr.port);
        st = mci_redis_open(&one, rnd, metrics, log, &s->at[s->n], err);
        s->n += st == MC_OK;
    }
    mci_redis_addr_wipe(&one.addr);
    if (st != MC_OK) {
        mci_sentinel_close(s);
        return st;
    }
    *out = s;
    return MC_OK;
}

void mci_sentinel_close(mci_sentinel *s)
{
    for (size_t i = 0; s != NULL && i < s->n; i++)
        mci_redis_close(s->at[i]);
    free(s);
}

static void question(const mci_sentinel *s, mci_batch *b)
{
    mci_batch_init(b);
    mci_cmd(b, "SENTINEL");
    mci_arg_str(b, "GET-MASTER-ADDR-BY-NAME");
    mci_arg_str(b, s->service);
    mci_cmd(b, "SENTINEL");
    mci_arg_str(b, "MASTER");
    mci_arg_str(b, s->service);
}

/* How long it has called itself a primary, and by which switch: names and values in turn. */
static void take_details(const mci_reply *r, mci_named *out)
{
    int64_t ms = 0;
    int primary = 0;
    size_t n = r != NULL && r->type == MCI_REPLY_ARRAY ? r->len : 0;
    for (size_t i = 0; i + 1 < n; i += 2) {
        const mci_reply *value = mci_reply_item(r, i + 1);
        if (mci_reply_is(mci_reply_item(r, i), "role-reported"))
            primary = mci_reply_is(value, "master");
        else if (mci_reply_is(mci_reply_item(r, i), "role-reported-time"))
            (void)mci_reply_count(value, &ms);
        else if (mci_reply_is(mci_reply_item(r, i), "config-epoch"))
            (void)mci_reply_count(value, &out->config_epoch);
    }
    out->since_ms = primary ? ms : 0;
}

static void take(const mci_reply *r, mci_named *out)
{
    const mci_reply *host = mci_reply_item(r, 0);
    const mci_reply *port = mci_reply_item(r, 1);
    int64_t p = 0;
    if (host == NULL || host->type != MCI_REPLY_STRING || host->len == 0 || host->len >= sizeof out->host ||
        memchr(host->u.str, '\0', host->len) != NULL || mci_reply_count(port, &p) != 0 || p < 1 || p > 65535)
        return;
    memcpy(out->host, host->u.str, host->len);
    out->host[host->len] = '\0';
    out->port = (int)p;
}

/* Those that answered lately, or those that did not, all at once. Returns how many answered; `why` is of one that did not. */
static size_t ask_some(mci_sentinel *s, int well, mci_deadline dl, mci_named *answers, mc_error *why)
{
    mci_redis_part part[MCI_SEEDS_MAX];
    mci_batch batch[MCI_SEEDS_MAX];
    size_t of[MCI_SEEDS_MAX];
    size_t n = 0;
    size_t answered = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (mci_redis_is_well(s->at[i]) != well || answers[i].port != 0)
            continue;
        question(s, &batch[n]);
        part[n] = (mci_redis_part){.redis = s->at[i], .batch = &batch[n]};
        of[n++] = i;
    }
    mci_redis_exec_all(part, n, dl);
    for (size_t k = 0; k < n; k++) {
        if (part[k].status == MC_OK) {
            answered++;
            take(mci_batch_reply(&batch[k], 0), &answers[of[k]]);
            take_details(mci_batch_reply(&batch[k], 1), &answers[of[k]]);
            if (answers[of[k]].port == 0 && mci_reply_error(mci_batch_reply(&batch[k], 0), "ask a Sentinel", why) == MC_OK)
                (void)mci_fail(why, MC_E_CACHE, MC_TIER_REDIS, "a Sentinel knows no primary of \"%.100s\"", s->service);
        } else {
            *why = part[k].err;
        }
        mci_batch_free(&batch[k]);
    }
    return answered;
}

static int is_same(const mci_named *a, const mci_named *b)
{
    return a->port == b->port && a->config_epoch == b->config_epoch && strcmp(a->host, b->host) == 0;
}

/* The answer that `most` of them gave; NULL: none. */
static const mci_named *find_majority(const mci_named *answers, size_t n, size_t most)
{
    for (size_t i = 0; i < n; i++) {
        size_t same = 0;
        for (size_t k = 0; answers[i].port != 0 && k < n; k++)
            same += (size_t)is_same(&answers[k], &answers[i]);
        if (same >= most)
            return &answers[i];
    }
    return NULL;
}

mc_status mci_sentinel_ask(mci_sentinel *s, mci_deadline dl, mci_named *out, mc_error *err)
{
    mci_named answers[MCI_SEEDS_MAX] = {{{0}, 0, 0, 0}};
    mc_error why = {0};
    size_t most = MCI_SAFEGUARD(MCI_SAFEGUARD_MAJORITY) ? s->n / 2 + 1 : 1;
    size_t answered = ask_some(s, 1, dl, answers, &why);
    const mci_named *a = find_majority(answers, s->n, most);
    if (a == NULL && answered < s->n) { /* the others, too */
        answered += ask_some(s, 0, dl, answers, &why);
        a = find_majority(answers, s->n, most);
    }
    if (a == NULL)
        return mci_fail(err, why.code == MC_E_AUTH ? MC_E_AUTH : MC_E_CACHE, MC_TIER_REDIS,
                        "%zu of %zu Sentinels answered, and no primary of \"%.100s\" was named by a majority%s%.200s",
                        answered, s->n, s->service, why.text[0] != '\0' ? "; " : "", why.text);
    *out = *a;
    for (size_t i = 0; i < s->n; i++)
        if (answers[i].port != 0 && is_same(&answers[i], out) && answers[i].since_ms < out->since_ms)
            out->since_ms = answers[i].since_ms;
    return MC_OK;
}
