/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the order in which everybody takes their steps, and what may be believed. Refuses: the scripts themselves (derived_slot.c). Bounds
 * that are assumed: a store operation ends before its announcement does, and after a loss before one quarantine has passed.
 */
#include "derived_model.h"

#include <string.h>

static int id_of(const d_config *cfg, int w)
{
    return cfg->writes[2 * w] - '0';
}

static char op_of(const d_config *cfg, int w)
{
    return cfg->writes[2 * w + 1];
}

static int has(uint8_t set, int w)
{
    return set >> w & 1;
}

static void add(uint8_t *set, int w)
{
    *set = (uint8_t)(*set | 1 << w);
}

void d_init(d_model *m, const d_config *cfg)
{
    memset(m, 0, sizeof *m);
    d_slot_init(&m->s);
    m->s.nonces = m->s.pending = m->s.announced = 1;
    for (int i = 0; i < D_IDS; i++)
        m->s.place[i] = D_NONE;
    if (cfg->created)
        m->gone[0] = 1;
    if (cfg->built) {
        m->s.set = 1;
        for (int i = 0; i < cfg->ids; i++)
            m->s.place[i] = (int8_t)(i == 0 && cfg->created ? D_NONE : 0);
    }
    if (cfg->old_doubt) { /* an acknowledged version that the set does not have */
        m->stored[0] = m->acked[0] = 1;
        m->s.entry[0] = D_DOUBT;
    }
    for (int w = cfg->writers; w < D_WRITERS; w++)
        m->step[w] = DW_DONE;
    m->outside = (int8_t)(cfg->outside ? 0 : 2);
    m->reader = (int8_t)(cfg->reader ? 0 : 2);
    m->deaths = (int8_t)cfg->deaths;
    m->lost = (int8_t)cfg->lost;
    m->fails = (int8_t)cfg->fails;
    m->repeats = (int8_t)cfg->repeats;
    m->hold_ends = (int8_t)cfg->hold_ends;
    m->pages = (int8_t)cfg->pages;
    m->vanish = (int8_t)cfg->vanish;
    m->forgets = (int8_t)cfg->forgets;
}

/* ---- what may be believed ----------------------------------------------------------------------------------------- */

/* Is what a set says of an id at least as new as a version? */
static int new_enough(const d_model *m, int id, int place, int version)
{
    if (place != D_NONE)
        return place >= version;
    for (int v = version; v <= m->stored[id]; v++)
        if (m->gone[id] >> v & 1)
            return 1;
    return 0;
}

static int any_due(const d_model *m, const d_config *cfg)
{
    int due = 0;
    for (int i = 0; i < cfg->ids; i++)
        due |= d_slot_is_due(&m->s, i);
    return due;
}

static int is_certain(const d_model *m, const d_config *cfg, d_mutants mu)
{
    return d_slot_whole(&m->s, d_slot_reader_nonce(&m->s, mu), mu) && !any_due(m, cfg);
}

static void look(d_model *m, const d_config *cfg, d_mutants mu)
{
    if (!is_certain(m, cfg, mu))
        return;
    for (int i = 0; i < cfg->ids; i++)
        if (!new_enough(m, i, m->s.place[i], m->acked[i]))
            m->wrong = 1;
}

static int is_newest(const d_model *m, const d_config *cfg)
{
    for (int i = 0; i < cfg->ids; i++) {
        int gone = m->gone[i] >> m->stored[i] & 1;
        if (m->s.place[i] != (gone ? D_NONE : m->stored[i]))
            return 0;
    }
    return 1;
}

/* ---- what may happen ---------------------------------------------------------------------------------------------- */

static int in_flight(const d_model *m, int w)
{
    return m->step[w] == DW_STORE || m->step[w] == DW_FLYING;
}

/* Once the waiting time that began with an entry has passed since the store operation, the entry is due, unless its time began later. */
static int may_acknowledge(const d_model *m, const d_config *cfg, int w, d_mutants mu)
{
    int id = id_of(cfg, w);
    return m->s.entry[id] != D_WAITING || has(m->s.armed[id], w) || D_IS(mu, DM_NO_WAIT);
}

static int writer_events(const d_model *m, const d_config *cfg, int w, d_mutants mu, d_event *out)
{
    int n = 0;
    int s = m->step[w];
    int bare = op_of(cfg, w) != 'a';
    if (s < DW_FLYING && (s != DW_WAIT || may_acknowledge(m, cfg, w, mu)))
        out[n++] = (d_event){DE_WRITER, w};
    if (m->deaths > 0 && (s == DW_STORE || s == DW_SETTLE || s == DW_WAIT))
        out[n++] = (d_event){DE_DIES, w};
    if (s == DW_FLYING) {
        out[n++] = (d_event){DE_LANDS, w};
        out[n++] = (d_event){DE_NEVER, w};
    }
    if ((m->lost > 0 && s == DW_SETTLE) || (m->fails > 0 && s == DW_BEGIN && bare))
        out[n++] = (d_event){DE_NOT_CONFIRMED, w};
    if (has(m->pending_late, w))
        out[n++] = (d_event){DE_ARRIVES_LATE, w};
    if (has(m->announced, w) && m->repeats > 0)
        out[n++] = (d_event){DE_ANNOUNCED_LATE, w};
    if (has(m->settled, w) && m->repeats > 0)
        out[n++] = (d_event){DE_SETTLED_AGAIN, w};
    /* A live writer's deadline is less than half the quarantine's. */
    int ended = s == DW_DEAD || s == DW_DONE;
    if (ended && (has(m->s.tokens[id_of(cfg, w)], w) || (!has(m->over, w) && (has(m->pending_late, w) || m->repeats > 0))))
        out[n++] = (d_event){DE_TIME_OVER, w};
    return n;
}

static int helper_events(const d_model *m, const d_config *cfg, d_event *out)
{
    int n = 0;
    int root = d_slot_root(&m->s, 0);
    for (int r = 0; r < cfg->repairs; r++) {
        if (m->r_step[r] == 1 || m->r_step[r] == 2)
            out[n++] = (d_event){DE_REPAIR, r};
        for (int i = 0; m->r_step[r] == 0 && root != 0 && i < cfg->ids; i++)
            if (d_slot_is_due(&m->s, i))
                out[n++] = (d_event){DE_LEASE, r * D_IDS + i};
        if (m->r_step[r] == 0)
            break; /* those that are free are alike */
    }
    int wanted = m->s.set != m->s.pending || m->s.phantom == 2 || root == 0;
    for (int b = 0; b < cfg->builders; b++) {
        int barred = m->s.held && root != 0;
        if (m->b_step[b] == 0 ? wanted && !barred : m->b_step[b] < 5)
            out[n++] = (d_event){DE_BUILDER, b};
        if (m->pages > 0 && m->b_step[b] == 2 && m->b_at[b] + 1 < cfg->ids)
            out[n++] = (d_event){DE_PAGE_LOST, b};
        if (m->b_late[b] != 0)
            out[n++] = (d_event){DE_PAGE_LATE, b};
        if (m->b_step[b] == 0)
            break;
    }
    return n;
}

int d_events(const d_model *m, const d_config *cfg, d_mutants mu, d_event out[D_EVENTS_MAX])
{
    int n = 0;
    for (int w = 0; w < cfg->writers; w++)
        n += writer_events(m, cfg, w, mu, out + n);
    n += helper_events(m, cfg, out + n);
    if (m->reader < 2)
        out[n++] = (d_event){DE_READER, 0};
    if (m->outside < 2)
        out[n++] = (d_event){DE_OUTSIDE, 0};
    for (int i = 0; i < cfg->ids; i++)
        if (m->s.entry[i] == D_WAITING)
            out[n++] = (d_event){DE_DUE, i};
    int flying = 0;
    for (int w = 0; w < cfg->writers; w++)
        flying |= has(m->phantom_for, w) && in_flight(m, w);
    if (m->s.phantom == 1 && !flying)
        out[n++] = (d_event){DE_PHANTOM_ENDS, 0};
    if (m->hold_ends > 0 && m->s.held && !D_IS(mu, DM_HOLD_FOREVER))
        out[n++] = (d_event){DE_HOLD_ENDS, 0};
    const int there[] = {m->s.set != 0, m->s.pending != 0, m->s.announced != 0, m->s.fresh != 0};
    for (int k = 0; k < 4; k++)
        if (m->vanish > 0 && (cfg->keys >> k & 1) && there[k])
            out[n++] = (d_event){DE_VANISHES, k};
    if (m->forgets > 0 && (there[0] || there[1] || there[2]))
        out[n++] = (d_event){DE_FORGETS, 0};
    return n;
}

int d_is_quiet(const d_model *m, const d_config *cfg)
{
    for (int w = 0; w < cfg->writers; w++)
        if (m->step[w] < DW_DEAD)
            return 0;
    for (int r = 0; r < cfg->repairs; r++)
        if (m->r_step[r] == 1 || m->r_step[r] == 2)
            return 0;
    for (int b = 0; b < cfg->builders; b++)
        if (m->b_step[b] > 0 && m->b_step[b] < 5)
            return 0;
    return m->reader != 1 && m->outside != 1;
}

/* ---- steps -------------------------------------------------------------------------------------------------------- */

static uint8_t carried_out(const d_model *m, const d_config *cfg, int id)
{
    uint8_t set = 0;
    for (int w = 0; w < cfg->writers; w++)
        if (has(m->carried_out, w) && id_of(cfg, w) == id)
            add(&set, w);
    return set;
}

static void call(d_model *m, const d_config *cfg, d_call *c, d_mutants mu)
{
    int before = m->s.nonces;
    c->stored = carried_out(m, cfg, c->id);
    c->waited = m->waited & c->stored;
    c->none = m->gone[c->id] >> c->version & 1;
    d_slot_run(&m->s, c, mu);
    if (m->s.nonces == before || m->s.phantom != 1)
        return;
    m->phantom_for = 0; /* announcements were lost: of everybody who may still change the store */
    for (int w = 0; w < cfg->writers; w++)
        if (in_flight(m, w))
            add(&m->phantom_for, w);
}

static void store(d_model *m, const d_config *cfg, int w)
{
    int id = id_of(cfg, w);
    if (op_of(cfg, w) != 'a') {
        m->version[w] = ++m->stored[id];
        if (op_of(cfg, w) == 'd')
            m->gone[id] = (uint8_t)(m->gone[id] | 1 << m->version[w]);
    }
    add(&m->carried_out, w);
}

static void acknowledge(d_model *m, const d_config *cfg, int w)
{
    int id = id_of(cfg, w);
    if (m->version[w] > m->acked[id])
        m->acked[id] = m->version[w];
    m->step[w] = DW_DONE;
}

static d_call settlement(const d_model *m, const d_config *cfg, int w)
{
    return (d_call){.op = D_SETTLE,
                    .id = id_of(cfg, w),
                    .who = w,
                    .nonce = m->nonce[w],
                    .version = m->version[w],
                    .aborted = op_of(cfg, w) == 'a',
                    .over = has(m->over, w)};
}

static void writer_step(d_model *m, const d_config *cfg, int w, d_mutants mu, d_call *c)
{
    int id = id_of(cfg, w);
    switch (m->step[w]) {
    case DW_BEGIN:
        *c = (d_call){.op = D_ANNOUNCE, .id = id, .who = w};
        call(m, cfg, c, mu);
        m->nonce[w] = (int8_t)c->given;
        add(&m->announced, w);
        m->step[w] = DW_STORE;
        break;
    case DW_STORE:
    case DW_STORE_BARE:
        store(m, cfg, w);
        m->step[w] = m->step[w] == DW_STORE ? DW_SETTLE : DW_TELL;
        break;
    case DW_SETTLE:
        *c = settlement(m, cfg, w);
        call(m, cfg, c, mu);
        add(&m->settled, w);
        acknowledge(m, cfg, w);
        break;
    case DW_TELL:
        *c = (d_call){.op = D_TELL, .id = id, .who = w};
        call(m, cfg, c, mu);
        acknowledge(m, cfg, w);
        break;
    default:
        acknowledge(m, cfg, w);
        if (!D_IS(mu, DM_NO_WAIT))
            add(&m->waited, w);
    }
}

static void mishap(d_model *m, const d_config *cfg, d_event e, d_mutants mu, d_call *c)
{
    int w = e.who;
    switch (e.kind) {
    case DE_DIES:
        m->deaths--;
        m->step[w] = m->step[w] == DW_STORE ? DW_FLYING : DW_DEAD;
        break;
    case DE_LANDS:
        store(m, cfg, w);
        m->step[w] = DW_DEAD;
        break;
    case DE_NEVER:
        m->step[w] = DW_DEAD;
        break;
    case DE_NOT_CONFIRMED:
        if (m->step[w] == DW_BEGIN) {
            m->fails--;
            m->repeats++; /* it may still arrive */
            add(&m->announced, w);
            m->step[w] = DW_STORE_BARE;
        } else {
            m->lost--;
            if (cfg->late)
                add(&m->pending_late, w);
            m->step[w] = DW_WAIT;
        }
        break;
    case DE_ARRIVES_LATE:
        m->pending_late = (uint8_t)(m->pending_late & ~(1 << w));
        *c = settlement(m, cfg, w);
        call(m, cfg, c, mu);
        break;
    case DE_ANNOUNCED_LATE:
        m->repeats--;
        *c = (d_call){.op = D_ANNOUNCE, .id = id_of(cfg, w), .who = w};
        call(m, cfg, c, mu);
        break;
    case DE_SETTLED_AGAIN: /* what is sent again is not a settlement any more */
        m->repeats--;
        *c = settlement(m, cfg, w);
        if (!D_IS(mu, DM_SETTLE_REPEATED))
            *c = (d_call){.op = D_TELL, .id = c->id, .who = w};
        call(m, cfg, c, mu);
        break;
    default: /* DE_TIME_OVER */
        add(&m->over, w);
        *c = (d_call){.op = D_TOKEN_ENDS, .id = id_of(cfg, w), .who = w};
        call(m, cfg, c, mu);
    }
}

static void repair_step(d_model *m, const d_config *cfg, d_event e, d_mutants mu, d_call *c)
{
    int r = e.kind == DE_LEASE ? e.who / D_IDS : e.who;
    if (e.kind == DE_LEASE) {
        m->r_id[r] = (int8_t)(e.who % D_IDS);
        *c = (d_call){.op = D_LEASE, .id = m->r_id[r], .who = r};
        call(m, cfg, c, mu);
        m->r_nonce[r] = (int8_t)c->given;
        m->r_step[r] = c->result ? 1 : 3;
    } else if (m->r_step[r] == 1) {
        m->r_version[r] = m->stored[m->r_id[r]];
        m->r_step[r] = 2;
    } else {
        *c = (d_call){.op = D_REPAIR, .id = m->r_id[r], .who = r, .nonce = m->r_nonce[r], .version = m->r_version[r]};
        call(m, cfg, c, mu);
        m->r_step[r] = 3;
        m->r_id[r] = m->r_nonce[r] = m->r_version[r] = 0;
    }
}

static void builder_step(d_model *m, const d_config *cfg, int b, d_mutants mu, d_call *c)
{
    int at = m->b_at[b];
    switch (m->b_step[b]) {
    case 0:
        *c = (d_call){.op = D_BUILD, .who = b};
        call(m, cfg, c, mu);
        m->b_nonce[b] = (int8_t)c->given;
        m->b_at[b] = m->s.cursor;
        m->b_step[b] = (int8_t)(!c->result ? 5 : m->b_at[b] < cfg->ids ? 1 : 3);
        break;
    case 1:
        m->b_version[b] = m->stored[at];
        m->b_step[b] = 2;
        break;
    case 2:
        *c = (d_call){.op = D_PAGE, .id = at, .who = b, .nonce = m->b_nonce[b], .version = m->b_version[b]};
        call(m, cfg, c, mu);
        m->b_at[b] = (int8_t)(at + 1);
        m->b_version[b] = 0;
        m->b_step[b] = (int8_t)(at + 1 < cfg->ids && (c->result || cfg->pages > 0) ? 1 : !c->result ? 4 : 3);
        break;
    case 3:
        *c = (d_call){.op = D_SWAP, .who = b, .nonce = m->b_nonce[b]};
        call(m, cfg, c, mu);
        m->b_step[b] = 5;
        break;
    default:
        *c = (d_call){.op = D_LEAVE, .who = b};
        call(m, cfg, c, mu);
        m->b_step[b] = 5;
    }
    if (m->b_step[b] == 5)
        m->b_at[b] = m->b_nonce[b] = m->b_version[b] = 0;
}

/* Nobody waits for the answer of a page that is not the last: what became of it, the next one finds out. */
static void page_step(d_model *m, const d_config *cfg, d_event e, d_mutants mu, d_call *c)
{
    int b = e.who;
    if (e.kind == DE_PAGE_LOST) {
        m->pages--;
        m->b_late[b] = (int8_t)(m->b_at[b] + 1);
        m->b_late_nonce[b] = m->b_nonce[b];
        m->b_late_version[b] = m->b_version[b];
        m->b_at[b]++;
        m->b_version[b] = 0;
        m->b_step[b] = 1;
    } else {
        *c = (d_call){
            .op = D_PAGE, .id = m->b_late[b] - 1, .who = b, .nonce = m->b_late_nonce[b], .version = m->b_late_version[b]};
        m->b_late[b] = m->b_late_nonce[b] = m->b_late_version[b] = 0;
        call(m, cfg, c, mu);
    }
}

/* What a reader learns of pending: the nonce, or 0 when something is due. */
static int8_t see_pending(const d_model *m, const d_config *cfg, d_mutants mu)
{
    return (int8_t)(any_due(m, cfg) ? 0 : d_slot_reader_nonce(&m->s, mu));
}

static void reader_step(d_model *m, const d_config *cfg, d_mutants mu)
{
    int first = m->reader == 0;
    if (first)
        memcpy(m->reader_acked, m->acked, sizeof m->acked);
    if (first == !D_IS(mu, DM_PAGE_FIRST)) {
        int8_t nonce = see_pending(m, cfg, mu);
        if (!first && nonce != m->reader_sees)
            m->reader_sees = 0;
        if (first)
            m->reader_sees = nonce;
    } else {
        memcpy(m->reader_place, m->s.place, sizeof m->reader_place);
        if (first)
            m->reader_sees = m->s.set;
        if (!d_slot_whole(&m->s, m->reader_sees, mu))
            m->reader_sees = 0;
    }
    m->reader++;
    for (int i = 0; m->reader == 2 && m->reader_sees != 0 && i < cfg->ids; i++)
        if (!new_enough(m, i, m->reader_place[i], m->reader_acked[i]))
            m->wrong = 1;
    if (m->reader == 2 || m->reader_sees == 0) { /* done, or it is told to ask the store */
        m->reader = 2;
        m->reader_sees = 0;
        memset(m->reader_acked, 0, sizeof m->reader_acked);
        memset(m->reader_place, 0, sizeof m->reader_place);
    }
}

static void outside_step(d_model *m, const d_config *cfg, d_mutants mu, d_call *c)
{
    if (m->outside++ == 0) {
        m->outside_version = ++m->stored[0];
        return;
    }
    if (!D_IS(mu, DM_NOT_RAISED)) {
        *c = (d_call){.op = D_RAISE};
        call(m, cfg, c, mu);
    }
    m->acked[0] = m->outside_version > m->acked[0] ? m->outside_version : m->acked[0];
}

void d_apply(d_model *m, const d_config *cfg, d_event e, d_mutants mu, d_call *did)
{
    static const d_op by_itself[] = {[DE_DUE] = D_BECOMES_DUE,
                                     [DE_PHANTOM_ENDS] = D_PHANTOM_ENDS,
                                     [DE_HOLD_ENDS] = D_HOLD_ENDS,
                                     [DE_VANISHES] = D_VANISHES,
                                     [DE_FORGETS] = D_FORGETS};
    d_call c = {.op = D_NOTHING};
    if (e.kind == DE_WRITER)
        writer_step(m, cfg, e.who, mu, &c);
    else if (e.kind < DE_LEASE)
        mishap(m, cfg, e, mu, &c);
    else if (e.kind < DE_BUILDER)
        repair_step(m, cfg, e, mu, &c);
    else if (e.kind == DE_BUILDER)
        builder_step(m, cfg, e.who, mu, &c);
    else if (e.kind < DE_READER)
        page_step(m, cfg, e, mu, &c);
    else if (e.kind == DE_READER)
        reader_step(m, cfg, mu);
    else if (e.kind == DE_OUTSIDE)
        outside_step(m, cfg, mu, &c);
    else {
        m->hold_ends = (int8_t)(m->hold_ends - (e.kind == DE_HOLD_ENDS));
        m->vanish = (int8_t)(m->vanish - (e.kind == DE_VANISHES));
        m->forgets = (int8_t)(m->forgets - (e.kind == DE_FORGETS));
        c = (d_call){.op = by_itself[e.kind], .who = e.who, .id = e.kind == DE_DUE ? e.who : 0};
        call(m, cfg, &c, mu);
    }
    look(m, cfg, mu);
    if (did != NULL)
        *did = c;
}

/* ---- the end ------------------------------------------------------------------------------------------------------ */

static void all_time_passes(d_model *m, const d_config *cfg, d_mutants mu)
{
    d_call c = {.op = D_HOLD_ENDS};
    if (!D_IS(mu, DM_HOLD_FOREVER))
        call(m, cfg, &c, mu);
    for (int i = 0; i < cfg->ids; i++) {
        for (int w = 0; w < cfg->writers; w++) {
            c = (d_call){.op = D_TOKEN_ENDS, .id = i, .who = w};
            call(m, cfg, &c, mu);
        }
        c = (d_call){.op = D_BECOMES_DUE, .id = i};
        if (m->s.entry[i] == D_WAITING)
            call(m, cfg, &c, mu);
    }
    c = (d_call){.op = D_PHANTOM_ENDS};
    if (m->s.phantom == 1)
        call(m, cfg, &c, mu);
}

static void put_right(d_model *m, const d_config *cfg, d_mutants mu)
{
    const int r = D_REPAIRS - 1;
    const int b = D_BUILDERS - 1;
    d_call c;
    for (int i = 0; i < cfg->ids; i++)
        for (m->r_step[r] = 0; d_slot_is_due(&m->s, i) && m->r_step[r] < 3;)
            repair_step(m, cfg, (d_event){m->r_step[r] == 0 ? DE_LEASE : DE_REPAIR, m->r_step[r] == 0 ? r * D_IDS + i : r},
                        mu, &c);
    if (m->s.phantom != 2 && d_slot_whole(&m->s, d_slot_root(&m->s, mu), 0))
        return;
    for (m->b_step[b] = 0; m->b_step[b] < 5;)
        builder_step(m, cfg, b, mu, &c);
}

int d_end(d_model m, const d_config *cfg, d_mutants mu)
{
    for (int round = 0; round < 4; round++) {
        all_time_passes(&m, cfg, mu);
        if (is_certain(&m, cfg, mu) && !is_newest(&m, cfg))
            return 1;
        put_right(&m, cfg, mu);
    }
    all_time_passes(&m, cfg, mu);
    int pending = 0;
    for (int i = 0; i < cfg->ids; i++)
        pending |= m.s.entry[i] != D_NO_ENTRY;
    return is_certain(&m, cfg, 0) && is_newest(&m, cfg) && !pending ? 0 : 2;
}
