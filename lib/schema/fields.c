/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the rules by which a stored value becomes a number for a caller. Refuses: inventing one. */
#include "schema/fields.h"

#include <math.h>

mc_status mci_field_int(const mci_doc *d, size_t field, int64_t *out)
{
    if (out == NULL)
        return MC_E_ARG;
    *out = 0;
    if (d == NULL)
        return MC_NOT_FOUND;
    const mci_val *v = mci_doc_val(d, field);
    if (v->kind == MCI_ABSENT || (v->kind == MCI_STR && v->len == 0))
        return MC_NOT_FOUND;
    if (v->kind == MCI_INT || v->kind == MCI_DATE) {
        *out = v->u.i;
        return MC_OK;
    }
    if (v->kind == MCI_REAL && v->u.d == floor(v->u.d) && fabs(v->u.d) < 9007199254740992.0) {
        *out = (int64_t)v->u.d;
        return MC_OK;
    }
    return MC_E_TYPE;
}

mc_status mci_field_number(const mci_doc *d, size_t field, double *out)
{
    if (out == NULL)
        return MC_E_ARG;
    *out = 0;
    if (d == NULL)
        return MC_NOT_FOUND;
    const mci_val *v = mci_doc_val(d, field);
    if (v->kind == MCI_ABSENT || (v->kind == MCI_STR && v->len == 0))
        return MC_NOT_FOUND;
    return mci_doc_number(d, field, out) ? MC_OK : MC_E_TYPE;
}
