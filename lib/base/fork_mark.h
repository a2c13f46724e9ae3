/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells, at each call and without a system call where the system can, whether this process is still the one that set the mark: a forked child has a
 * copy of everything else. Any thread may ask.
 */
#ifndef MCI_BASE_FORK_MARK_H
#define MCI_BASE_FORK_MARK_H

#include <stdint.h>

typedef struct mci_fork_mark {
    const volatile unsigned char *page; /* the system empties it in a child; NULL: it does not, and `process` is compared */
    int64_t process;
} mci_fork_mark;

void mci_fork_mark_set(mci_fork_mark *m);
void mci_fork_mark_free(mci_fork_mark *m);
/* Is this a child, forked since? */
int mci_fork_mark_crossed(const mci_fork_mark *m);

#endif
