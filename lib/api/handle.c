/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the table of open handles. A handle is (generation, slot) as an odd number, so a closed or invented one is recognised
 * without touching memory that may be gone. This table is the library's only writable file-scope data: no per-handle structure
 * could answer for a handle that is gone. Refuses: waiting in anything but close.
 */
#include "api/handle.h"

#define SLOTS 256u

/* generation << 32 | state << 30 | calls under way */
enum slot_state { S_FREE = 0, S_OPEN = 1, S_BUSY = 2 };
#define STATE_SHIFT 30
#define CALLS_MASK UINT64_C(0x3fffffff)

typedef struct slot {
    _Alignas(64) _Atomic uint64_t word;
    mci_client *_Atomic client;
} slot;

static slot slots[SLOTS];

static uint32_t generation_of(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static int state_of(uint64_t word)
{
    return (int)(word >> STATE_SHIFT & 3);
}

static uint64_t make_word(uint32_t generation, int state)
{
    return (uint64_t)generation << 32 | (uint64_t)state << STATE_SHIFT;
}

/* Generations count modulo 2^22 in a handle, so that it fits a 32-bit pointer too. */
#define GENERATION_MASK 0x3fffffu

static mc_client *encode(uint32_t generation, uint32_t index)
{
    return (mc_client *)(uintptr_t)((generation & GENERATION_MASK) << 9 | index << 1 | 1u);
}

static slot *decode(const mc_client *mc, uint32_t *generation)
{
    uintptr_t v = (uintptr_t)mc;
    if ((v & 1u) == 0 || v > UINT32_MAX)
        return NULL;
    *generation = (uint32_t)(v >> 9);
    return &slots[v >> 1 & (SLOTS - 1)];
}

mc_client *mci_handle_new(mci_client *cl)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        uint64_t w = atomic_load(&slots[i].word);
        if (state_of(w) != S_FREE)
            continue;
        uint32_t generation = generation_of(w) + 1;
        if ((generation & GENERATION_MASK) == 0)
            generation++;
        if (!atomic_compare_exchange_strong(&slots[i].word, &w, make_word(generation, S_BUSY)))
            continue;
        atomic_store(&slots[i].client, cl);
        atomic_store(&slots[i].word, make_word(generation, S_OPEN));
        return encode(generation, i);
    }
    return NULL;
}

/* The slot if the handle was ever given out, else NULL. `*current` says whether it is the slot's present one. */
static slot *look_up(const mc_client *mc, uint64_t *word, int *current)
{
    uint32_t generation = 0;
    slot *s = decode(mc, &generation);
    if (s == NULL)
        return NULL;
    *word = atomic_load(&s->word);
    uint32_t now = generation_of(*word) & GENERATION_MASK;
    if (generation == 0 || (generation > now && generation_of(*word) <= GENERATION_MASK))
        return NULL;
    *current = generation == now;
    return s;
}

mc_status mci_handle_enter(const mc_client *mc, mci_client **out)
{
    for (;;) {
        uint64_t w = 0;
        int current = 0;
        slot *s = look_up(mc, &w, &current);
        if (s == NULL)
            return MC_E_ARG;
        if (!current || state_of(w) != S_OPEN)
            return MC_E_CLOSED;
        if (atomic_compare_exchange_weak(&s->word, &w, w + 1)) {
            *out = atomic_load(&s->client);
            return MC_OK;
        }
    }
}

void mci_handle_leave(const mc_client *mc)
{
    uint32_t generation = 0;
    slot *s = decode(mc, &generation);
    if (s != NULL)
        (void)atomic_fetch_sub(&s->word, 1);
}

mc_status mci_handle_close(const mc_client *mc, mci_client **out)
{
    for (;;) {
        uint64_t w = 0;
        int current = 0;
        slot *s = look_up(mc, &w, &current);
        if (s == NULL)
            return MC_E_ARG;
        if (!current || state_of(w) != S_OPEN) /* another thread was first */
            return MC_E_CLOSED;
        uint64_t closing = make_word(generation_of(w), S_BUSY) | (w & CALLS_MASK);
        if (!atomic_compare_exchange_weak(&s->word, &w, closing))
            continue;
        while ((atomic_load(&s->word) & CALLS_MASK) != 0) /* every call has a deadline, so this ends */
            mci_sleep_ms(1, MCI_NO_DEADLINE);
        *out = atomic_load(&s->client);
        atomic_store(&s->client, NULL);
        atomic_store(&s->word, make_word(generation_of(closing), S_FREE));
        return MC_OK;
    }
}
