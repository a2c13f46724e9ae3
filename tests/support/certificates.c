/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: keys that no test shares with anybody. Refuses: a build without TLS. */
#include "certificates.h"

#if MFLIXCACHE_WITH_TLS

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "certificates: %s\n", what);
    exit(1);
}

static FILE *open_file(const char *path, const char *how)
{
    FILE *f = fopen(path, how);
    if (f == NULL)
        die(path);
    return f;
}

const char *certificates_path(const certificates *c, const char *file)
{
    static char paths[64][256];
    char path[256];
    snprintf(path, sizeof path, "%s/%s", c->dir, file);
    for (int i = 0; i < 64; i++)
        if (paths[i][0] == '\0' || strcmp(paths[i], path) == 0) {
            memcpy(paths[i], path, sizeof path);
            return paths[i];
        }
    die("too many paths");
    return NULL;
}

void certificates_write(certificates *c, const char *file, const char *text)
{
    FILE *f = open_file(certificates_path(c, file), "w");
    fputs(text, f);
    fclose(f);
}

void certificates_begin(certificates *c)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(c->dir, sizeof c->dir, "%.100s/mflix-tls-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(c->dir) == NULL)
        die(c->dir);
}

static void add_extension(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
    if (e == NULL || X509_add_ext(cert, e, -1) != 1)
        die(value);
    X509_EXTENSION_free(e);
}

/* The issuer's certificate and key, or those that are being made. */
static void load_issuer(certificates *c, const char *name, X509 **cert, EVP_PKEY **key)
{
    char file[100];
    snprintf(file, sizeof file, "%s.crt", name);
    FILE *f = open_file(certificates_path(c, file), "r");
    *cert = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    snprintf(file, sizeof file, "%s.key", name);
    f = open_file(certificates_path(c, file), "r");
    *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    if (*cert == NULL || *key == NULL)
        die(name);
}

static void store(certificates *c, const certificate *what, X509 *cert, EVP_PKEY *key)
{
    char file[100];
    snprintf(file, sizeof file, "%s.crt", what->name);
    FILE *f = open_file(certificates_path(c, file), "w");
    int ok = PEM_write_X509(f, cert);
    fclose(f);
    snprintf(file, sizeof file, "%s.key", what->name);
    f = open_file(certificates_path(c, file), "w");
    char password[64] = "";
    snprintf(password, sizeof password, "%s", what->password != NULL ? what->password : "");
    ok = ok && PEM_write_PKCS8PrivateKey(f, key, what->password != NULL ? EVP_aes_256_cbc() : NULL,
                                         what->password != NULL ? password : NULL, (int)strlen(password), NULL, NULL);
    fclose(f);
    if (!ok)
        die(what->name);
}

void certificates_make(certificates *c, const certificate *what)
{
    static long serial = 1;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *issuer_key = key;
    X509 *cert = X509_new();
    X509 *issuer = cert;
    X509V3_CTX ctx;
    if (key == NULL || cert == NULL)
        die("memory");
    if (what->issuer != NULL)
        load_issuer(c, what->issuer, &issuer, &issuer_key);
    X509_NAME *name = X509_get_subject_name(cert);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), (long)getpid() * 1000 + serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), what->from_s != 0 ? what->from_s : -86400);
    X509_gmtime_adj(X509_getm_notAfter(cert), what->to_s != 0 ? what->to_s : 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)what->name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    X509_set_pubkey(cert, key);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    add_extension(cert, &ctx, NID_basic_constraints, what->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    add_extension(cert, &ctx, NID_subject_key_identifier, "hash");
    if (what->alt != NULL)
        add_extension(cert, &ctx, NID_subject_alt_name, what->alt);
    if (X509_sign(cert, issuer_key, EVP_sha256()) == 0)
        die("signature");
    store(c, what, cert, key);
    if (issuer != cert) {
        X509_free(issuer);
        EVP_PKEY_free(issuer_key);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
}

void certificates_end(certificates *c)
{
    DIR *d = opendir(c->dir);
    for (const struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d))
        if (e->d_name[0] != '.')
            unlink(certificates_path(c, e->d_name));
    if (d != NULL)
        closedir(d);
    rmdir(c->dir);
}

#else

typedef int no_certificates; /* a file must not be empty */

#endif
