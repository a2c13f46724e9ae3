/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: OpenSSL's errors as texts of this library. Refuses: a text that fits two different mistakes. */
#include "redis/tls_why.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The names that a certificate is for, as far as they fit. */
static void names_of(X509 *cert, char *out, size_t size)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);
        char address[INET6_ADDRSTRLEN] = "";
        const char *text = address;
        int n = 0;
        if (g->type == GEN_DNS) {
            text = (const char *)ASN1_STRING_get0_data(g->d.dNSName);
            n = ASN1_STRING_length(g->d.dNSName);
        } else if (g->type == GEN_IPADD) {
            int len = ASN1_STRING_length(g->d.iPAddress);
            int family = len == 4 ? AF_INET : AF_INET6;
            if ((len == 4 || len == 16) && inet_ntop(family, ASN1_STRING_get0_data(g->d.iPAddress), address, sizeof address))
                n = (int)strlen(address);
        }
        size_t used = strlen(out);
        if (n > 0 && used + (size_t)n + 3 < size)
            (void)snprintf(out + used, size - used, "%s%.*s", used > 0 ? ", " : "", n, text);
    }
    GENERAL_NAMES_free(all);
    if (out[0] == '\0' && X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, out, (int)size) <= 0)
        (void)snprintf(out, size, "none");
}

static void issuer_of(X509 *cert, char *out, size_t size)
{
    out[0] = '\0';
    if (X509_NAME_get_text_by_NID(X509_get_issuer_name(cert), NID_commonName, out, (int)size) <= 0)
        (void)X509_NAME_oneline(X509_get_issuer_name(cert), out, (int)size);
}

static void date_of(const ASN1_TIME *at, char *out, size_t size)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(at, &tm) != 1 || strftime(out, size, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        (void)snprintf(out, size, "a date that cannot be read");
}

void mci_tls_tell_certificate(X509_STORE_CTX *store, const char *name, char *out, size_t size)
{
    X509 *cert = X509_STORE_CTX_get_current_cert(store);
    int code = X509_STORE_CTX_get_error(store);
    char text[200] = "";
    if (cert == NULL) {
        (void)snprintf(out, size, "it has shown no certificate that can be verified");
        return;
    }
    switch (code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        names_of(cert, text, sizeof text);
        (void)snprintf(out, size, "its certificate is not for %.150s but for: %s", name, text);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        (void)snprintf(out, size, "its certificate is self-signed and not among the trusted ones (cache.tls_ca_file)");
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        date_of(X509_get0_notAfter(cert), text, sizeof text);
        (void)snprintf(out, size, "its certificate has expired: it held until %s", text);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        date_of(X509_get0_notBefore(cert), text, sizeof text);
        (void)snprintf(out, size, "its certificate does not hold yet: it begins at %s", text);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        issuer_of(cert, text, sizeof text);
        (void)snprintf(out, size, "its certificate was issued by an authority that is not trusted: %s (cache.tls_ca_file)",
                       text);
        break;
    default:
        (void)snprintf(out, size, "its certificate does not hold: %s", X509_verify_cert_error_string(code));
        break;
    }
}

void mci_tls_tell_error(int asked, int given, char *out, size_t size)
{
    unsigned long code = ERR_peek_last_error(); /* an earlier one may be the host's */
    const char *text = ERR_reason_error_string(code);
    ERR_clear_error();
    switch (ERR_GET_REASON(code)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_HTTP_REQUEST:
        (void)snprintf(out, size, "it does not speak TLS at this port");
        return;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        (void)snprintf(out, size, "it does not speak TLS 1.2 or later");
        return;
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        (void)snprintf(out, size, "it wants to see a client certificate (cache.tls_cert_file, cache.tls_key_file)");
        return;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        (void)snprintf(out, size, "it does not accept the client certificate (cache.tls_cert_file): %s",
                       text != NULL ? text : "");
        return;
    default:
        if (asked && !given)
            (void)snprintf(out, size, "it wants to see a client certificate (cache.tls_cert_file, cache.tls_key_file): %s",
                           text != NULL ? text : "refused");
        else
            (void)snprintf(out, size, "TLS failed: %s", text != NULL ? text : "no reason was given");
    }
}
