/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the circuit state of one server. Refuses: retry storms (a refused password waits 5 s whatever the options say).
 * Source of full jitter: "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
 */
#include "base/breaker.h"

#define AUTH_WAIT_NS INT64_C(5000000000)

mci_gate mci_breaker_enter(mci_breaker *b, int64_t now_ns)
{
    if (b->open_until_ns == 0)
        return MCI_GATE_GO;
    if (now_ns < b->open_until_ns || b->probing)
        return MCI_GATE_STOP;
    b->probing = 1;
    return MCI_GATE_PROBE;
}

void mci_breaker_success(mci_breaker *b, mci_gate gate)
{
    if (gate == MCI_GATE_PROBE)
        b->probing = 0;
    else if (b->open_until_ns != 0)
        return; /* an old call's answer says nothing about now */
    b->failures = 0;
    b->refused = 0;
    b->open_until_ns = 0;
}

void mci_breaker_failure(mci_breaker *b, mci_gate gate, mc_status status, int connecting, int64_t now_ns, uint64_t random)
{
    if (gate == MCI_GATE_PROBE)
        b->probing = 0;
    b->failures++;
    int opens = gate == MCI_GATE_PROBE || connecting || status == MC_E_AUTH || b->failures >= b->threshold;
    if (!opens || (b->open_until_ns > now_ns && gate == MCI_GATE_GO))
        return;
    int64_t span = b->min_ns;
    for (int64_t i = 0; i < b->refused && span < b->max_ns; i++)
        span *= 2;
    if (span > b->max_ns)
        span = b->max_ns;
    b->refused++;
    /* Full jitter, but never less than a tenth: an instant second attempt only doubles the load. */
    int64_t wait = span / 10 + (int64_t)(random % (uint64_t)(span - span / 10 + 1));
    b->open_until_ns = now_ns + (status == MC_E_AUTH ? AUTH_WAIT_NS : wait);
}
