/* SPDX-License-Identifier: Apache-2.0 */
/* Handles are tagged numbers, not addresses: one that was closed, or never opened, is recognised. */
#ifndef MCI_API_HANDLE_H
#define MCI_API_HANDLE_H

#include "api/instance.h"

/* Give the client a handle; NULL when 256 are open. */
mc_client *mci_handle_new(mci_client *cl);
/* Count a call in. MC_OK, MC_E_ARG (no handle), MC_E_CLOSED. */
mc_status mci_handle_enter(const mc_client *mc, mci_client **out);
void mci_handle_leave(const mc_client *mc);
/* Refuse new calls, wait for those under way, and give the client back. MC_OK, MC_E_ARG, MC_E_CLOSED. */
mc_status mci_handle_close(const mc_client *mc, mci_client **out);

#endif
