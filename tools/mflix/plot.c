/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the drawing. Refuses to let text of others into the file as it is: what is printed is escaped. Needs no display and
 * no library; scales are chosen from the data.
 */
#include "plot.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define WIDTH 960
#define LEFT 76
#define RIGHT 16
#define RIGHT_OF_LOAD 60 /* room for the scale of the users */
#define LATENCY_TOP 122
#define LATENCY_HEIGHT 280
#define RATIO_TOP 448
#define RATIO_HEIGHT 120
#define HEIGHT 602
#define LOAD_TOP 612
#define LOAD_HEIGHT 100
#define HEIGHT_WITH_LOAD 746
#define MAX_TICKS 40

static const char *const series_class[PLOT_SERIES] = {"cached", "uncached"};

/* The colours of one scheme follow the reader's; the background is part of the drawing, so that it fits anywhere. */
static const char style[] =
    "svg{--ground:#ffffff;--ink:#1f2933;--soft:#5f6b7a;--line:#e3e7ec;--cached:#0b7a75;--uncached:#c2410c;--load:#4b5bb5}\n"
    "@media (prefers-color-scheme:dark){svg{--ground:#12181f;--ink:#e6eaef;--soft:#9aa7b5;--line:#2a333d;--cached:#3fd0c4;"
    "--uncached:#ff9d5c;--load:#9fb0ff}}\n"
    "text{font:13px system-ui,sans-serif;fill:var(--soft)}.head{font-size:18px;font-weight:600;fill:var(--ink)}"
    ".panel{font-weight:600;fill:var(--ink)}\n"
    ".ground{fill:var(--ground)}.grid{stroke:var(--line);stroke-width:1}\n"
    "path{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}"
    ".cached{stroke:var(--cached)}.uncached{stroke:var(--uncached)}\n"
    ".p99{stroke-width:1.3;stroke-dasharray:5 4}text.cached{fill:var(--cached);stroke:none}"
    "text.uncached{fill:var(--uncached);stroke:none}\n"
    ".load,.users{stroke:var(--load)}.users{stroke-width:1.3;stroke-dasharray:5 4}"
    "text.load,text.users{fill:var(--load);stroke:none}\n";

static void print_text(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            fputs("&amp;", f);
        else if (*text == '<')
            fputs("&lt;", f);
        else if (*text == '"')
            fputs("&quot;", f);
        else
            fputc((unsigned char)*text < 0x20 ? '?' : *text, f);
    }
}

static void label(FILE *f, double x, double y, const char *kind, const char *anchor, const char *text)
{
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">", x, y, kind, anchor);
    print_text(f, text);
    fputs("</text>\n", f);
}

static void grid_line(FILE *f, double x1, double y1, double x2, double y2)
{
    fprintf(f, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x1, y1, x2, y2);
}

static int right_of(const plot_data *d)
{
    return WIDTH - (d->load ? RIGHT_OF_LOAD : RIGHT);
}

static int height_of(const plot_data *d)
{
    return d->load ? HEIGHT_WITH_LOAD : HEIGHT;
}

/* ---- Scales */

/* 1, 2 or 5 times a power of ten: the step number `k`, three of them to a decade. */
static double round_number(int k)
{
    static const double steps[] = {1, 2, 5};
    int decade = (int)floor(k / 3.0);
    return steps[k - decade * 3] * pow(10, decade);
}

/* The last step number whose value is not above `v`. */
static int step_below(double v)
{
    int k = (int)floor(log10(v)) * 3 + 3;
    while (round_number(k) > v * 1.0000001)
        k--;
    return k;
}

typedef struct log_scale {
    int low, high; /* step numbers */
} log_scale;

static log_scale scale_of(const plot_data *d)
{
    double least = HUGE_VAL, most = 0;
    for (size_t i = 0; i < d->n_slices; i++) {
        for (int s = 0; s < PLOT_SERIES; s++) {
            if (d->slices[i].n[s] == 0)
                continue;
            least = fmin(least, d->slices[i].p50_ms[s]);
            most = fmax(most, d->slices[i].p99_ms[s]);
        }
    }
    least = fmax(fmin(least, 1000), 1e-3);
    most = fmax(most, least);
    log_scale scale = {step_below(least * 0.9), step_below(most * 1.1) + 1};
    return scale;
}

static double y_of(log_scale scale, double ms)
{
    double low = log10(round_number(scale.low)), high = log10(round_number(scale.high));
    double share = (log10(fmax(ms, 1e-3)) - low) / (high - low);
    return LATENCY_TOP + LATENCY_HEIGHT * (1 - fmax(share, 0));
}

static double x_of(const plot_data *d, size_t slice)
{
    return LEFT + (right_of(d) - LEFT) * ((double)slice + 0.5) / (double)d->n_slices;
}

static void latency_axis(FILE *f, const plot_data *d, log_scale scale)
{
    int decades_only = scale.high - scale.low > 12;
    for (int k = scale.low; k <= scale.high; k++) {
        char text[32];
        double ms = round_number(k), y = y_of(scale, ms);
        if (decades_only && k % 3 != 0)
            continue;
        grid_line(f, LEFT, y, right_of(d), y);
        if (ms >= 1000)
            snprintf(text, sizeof text, "%g s", ms / 1000);
        else
            snprintf(text, sizeof text, "%g ms", ms);
        label(f, LEFT - 8, y + 4, "tick", "end", text);
    }
}

static void time_axis(FILE *f, const plot_data *d)
{
    int k = step_below(d->seconds / 8);
    double step = round_number(k);
    for (int i = 0; i <= MAX_TICKS && i * step <= d->seconds * 1.0000001; i++) {
        char text[32];
        double x = LEFT + (right_of(d) - LEFT) * i * step / d->seconds;
        double bottom = d->load ? LOAD_TOP + LOAD_HEIGHT : RATIO_TOP + RATIO_HEIGHT;
        grid_line(f, x, LATENCY_TOP, x, LATENCY_TOP + LATENCY_HEIGHT);
        grid_line(f, x, RATIO_TOP, x, RATIO_TOP + RATIO_HEIGHT);
        if (d->load)
            grid_line(f, x, LOAD_TOP, x, LOAD_TOP + LOAD_HEIGHT);
        snprintf(text, sizeof text, "%g s", i * step);
        label(f, x, bottom + 20, "tick", i == 0 ? "start" : x > WIDTH - 40 ? "end" : "middle", text);
    }
}

/* ---- Series */

enum { DRAW_P50, DRAW_P99, DRAW_RATIO };

static double y_value(const plot_data *d, log_scale scale, size_t slice, int series, int what)
{
    const plot_slice *at = &d->slices[slice];
    if (what != DRAW_RATIO)
        return y_of(scale, what == DRAW_P50 ? at->p50_ms[series] : at->p99_ms[series]);
    return RATIO_TOP + RATIO_HEIGHT * (1 - (series == PLOT_CACHED ? at->hit_ratio : 0));
}

/* The pen of one line: begin it, give it points, end it. */
static void line_begin(FILE *f, const char *kind, const char *more)
{
    fprintf(f, "<path class=\"%s%s\" d=\"", kind, more);
}

static void line_to(FILE *f, int *pen_down, double x, double y)
{
    fprintf(f, "%s%.1f %.1f", *pen_down ? "L" : "M", x, y);
    if (!*pen_down)
        fprintf(f, "L%.1f %.1f", x, y); /* a point alone is still seen */
    *pen_down = 1;
}

/* One line; it breaks where slices have no request. */
static void draw_series(FILE *f, const plot_data *d, log_scale scale, int series, int what)
{
    int pen_down = 0;
    size_t empty = 0;
    line_begin(f, series_class[series], what == DRAW_P99 ? " p99" : "");
    for (size_t i = 0; i < d->n_slices; i++) {
        empty = d->slices[i].n[series] == 0 ? empty + 1 : 0;
        if (empty > d->bridge)
            pen_down = 0;
        if (empty == 0)
            line_to(f, &pen_down, x_of(d, i), y_value(d, scale, i, series, what));
    }
    fputs("\"/>\n", f);
}

/* The least multiple of a round number, two of them at least, that is not below `v`. */
static double round_up(double v)
{
    double step = round_number(step_below(v / 2));
    return ceil(v / step) * step;
}

static void draw_load(FILE *f, const plot_data *d)
{
    double most = 1;
    int users = 1, pen_down = 0;
    for (size_t i = 0; i < d->n_slices; i++) {
        most = fmax(most, d->slices[i].rate);
        users = d->slices[i].users > users ? d->slices[i].users : users;
    }
    most = round_up(most);
    label(f, LEFT, LOAD_TOP - 10, "panel", "start", "Load");
    fprintf(f, "<path class=\"load\" d=\"M%d %dh24\"/>\n", LEFT + 60, LOAD_TOP - 14);
    label(f, LEFT + 90, LOAD_TOP - 10, "load", "start", "requests/s");
    fprintf(f, "<path class=\"users\" d=\"M%d %dh24\"/>\n", LEFT + 180, LOAD_TOP - 14);
    label(f, LEFT + 210, LOAD_TOP - 10, "users", "start", "users");
    for (int half = 0; half <= 2; half++) {
        char text[32];
        double y = LOAD_TOP + LOAD_HEIGHT * (1 - half / 2.0);
        grid_line(f, LEFT, y, right_of(d), y);
        snprintf(text, sizeof text, "%.0f/s", most * half / 2.0);
        label(f, LEFT - 8, y + 4, "tick", "end", text);
        snprintf(text, sizeof text, "%g", users * half / 2.0);
        label(f, right_of(d) + 8, y + 4, "users", "start", text);
    }
    line_begin(f, "users", "");
    for (size_t i = 0; i < d->n_slices; i++)
        line_to(f, &pen_down, x_of(d, i), LOAD_TOP + LOAD_HEIGHT * (1 - d->slices[i].users / (double)users));
    fputs("\"/>\n", f);
    pen_down = 0;
    line_begin(f, "load", "");
    for (size_t i = 0; i < d->n_slices; i++)
        line_to(f, &pen_down, x_of(d, i), LOAD_TOP + LOAD_HEIGHT * (1 - d->slices[i].rate / most));
    fputs("\"/>\n", f);
}

static void draw_key(FILE *f)
{
    static const char *const names[] = {"cached, median", "cached, 99th percentile", "uncached, median",
                                        "uncached, 99th percentile"};
    static const int widths[] = {150, 200, 165, 200};
    int x = LEFT;
    for (int i = 0; i < 4; i++) {
        fprintf(f, "<path class=\"%s%s\" d=\"M%d 78h24\"/>\n", series_class[i / 2], i % 2 ? " p99" : "", x);
        label(f, x + 30, 82, series_class[i / 2], "start", names[i]);
        x += widths[i];
    }
}

static void draw(FILE *f, const plot_data *d)
{
    log_scale scale = scale_of(d);
    fprintf(f, "<style>%s</style>\n<title>", style);
    print_text(f, d->title);
    fputs("</title>\n<desc>", f);
    print_text(f, d->about);
    fprintf(f, "</desc>\n<rect class=\"ground\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", WIDTH, height_of(d));
    label(f, LEFT, 32, "head", "start", d->title);
    label(f, LEFT, 54, "about", "start", d->about);
    draw_key(f);
    latency_axis(f, d, scale);
    for (int percent = 0; percent <= 100; percent += 50) {
        char text[16];
        double y = RATIO_TOP + RATIO_HEIGHT * (1 - percent / 100.0);
        grid_line(f, LEFT, y, right_of(d), y);
        snprintf(text, sizeof text, "%d %%", percent);
        label(f, LEFT - 8, y + 4, "tick", "end", text);
    }
    time_axis(f, d);
    label(f, LEFT, LATENCY_TOP - 12, "panel", "start", "Latency, logarithmic");
    label(f, LEFT, RATIO_TOP - 10, "panel", "start", "Hit ratio");
    for (int series = PLOT_UNCACHED; series >= PLOT_CACHED; series--)
        for (int what = DRAW_P50; what <= DRAW_RATIO; what++)
            draw_series(f, d, scale, series, what);
    if (d->load)
        draw_load(f, d);
}

int plot_kind_ok(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (strcmp(dot, ".svg") == 0 || strcmp(dot, ".html") == 0);
}

int plot_write(const char *path, const plot_data *d)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return -1;
    errno = 0;
    if (strcmp(strrchr(path, '.'), ".svg") == 0)
        plot_svg(f, d);
    else
        plot_html(f, d);
    int failed = !ferror(f) ? 0 : errno ? errno : EIO;
    if (fclose(f) != 0 && !failed)
        return -1;
    errno = failed;
    return failed ? -1 : 0;
}

void plot_svg(FILE *f, const plot_data *d)
{
    fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n",
            WIDTH, height_of(d), WIDTH, height_of(d));
    draw(f, d);
    fputs("</svg>\n", f);
}

void plot_html(FILE *f, const plot_data *d)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>",
          f);
    print_text(f, d->title);
    fputs("</title>\n<style>\n:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:960px;"
          "margin:2rem auto;padding:0 1rem}\nsvg{width:100%;height:auto}table{border-collapse:collapse;margin-top:1.5rem;"
          "font-variant-numeric:tabular-nums}\ntd,th{padding:.3rem .9rem;text-align:right;border-bottom:1px solid #8885}"
          "td:first-child,th:first-child{text-align:left}\n</style>\n</head>\n<body>\n",
          f);
    plot_svg(f, d);
    fputs("<table>\n<thead><tr><th>latency in ms</th><th>mean</th><th>p50</th><th>p90</th><th>p99</th><th>requests</th></tr>"
          "</thead>\n<tbody>\n",
          f);
    for (size_t i = 0; i < d->n_rows; i++) {
        const plot_row *row = &d->rows[i];
        fputs("<tr><td>", f);
        print_text(f, row->label);
        fprintf(f, "</td><td>%.3f</td><td>%.3f</td><td>%.3f</td><td>%.3f</td><td>%zu</td></tr>\n", row->mean_ms, row->p50_ms,
                row->p90_ms, row->p99_ms, row->n);
    }
    fputs("</tbody>\n</table>\n</body>\n</html>\n", f);
}
