/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns: turning a file of settings into keys and texts. Refuses: files above 1 MiB, anything but a regular file (a FIFO would
 * hang the caller), duplicate keys, and error texts that show a value, which may be a password.
 */
#include "codec/options_json.h"

#include "base/error.h"
#include "base/wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MAX 128
#define DEPTH_MAX 8

static mc_status file_error(mc_error *err, const char *path, int code)
{
    char why[128] = "";
    if (strerror_r(code, why, sizeof why) != 0)
        (void)snprintf(why, sizeof why, "error %d", code);
    return mci_fail_code(err, MC_E_FILE, MC_TIER_NONE, code, "options file %.200s: %s", path, why);
}

/* The file's bytes, malloc'ed and NUL-terminated. */
static mc_status slurp(const char *path, char **out, size_t *len, mc_error *err)
{
    /* O_NONBLOCK: opening a FIFO returns, and is refused below. It means nothing for a regular file. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return file_error(err, path, errno);
    char *text = malloc(MCI_OPTIONS_FILE_MAX + 1);
    if (text == NULL) {
        (void)close(fd);
        return mci_fail(err, MC_E_NOMEM, MC_TIER_NONE, "out of memory");
    }
    mc_status st = MC_OK;
    struct stat info;
    size_t n = 0;
    if (fstat(fd, &info) != 0)
        st = file_error(err, path, errno);
    else if (!S_ISREG(info.st_mode))
        st = mci_fail(err, MC_E_FILE, MC_TIER_NONE, "options file %.200s: not a regular file", path);
    else if (info.st_size > MCI_OPTIONS_FILE_MAX)
        st = mci_fail(err, MC_E_FILE, MC_TIER_NONE, "options file %.200s: larger than 1 MiB", path);
    while (st == MC_OK && n < MCI_OPTIONS_FILE_MAX) {
        ssize_t got = read(fd, text + n, MCI_OPTIONS_FILE_MAX - n);
        if (got == 0)
            break;
        if (got > 0)
            n += (size_t)got;
        else if (errno != EINTR)
            st = file_error(err, path, errno);
    }
    (void)close(fd);
    if (st != MC_OK) {
        mci_wipe(text, n);
        free(text);
        return st;
    }
    text[n] = '\0';
    *out = text;
    *len = n;
    return MC_OK;
}

/* The texts of the tree, before jansson frees them: any of them may be a password. */
static void wipe_texts(json_t *value)
{
    const char *name;
    json_t *member;
    size_t i;
    if (json_is_string(value)) {
        mci_wipe((void *)(uintptr_t)json_string_value(value), json_string_length(value));
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, member)
        {
            wipe_texts(member);
        }
    } else if (json_is_object(value)) {
        json_object_foreach(value, name, member)
        {
            wipe_texts(member);
        }
    }
}

static mc_status report_setting(const char *key, const json_t *value, mci_setting_fn fn, void *user, mc_error *err)
{
    char number[32];
    if (json_is_string(value))
        return fn(key, json_string_value(value), user, err);
    if (json_is_boolean(value))
        return fn(key, json_is_true(value) ? "true" : "false", user, err);
    if (json_is_integer(value)) {
        (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        return fn(key, number, user, err);
    }
    return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "%s: the value must be a text, a whole number or a boolean", key);
}

static mc_status walk(json_t *object, const char *above, int depth, mci_setting_fn fn, void *user, mc_error *err)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        char key[KEY_MAX];
        int n = snprintf(key, sizeof key, "%s%s%s", above, *above == '\0' ? "" : ".", name);
        if (n < 0 || (size_t)n >= sizeof key || depth > DEPTH_MAX)
            return mci_fail(err, MC_E_OPTION, MC_TIER_NONE, "no option is named \"%.64s...\"", key);
        mc_status st =
            json_is_object(value) ? walk(value, key, depth + 1, fn, user, err) : report_setting(key, value, fn, user, err);
        if (st != MC_OK)
            return st;
    }
    return MC_OK;
}

/*
 * jansson collects each text in one buffer of its own, which it neither clears nor keeps in place while it grows. So the file is read between
 * two texts as long as itself: the first makes the buffer large enough for all, the second overwrites what is in it. An array of three.
 */
static json_t *parse(const char *text, size_t len, int *line, int *column)
{
    json_error_t why = {.line = 1, .column = 1};
    size_t n = 3 * len + 8;
    char *padded = malloc(n);
    if (padded == NULL) {
        *line = *column = 0;
        return NULL;
    }
    memset(padded, '-', n);
    memcpy(padded, "[\"", 2);
    memcpy(padded + 2 + len, "\",", 2);
    memcpy(padded + 4 + len, text, len);
    memcpy(padded + 4 + 2 * len, ",\"", 2);
    memcpy(padded + 6 + 3 * len, "\"]", 2);
    json_t *all = json_loadb(padded, n, JSON_REJECT_DUPLICATES, &why);
    mci_wipe(padded, n);
    free(padded);
    if (all != NULL && json_array_size(all) != 3) { /* "1,2": good in an array only */
        json_decref(all);
        all = NULL;
    }
    *line = why.line;
    *column = why.line == 1 && why.column > (int)len + 4 ? why.column - (int)len - 4 : why.column;
    return all;
}

mc_status mci_options_read_file(const char *path, mci_setting_fn fn, void *user, mc_error *err)
{
    char *text = NULL;
    size_t len = 0;
    mc_status st = slurp(path, &text, &len, err);
    if (st != MC_OK)
        return st;
    int line = 0;
    int column = 0;
    json_t *padded = parse(text, len, &line, &column);
    mci_wipe(text, len);
    free(text);
    if (padded == NULL) /* not jansson's text: it quotes what is near the error */
        return mci_fail(err, MC_E_JSON, MC_TIER_NONE,
                        "options file %.200s: line %d, column %d is not JSON, or repeats a key", path, line, column);
    json_t *root = json_array_get(padded, 1);
    if (json_is_object(root))
        st = walk(root, "", 0, fn, user, err);
    else
        st = mci_fail(err, MC_E_JSON, MC_TIER_NONE, "options file %.200s: one JSON object is needed", path);
    wipe_texts(padded); /* as deep as jansson goes, 2,048 levels */
    json_decref(padded);
    return st;
}
