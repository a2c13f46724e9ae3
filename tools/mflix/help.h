/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that teach the program. */
#ifndef MFLIX_HELP_H
#define MFLIX_HELP_H

#include "app.h"

void print_version(const app *a);
void print_help(const app *a);
void print_command_help(const app *a, const command *cmd);
/* docs/options.md, from the option table. */
void print_options_page(void);

#endif
