/* SPDX-License-Identifier: Apache-2.0 */
/* Values under the write/fill protocol in this process. Each gives its operation's outputs. */
#ifndef MCI_CACHE_MEMORY_VALUE_H
#define MCI_CACHE_MEMORY_VALUE_H

#include "cache/memory/step.h"

void mci_memory_value_read(const mci_memory_run *run);
void mci_memory_value_acquire(const mci_memory_run *run);
void mci_memory_value_commit(const mci_memory_run *run);
void mci_memory_value_announce(const mci_memory_run *run);
void mci_memory_value_drop(const mci_memory_run *run);

#endif
