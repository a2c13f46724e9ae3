/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: where the fields of a collection are in a document that is read from front to back, and what each keeps of what is there; json.c has the
 * same rules for trees, mongo_bson.c for BSON. Refuses: paths of many steps, and fields of the id.
 */
#include "codec/json_fields.h"

#include "base/num.h"

#include <math.h>
#include <string.h>

#define EACH_FIELD(f, mask)                                                                                                 \
    for (uint32_t left_ = (mask); left_ != 0 && ((f) = (size_t)__builtin_ctz(left_), 1); left_ &= left_ - 1)

void mci_fields_text(mci_fields *m, uint32_t here, const char *p, size_t n)
{
    size_t f;
    m->misfit |= (here & m->rank) != 0 && n > 0;
    if (m->into == NULL)
        return;
    EACH_FIELD(f, here)
    {
        mci_docb_str(m->into, f, p, n);
    }
}

static int rank_allowed(const mci_spec *spec, double d)
{
    int limited = spec->rank_min != 0 || spec->rank_max != 0;
    return isfinite(d) && !(d == 0 && signbit(d)) && (!limited || (d >= spec->rank_min && d <= spec->rank_max));
}

void mci_fields_number(mci_fields *m, uint32_t here, mci_number v)
{
    size_t f;
    if ((here & m->rank) != 0)
        m->misfit |= !rank_allowed(m->spec, v.is_int ? (double)v.i : v.d);
    if (m->into == NULL)
        return;
    EACH_FIELD(f, here)
    {
        mci_kind declared = m->spec->fields[f].kind;
        if (declared != MCI_INT && declared != MCI_REAL)
            continue;
        if (v.is_int)
            mci_docb_int(m->into, f, v.i);
        else
            mci_docb_real(m->into, f, v.d);
    }
}

void mci_fields_date(mci_fields *m, uint32_t here, int64_t ms)
{
    size_t f;
    m->misfit |= (here & m->rank) != 0;
    if (m->into == NULL)
        return;
    EACH_FIELD(f, here)
    {
        if (m->spec->fields[f].kind == MCI_DATE)
            mci_docb_int(m->into, f, ms);
    }
}

void mci_fields_other(mci_fields *m, uint32_t here)
{
    m->misfit |= (here & m->rank) != 0;
}

int mci_fields_split(mci_fields *m)
{
    if (m->spec->nfields > MCI_MAX_FIELDS)
        return 0;
    for (size_t f = 0; f < m->spec->nfields; f++) {
        const char *p = m->spec->fields[f].path;
        if (strncmp(p, "_id", 3) == 0 && (p[3] == '\0' || p[3] == '.'))
            return 0;
        for (size_t k = 0;; k++) {
            if (k == MCI_PATH_STEPS)
                return 0;
            size_t n = strcspn(p, ".");
            m->path[f][k] = (mci_path_step){p, n, p[n] == '\0'};
            if (p[n] == '\0')
                break;
            p += n + 1;
        }
    }
    return 1;
}

mci_wanted mci_fields_by_name(const mci_fields *m, uint32_t inside, int level, const char *p, size_t n)
{
    mci_wanted at = {0, 0};
    size_t f;
    EACH_FIELD(f, inside)
    {
        const mci_path_step *s = &m->path[f][level];
        if (s->n != n || memcmp(s->p, p, n) != 0)
            continue;
        *(s->last ? &at.here : &at.inside) |= UINT32_C(1) << f;
    }
    return at;
}

mci_wanted mci_fields_by_index(const mci_fields *m, uint32_t inside, int level, int64_t index)
{
    mci_wanted at = {0, 0};
    size_t f;
    EACH_FIELD(f, inside)
    {
        const mci_path_step *s = &m->path[f][level];
        int64_t i;
        if (mci_parse_int(s->p, s->n, &i) != 0 || i != index)
            continue;
        *(s->last ? &at.here : &at.inside) |= UINT32_C(1) << f;
    }
    return at;
}

int mci_fields_list(const mci_fields *m, uint32_t here)
{
    int found = -1;
    size_t f;
    if (m->into == NULL)
        return -1;
    EACH_FIELD(f, here)
    {
        if (m->spec->fields[f].kind == MCI_LIST)
            found = found == -1 ? (int)f : -2;
    }
    return found;
}
