/* SPDX-License-Identifier: Apache-2.0 */
/* The files that the TLS options name, looked at before any of them is used; and the password of the key. */
#ifndef MCI_REDIS_TLS_FILES_H
#define MCI_REDIS_TLS_FILES_H

#include <mflixcache/options.h>

typedef struct mci_tls_options {
    const char *ca_file; /* "": not given, as below; neither it nor the folder: the system's */
    const char *ca_path;
    const char *cert_file; /* the client's own, with its chain */
    const char *key_file;
    const char *key_password_file;
    const char *server_name;     /* "": the host of the connection */
    mc_password_fn key_password; /* NULL: none; called by mci_tls_open() only */
    void *key_password_user;
    int insecure; /* the server's certificate is not verified */
} mci_tls_options;

/* Are they there, readable, and given together as they must be? MC_OK, or MC_E_TLS with a text that names option and file. */
mc_status mci_tls_look(const mci_tls_options *opt, mc_error *err);

#define MCI_KEY_PASSWORD_MAX 1023

typedef struct mci_key_password {
    char text[MCI_KEY_PASSWORD_MAX + 1];
    int len;   /* -1: none was given */
    int asked; /* the key needed it */
} mci_key_password;

/* From the callback, else the first line of the file. To be wiped by the caller, also on failure. */
mc_status mci_tls_password(const mci_tls_options *opt, mci_key_password *out, mc_error *err);

#endif
