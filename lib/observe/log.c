/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the form of a log line and the hand-over from one receiver to the next.
 * Refuses: files, streams and syslog (the host decides), and calling a receiver with a lock held.
 */
#include "observe/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int mci_log_init(mci_log *log)
{
    memset(log, 0, sizeof *log);
    atomic_init(&log->level, -1);
    if (mci_mutex_init(&log->lock) != 0)
        return -1;
    if (mci_cond_init(&log->idle) != 0) {
        mci_mutex_destroy(&log->lock);
        return -1;
    }
    return 0;
}

void mci_log_destroy(mci_log *log)
{
    mci_cond_destroy(&log->idle);
    mci_mutex_destroy(&log->lock);
}

mc_status mci_log_set(mci_log *log, mc_log_fn fn, int level, void *user)
{
    if (level < MC_LOG_ERROR || level > MC_LOG_DEBUG)
        return MC_E_RANGE;
    mci_mutex_lock(&log->lock);
    /* The counter of the new receiver is that of the last but one: an earlier change may still wait for it. */
    while (log->running[(log->generation + 1) & 1] != 0)
        (void)mci_cond_wait(&log->idle, &log->lock, MCI_NO_DEADLINE);
    unsigned old = log->generation++ & 1;
    log->fn = fn;
    log->user = user;
    atomic_store_explicit(&log->level, fn == NULL ? -1 : level, memory_order_relaxed);
    while (log->running[old] != 0)
        (void)mci_cond_wait(&log->idle, &log->lock, MCI_NO_DEADLINE);
    mci_mutex_unlock(&log->lock);
    return MC_OK;
}

/* Copy as one line: control bytes as \n, \t, \xNN; no cut inside a UTF-8 character. */
static void escape(const char *in, char *out, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)in; *p != '\0'; p++) {
        char piece[4];
        size_t len = 1;
        piece[0] = (char)*p;
        if (*p == '\n' || *p == '\r' || *p == '\t') {
            piece[0] = '\\';
            piece[1] = *p == '\n' ? 'n' : *p == '\r' ? 'r' : 't';
            len = 2;
        } else if (*p < 0x20 || *p == 0x7f) {
            piece[0] = '\\';
            piece[1] = 'x';
            piece[2] = hex[*p >> 4];
            piece[3] = hex[*p & 15];
            len = 4;
        }
        if (n + len >= size)
            break;
        memcpy(out + n, piece, len);
        n += len;
    }
    if (n + 4 >= size) { /* perhaps cut: take an unfinished character away */
        size_t start = n;
        while (start > 0 && ((unsigned char)out[start - 1] & 0xC0) == 0x80)
            start--;
        if (start > 0) {
            unsigned char lead = (unsigned char)out[start - 1];
            size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
            if (want > 1 && n - (start - 1) < want)
                n = start - 1;
        }
    }
    out[n] = '\0';
}

void mci_log_write(mci_log *log, int level, const char *fmt, ...)
{
    if (!mci_log_wants(log, level))
        return;
    char raw[MCI_LOG_MAX];
    char line[MCI_LOG_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    escape(raw, line, sizeof line);

    mci_mutex_lock(&log->lock);
    mc_log_fn fn = log->fn;
    void *user = log->user;
    unsigned mine = log->generation & 1;
    if (fn == NULL || !mci_log_wants(log, level)) {
        mci_mutex_unlock(&log->lock);
        return;
    }
    log->running[mine]++;
    mci_mutex_unlock(&log->lock);

    fn(level, line, user);

    mci_mutex_lock(&log->lock);
    if (--log->running[mine] == 0)
        mci_cond_broadcast(&log->idle);
    mci_mutex_unlock(&log->lock);
}
