/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before every file that script/lint analyses, and nowhere else: shows the analyser what it cannot see across files,
 * that a failure is never MC_OK. Without it every path after "argument is NULL" looks alive.
 */
#include "base/error.h"

#define mci_fail(err, code, ...) ((void)mci_fail((err), (code), __VA_ARGS__), (code))
#define mci_fail_code(err, code, ...) ((void)mci_fail_code((err), (code), __VA_ARGS__), (code))
