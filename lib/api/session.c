/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: opening a session, its token, and taking one over. A session is an instance with a root: a call on it is one on the root with
 * other settings (call.c). Refuses: I/O, and settings that are not a call's own.
 */
#include "api/session.h"
#include "api/call.h"
#include "api/handle.h"
#include "api/options.h"
#include "engine/clock.h"

#include <mflixcache/session.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTING_MAX 128
#define AHEAD_MS 60000 /* a token's time may be ahead of our clock by so much */

/* One "key=value" into `s`. */
static mc_status set_one(mci_settings *s, const char *text, size_t n, mc_error *err)
{
    static const char *const own[] = {"call.timeout_ms", "read.tiers", "read.max_age_ms"};
    char pair[SETTING_MAX];
    if (n >= sizeof pair)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "settings: \"%.40s...\" is longer than %d bytes", text,
                        SETTING_MAX - 1);
    memcpy(pair, text, n);
    pair[n] = '\0';
    char *eq = strchr(pair, '=');
    if (eq == NULL)
        return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "settings: \"%.64s\" is not key=value", pair);
    *eq = '\0';
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(pair, own[i]) == 0)
            return mci_settings_set(s, pair, eq + 1, err);
    return mci_fail(err, MC_E_OPTION, MC_TIER_NONE,
                    "settings: a session has call.timeout_ms, read.tiers and read.max_age_ms of its own, not \"%.64s\"",
                    pair);
}

static mc_status set_all(mci_session *session, const char *text, mc_error *err)
{
    mci_settings s;
    memset(&s, 0, sizeof s);
    s.call_timeout_ms = session->timeout_ms;
    s.read_max_age_ms = session->max_age_ms;
    s.read_tiers = -1;
    mc_status st = MC_OK;
    for (text += strspn(text, " "); st == MC_OK && *text != '\0'; text += strspn(text, " ")) {
        size_t n = strcspn(text, " ");
        st = set_one(&s, text, n, err);
        text += n;
    }
    session->timeout_ms = s.call_timeout_ms;
    session->max_age_ms = s.read_max_age_ms;
    if (s.read_tiers >= 0)
        session->tiers = mci_tiers_of((mci_read_tiers)s.read_tiers);
    return st;
}

/* A session like the call that asks for it. */
static mci_client *new_session(const mci_frame *fr)
{
    mci_client *cl = calloc(1, sizeof *cl);
    mci_session *session = calloc(1, sizeof *session);
    if (cl == NULL || session == NULL) {
        free(cl);
        free(session);
        return NULL;
    }
    session->timeout_ms = mci_call_timeout_ms(&fr->call);
    session->max_age_ms = mci_call_max_age_ms(&fr->call);
    session->tiers = *mci_call_tiers(&fr->call);
    cl->root = fr->root != NULL ? fr->root : fr->mc;
    cl->session = session;
    cl->mark = (mci_fork_mark){.process = fr->cl->mark.process}; /* the page goes with the handle */
    return cl;
}

void mci_session_free(mci_client *cl)
{
    free(cl->session);
    free(cl);
}

mc_status mc_session_open(mc_client *mc, const char *settings, mc_client **out, mc_error *err)
{
    mci_frame fr;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, mc, NULL, err);
    if (st != MC_OK)
        return st;
    if (out == NULL)
        return mci_leave(&fr, mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL"), MCI_H_NONE);
    mci_client *cl = new_session(&fr);
    if (cl == NULL)
        return mci_leave(&fr, mci_fail(&fr.own_err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a session"), MCI_H_NONE);
    st = settings != NULL ? set_all(cl->session, settings, &fr.own_err) : MC_OK;
    if (st == MC_OK && (*out = mci_handle_new(cl)) == NULL)
        st = mci_fail(&fr.own_err, MC_E_RANGE, MC_TIER_NONE, "256 handles are open in this process; close some");
    if (st != MC_OK)
        mci_session_free(cl);
    return mci_leave(&fr, st, MCI_H_NONE);
}

static mc_status check_session(mci_frame *fr)
{
    return fr->call.session != NULL
               ? MC_OK
               : mci_fail(&fr->own_err, MC_E_ARG, MC_TIER_NONE, "session is not a session: mc_session_open() makes one");
}

/* Older values than of then are not cached any more. */
static int64_t oldest_cached_ms(const mci_engine *e)
{
    int64_t longest = e->set.alias_ttl_ms > e->set.negative_ttl_ms ? e->set.alias_ttl_ms : e->set.negative_ttl_ms;
    longest = e->set.board_ttl_ms > longest ? e->set.board_ttl_ms : longest;
    for (size_t i = 0; i < e->ncolls; i++)
        longest = e->colls[i].ttl_ms > longest ? e->colls[i].ttl_ms : longest;
    longest += longest / 100 * e->set.ttl_jitter_pct + AHEAD_MS;
    int64_t now = mci_clock(e);
    return now > longest ? now - longest : 0;
}

mc_status mc_session_token(mc_client *session, char **out, mc_error *err)
{
    mci_frame fr;
    mci_buf text;
    if (out != NULL)
        *out = NULL;
    mc_status st = mci_enter(&fr, session, NULL, err);
    if (st != MC_OK)
        return st;
    st = out == NULL ? mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "out is NULL") : check_session(&fr);
    if (st != MC_OK)
        return mci_leave(&fr, st, MCI_H_NONE);
    mci_buf_init(&text, MC_TOKEN_SIZE);
    mci_record_write(&fr.call.session->record, oldest_cached_ms(fr.call.e), &text);
    *out = text.failed ? NULL : strdup(text.data);
    mci_buf_free(&text);
    if (*out == NULL)
        st = mci_fail(&fr.own_err, MC_E_NOMEM, MC_TIER_NONE, "no memory for a token");
    return mci_leave(&fr, st, MCI_H_NONE);
}

mc_status mc_session_accept(mc_client *session, const char *token, mc_error *err)
{
    mci_frame fr;
    mc_status st = mci_enter(&fr, session, NULL, err);
    if (st != MC_OK)
        return st;
    st = token == NULL ? mci_fail(&fr.own_err, MC_E_ARG, MC_TIER_NONE, "token is NULL") : check_session(&fr);
    if (st == MC_OK)
        st = mci_record_read(&fr.call.session->record, token, mci_clock(fr.call.e) + AHEAD_MS, &fr.own_err);
    return mci_leave(&fr, st, MCI_H_NONE);
}
