/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the protocol's steps, as docs/consistency.md describes them. Refuses: time; expiry is an event like any other. */
#include "protocol_model.h"

#include <string.h>

void model_init(model *m, int writers, int expiries, int deaths, int floods)
{
    memset(m, 0, sizeof *m);
    m->at[0] = (model_redis){.value = 0, .lease = NONE, .sole = NONE}; /* the first version is cached */
    m->at[1] = (model_redis){.value = NONE, .lease = NONE, .sole = NONE};
    m->writers = (int8_t)writers;
    m->outside = 2;
    m->expiries = (int8_t)expiries;
    m->deaths = (int8_t)deaths;
    m->floods = (int8_t)floods;
    for (int i = writers; i < WRITERS; i++)
        m->step[READERS + i] = S_DONE;
}

/* It waits for the load that it shares. */
static int waits(const model *m, int a)
{
    return a == 1 && m->shared && m->step[1] == S_MIDDLE && m->may_fill[1] == NOT_ASKED && m->step[0] == S_MIDDLE;
}

/* Whoever knows of the new primary waits until everybody does: before it writes to the store, and, when it has learned of it only after that, before it comes back. */
static int is_held(const model *m, int a, unsigned mutants)
{
    int all = 1;
    for (int i = 0; i < ACTORS; i++)
        all &= i == a || m->view[i] == m->live || m->step[i] >= S_DONE;
    if (a < READERS || all || mutants & M_NO_HOLD)
        return 0;
    int learns = m->step[a] == S_END && !(mutants & M_NO_CONFIRM) && m->live != m->announced_at[a - READERS];
    return (m->step[a] == S_MIDDLE && m->view[a] > 0) || learns;
}

static int takeover_events(const model *m, event *out)
{
    int n = 0;
    if (m->copies > 0 && m->live == 0)
        out[n++] = (event){E_COPY, 0};
    if (m->switches > 0)
        out[n++] = (event){E_SWITCH, 0};
    for (int a = 0; a < ACTORS; a++)
        if (m->view[a] != m->live && m->step[a] < S_DONE)
            out[n++] = (event){E_LEARN, a};
    return n;
}

int model_events(const model *m, unsigned mutants, event out[EVENTS_MAX])
{
    const model_redis *first = &m->at[0];
    int n = takeover_events(m, out);
    for (int a = 0; a < ACTORS; a++)
        if (m->step[a] < S_DONE && !waits(m, a) && !is_held(m, a, mutants))
            out[n++] = (event){E_STEP, a};
    for (int w = 0; w < m->writers; w++) {
        int s = m->step[READERS + w];
        if (m->deaths > 0 && (s == S_MIDDLE || s == S_END))
            out[n++] = (event){E_DIE, w};
        /* A live writer's deadline is less than half the quarantine's: only a dead one's token runs out. */
        if (m->lates > 0 && s == S_MIDDLE)
            out[n++] = (event){E_UNKNOWN, w};
        if (s == S_LATE)
            out[n++] = (event){E_LANDS, w};
        /* What is announced after an unknown outcome lasts until the write has landed: that is the bound which is assumed. */
        if ((s == S_DEAD || (s == S_LATE && m->impatient)) && ((m->at[0].quarantine | m->at[1].quarantine) >> w & 1))
            out[n++] = (event){E_TOKEN_EXPIRES, w};
    }
    if (m->expiries > 0 && first->value != NONE)
        out[n++] = (event){E_VALUE_EXPIRES, 0};
    if (m->expiries > 0 && first->lease != NONE)
        out[n++] = (event){E_LEASE_EXPIRES, 0};
    if (m->floods > 0)
        out[n++] = (event){E_FLOOD, 0};
    if (m->outside < 2)
        out[n++] = (event){E_OUTSIDE, 0};
    return n;
}

/* What values are stamped with: the epoch of the server, in its term, as primary for the n-th time that there is one. */
static int8_t stamp(const model *m, int view, unsigned mutants)
{
    int term = mutants & M_NO_TERM ? 0 : mutants & M_NO_CONFIG ? view & 1 : view;
    return (int8_t)(m->at[view & 1].epoch + 8 * term);
}

static void put(model *m, int view, int version, int epoch, unsigned mutants)
{
    model_redis *s = &m->at[view & 1];
    s->value = (int8_t)version;
    s->value_epoch = (int8_t)(version == NONE ? 0 : mutants & M_EPOCH_AT_END ? stamp(m, view, mutants) : epoch);
}

/* May the second reader be given what the first loads, whose lease is asked for now, after that read began? */
static void offer_load(model *m, unsigned mutants)
{
    int has_begun = m->step[1] == S_MIDDLE && m->may_fill[1] < 0;
    if (m->shares && m->step[0] == S_MIDDLE && m->may_fill[0] && (has_begun || mutants & M_JOIN_EARLIER))
        m->shared = 1;
}

/* The value; and the miss script, but for a reader that looks first whether it can share a load. */
static void read_value(model *m, int r, int looks_only, unsigned mutants)
{
    int view = m->view[r];
    model_redis *s = &m->at[view & 1];
    if (m->step[r] == S_BEGIN)
        m->began[r] = m->acked;
    if (s->value != NONE && (s->value_epoch == stamp(m, view, mutants) || mutants & M_NO_EPOCH)) {
        if (s->value < m->began[r])
            m->stale = 1;
        m->step[r] = S_DONE;
        return;
    }
    if (looks_only) {
        m->may_fill[r] = NOT_ASKED;
        m->step[r] = S_MIDDLE;
        return;
    }
    put(m, view, NONE, 0, mutants); /* of an earlier epoch: it is named in the miss script, and goes */
    m->reader_epoch[r] = stamp(m, view, mutants);
    m->may_fill[r] = s->quarantine == 0 && (s->lease == NONE || mutants & M_NO_LEASE);
    if (mutants & M_NO_QUARANTINE)
        m->may_fill[r] = s->lease == NONE || mutants & M_NO_LEASE;
    if (m->may_fill[r])
        s->lease = (int8_t)r;
    m->step[r] = S_MIDDLE;
}

static void reader_step(model *m, int r, unsigned mutants)
{
    model_redis *s = &m->at[m->view[r] & 1];
    switch (m->step[r]) {
    case S_BEGIN: /* the value, then the miss script; a read that hits is done */
        if (r == 1 && m->shares) {
            m->began[r] = m->acked;
            m->may_fill[r] = NOT_LOOKED;
            m->step[r] = S_MIDDLE;
            return;
        }
        read_value(m, r, 0, mutants);
        if (r == 0)
            offer_load(m, mutants);
        return;
    case S_MIDDLE:
        if (m->may_fill[r] == NOT_ASKED && m->shared) {
            m->stale |= m->loaded[0] < m->began[r];
            m->step[r] = S_DONE;
            return;
        }
        if (m->may_fill[r] < 0) {
            read_value(m, r, m->may_fill[r] == NOT_LOOKED, mutants);
            return;
        }
        m->loaded[r] = m->stored;
        m->step[r] = m->may_fill[r] ? S_END : S_DONE;
        return;
    default:
        if (s->lease == r || mutants & M_NO_LEASE) {
            if (s->lease == r)
                s->lease = NONE;
            if (s->quarantine == 0 || mutants & M_NO_QUARANTINE)
                put(m, m->view[r], m->loaded[r], m->reader_epoch[r], mutants);
        }
        m->step[r] = S_DONE;
    }
}

static void announce(model *m, int w, unsigned mutants)
{
    int view = m->view[READERS + w];
    model_redis *s = &m->at[view & 1];
    put(m, view, NONE, 0, mutants);
    m->writer_epoch[w] = stamp(m, view, mutants);
    m->announced_at[w] = m->view[READERS + w];
    s->lease = NONE;
    if (m->nothing >> (w + 4) & 1) /* it takes the others' */
        s->sole = (int8_t)(s->sole == NONE || mutants & M_KEEPS_SOLE ? s->sole : -2);
    else
        s->sole = s->quarantine == 0 || mutants & M_LAST_TOKEN ? (int8_t)w : -2;
    s->quarantine = (uint8_t)(s->quarantine | 1 << w);
}

static void post(model *m, int view, int w, unsigned mutants)
{
    model_redis *s = &m->at[view & 1];
    int had = s->quarantine >> w & 1;
    int mine = had && s->sole == w;
    if (!had && s->sole != NONE)
        s->sole = -2;
    s->quarantine = (uint8_t)(s->quarantine & ~(1 << w));
    s->lease = NONE;
    if (mutants & (M_NO_SOLO | M_NO_QUARANTINE))
        mine = 1;
    int others = s->quarantine != 0 && !(mutants & (M_NO_SOLO | M_LAST_TOKEN));
    int nothing = m->nothing >> w & 1;
    int stores = mine && !others && !nothing;
    put(m, view, stores ? m->version[w] : NONE, m->writer_epoch[w], mutants);
    if (stores || (nothing && s->quarantine == 0))
        s->sole = NONE;
}

static void writer_step(model *m, int w, unsigned mutants)
{
    int a = READERS + w;
    switch (m->step[a]) {
    case S_BEGIN:
        if (!(mutants & M_NO_QUARANTINE))
            announce(m, w, mutants);
        m->step[a] = S_MIDDLE;
        return;
    case S_MIDDLE:
        m->version[w] = ++m->stored;
        m->step[a] = S_END;
        return;
    default:
        if (!(mutants & M_NO_CONFIRM))
            m->view[a] = m->live;
        if (m->view[a] == m->announced_at[w] || !(mutants & M_NO_SECOND))
            post(m, m->view[a], w, mutants);
        if (m->version[w] > m->acked)
            m->acked = m->version[w];
        m->step[a] = S_DONE;
    }
}

static void forget(model_redis *s)
{
    *s = (model_redis){.value = NONE, .epoch = s->epoch, .lease = NONE, .sole = NONE};
}

static void takeover(model *m, event e)
{
    if (e.kind == E_COPY) {
        m->copies--;
        m->at[1] = m->at[0];
    } else if (e.kind == E_LEARN) {
        m->view[e.who] = m->live;
    } else {
        m->switches--;
        m->live++; /* the second time it is the first server's again, which has not noticed anything */
        for (int a = 0; a < ACTORS && m->dead; a++)
            m->view[a] = m->live;
    }
}

void model_apply(model *m, event e, unsigned mutants)
{
    switch (e.kind) {
    case E_STEP:
        if (e.who < READERS)
            reader_step(m, e.who, mutants);
        else
            writer_step(m, e.who - READERS, mutants);
        break;
    case E_DIE:
        m->deaths--;
        m->step[READERS + e.who] = S_DEAD;
        break;
    case E_UNKNOWN: /* announced once more, for longer */
        m->lates--;
        if (!(mutants & M_NO_QUARANTINE))
            announce(m, e.who, mutants);
        m->step[READERS + e.who] = S_LATE;
        break;
    case E_LANDS:
        m->version[e.who] = ++m->stored;
        m->step[READERS + e.who] = S_DEAD;
        break;
    case E_TOKEN_EXPIRES:
        for (int i = 0; i < 2; i++)
            m->at[i].quarantine = (uint8_t)(m->at[i].quarantine & ~(1 << e.who));
        break;
    case E_VALUE_EXPIRES:
        m->expiries--;
        put(m, 0, NONE, 0, mutants);
        break;
    case E_OUTSIDE:
        if (m->outside++ == 0) {
            m->outside_version = ++m->stored;
            break;
        }
        m->at[m->live & 1].epoch++;
        if (m->outside_version > m->acked)
            m->acked = m->outside_version;
        break;
    case E_LEASE_EXPIRES:
        m->expiries--;
        m->at[0].lease = NONE;
        break;
    case E_FLOOD:
        m->floods--;
        forget(&m->at[m->live & 1]);
        break;
    default:
        takeover(m, e);
    }
}

int model_converged(const model *m, unsigned mutants)
{
    const model_redis *s = &m->at[m->live & 1];
    return s->value == NONE || s->value_epoch != stamp(m, m->live, mutants) || s->value == m->stored;
}
