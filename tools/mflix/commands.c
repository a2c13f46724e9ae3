/* SPDX-License-Identifier: Apache-2.0 */
/* The list of commands, in the order the help shows them. */
#include "app.h"

const command *const commands[] = {
    &cmd_get,     &cmd_top,     &cmd_near,  &cmd_trending, &cmd_view,  &cmd_rate,       &cmd_create,
    &cmd_update,  &cmd_delete,  &cmd_load,  &cmd_generate, &cmd_warm,  &cmd_invalidate, &cmd_put,
    &cmd_getkey,  &cmd_rmkey,   &cmd_bench, &cmd_plot,     &cmd_stats, &cmd_ping,       &cmd_doctor,
    &cmd_inspect, &cmd_options, &cmd_count, &cmd_export,   &cmd_help,
};
const size_t n_commands = sizeof commands / sizeof *commands;
