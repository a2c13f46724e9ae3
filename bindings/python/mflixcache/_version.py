# SPDX-License-Identifier: Apache-2.0
"""The version of this package: the same as the C library's."""

VERSION = "0.1.0"
