/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the engine's clock. Refuses: I/O. */
#include "engine/clock.h"

int64_t mci_cache_now_ms(const mci_engine *e)
{
    int64_t now = e->cache->ops->now_ms(e->cache);
    return now != 0 ? now : mci_wall_ms();
}

int64_t mci_clock_at(const mci_engine *e, int64_t cache_ms)
{
    int64_t set = atomic_load_explicit(&e->set_clock_ms, memory_order_relaxed);
    return set != 0 ? set : cache_ms;
}

int64_t mci_clock(const mci_engine *e)
{
    return mci_clock_at(e, mci_cache_now_ms(e));
}

int64_t mci_age_ms(const mci_engine *e, int64_t written_ms)
{
    int64_t age = mci_clock(e) - written_ms;
    return age < 0 ? 0 : age;
}
