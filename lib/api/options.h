/* SPDX-License-Identifier: Apache-2.0 */
/* The option table and the settings it fills. One row says all about an option; nothing else knows its limits. */
#ifndef MCI_API_OPTIONS_H
#define MCI_API_OPTIONS_H

#include "base/settings.h"
#include <mflixcache/options.h>
#include <stddef.h>
#include <stdint.h>

typedef enum mci_option_type {
    MCI_OPT_TEXT = 0,
    MCI_OPT_URI = 1,
    MCI_OPT_INT = 2,
    MCI_OPT_BOOL = 3,
    MCI_OPT_CHOICE = 4
} mci_option_type;

typedef struct mci_option {
    mc_option_info info;
    mci_option_type type;
    size_t offset;  /* of the value in mci_settings */
    size_t max_len; /* TEXT, URI: longest value in bytes */
    int64_t min;    /* INT */
    int64_t max;
    /* What else must be true of a TEXT; NULL: nothing. `err` gets a text that begins with the key. */
    mc_status (*check)(const struct mci_option *opt, const char *value, mc_error *err);
    /* URI: sets the parsed form in `s`, and the options that a query names; `shown` gets the text to keep. After an error `s` is thrown
     * away. */
    mc_status (*parse)(mci_settings *s, const char *value, char shown[MCI_TEXT_OPT], mc_error *err);
} mci_option;

/* The table; the number of rows goes to *n. */
const mci_option *mci_option_table(size_t *n);
const mci_option *mci_option_find(const char *key); /* NULL when there is none */

/* Set one option in `s`, which keeps its value on failure; as mc_options_set(). A query of cache.uri sets other options. */
mc_status mci_settings_set(mci_settings *s, const char *key, const char *value, mc_error *err);

/* The settings, as long as the options live and are not changed. */
const mci_settings *mci_options_settings(const mc_options *o);
mci_settings *mci_options_writable(mc_options *o);

/* What no single option can check: limits between options. For mc_open(). MC_OK or MC_E_OPTION. */
mc_status mci_options_check(const mci_settings *s, mc_error *err);

#endif
