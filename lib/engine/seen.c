/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: when each id was last read past Redis. Refuses: forgetting; a place only moves forward. */
#include "engine/seen.h"

/* Two clocks are compared, Redis' as this process knows it and its own: they may differ by what an exchange takes. */
#define MARGIN_NS INT64_C(5000000)

static _Atomic int64_t *place_of(const mci_seen *s, size_t coll, int unique, const char *id)
{
    uint64_t h = UINT64_C(14695981039346656037) ^ (coll * 2 + (size_t)unique);
    for (const char *p = id; *p != '\0'; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return (_Atomic int64_t *)(uintptr_t)&s->at_ns[(h ^ h >> 32) % MCI_SEEN_PLACES];
}

static void raise_to(_Atomic int64_t *at, int64_t now_ns)
{
    int64_t have = atomic_load_explicit(at, memory_order_relaxed);
    while (have < now_ns && !atomic_compare_exchange_weak(at, &have, now_ns))
        ;
}

void mci_seen_note(mci_seen *s, size_t coll, int unique, const char *id, int64_t now_ns)
{
    raise_to(place_of(s, coll, unique, id), now_ns);
    raise_to(&s->newest_ns, now_ns);
}

int64_t mci_seen_at(const mci_seen *s, size_t coll, int unique, const char *id)
{
    return atomic_load(place_of(s, coll, unique, id));
}

int mci_seen_newer(const mci_seen *s, size_t coll, int unique, const char *id, int64_t now_ns, int64_t age_ms)
{
    int64_t newest = atomic_load_explicit((_Atomic int64_t *)(uintptr_t)&s->newest_ns, memory_order_acquire);
    if (newest == 0)
        return 0;
    int64_t loaded = age_ms >= (now_ns - MARGIN_NS) / 1000000 ? 0 : now_ns - MARGIN_NS - age_ms * 1000000;
    return newest > loaded && atomic_load(place_of(s, coll, unique, id)) > loaded;
}
