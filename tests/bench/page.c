// SPDX-License-Identifier: Apache-2.0
/* Owns: the page: one file, drawn as inline SVG, light and dark as the reader has it, nothing fetched. */
#include "report.h"

#include <string.h>

#define LEFT 420   /* where bars begin */
#define UNIT 200.0 /* width of "as the goal" or "as the contender" */
#define WIDTH 960
#define STEP 22

static const char style[] =
    "<style>:root{--paper:#fff;--ink:#1c2024;--soft:#60666d;--line:#d9dde1;--good:#2a7f4f;--bad:#b3492f;--plain:#4a6fa5}"
    "@media(prefers-color-scheme:dark){:root{--paper:#16181b;--ink:#e7e9ec;--soft:#9aa1a9;--line:#34383d;--good:#58b983;"
    "--bad:#e0805f;--plain:#86a8dc}}"
    "body{background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem "
    "auto;padding:0 1rem}"
    "table{border-collapse:collapse;font-size:13px}td,th{border-bottom:1px solid var(--line);padding:.25rem "
    ".5rem;text-align:left;"
    "vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}svg{width:100%;height:auto}svg "
    "text{font:12px "
    "system-ui,sans-serif;fill:var(--ink)}.soft{color:var(--soft)}.met{color:var(--good)}.missed{color:var(--bad)}</style>";

static void html_text(FILE *f, const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s == '<')
            fputs("&lt;", f);
        else if (*s == '>')
            fputs("&gt;", f);
        else if (*s == '&')
            fputs("&amp;", f);
        else if (*s == '"')
            fputs("&quot;", f);
        else
            fputc(*s, f);
    }
}

/* One bar of `share`: 1 is where the line stands. Longer ones than fit are cut, and say so by their number. */
static void bar(FILE *f, size_t line, const char *label, double share, const char *colour, const char *number)
{
    double width = share * UNIT;
    double y = 30.0 + (double)line * STEP;
    if (width > WIDTH - LEFT - 70)
        width = WIDTH - LEFT - 70;
    fprintf(f, "<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">", LEFT - 8, y + 12);
    html_text(f, label);
    fprintf(f, "</text><rect x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"15\" rx=\"2\" fill=\"var(--%s)\"/>", LEFT, y, width,
            colour);
    fprintf(f, "<text x=\"%.1f\" y=\"%.0f\">%s</text>\n", LEFT + width + 6, y + 12, number);
}

static bool shown(const struct row *r, bool goals)
{
    return r->why[0] == '\0' && (goals ? r->goal.target > 0 : !r->limit);
}

/* goals: how far each is from its goal; else: our time (or the inverse of our throughput) in shares of the contender's. */
static void plot(FILE *f, bool goals)
{
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++)
        n += shown(&rows[i], goals);
    int height = 30 + (int)n * STEP + 10;
    fprintf(f, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, height,
            goals ? "Distance to each goal" : "The library against each contender");
    fprintf(f, "<text x=\"%.0f\" y=\"16\" text-anchor=\"middle\">%s</text>", LEFT + UNIT,
            goals ? "the goal" : "the contender");
    size_t line = 0;
    for (size_t i = 0; i < n_rows; i++) {
        const struct row *r = &rows[i];
        char label[160];
        char number[32];
        if (!shown(r, goals))
            continue;
        double measured = r->limit ? r->ours : r->ratio;
        double share = goals ? r->goal.better == AT_MOST ? measured / r->goal.target : r->goal.target / measured
                       : r->goal.better == AT_MOST ? r->ratio
                                                   : 1 / r->ratio;
        (void)snprintf(label, sizeof label, "%.30s %s: %.52s", r->id, regime_names[r->regime],
                       goals ? r->what : r->reference);
        (void)snprintf(number, sizeof number, "%.2f", share);
        bar(f, line++, label, share, r->goal.target <= 0 ? "plain" : r->met ? "good" : "bad", number);
    }
    fprintf(f, "<line x1=\"%.0f\" x2=\"%.0f\" y1=\"22\" y2=\"%d\" stroke=\"var(--ink)\" stroke-dasharray=\"3 3\"/></svg>\n",
            LEFT + UNIT, LEFT + UNIT, height);
}

static void table_row(FILE *f, const struct row *r)
{
    fprintf(f, "<tr><td>%s</td><td>%s</td><td>", r->id, regime_names[r->regime]);
    html_text(f, r->what);
    fputs("</td><td>", f);
    if (r->why[0] != '\0') {
        html_text(f, r->why);
        fputs("</td><td></td><td></td><td></td><td></td></tr>\n", f);
        return;
    }
    html_text(f, r->reference);
    fprintf(f, "</td><td class=\"n\">%.4g %s</td><td class=\"n\">", r->ours, r->unit);
    if (r->theirs > 0)
        fprintf(f, "%.4g %s", r->theirs, r->unit);
    fputs("</td><td class=\"n\">", f);
    if (!r->limit)
        fprintf(f, "%.2f", r->ratio);
    fputs("</td><td class=\"n", f);
    if (r->goal.target > 0)
        fprintf(f, " %s\">%s %.4g %s", r->met ? "met" : "missed", r->goal.better == AT_MOST ? "&le;" : "&ge;",
                r->goal.target, r->met ? "met" : "missed");
    else
        fputs("\">", f);
    fputs("</td></tr>\n", f);
}

void write_page(const char *path, const struct machine *m)
{
    FILE *f = fopen(path, "w");
    if (f == NULL)
        die(path, "cannot be written");
    fprintf(
        f,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
        "<title>libmflixcache: speed</title>%s<h1>Speed</h1><p class=\"soft\">",
        style);
    fprintf(f, "%s, a %s run. %ld CPUs, ", m->when, bench.tiny ? "tiny" : bench.quick ? "quick" : "full", bench.cpus);
    html_text(f, m->cpu);
    fprintf(f, ", %s, Redis %s, hiredis %s, SQLite %s, libmflixcache %s. %zu films.</p>", m->system, m->redis, m->hiredis,
            sqlite3_libversion(), mc_version(), bench.n_films);
    fputs(
        "<p>Contenders took turns in one run; a number is the median of rounds, a ratio the median of the rounds' ratios. "
        "Same: client "
        "and Redis on one CPU. Cross: each on a CPU of its own. Free: not pinned. Only ratios travel to another machine.</p>"
        "<h2>Goals</h2><p class=\"soft\">Up to the line the goal is met.</p>",
        f);
    plot(f, true);
    fputs("<h2>Against each contender</h2><p class=\"soft\">Time in shares of the contender's (of throughput, its inverse): "
          "left of the "
          "line the library is faster.</p>",
          f);
    plot(f, false);
    fputs("<h2>All numbers</h2><table><tr><th>id<th>regime<th>what<th>against<th>ours<th>theirs<th>ratio<th>goal</tr>\n", f);
    for (size_t i = 0; i < n_rows; i++)
        table_row(f, &rows[i]);
    fputs("</table></html>\n", f);
    if (fclose(f) != 0)
        die(path, "cannot be written");
}
