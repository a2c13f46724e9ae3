/* SPDX-License-Identifier: Apache-2.0 */
/* Monotonic time and absolute deadlines. Refuses wall-clock time for anything but log lines and new ObjectIds. */
#ifndef MCI_BASE_CLOCK_H
#define MCI_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds on the monotonic clock. */
int64_t mci_now_ns(void);

/* Milliseconds since 1970 on the wall clock. */
int64_t mci_wall_ms(void);

/* An absolute point on the monotonic clock, in nanoseconds; INT64_MAX means "no deadline". */
typedef int64_t mci_deadline;
#define MCI_NO_DEADLINE INT64_MAX

/* The point `ms` milliseconds from now (saturating). */
mci_deadline mci_deadline_in(int64_t ms);
mci_deadline mci_deadline_from(int64_t now_ns, int64_t ms);

/* Milliseconds left, rounded up, 0 when it has passed; at most INT32_MAX. */
int mci_deadline_left_ms(mci_deadline d);

/* The earlier of two. */
static inline mci_deadline mci_deadline_min(mci_deadline a, mci_deadline b)
{
    return a < b ? a : b;
}

/* Sleep until `d` at the latest, for `ms` milliseconds; no signal cuts it short. */
void mci_sleep_ms(int64_t ms, mci_deadline d);

#endif
