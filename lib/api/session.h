/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a session; its beginning is mc_session_open(). */
#ifndef MCI_API_SESSION_H
#define MCI_API_SESSION_H

#include "api/instance.h"

/* Of an instance with a root, after its handle was closed. */
void mci_session_free(mci_client *cl);

#endif
