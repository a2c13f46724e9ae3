/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: reading clocks. Refuses: relative time-outs in interfaces; everything above speaks in absolute deadlines. */
#include "base/clock.h"

#include <errno.h>
#include <time.h>

int64_t mci_now_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t mci_wall_ms(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

mci_deadline mci_deadline_from(int64_t now_ns, int64_t ms)
{
    if (ms > (MCI_NO_DEADLINE - now_ns) / 1000000)
        return MCI_NO_DEADLINE;
    return now_ns + ms * 1000000;
}

mci_deadline mci_deadline_in(int64_t ms)
{
    return mci_deadline_from(mci_now_ns(), ms);
}

int mci_deadline_left_ms(mci_deadline d)
{
    if (d == MCI_NO_DEADLINE)
        return INT32_MAX;
    int64_t left = d - mci_now_ns();
    if (left <= 0)
        return 0;
    left = (left + 999999) / 1000000;
    return left > INT32_MAX ? INT32_MAX : (int)left;
}

void mci_sleep_ms(int64_t ms, mci_deadline d)
{
    int64_t until = mci_deadline_min(mci_deadline_in(ms), d);
    for (;;) {
        int64_t left = until - mci_now_ns();
        if (left <= 0)
            return;
        struct timespec ts = {.tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000)};
        if (nanosleep(&ts, NULL) == 0)
            return;
    }
}
