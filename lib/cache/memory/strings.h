/* SPDX-License-Identifier: Apache-2.0 */
/* Strings in this process. Each gives its operation's outputs. */
#ifndef MCI_CACHE_MEMORY_STRINGS_H
#define MCI_CACHE_MEMORY_STRINGS_H

#include "cache/memory/step.h"

void mci_memory_string_read(const mci_memory_run *run);
void mci_memory_string_acquire(const mci_memory_run *run);
void mci_memory_string_set(const mci_memory_run *run);
void mci_memory_string_remove(const mci_memory_run *run);

#endif
