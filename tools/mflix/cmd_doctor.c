/* SPDX-License-Identifier: Apache-2.0 */
/* The command doctor: what is right and wrong with both ends, and what to do. Opens nothing: it is for when opening fails, too. */
#include "app.h"
#include "output.h"

#include <string.h>

static const char *const severities[] = {"fine", "note", "warning", "error"};
static const char *const marks[] = {"ok", "note", "warn", "BAD"};
static const char *const colors[] = {"green", "bold", "yellow", "red"};

static int severity_at(const mc_findings *f, size_t i)
{
    int s = mc_findings_severity(f, i);
    return s < 0 ? 0 : s > 3 ? 3 : s;
}

static void print_findings(const app *a, const mc_findings *f)
{
    for (size_t i = 0; i < mc_findings_size(f); i++) {
        int s = severity_at(f, i);
        if (a->quiet && s < MC_SEVERITY_WARNING)
            continue;
        printf("%s%-4s%s  ", paint(a, colors[s]), marks[s], paint(a, NULL));
        print_column(stdout, mc_findings_code(f, i), 20);
        printf("  ");
        print_safe(stdout, mc_findings_text(f, i));
        putchar('\n');
        if (s > MC_SEVERITY_FINE && mc_findings_advice(f, i)[0] != '\0') {
            printf("      %20s  -> ", "");
            print_safe(stdout, mc_findings_advice(f, i));
            putchar('\n');
        }
    }
}

static void json_findings(app *a, const mc_findings *f)
{
    json j;
    answer_begin(&j, a, MC_OK);
    int worst = mc_findings_worst(f);
    put_text(&j, "worst", severities[worst < 0 || worst > 3 ? 3 : worst]);
    put_array(&j, "findings");
    for (size_t i = 0; i < mc_findings_size(f); i++) {
        put_object(&j, NULL);
        put_text(&j, "severity", severities[severity_at(f, i)]);
        put_text(&j, "code", mc_findings_code(f, i));
        put_text(&j, "text", mc_findings_text(f, i));
        put_text(&j, "advice", mc_findings_advice(f, i));
        put_end_object(&j);
    }
    put_end_array(&j);
    answer_end(&j, NULL);
}

static int run_doctor(app *a, const args *g)
{
    mc_findings *f = NULL;
    mc_error err = {0};
    (void)g;
    int rc = app_settings(a);
    if (rc)
        return rc;
    mc_status st = mc_options_check(a->options, &f, &err);
    if (st != MC_OK)
        return fail(a, "doctor", st, NULL, &err);
    if (a->json)
        json_findings(a, f);
    else
        print_findings(a, f);
    int worst = mc_findings_worst(f);
    mc_findings_free(f);
    return worst >= MC_SEVERITY_ERROR ? EXIT_SERVER : worst == MC_SEVERITY_WARNING ? EXIT_NEGATIVE : EXIT_FINE;
}

const command cmd_doctor = {
    "doctor",
    "",
    "look at Redis and the database: what is wrong, and what to do",
    "Examples:\n"
                            "  mflix doctor\n"
    "  mflix --redis redis://cache:6379 --store mongodb://db/sample_mflix doctor\n\n"
    "Tries each command and script that the library uses on keys of its own, which it removes again, and looks at\n"
    "version, memory policy, persistence and role of Redis, at whose values it holds, and at documents and indexes of\n"
    "the database. Works where opening fails. Exit status: 0 all is well, 1 a warning, 3 something does not work.\n"
    "With --quiet only warnings and errors are printed.\n",
    NULL,
    0,
    0,
    0,
    run_doctor};
