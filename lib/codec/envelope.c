/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the text of envelopes. Refuses: anything that is not byte for byte what it writes itself. Pure. */
#include "codec/envelope.h"

#include <string.h>

#define MAGIC "M1 "
#define SUM_DIGITS 16
#define NUMBER_MAX (UINT64_C(1) << 53) /* what is added to a time, or taken off, cannot overflow */

mci_seal mci_envelope_seal(const mci_mac *mac, const mci_spec *spec, const char *id, size_t id_len)
{
    uint64_t kind = mci_mac_sum(mac, 'C', mac != NULL ? mac->base : 0, spec->key, strlen(spec->key));
    return (mci_seal){mac, mci_mac_sum(mac, 'I', kind, id, id_len)};
}

mci_seal mci_envelope_own_seal(const mci_macs *macs, const mci_spec *spec, const char *id, size_t id_len)
{
    return mci_envelope_seal(macs != NULL && macs->n > 0 ? &macs->mac[0] : NULL, spec, id, id_len);
}

uint64_t mci_seal_value(mci_seal seal, const char *p, size_t n)
{
    return mci_mac_sum(seal.mac, 'V', seal.seed, p, n);
}

static void add_number(mci_buf *out, int64_t v)
{
    mci_buf_char(out, ' ');
    mci_buf_int(out, v);
}

static void add_sum(mci_buf *out, uint64_t v)
{
    char text[SUM_DIGITS + 1];
    text[0] = ' ';
    for (unsigned i = SUM_DIGITS; i > 0; i--, v >>= 4)
        text[i] = "0123456789abcdef"[v & 15];
    mci_buf_add(out, text, sizeof text);
}

void mci_envelope_write(const mci_envelope *e, mci_seal seal, mci_buf *out)
{
    size_t begin = out->len;
    mci_buf_str(out, e->negative ? MAGIC "N" : MAGIC "D");
    add_number(out, e->epoch);
    add_number(out, e->written_ms);
    add_number(out, e->soft_ms);
    add_number(out, e->hard_ms);
    add_number(out, e->version);
    mci_buf_char(out, ' ');
    mci_buf_str(out, e->kinds[0] != '\0' ? e->kinds : "-");
    add_sum(out, e->fields_sum);
    add_sum(out, e->doc_sum);
    if (!out->failed)
        add_sum(out, mci_mac_sum(seal.mac, 'E', seal.seed, out->data + begin, out->len - begin));
}

typedef struct cursor {
    const char *p;
    const char *end;
    int bad;
} cursor;

static int64_t take_number(cursor *c)
{
    uint64_t v = 0;
    unsigned digits = 0;
    const char *first = c->p + 1;
    if (c->p == c->end || *c->p++ != ' ')
        c->bad = 1;
    while (!c->bad && c->p < c->end && *c->p >= '0' && *c->p <= '9' && digits < 19) {
        v = v * 10 + (uint64_t)(*c->p++ - '0');
        digits++;
    }
    if (digits == 0 || v > NUMBER_MAX || (digits > 1 && *first == '0'))
        c->bad = 1; /* nor have negative ones a place in an envelope */
    return c->bad ? 0 : (int64_t)v;
}

static uint64_t take_sum(cursor *c)
{
    uint64_t v = 0;
    if (c->end - c->p < SUM_DIGITS + 1 || *c->p++ != ' ') {
        c->bad = 1;
        return 0;
    }
    for (int i = 0; i < SUM_DIGITS; i++, c->p++) {
        char ch = *c->p;
        if (ch >= '0' && ch <= '9')
            v = v << 4 | (uint64_t)(ch - '0');
        else if (ch >= 'a' && ch <= 'f')
            v = v << 4 | (uint64_t)(ch - 'a' + 10);
        else
            c->bad = 1;
    }
    return v;
}

static void take_kinds(cursor *c, char out[MCI_MAX_FIELDS + 1])
{
    size_t n = 0;
    if (c->p == c->end || *c->p++ != ' ')
        c->bad = 1;
    while (!c->bad && c->p < c->end && *c->p != ' ') {
        if (n == MCI_MAX_FIELDS || *c->p == '\0' || strchr("SIRLT-", *c->p) == NULL) {
            c->bad = 1;
            break;
        }
        out[n++] = *c->p++;
    }
    out[n] = '\0';
}

int mci_envelope_read(const char *p, size_t n, mci_seal seal, mci_envelope *out)
{
    const size_t magic = sizeof MAGIC - 1;
    if (n < magic + 1 + SUM_DIGITS + 1 || n > MCI_ENVELOPE_MAX || memcmp(p, MAGIC, magic) != 0)
        return -1;
    cursor tail = {.p = p + n - SUM_DIGITS - 1, .end = p + n};
    uint64_t sum = take_sum(&tail);
    size_t body = n - SUM_DIGITS - 1;
    if (tail.bad || mci_mac_sum(seal.mac, 'E', seal.seed, p, body) != sum)
        return -1;
    char kind = p[magic];
    if (kind != 'D' && kind != 'N')
        return -1;
    cursor c = {.p = p + magic + 1, .end = p + body};
    out->negative = kind == 'N';
    out->epoch = take_number(&c);
    out->written_ms = take_number(&c);
    out->soft_ms = take_number(&c);
    out->hard_ms = take_number(&c);
    out->version = take_number(&c);
    take_kinds(&c, out->kinds);
    out->fields_sum = take_sum(&c);
    out->doc_sum = take_sum(&c);
    return c.bad || c.p != c.end ? -1 : 0;
}

int mci_envelope_open(const mci_macs *macs, const mci_spec *spec, const char *id, const char *p, size_t n, mci_envelope *out,
                      mci_seal *seal)
{
    size_t keys = macs != NULL ? macs->n : 0;
    for (size_t i = 0; i < (keys > 0 ? keys : 1); i++) {
        *seal = mci_envelope_seal(keys > 0 ? &macs->mac[i] : NULL, spec, id, strlen(id));
        if (mci_envelope_read(p, n, *seal, out) == 0)
            return 0;
    }
    return -1;
}
