/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: what is wrong with a file before it is read. Refuses: an error that does not name the option. */
#include "redis/tls_files.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mc_status refuse(mc_error *err, const char *option, const char *path, int code, const char *what)
{
    char text[128] = "";
    if (code != 0 && strerror_r(code, text, sizeof text) != 0)
        text[0] = '\0';
    return mci_fail_code(err, MC_E_TLS, MC_TIER_REDIS, code, "%s: %.300s: %s", option, path, text[0] != '\0' ? text : what);
}

static mc_status look_at_file(const char *option, const char *path, mc_error *err)
{
    if (path[0] == '\0')
        return MC_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return refuse(err, option, path, errno, "it cannot be opened");
    struct stat st;
    int regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    (void)close(fd);
    return regular ? MC_OK : refuse(err, option, path, 0, "it is not a file");
}

/* Eight hexadecimal digits, a dot, a number: how OpenSSL looks certificates up in a folder. */
static int is_hashed(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] != '\0' &&
           strspn(name + 9, "0123456789") == strlen(name + 9);
}

static mc_status look_at_folder(const char *option, const char *path, mc_error *err)
{
    if (path[0] == '\0')
        return MC_OK;
    DIR *d = opendir(path);
    if (d == NULL)
        return refuse(err, option, path, errno, "it cannot be opened");
    int found = 0;
    for (const struct dirent *e = readdir(d); e != NULL && !found; e = readdir(d))
        found = is_hashed(e->d_name);
    (void)closedir(d);
    return found ? MC_OK
                 : refuse(err, option, path, 0,
                          "no certificate in it is named by its hash, so none would be found (openssl rehash FOLDER)");
}

mc_status mci_tls_look(const mci_tls_options *opt, mc_error *err)
{
    mc_status st = look_at_file("cache.tls_ca_file", opt->ca_file, err);
    if (st == MC_OK)
        st = look_at_folder("cache.tls_ca_path", opt->ca_path, err);
    if (st == MC_OK)
        st = look_at_file("cache.tls_cert_file", opt->cert_file, err);
    if (st == MC_OK)
        st = look_at_file("cache.tls_key_file", opt->key_file, err);
    return st == MC_OK ? look_at_file("cache.tls_key_password_file", opt->key_password_file, err) : st;
}

static mc_status ask_callback(const mci_tls_options *opt, mci_key_password *out, mc_error *err)
{
    int n = opt->key_password(opt->key_password_user, out->text, sizeof out->text);
    if (n < 0 || n > MCI_KEY_PASSWORD_MAX)
        return mci_fail(err, MC_E_TLS, MC_TIER_REDIS,
                        "mc_options_set_key_password(): the callback returned %d: the password must have 0 to %d bytes", n,
                        MCI_KEY_PASSWORD_MAX);
    out->len = n;
    return MC_OK;
}

mc_status mci_tls_password(const mci_tls_options *opt, mci_key_password *out, mc_error *err)
{
    static const char option[] = "cache.tls_key_password_file";
    *out = (mci_key_password){.len = -1};
    if (opt->key_password != NULL)
        return ask_callback(opt, out, err);
    if (opt->key_password_file[0] == '\0')
        return MC_OK;
    int fd = open(opt->key_password_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse(err, option, opt->key_password_file, errno, "it cannot be opened");
    ssize_t n = read(fd, out->text, sizeof out->text);
    int code = n < 0 ? errno : 0;
    (void)close(fd);
    if (n < 0)
        return refuse(err, option, opt->key_password_file, code, "it cannot be read");
    size_t line = 0;
    while (line < (size_t)n && out->text[line] != '\n' && out->text[line] != '\r')
        line++;
    if (line > MCI_KEY_PASSWORD_MAX)
        return refuse(err, option, opt->key_password_file, 0, "its first line has more than 1023 bytes");
    out->len = (int)line;
    return MC_OK;
}
