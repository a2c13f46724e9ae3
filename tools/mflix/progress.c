/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the one line on stderr that shows how far a long command is. Draws on a terminal only, never with --quiet, and
 * never more than ten times a second: a bar may not slow down what it watches.
 */
#include "progress.h"

#include "latency.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 24

void progress_begin(progress *p, const app *a, const char *label, const char *unit)
{
    memset(p, 0, sizeof *p);
    p->live = a->live;
    p->color = a->color_err;
    p->label = label;
    p->unit = unit;
    p->begun_ns = now_ns();
}

static int terminal_width(void)
{
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
        return w.ws_col;
    return 80;
}

/* 12,345: digits in threes. */
static void format_count(char *buf, size_t size, int64_t n)
{
    char plain[24];
    size_t at = 0;
    int digits = snprintf(plain, sizeof plain, "%lld", (long long)n);
    for (int i = 0; i < digits && at + 2 < size; i++) {
        if (i > 0 && (digits - i) % 3 == 0 && plain[i - 1] != '-')
            buf[at++] = ',';
        buf[at++] = plain[i];
    }
    buf[at] = '\0';
}

static void format_left(char *buf, size_t size, double seconds)
{
    if (seconds >= 3600)
        snprintf(buf, size, "%.0f h %02.0f min left", seconds / 3600 - 0.5, (double)((int)(seconds / 60) % 60));
    else if (seconds >= 60)
        snprintf(buf, size, "%d min %02d s left", (int)(seconds / 60), (int)seconds % 60);
    else
        snprintf(buf, size, "%d s left", (int)(seconds + 0.999));
}

void progress_format(char *buf, size_t size, int width, const progress *p, int64_t elapsed_ns, int64_t count, int64_t done,
                     int64_t total)
{
    char counted[32], per_second[32], bar[BAR_WIDTH + 1], left[40] = "";
    double elapsed = (double)elapsed_ns / 1e9;
    format_count(counted, sizeof counted, count);
    format_count(per_second, sizeof per_second, elapsed > 0 ? (int64_t)((double)count / elapsed) : 0);
    if (total > 0) {
        double share = (double)done / (double)total;
        share = share < 0 ? 0 : share > 1 ? 1 : share;
        int full = (int)(share * BAR_WIDTH);
        memset(bar, '#', (size_t)full);
        memset(bar + full, '.', (size_t)(BAR_WIDTH - full));
        bar[BAR_WIDTH] = '\0';
        if (share > 0 && elapsed > 0.3)
            format_left(left, sizeof left, elapsed / share - elapsed);
        snprintf(buf, size, "%s [%s] %3d%%  %s %s  %s/s  %s", p->label, bar, (int)(share * 100), counted, p->unit,
                 per_second, left);
    } else {
        snprintf(buf, size, "%s  %s %s  %s/s  %.1f s", p->label, counted, p->unit, per_second, elapsed);
    }
    if (width > 1 && strlen(buf) >= (size_t)width)
        buf[width - 1] = '\0'; /* a line that wraps could not be wiped */
}

void progress_show(progress *p, int64_t count, int64_t done, int64_t total)
{
    char line[256];
    if (!p->live)
        return;
    int64_t now = now_ns();
    if (p->last_ns && now - p->last_ns < 100000000)
        return;
    p->last_ns = now;
    progress_format(line, sizeof line, terminal_width(), p, now - p->begun_ns, count, done, total);
    fprintf(stderr, "\r%s%s%s\033[K", p->color ? "\033[36m" : "", line, p->color ? "\033[0m" : "");
    fflush(stderr);
    p->drawn = 1;
}

void progress_clear(progress *p)
{
    if (!p->drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    p->drawn = 0;
    p->last_ns = 0;
}
