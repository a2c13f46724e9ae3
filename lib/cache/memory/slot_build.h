/* SPDX-License-Identifier: Apache-2.0 */
/* Building a derived set in this process, and raising its nonce. Each gives its operation's outputs; -1 when memory is short. */
#ifndef MCI_CACHE_MEMORY_SLOT_BUILD_H
#define MCI_CACHE_MEMORY_SLOT_BUILD_H

#include "cache/memory/slot.h"

int mci_slot_raise(mci_slot *s, const mci_op_set_raise *r);
int mci_slot_build(mci_slot *s, mci_op_build_begin *g, mci_arena *out, int64_t now_ms);
int mci_slot_page(mci_slot *s, mci_op_build_page *p, int64_t now_ms);
int mci_slot_swap(mci_slot *s, mci_op_build_swap *w, int64_t now_ms);
void mci_slot_leave(mci_slot *s, const mci_op_build_leave *l);

#endif
