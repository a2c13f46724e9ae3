/* SPDX-License-Identifier: Apache-2.0 */
/* Why TLS has failed, in words that name what to look at. */
#ifndef MCI_REDIS_TLS_WHY_H
#define MCI_REDIS_TLS_WHY_H

#include <openssl/ssl.h>
#include <stddef.h>

/* What is wrong with the certificate that is being verified; `name` is the one it should be for. */
void mci_tls_tell_certificate(X509_STORE_CTX *store, const char *name, char *out, size_t size);

/*
 * What this thread's last error of OpenSSL means; all of them are taken out. `asked`: the server wanted a certificate of ours; `given`: there is one.
 */
void mci_tls_tell_error(int asked, int given, char *out, size_t size);

#endif
