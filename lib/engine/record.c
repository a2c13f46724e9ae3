/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: a session's record and its form as text. Refuses: forgetting (a time only moves forward), and a text that is not its own. */
#include "engine/record.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_BEGIN "mcs1."
#define TOKEN_END 'z' /* no hexadecimal digit */
#define TIME_MAX (INT64_C(1) << 53)

static size_t place_of(const char *collection, int unique, const char *id)
{
    const char *const parts[] = {collection, unique ? "\1" : "\2", id};
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < 3; i++)
        for (const char *p = parts[i]; *p != '\0'; p++)
            h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return (size_t)((h ^ h >> 32) % MCI_RECORD_PLACES);
}

static void raise_to(_Atomic int64_t *at, int64_t ms)
{
    int64_t have = atomic_load_explicit(at, memory_order_relaxed);
    while (have < ms && !atomic_compare_exchange_weak(at, &have, ms))
        ;
}

static int64_t get(const _Atomic int64_t *at)
{
    return atomic_load_explicit((_Atomic int64_t *)(uintptr_t)at, memory_order_acquire);
}

void mci_record_note(mci_record *r, const char *collection, int unique, const char *id, int64_t ms)
{
    raise_to(&r->at_ms[place_of(collection, unique, id)], ms);
    raise_to(&r->newest_ms, ms);
}

void mci_record_note_lists(mci_record *r, int64_t ms)
{
    raise_to(&r->lists_ms, ms);
    raise_to(&r->newest_ms, ms);
}

int64_t mci_record_at(const mci_record *r, const char *collection, int unique, const char *id)
{
    if (get(&r->newest_ms) == 0)
        return 0;
    int64_t at = get(&r->at_ms[place_of(collection, unique, id)]);
    int64_t all = get(&r->floor_ms);
    return at > all ? at : all;
}

int64_t mci_record_lists(const mci_record *r)
{
    return get(&r->lists_ms);
}

/*
 * ---- as text: mcs1.FLOOR.LISTS.NEWEST[.PLACE-BEFORE]...z, hexadecimal; BEFORE is how much earlier than NEWEST ----
 * Without its end it would be the text of a record that knows less, and reads would be older than they may be: hence the z.
 */

typedef struct place {
    size_t i;
    int64_t ms;
} place;

static int newest_first(const void *a, const void *b)
{
    int64_t x = ((const place *)a)->ms;
    int64_t y = ((const place *)b)->ms;
    return x > y ? -1 : x < y;
}

void mci_record_write(const mci_record *r, int64_t oldest_ms, mci_buf *b)
{
    char text[64];
    place places[MCI_RECORD_PLACES];
    size_t n = 0;
    for (size_t i = 0; i < MCI_RECORD_PLACES; i++) {
        int64_t ms = get(&r->at_ms[i]);
        if (ms > oldest_ms)
            places[n++] = (place){i, ms};
    }
    qsort(places, n, sizeof places[0], newest_first);
    int64_t floor = get(&r->floor_ms);
    if (n > MCI_TOKEN_PLACES && places[MCI_TOKEN_PLACES].ms > floor)
        floor = places[MCI_TOKEN_PLACES].ms; /* of those without a room: then nobody may see anything older */
    n = n > MCI_TOKEN_PLACES ? MCI_TOKEN_PLACES : n;
    int64_t lists = get(&r->lists_ms);
    int64_t newest = n > 0 ? places[0].ms : 0;
    (void)snprintf(text, sizeof text, TOKEN_BEGIN "%llx.%llx.%llx", (unsigned long long)(floor > oldest_ms ? floor : 0),
                   (unsigned long long)(lists > oldest_ms ? lists : 0), (unsigned long long)newest);
    mci_buf_str(b, text);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(text, sizeof text, ".%zx-%llx", places[i].i, (unsigned long long)(newest - places[i].ms));
        mci_buf_str(b, text);
    }
    mci_buf_char(b, TOKEN_END);
}

/* Lower-case hexadecimal digits up to one of `ends`; -1 when there are none or too many. */
static int64_t take(const char **p, const char *ends)
{
    int64_t v = 0;
    size_t n = strspn(*p, "0123456789abcdef");
    if (n == 0 || n > 14 || (*p)[n] == '\0' || strchr(ends, (*p)[n]) == NULL)
        return -1;
    for (size_t i = 0; i < n; i++) {
        char c = (*p)[i];
        v = v * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *p += n;
    return v <= TIME_MAX ? v : -1;
}

static mc_status no_token(mc_error *err)
{
    return mci_fail(err, MC_E_ARG, MC_TIER_NONE, "token: not a text that mc_session_token() gave");
}

/* One number after a dot. */
static int64_t take_dotted(const char **p, const char *ends)
{
    if (**p == '.')
        ++*p;
    return take(p, ends);
}

mc_status mci_record_read(mci_record *r, const char *text, int64_t latest_ms, mc_error *err)
{
    place places[MCI_TOKEN_PLACES];
    size_t n = 0;
    if (strlen(text) > MCI_RECORD_TOKEN_MAX || strncmp(text, TOKEN_BEGIN, strlen(TOKEN_BEGIN)) != 0)
        return no_token(err);
    const char *p = text + strlen(TOKEN_BEGIN);
    int64_t floor = take(&p, ".");
    int64_t lists = take_dotted(&p, ".");
    int64_t newest = take_dotted(&p, ".z");
    if (floor < 0 || lists < 0 || newest < 0)
        return no_token(err);
    while (*p != TOKEN_END) {
        p++;
        int64_t at = take(&p, "-");
        if (at < 0 || at >= MCI_RECORD_PLACES || *p != '-' || n == MCI_TOKEN_PLACES)
            return no_token(err);
        p++;
        int64_t before = take(&p, ".z");
        if (before < 0 || before >= newest)
            return no_token(err);
        places[n++] = (place){(size_t)at, newest - before};
    }
    if (p[1] != '\0')
        return no_token(err);
    int64_t last = newest > floor ? newest : floor;
    last = lists > last ? lists : last;
    if (last > latest_ms)
        return mci_fail(err, MC_E_RANGE, MC_TIER_NONE, "token: it is of a time that has not come yet");
    for (size_t i = 0; i < n; i++)
        raise_to(&r->at_ms[places[i].i], places[i].ms);
    raise_to(&r->floor_ms, floor);
    raise_to(&r->lists_ms, lists);
    raise_to(&r->newest_ms, last);
    return MC_OK;
}
