/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the text form of each kind of field, and proving that what comes back is what was written. Refuses: guessing. A value that
 * does not match its envelope is not a value.
 */
#include "codec/hash.h"

#include "base/json_string.h"
#include "base/num.h"
#include "base/syncpoint.h"
#include "base/utf8.h"
#include "codec/json_scan.h"

#include <math.h>
#include <string.h>

#define ITEM_MAX ((size_t)64 << 20) /* of a list, decoded */

static char kind_letter(int kind)
{
    static const char letters[] = "-SIRLT";
    return kind >= 0 && kind < (int)sizeof letters - 1 ? letters[kind] : '-';
}

static void encode_list(const mci_doc *d, size_t field, mci_buf *out)
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

static void encode_value(const mci_doc *d, size_t field, mci_buf *out)
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
        encode_list(d, field, out);
        break;
    default:
        break;
    }
}

/* Each field's sum hangs on its place and on all before it. */
static uint64_t chain(const mci_mac *mac, uint64_t sum, size_t field, const char *p, size_t n)
{
    return mci_mac_sum(mac, 'F', sum + field + 1, p, n);
}

static uint64_t json_sum(mci_seal seal, const char *p, size_t n)
{
    return p == NULL ? 0 : mci_mac_sum(seal.mac, 'D', seal.seed ^ 1, p, n);
}

int mci_hash_encode(const mci_doc *d, mci_seal seal, size_t max, mci_hash_fields *out, mci_envelope *e)
{
    const mci_spec *spec = mci_doc_spec(d);
    size_t json_len = 0;
    const char *json = mci_doc_json(d, &json_len);
    mci_buf_init(&out->text, json_len > max ? 0 : max - json_len);
    if (json_len > max)
        return 1;
    out->n = spec->nfields;
    uint64_t sum = seal.seed;
    for (size_t i = 0; i < spec->nfields; i++) {
        int kind = mci_doc_val(d, i)->kind;
        out->field[i].off = out->text.len;
        encode_value(d, i, &out->text);
        out->field[i].len = out->text.len - out->field[i].off;
        out->field[i].there = kind != MCI_ABSENT;
        e->kinds[i] = kind_letter(kind);
        if (out->text.failed)
            return out->text.over ? 1 : -1;
        if (out->field[i].there)
            sum = chain(seal.mac, sum, i, out->text.data + out->field[i].off, out->field[i].len);
    }
    e->kinds[spec->nfields] = '\0';
    e->fields_sum = sum;
    e->doc_sum = json_sum(seal, json, json_len);
    return 0;
}

void mci_hash_fields_free(mci_hash_fields *f)
{
    mci_buf_free(&f->text);
}

/* One escape of a JSON string, after the backslash. Bytes written to `out`, or 0 when it is none we write. */
static size_t unescape(const char **p, const char *end, char out[1])
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (*p == end)
        return 0;
    char c = *(*p)++;
    const char *at = c == '\0' ? NULL : strchr(from, c);
    if (at != NULL) {
        out[0] = to[at - from];
        return 1;
    }
    if (c != 'u' || end - *p < 4 || memcmp(*p, "00", 2) != 0)
        return 0;
    unsigned v = 0;
    for (int i = 2; i < 4; i++) {
        char h = (*p)[i];
        unsigned digit = h >= '0' && h <= '9' ? (unsigned)(h - '0') : h >= 'a' && h <= 'f' ? (unsigned)(h - 'a' + 10) : 99;
        if (digit > 15)
            return 0;
        v = v << 4 | digit;
    }
    *p += 4;
    out[0] = (char)v;
    return v > 0 && v < 0x80 ? 1 : 0; /* control bytes only: every other byte is written as it is */
}

static int decode_item(const char **p, const char *end, mci_buf *scratch)
{
    mci_buf_reset(scratch);
    mci_buf_add(scratch, "", 0);
    while (*p < end && **p != '"') {
        char c = *(*p)++;
        if (c == '\\' && unescape(p, end, &c) == 0)
            return -1;
        mci_buf_char(scratch, c);
    }
    return *p < end && *(*p)++ == '"' && !scratch->failed ? 0 : -1;
}

int mci_json_unquote(const char *p, size_t n, mci_buf *out)
{
    const char *end = p + n;
    return n >= 2 && *p++ == '"' && decode_item(&p, end, out) == 0 && p == end ? 0 : -1;
}

static int decode_list(mci_docb *b, size_t field, const char *p, size_t n, mci_buf *scratch)
{
    const char *end = p + n;
    if (n < 2 || *p++ != '[' || end[-1] != ']')
        return -1;
    end--;
    mci_docb_list(b, field);
    while (p < end) {
        if (*p++ != '"' || decode_item(&p, end, scratch) != 0)
            return -1;
        if (!mci_utf8_valid(scratch->data, scratch->len))
            return -1;
        mci_docb_item(b, scratch->data, scratch->len);
        if (p < end && (*p++ != ',' || p == end))
            return -1;
    }
    return 0;
}

/* Real documents may hold a NaN; it must come back as one. */
static int parse_special(mci_slice v, double *out)
{
    static const struct {
        const char *text;
        double value;
    } known[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].text) == v.n && memcmp(known[i].text, v.p, v.n) == 0) {
            *out = known[i].value;
            return 0;
        }
    return -1;
}

static int decode_field(mci_docb *b, size_t field, char kind, mci_slice v, mci_buf *scratch)
{
    int64_t i = 0;
    double d = 0;
    switch (kind) {
    case 'S':
        if (!mci_utf8_valid(v.p, v.n))
            return -1;
        mci_docb_str(b, field, v.p, v.n);
        return 0;
    case 'I':
    case 'T':
        if (mci_parse_int(v.p, v.n, &i) != 0)
            return -1;
        mci_docb_int(b, field, i);
        return 0;
    case 'R':
        if (mci_parse_double(v.p, v.n, &d) != 0 && parse_special(v, &d) != 0)
            return -1;
        mci_docb_real(b, field, d);
        return 0;
    case 'L':
        return decode_list(b, field, v.p, v.n, scratch);
    default:
        return -1;
    }
}

/* Do the fetched texts match the envelope? */
static int proven(const mci_spec *spec, mci_seal seal, const mci_envelope *e, const mci_slice *fields, mci_slice json)
{
    if (strlen(e->kinds) != spec->nfields)
        return 0;
    /* The sum is not a signature: text that is handed out as JSON, and copied into answers unchanged, must be valid JSON. */
    if (json.p != NULL && (json_sum(seal, json.p, json.n) != e->doc_sum || !mci_json_scan(json.p, json.n)))
        return 0;
    if (fields == NULL)
        return json.p != NULL;
    uint64_t sum = seal.seed;
    for (size_t i = 0; i < spec->nfields; i++) {
        if ((fields[i].p != NULL) != (e->kinds[i] != '-'))
            return 0;
        if (fields[i].p != NULL)
            sum = chain(seal.mac, sum, i, fields[i].p, fields[i].n);
    }
    return sum == e->fields_sum;
}

mci_value_state mci_hash_decode(const mci_macs *macs, const mci_spec *spec, const char *id, mci_slice m,
                                const mci_slice *fields, mci_slice json, int64_t epoch, int64_t now_ms, mci_doc **out,
                                mci_envelope *e)
{
    *out = NULL;
    if (m.p == NULL)
        return MCI_VALUE_NONE;
    size_t id_len = strlen(id);
    mci_seal seal;
    if (mci_envelope_open(macs, spec, id, m.p, m.n, e, &seal) != 0)
        return MCI_VALUE_CORRUPT;
    if (e->epoch != epoch || (now_ms != 0 && now_ms > e->hard_ms && MCI_SAFEGUARD(MCI_SAFEGUARD_HARD_TTL)))
        return MCI_VALUE_OLD;
    if (e->negative)
        return MCI_VALUE_NEGATIVE;
    if (!proven(spec, seal, e, fields, json))
        return MCI_VALUE_CORRUPT;
    size_t hint = id_len + json.n + 64;
    for (size_t i = 0; fields != NULL && i < spec->nfields; i++)
        hint += fields[i].n + 1;
    mci_docb b;
    mci_docb_begin(&b, spec, hint);
    mci_docb_id(&b, id, id_len);
    mci_buf scratch;
    mci_buf_init(&scratch, ITEM_MAX);
    int bad = 0;
    for (size_t i = 0; fields != NULL && i < spec->nfields && !bad; i++)
        if (fields[i].p != NULL)
            bad = decode_field(&b, i, e->kinds[i], fields[i], &scratch) != 0;
    mci_buf_free(&scratch);
    if (bad) {
        mci_docb_drop(&b);
        return MCI_VALUE_CORRUPT;
    }
    if (json.p != NULL)
        mci_docb_json(&b, json.p, json.n);
    mci_docb_has_fields(&b, fields != NULL);
    *out = mci_docb_finish(&b);
    return *out != NULL ? MCI_VALUE_HIT : MCI_VALUE_NOMEM;
}
