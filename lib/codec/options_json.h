/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file of settings. Knows JSON and files; what the keys mean is the caller's business. */
#ifndef MCI_CODEC_OPTIONS_JSON_H
#define MCI_CODEC_OPTIONS_JSON_H

#include <mflixcache/error.h>

#define MCI_OPTIONS_FILE_MAX 1048576 /* 1 MiB */

/* Receives one setting: a key with dots, and its value as text. Anything but MC_OK ends the reading. */
typedef mc_status (*mci_setting_fn)(const char *key, const char *value, void *user, mc_error *err);

/*
 * Read one JSON object, flat or nested, in the file's order. Values are texts, whole numbers and booleans. MC_OK, MC_E_FILE,
 * MC_E_JSON, MC_E_OPTION (a value of another type), MC_E_NOMEM, or what `fn` returned.
 */
mc_status mci_options_read_file(const char *path, mci_setting_fn fn, void *user, mc_error *err);

#endif
