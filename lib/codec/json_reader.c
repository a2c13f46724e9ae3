/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: the words of a JSON text, read from front to back: what is in normal form already is copied as it stands, blanks are left out,
 * numbers and escapes get their one spelling. Refuses, by giving up: what it is not sure that a parser would take in the same way.
 */
#include "codec/json_reader.h"

#include "base/json_string.h"
#include "base/num.h"

#include <string.h>

void mci_reader_begin(mci_reader *r, const char *json, size_t len, mci_buf *out)
{
    *r = (mci_reader){.p = json, .end = json + len, .from = json, .out = out};
    mci_buf_init(&r->text, SIZE_MAX / 4);
}

/* ---- what goes into the normal form ---- */

/* What was read up to `to` stays as it is; `skip` bytes after that do not. */
void mci_reader_cut(mci_reader *r, const char *to, const char *resume)
{
    mci_buf_add(r->out, r->from, (size_t)(to - r->from));
    r->from = resume;
}

void mci_reader_blanks(mci_reader *r)
{
    const char *p = r->p;
    while (p < r->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    if (p == r->p)
        return;
    mci_reader_cut(r, r->p, p);
    r->p = p;
}

int mci_reader_take(mci_reader *r, char c)
{
    mci_reader_blanks(r);
    if (r->p == r->end || *r->p != c)
        return 0;
    r->p++;
    return 1;
}

/* ---- texts ---- */

static unsigned hex4(const char *p)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return 0;
        v = v * 16 + (unsigned)digit;
    }
    return v;
}

/* The code point after "\u", or 0: wrong, or a NUL. */
static unsigned code_point(mci_reader *r)
{
    unsigned c = r->end - r->p >= 4 ? hex4(r->p) : 0;
    if (c == 0 || (c >= 0xDC00 && c <= 0xDFFF))
        return 0;
    r->p += 4;
    if (c < 0xD800 || c > 0xDBFF)
        return c;
    unsigned low = r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u' ? hex4(r->p + 2) : 0;
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    r->p += 6;
    return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

static size_t utf8_put(unsigned c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* The one spelling of a code point inside a text. */
static size_t spelled(unsigned c, char out[8])
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (const char *n = named; *n != '\0'; n += 2)
        if (c == (unsigned char)*n) {
            out[0] = '\\';
            out[1] = n[1];
            return 2;
        }
    if (c >= 0x20)
        return utf8_put(c, out);
    memcpy(out, "\\u00", 4);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return 6;
}

/* One escape, at its backslash: decoded into r->text, and in its one spelling in the normal form. */
static int escape(mci_reader *r)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    const char *begin = r->p++;
    char utf8[4];
    char spelling[8];
    unsigned c = 0;
    if (r->p == r->end)
        return 0;
    char letter = *r->p++;
    const char *at = letter != '\0' ? strchr(letters, letter) : NULL;
    if (letter == 'u')
        c = code_point(r);
    else if (at != NULL)
        c = (unsigned char)meant[at - letters];
    if (c == 0)
        return 0;
    mci_buf_add(&r->text, utf8, utf8_put(c, utf8));
    size_t n = spelled(c, spelling);
    if (n != (size_t)(r->p - begin) || memcmp(spelling, begin, n) != 0) {
        mci_reader_cut(r, begin, r->p);
        mci_buf_add(r->out, spelling, n);
    }
    return 1;
}

/* A text, from its quote on. *s is valid until the next one. 1 or 0. */
int mci_reader_text(mci_reader *r, const char **s, size_t *n)
{
    const char *begin = ++r->p;
    r->p += mci_json_plain(r->p, (size_t)(r->end - r->p));
    if (r->p == r->end)
        return 0;
    if (*r->p == '"') {
        *s = begin;
        *n = (size_t)(r->p++ - begin);
        return 1;
    }
    mci_buf_reset(&r->text);
    while (r->p < r->end && *r->p != '"') {
        mci_buf_add(&r->text, begin, (size_t)(r->p - begin));
        if (*r->p != '\\' || !escape(r))
            return 0; /* a control byte */
        begin = r->p;
        r->p += mci_json_plain(r->p, (size_t)(r->end - r->p));
    }
    if (r->p == r->end || r->text.failed)
        return 0;
    mci_buf_add(&r->text, begin, (size_t)(r->p++ - begin));
    *s = r->text.data;
    *n = r->text.len;
    return !r->text.failed;
}

/* The name of a member and its colon. Names with escapes are the tree's. */
int mci_reader_name(mci_reader *r, const char **s, size_t *n)
{
    mci_reader_blanks(r);
    if (r->p == r->end || *r->p != '"')
        return 0;
    const char *begin = ++r->p;
    r->p += mci_json_plain(r->p, (size_t)(r->end - r->p));
    if (r->p == r->end || *r->p != '"')
        return 0;
    *s = begin;
    *n = (size_t)(r->p++ - begin);
    return mci_reader_take(r, ':');
}

/* ---- numbers and words ---- */

static size_t digits(const char *p, const char *end)
{
    const char *begin = p;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return (size_t)(p - begin);
}

/* Is a number of these digits its own shortest spelling? Up to 15 digits are: two such texts never are the same number. */
static int is_shortest(const char *whole, size_t nwhole, const char *fraction, size_t nfraction)
{
    if (nwhole + nfraction > 15 || (fraction[nfraction - 1] == '0' && nfraction > 1))
        return 0;
    if (*whole != '0' || *fraction != '0')
        return 1;
    size_t zeros = 1;
    while (zeros < nfraction && fraction[zeros] == '0')
        zeros++;
    return zeros <= 4; /* smaller ones are written with an exponent */
}

static int real(mci_reader *r, const char *begin, const char *whole, size_t nwhole, mci_number *out)
{
    const char *fraction = r->p + 1;
    size_t nfraction = 0;
    int shortest = 0;
    if (*r->p == '.') {
        nfraction = digits(fraction, r->end);
        if (nfraction == 0)
            return 0;
        r->p = fraction + nfraction;
        shortest = is_shortest(whole, nwhole, fraction, nfraction);
    }
    if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
        shortest = 0;
        r->p++;
        if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
            r->p++;
        size_t n = digits(r->p, r->end);
        if (n == 0)
            return 0;
        r->p += n;
    }
    size_t len = (size_t)(r->p - begin);
    out->is_int = 0;
    if (mci_parse_double(begin, len, &out->d) != 0)
        return 0;
    if (!shortest) {
        char text[MCI_NUM_MAX];
        size_t n = mci_double_text(out->d, text);
        if (n != len || memcmp(text, begin, n) != 0) {
            mci_reader_cut(r, begin, r->p);
            mci_buf_add(r->out, text, n);
        }
    }
    return 1;
}

int mci_reader_number(mci_reader *r, mci_number *out)
{
    const char *begin = r->p;
    const char *whole = begin + (*begin == '-');
    size_t n = whole < r->end && *whole == '0' ? 1 : digits(whole, r->end);
    if (n == 0)
        return 0;
    r->p = whole + n;
    if (r->p < r->end && (*r->p == '.' || *r->p == 'e' || *r->p == 'E'))
        return real(r, begin, whole, n, out);
    *out = (mci_number){.is_int = 1};
    return n <= 18 && (whole == begin || *whole != '0') && mci_parse_int(begin, (size_t)(r->p - begin), &out->i) == 0;
}

int mci_reader_word(mci_reader *r, const char *s, size_t n)
{
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, s, n) != 0)
        return 0;
    r->p += n;
    return 1;
}
