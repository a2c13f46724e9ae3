/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: what the scripts of a derived set do, one function each. Refuses: time; that something becomes due or ends is a call like any. */
#include "derived_slot.h"

#include <string.h>

static void lose_pending(d_slot *s)
{
    s->pending = 0;
    s->phantom = 0;
    memset(s->entry, D_NO_ENTRY, sizeof s->entry);
    memset(s->armed, 0, sizeof s->armed);
}

static void lose_announcements(d_slot *s)
{
    s->announced = 0;
    for (int i = 0; i < D_IDS; i++) {
        s->tokens[i] = s->taken[i] = 0;
        s->sole[i] = s->repair[i] = D_NONE;
        s->quiet[i] = 0;
    }
    s->building = s->provisional = s->cursor = s->held = 0;
    s->holder = D_NONE;
}

static void lose_set(d_slot *s)
{
    s->set = s->set_provisional = 0;
    memset(s->place, D_NONE, sizeof s->place);
}

static void lose_new(d_slot *s)
{
    s->fresh = 0;
    memset(s->placed, D_NONE, sizeof s->placed);
}

void d_slot_init(d_slot *s)
{
    memset(s, 0, sizeof *s);
    lose_pending(s);
    lose_announcements(s);
    lose_set(s);
    lose_new(s);
}

int d_slot_root(const d_slot *s, d_mutants mu)
{
    if (D_IS(mu, DM_NO_PENDING_NONCE))
        return s->announced;
    if (D_IS(mu, DM_NO_ANNOUNCED_NONCE))
        return s->pending;
    return s->pending == s->announced ? s->pending : 0;
}

int d_slot_reader_nonce(const d_slot *s, d_mutants mu)
{
    return D_IS(mu, DM_NO_PENDING_NONCE) ? s->announced : s->pending;
}

int d_slot_is_due(const d_slot *s, int id)
{
    return s->entry[id] >= D_DUE;
}

int d_slot_whole(const d_slot *s, int nonce, d_mutants mu)
{
    return nonce != 0 && s->set == nonce && (!s->set_provisional || D_IS(mu, DM_TRUST_PROVISIONAL));
}

static int heal(d_slot *s, d_mutants mu)
{
    int n = d_slot_root(s, mu);
    if (n != 0)
        return n;
    lose_pending(s);
    lose_announcements(s);
    lose_new(s);
    s->pending = s->announced = ++s->nonces;
    s->phantom = 1;
    return s->pending;
}

static int has_new(const d_slot *s, int nonce, d_mutants mu)
{
    return D_IS(mu, DM_NO_NEW_MARKER) ? s->building : s->fresh == nonce && nonce != 0;
}

/* A record without tokens has nobody alone; one without a repair either has nothing to tell. */
static void tidy(d_slot *s, int id)
{
    if (s->tokens[id] == 0)
        s->sole[id] = D_NONE;
    if (s->repair[id] == D_NONE) {
        s->quiet[id] = 0;
        s->taken[id] = 0;
    }
    if (s->entry[id] != D_WAITING)
        s->armed[id] = 0;
    if (!s->building && s->entry[id] == D_DOUBT_NEW)
        s->entry[id] = D_DOUBT;
}

static void mark_due(d_slot *s, int id)
{
    s->entry[id] = s->building ? D_DOUBT_NEW : D_DOUBT;
}

static void doubt(d_slot *s, int id, d_mutants mu)
{
    mark_due(s, id);
    s->repair[id] = D_NONE;
    if (!D_IS(mu, DM_NEWS_KEEP_SOLE))
        s->sole[id] = D_NONE;
}

static void apply(d_slot *s, int nonce, const d_call *c, int mirrored, d_mutants mu)
{
    if (s->set == nonce)
        s->place[c->id] = (int8_t)(c->none ? D_NONE : c->version);
    if (!mirrored || !has_new(s, nonce, mu))
        return;
    if (c->none)
        s->placed[c->id] = D_IS(mu, DM_NO_TOMBSTONES) ? D_NONE : D_TOMBSTONE;
    else
        s->placed[c->id] = (int8_t)c->version;
}

static void announce(d_slot *s, d_call *c, d_mutants mu)
{
    int id = c->id;
    c->given = heal(s, mu);
    if (s->tokens[id] >> c->who & 1)
        return;
    int others = s->tokens[id] != 0 || (s->phantom == 1 && !D_IS(mu, DM_NO_PHANTOM_ANNOUNCE));
    s->sole[id] = (int8_t)(others && !D_IS(mu, DM_LAST_ANNOUNCED_SETTLES) ? D_NONE : c->who);
    s->tokens[id] = (uint8_t)(s->tokens[id] | 1 << c->who);
    if (!D_IS(mu, DM_ANNOUNCE_KEEPS_REPAIR))
        s->repair[id] = D_NONE;
    if (s->entry[id] == D_NO_ENTRY || (d_slot_is_due(s, id) && D_IS(mu, DM_ANNOUNCE_UNDUE))) {
        s->entry[id] = D_WAITING;
        s->armed[id] = c->stored;
    } else if (d_slot_is_due(s, id)) {
        mark_due(s, id);
    }
}

static void settle(d_slot *s, d_call *c, d_mutants mu)
{
    int id = c->id;
    int n = heal(s, mu);
    int had = s->tokens[id] >> c->who & 1;
    int alone = s->sole[id] == c->who || D_IS(mu, DM_EVERY_WRITER_SETTLES);
    if (n != c->nonce && !D_IS(mu, DM_SETTLE_ANY_NONCE))
        had = 0;
    if (c->over && !D_IS(mu, DM_SETTLE_AFTER_TIME))
        had = 0;
    s->tokens[id] = (uint8_t)(s->tokens[id] & ~(1 << c->who));
    if (!D_IS(mu, DM_SETTLE_KEEPS_REPAIR))
        s->repair[id] = D_NONE;
    if (!had) {
        if (!D_IS(mu, DM_UNANNOUNCED_IGNORED))
            doubt(s, id, mu);
        return;
    }
    if (!alone) {
        if (!D_IS(mu, DM_OVERLAP_SILENT))
            doubt(s, id, mu);
        return;
    }
    c->result = 1;
    if (!c->aborted) {
        apply(s, n, c, !D_IS(mu, DM_SETTLE_NOT_MIRRORED), mu);
        s->entry[id] = D_NO_ENTRY;
    } else if (s->entry[id] < D_DOUBT) { /* nothing was changed; what was in doubt before still is */
        s->entry[id] = D_NO_ENTRY;
    }
}

static void lease(d_slot *s, d_call *c, d_mutants mu)
{
    c->given = d_slot_root(s, mu);
    if (c->given == 0 || !d_slot_is_due(s, c->id))
        return;
    s->repair[c->id] = (int8_t)c->who;
    s->taken[c->id] = c->stored;
    s->quiet[c->id] = s->tokens[c->id] == 0 && (s->phantom != 1 || D_IS(mu, DM_NO_PHANTOM_REPAIR));
    c->result = 1;
}

static void repair(d_slot *s, d_call *c, d_mutants mu)
{
    int id = c->id;
    int n = d_slot_root(s, mu);
    if (n == 0 || (n != c->nonce && !D_IS(mu, DM_REPAIR_ANY_NONCE)))
        return;
    if (s->repair[id] != c->who && !D_IS(mu, DM_REPAIR_WITHOUT_LEASE))
        return;
    apply(s, n, c, !D_IS(mu, DM_REPAIR_NOT_MIRRORED), mu);
    int quiet = s->quiet[id] && s->tokens[id] == 0;
    if (D_IS(mu, DM_QUIET_AT_END))
        quiet = s->tokens[id] == 0 && s->phantom != 1;
    if (quiet || D_IS(mu, DM_REPAIR_CLEARS)) {
        s->entry[id] = D_NO_ENTRY;
    } else {
        s->armed[id] = D_IS(mu, DM_REARM_FROM_NOW) ? c->stored : s->taken[id];
        s->entry[id] = c->waited & ~s->armed[id] ? D_DUE : D_WAITING;
    }
    s->repair[id] = D_NONE;
    c->result = 1;
}

static void build(d_slot *s, d_call *c, d_mutants mu)
{
    c->given = heal(s, mu);
    if (s->holder != D_NONE && s->holder != c->who && s->held)
        return;
    int late = s->provisional && s->phantom != 1 && !D_IS(mu, DM_PROVISIONAL_CONTINUED);
    if (!s->building || !has_new(s, c->given, mu) || late) {
        lose_new(s);
        s->fresh = (int8_t)c->given;
        s->building = 1;
        s->provisional = s->phantom == 1 && !D_IS(mu, DM_NO_SECOND_BUILD);
        s->cursor = 0;
        for (int i = 0; i < D_IDS; i++)
            if (s->entry[i] >= D_DOUBT)
                s->entry[i] = s->tokens[i] != 0 && !D_IS(mu, DM_SWAP_TOKEN_AT_BEGIN) ? D_DOUBT_NEW : D_DOUBT;
    } else if (D_IS(mu, DM_PROVISIONAL_CONTINUED) && s->phantom != 1) {
        s->provisional = 0;
    }
    s->holder = (int8_t)c->who;
    s->held = 1;
    c->result = 1;
}

static int is_builder(const d_slot *s, const d_call *c, int fenced, d_mutants mu)
{
    int n = d_slot_root(s, mu);
    int any = D_IS(mu, DM_SWAP_ANY_NONCE);
    return n != 0 && s->building && (any || n == c->nonce) && (!fenced || s->holder == c->who) &&
           has_new(s, any ? s->fresh : c->nonce, mu);
}

static void page(d_slot *s, d_call *c, d_mutants mu)
{
    int fenced = !D_IS(mu, DM_NO_BUILD_TOKEN) && !D_IS(mu, DM_PAGES_UNFENCED);
    if (!is_builder(s, c, fenced, mu))
        return;
    if (s->cursor != c->id && s->cursor != c->id + 1 &&
        !D_IS(mu, DM_PAGES_UNCHAINED)) /* that one was lost; this one may come twice */
        return;
    if (!c->none && (s->placed[c->id] == D_NONE || D_IS(mu, DM_NO_NX)))
        s->placed[c->id] = (int8_t)c->version;
    if (s->holder == c->who) {
        s->cursor = (int8_t)(c->id + 1);
        s->held = 1;
    }
    c->result = 1;
}

static void end_build(d_slot *s)
{
    s->building = s->provisional = s->cursor = s->held = 0;
    s->holder = D_NONE;
}

static void swap(d_slot *s, d_call *c, d_mutants mu)
{
    if (!is_builder(s, c, !D_IS(mu, DM_NO_BUILD_TOKEN), mu)) {
        if (s->holder == c->who && !D_IS(mu, DM_HOLD_FOREVER)) {
            s->holder = D_NONE;
            s->held = 0;
        }
        return;
    }
    for (int i = 0; i < D_IDS; i++) {
        int old = s->entry[i] == D_DOUBT || (s->entry[i] == D_DOUBT_NEW && D_IS(mu, DM_SWAP_RENEWED));
        if (!old || s->tokens[i] != 0)
            continue;
        s->entry[i] = D_NO_ENTRY;
        if (!D_IS(mu, DM_SWAP_KEEPS_REPAIR))
            s->repair[i] = D_NONE;
    }
    s->set = (int8_t)d_slot_root(s, mu);
    s->set_provisional = s->provisional;
    for (int i = 0; i < D_IDS; i++)
        s->place[i] = s->placed[i] == D_TOMBSTONE ? D_NONE : s->placed[i];
    if (!s->provisional && s->phantom == 2)
        s->phantom = 0;
    lose_new(s);
    end_build(s);
    c->result = 1;
}

static void raise_nonce(d_slot *s, d_call *c, d_mutants mu)
{
    if (d_slot_root(s, mu) == 0) {
        c->given = heal(s, mu);
        return;
    }
    s->pending = s->announced = ++s->nonces;
    c->given = s->pending;
    if (D_IS(mu, DM_SWAP_ANY_NONCE))
        return;
    lose_new(s);
    end_build(s);
}

static void by_itself(d_slot *s, const d_call *c, d_mutants mu)
{
    switch (c->op) {
    case D_BECOMES_DUE:
        s->entry[c->id] = D_DUE;
        break;
    case D_TOKEN_ENDS:
        s->tokens[c->id] = (uint8_t)(s->tokens[c->id] & ~(1 << c->who));
        break;
    case D_PHANTOM_ENDS:
        s->phantom = D_IS(mu, DM_NO_SECOND_BUILD) ? 0 : 2;
        break;
    case D_HOLD_ENDS:
        s->held = 0;
        break;
    default:
        if (c->op == D_FORGETS || c->who == 0)
            lose_set(s);
        if (c->op == D_FORGETS || c->who == 1)
            lose_pending(s);
        if (c->op == D_FORGETS || c->who == 2)
            lose_announcements(s);
        if (c->op == D_FORGETS || c->who == 3)
            lose_new(s);
    }
}

void d_slot_run(d_slot *s, d_call *c, d_mutants mu)
{
    c->result = 0;
    c->given = 0;
    switch (c->op) {
    case D_ANNOUNCE:
        announce(s, c, mu);
        break;
    case D_SETTLE:
        settle(s, c, mu);
        break;
    case D_TELL:
        c->given = heal(s, mu);
        doubt(s, c->id, mu);
        break;
    case D_LEASE:
        lease(s, c, mu);
        break;
    case D_REPAIR:
        repair(s, c, mu);
        break;
    case D_BUILD:
        build(s, c, mu);
        break;
    case D_PAGE:
        page(s, c, mu);
        break;
    case D_SWAP:
        swap(s, c, mu);
        break;
    case D_LEAVE:
        if (s->holder == c->who && !D_IS(mu, DM_HOLD_FOREVER)) {
            s->holder = D_NONE;
            s->held = 0;
        }
        break;
    case D_RAISE:
        raise_nonce(s, c, mu);
        break;
    case D_NOTHING:
        break;
    default:
        by_itself(s, c, mu);
    }
    for (int i = 0; i < D_IDS; i++)
        tidy(s, i);
}
