/* SPDX-License-Identifier: Apache-2.0 */
/* Owns: the state behind syncpoint.h in the test build. Refuses: any trace of it in the library. */
#include "base/syncpoint.h"

#ifdef MCI_TEST_HOOKS
_Atomic(mci_sync_fn) mci_sync_hook;
_Atomic unsigned mci_mutation_off;
#else
typedef int mci_syncpoint_unused; /* a translation unit may not be empty */
#endif
