/* SPDX-License-Identifier: Apache-2.0 */
/* Derived sets and counters in this process. Each gives its operation's outputs. */
#ifndef MCI_CACHE_MEMORY_SETS_H
#define MCI_CACHE_MEMORY_SETS_H

#include "cache/memory/step.h"

void mci_memory_set_read(const mci_memory_run *run);
void mci_memory_set_write(const mci_memory_run *run); /* every other operation on a derived set */
void mci_memory_counter(const mci_memory_run *run);

#endif
