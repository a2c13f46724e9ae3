/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the protocol's steps, as docs/consistency.md describes them. Refuses: time; expiry is an event like any other. */
#include "protocol_model.h"

#include <string.h>

void model_init(model *m, int writers, int expiries, int deaths, int floods)
{
    memset(m, 0, sizeof *m);
    m->value = 0; /* the first version is cached */
    m->lease = NONE;
    m->sole = NONE;
    m->writers = (int8_t)writers;
    m->outside = 2;
    m->expiries = (int8_t)expiries;
    m->deaths = (int8_t)deaths;
    m->floods = (int8_t)floods;
    for (int i = writers; i < WRITERS; i++)
        m->step[READERS + i] = S_DONE;
}

int model_events(const model *m, event out[EVENTS_MAX])
{
    int n = 0;
    for (int a = 0; a < ACTORS; a++)
        if (m->step[a] < S_DONE)
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
        if ((s == S_DEAD || (s == S_LATE && m->impatient)) && (m->quarantine >> w & 1))
            out[n++] = (event){E_TOKEN_EXPIRES, w};
    }
    if (m->expiries > 0 && m->value != NONE)
        out[n++] = (event){E_VALUE_EXPIRES, 0};
    if (m->expiries > 0 && m->lease != NONE)
        out[n++] = (event){E_LEASE_EXPIRES, 0};
    if (m->floods > 0)
        out[n++] = (event){E_FLOOD, 0};
    if (m->outside < 2)
        out[n++] = (event){E_OUTSIDE, 0};
    return n;
}

static void hit(model *m, int r)
{
    if (m->value < m->began[r])
        m->stale = 1;
    m->step[r] = S_DONE;
}

static void put(model *m, int version, int epoch, unsigned mutants)
{
    m->value = (int8_t)version;
    m->value_epoch = (int8_t)(version == NONE ? 0 : mutants & M_EPOCH_AT_END ? m->epoch : epoch);
}

static void reader_step(model *m, int r, unsigned mutants)
{
    switch (m->step[r]) {
    case S_BEGIN: /* the value, then the miss script; a read that hits is done */
        m->began[r] = m->acked;
        if (m->value != NONE && (m->value_epoch == m->epoch || mutants & M_NO_EPOCH)) {
            hit(m, r);
            return;
        }
        put(m, NONE, 0, mutants); /* of an earlier epoch: it is named in the miss script, and goes */
        m->reader_epoch[r] = m->epoch;
        m->may_fill[r] = m->quarantine == 0 && (m->lease == NONE || mutants & M_NO_LEASE);
        if (mutants & M_NO_QUARANTINE)
            m->may_fill[r] = m->lease == NONE || mutants & M_NO_LEASE;
        if (m->may_fill[r])
            m->lease = (int8_t)r;
        m->step[r] = S_MIDDLE;
        return;
    case S_MIDDLE:
        m->loaded[r] = m->stored;
        m->step[r] = m->may_fill[r] ? S_END : S_DONE;
        return;
    default:
        if (m->lease == r || mutants & M_NO_LEASE) {
            if (m->lease == r)
                m->lease = NONE;
            if (m->quarantine == 0 || mutants & M_NO_QUARANTINE)
                put(m, m->loaded[r], m->reader_epoch[r], mutants);
        }
        m->step[r] = S_DONE;
    }
}

static void announce(model *m, int w, unsigned mutants)
{
    put(m, NONE, 0, mutants);
    m->writer_epoch[w] = m->epoch;
    m->lease = NONE;
    m->sole = m->quarantine == 0 || mutants & M_LAST_TOKEN ? (int8_t)w : -2;
    m->quarantine = (uint8_t)(m->quarantine | 1 << w);
}

static void writer_step(model *m, int w, unsigned mutants)
{
    int a = READERS + w;
    int bit = 1 << w;
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
    default: {
        int had = m->quarantine >> w & 1;
        int mine = had && m->sole == w;
        if (!had && m->sole != NONE)
            m->sole = -2;
        m->quarantine = (uint8_t)(m->quarantine & ~bit);
        m->lease = NONE;
        if (mutants & (M_NO_SOLO | M_NO_QUARANTINE))
            mine = 1;
        int others = m->quarantine != 0 && !(mutants & (M_NO_SOLO | M_LAST_TOKEN));
        put(m, mine && !others ? m->version[w] : NONE, m->writer_epoch[w], mutants);
        if (mine && !others)
            m->sole = NONE;
        if (m->version[w] > m->acked)
            m->acked = m->version[w];
        m->step[a] = S_DONE;
    }
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
        m->quarantine = (uint8_t)(m->quarantine & ~(1 << e.who));
        break;
    case E_VALUE_EXPIRES:
        m->expiries--;
        put(m, NONE, 0, mutants);
        break;
    case E_OUTSIDE:
        if (m->outside++ == 0) {
            m->outside_version = ++m->stored;
            break;
        }
        m->epoch++;
        if (m->outside_version > m->acked)
            m->acked = m->outside_version;
        break;
    case E_LEASE_EXPIRES:
        m->expiries--;
        m->lease = NONE;
        break;
    default:
        m->floods--;
        put(m, NONE, 0, mutants);
        m->lease = NONE;
        m->sole = NONE;
        m->quarantine = 0;
    }
}

int model_converged(const model *m)
{
    return m->value == NONE || m->value_epoch != m->epoch || m->value == m->stored;
}
