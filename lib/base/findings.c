/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: lists of findings, and their public accessors. Refuses: control bytes in what people read. */
#include "base/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 400

typedef struct finding {
    int severity;
    const char *code;
    const char *advice;
    char text[TEXT_MAX];
} finding;

struct mc_findings {
    finding *at;
    size_t n;
    size_t cap;
    int failed;
    char whom[300];
};

mc_findings *mci_findings_new(void)
{
    return calloc(1, sizeof(mc_findings));
}

void mci_found_it(mc_findings *f, int severity, const char *code, const char *advice, const char *fmt, ...)
{
    if (f->n == f->cap) {
        size_t cap = f->cap == 0 ? 32 : 2 * f->cap;
        finding *more = realloc(f->at, cap * sizeof *more);
        if (more == NULL) {
            f->failed = 1;
            return;
        }
        f->at = more;
        f->cap = cap;
    }
    finding *x = &f->at[f->n++];
    *x = (finding){.severity = severity, .code = code, .advice = advice};
    va_list args;
    va_start(args, fmt);
    size_t whom = strlen(f->whom);
    memcpy(x->text, f->whom, whom);
    (void)vsnprintf(x->text + whom, sizeof x->text - whom, fmt, args);
    va_end(args);
    for (char *p = x->text; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7F)
            *p = ' ';
}

void mci_findings_about(mc_findings *f, const char *whom)
{
    (void)snprintf(f->whom, sizeof f->whom, "%s", whom);
}

int mci_findings_failed(const mc_findings *f)
{
    return f->failed;
}

static const finding *at(const mc_findings *f, size_t i)
{
    return f != NULL && i < f->n ? &f->at[i] : NULL;
}

size_t mc_findings_size(const mc_findings *f)
{
    return f != NULL ? f->n : 0;
}

int mc_findings_worst(const mc_findings *f)
{
    int worst = MC_SEVERITY_FINE;
    for (size_t i = 0; i < mc_findings_size(f); i++)
        if (f->at[i].severity > worst)
            worst = f->at[i].severity;
    return worst;
}

int mc_findings_severity(const mc_findings *f, size_t i)
{
    return at(f, i) != NULL ? at(f, i)->severity : MC_SEVERITY_FINE;
}

const char *mc_findings_code(const mc_findings *f, size_t i)
{
    return at(f, i) != NULL ? at(f, i)->code : "";
}

const char *mc_findings_text(const mc_findings *f, size_t i)
{
    return at(f, i) != NULL ? at(f, i)->text : "";
}

const char *mc_findings_advice(const mc_findings *f, size_t i)
{
    return at(f, i) != NULL ? at(f, i)->advice : "";
}

void mc_findings_free(mc_findings *f)
{
    if (f == NULL)
        return;
    free(f->at);
    free(f);
}
