/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the text form of each kind of field. Refuses: reading it. */
#include "codec/plain.h"

#include "base/json_string.h"
#include "base/num.h"

#include <string.h>

static void add_list(const mci_doc *d, size_t field, mci_buf *out)
{
    uint32_t n = mci_doc_val(d, field)->len;
    mci_buf_char(out, '[');
    for (uint32_t i = 0; i < n; i++) {
        const char *item = mci_doc_item(d, field, i);
        if (i > 0)
            mci_buf_char(out, ',');
        mci_buf_json_string(out, item, strlen(item));
    }
    mci_buf_char(out, ']');
}

void mci_plain_add(const mci_doc *d, size_t field, mci_buf *out)
{
    const mci_val *v = mci_doc_val(d, field);
    char number[MCI_NUM_MAX];
    switch (v->kind) {
    case MCI_STR:
        mci_buf_add(out, mci_doc_text(d, field), v->len);
        break;
    case MCI_INT:
    case MCI_DATE:
        mci_buf_int(out, v->u.i);
        break;
    case MCI_REAL:
        mci_buf_add(out, number, mci_double_text(v->u.d, number));
        break;
    case MCI_LIST:
        add_list(d, field, out);
        break;
    default:
        break;
    }
}
