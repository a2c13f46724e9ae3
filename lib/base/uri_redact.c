/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: which parts of a URI are secrets. Refuses: to show one of them. */
#include "base/uri_redact.h"

#include "base/ascii.h"

#include <string.h>

static void copy_text(const char *text, size_t n, char *buf, size_t size)
{
    size_t fits = n < size ? n : size - 1;
    memcpy(buf, text, fits);
    buf[fits] = '\0';
}

/* Appends to a text of `size` bytes, as much as fits. */
static void add(char *out, size_t size, const char *p, size_t n)
{
    size_t used = strlen(out);
    copy_text(p, n, out + used, size - used);
}

/* Parameters of a MongoDB URI whose value is, or may hold, a secret. */
static int is_secret_parameter(const char *name, size_t n)
{
    static const char *const secret[] = {"authMechanismProperties",
                                         "tlsCertificateKeyFilePassword",
                                         "sslClientCertificateKeyPassword",
                                         "password",
                                         "key",
                                         "key_old"};
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
        if (strlen(secret[i]) == n && mci_same_word(secret[i], name, n))
            return 1;
    return 0;
}

void mci_uri_redact(const char *uri, char *out, size_t size)
{
    out[0] = '\0';
    const char *start = strstr(uri, "://");
    if (start == NULL) {
        add(out, size, uri, strlen(uri));
        return;
    }
    start += 3;
    const char *rest = start + strcspn(start, "/?#");
    const char *at = memchr(start, '@', (size_t)(rest - start));
    const char *colon = at == NULL ? NULL : memchr(start, ':', (size_t)(at - start));
    if (colon != NULL) {
        add(out, size, uri, (size_t)(colon + 1 - uri));
        add(out, size, "***", 3);
        add(out, size, at, (size_t)(rest - at));
    } else {
        add(out, size, uri, (size_t)(rest - uri));
    }
    size_t path = strcspn(rest, "?");
    add(out, size, rest, path);
    for (rest += path; *rest != '\0';) { /* at '?' or '&' */
        size_t pair = 1 + strcspn(rest + 1, "&");
        size_t name = strcspn(rest + 1, "=&");
        int secret = 1 + name < pair && is_secret_parameter(rest + 1, name);
        add(out, size, rest, secret ? name + 2 : pair);
        if (secret)
            add(out, size, "***", 3);
        rest += pair;
    }
}
