/* SPDX-License-Identifier: Apache-2.0 */
/* All forms of text at once. New code includes what it uses. */
#ifndef MCI_BASE_TEXT_H
#define MCI_BASE_TEXT_H

#include "base/ascii.h"
#include "base/base64.h"
#include "base/iso8601.h"
#include "base/json_string.h"
#include "base/num.h"
#include "base/objectid.h"
#include "base/utf8.h"

#endif
