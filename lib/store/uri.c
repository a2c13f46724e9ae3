/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: which store a URI names. Refuses: schemes it does not know, and a MongoDB URI that would be misread, and so perhaps shown, as
 * something that is not a password.
 */
#include "store/uri.h"

#include "base/error.h"

#include <string.h>

static mc_status bad(mc_error *err, const char *what)
{
    return mci_fail(err, MC_E_URI, MC_TIER_NONE, "store.uri: %s", what);
}

/* One '@' at most, before the path, and a host behind it. */
static mc_status check_mongodb(const char *rest, mc_error *err)
{
    size_t authority = strcspn(rest, "/?#");
    const char *at = strchr(rest, '@');
    if (at != NULL && (strchr(at + 1, '@') != NULL || at > rest + authority))
        return bad(err, "in user and password @ / ? # must be written %40 %2F %3F %23");
    if (rest + authority == (at == NULL ? rest : at + 1))
        return bad(err, "the host is missing");
    return MC_OK;
}

mc_status mci_store_uri_parse(const char *uri, mci_store_addr *out, mc_error *err)
{
    static const struct {
        const char *scheme;
        mci_store_kind kind;
    } schemes[] = {{"mongodb://", MCI_STORE_MONGODB}, {"mongodb+srv://", MCI_STORE_MONGODB}, {"sqlite:", MCI_STORE_SQLITE}};
    memset(out, 0, sizeof *out);
    size_t n = uri != NULL ? strlen(uri) : 0;
    if (n == 0)
        return bad(err, "it is empty");
    if (n >= sizeof out->text)
        return bad(err, "it is longer than 1023 bytes");
    for (const char *p = uri; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return bad(err, "control bytes are not allowed");
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i].scheme);
        if (strncmp(uri, schemes[i].scheme, len) != 0)
            continue;
        int mongo = schemes[i].kind == MCI_STORE_MONGODB;
        if (!mongo && uri[len] == '\0')
            return bad(err, "sqlite: must be followed by a file name or :memory:");
        mc_status st = mongo ? check_mongodb(uri + len, err) : MC_OK;
        if (st == MC_OK) {
            out->kind = schemes[i].kind;
            memcpy(out->text, mongo ? uri : uri + len, strlen(mongo ? uri : uri + len) + 1);
        }
        return st;
    }
    return bad(err, "it must begin with mongodb://, mongodb+srv:// or sqlite:");
}
