# SPDX-License-Identifier: Apache-2.0
"""The C library that was found: which one, which version, what it can do."""

from __future__ import annotations

from mflixcache import _loader
from mflixcache._call import decode


def version() -> str:
    """Version of the C library that is loaded, such as "0.1.0"."""
    return decode(_loader.quick.mc_version())


def version_number() -> int:
    """The same as one number: major * 10000 + minor * 100 + patch."""
    number: int = _loader.quick.mc_version_number()
    return number


def features() -> frozenset[str]:
    """What the C library that is loaded can do, such as "mongodb"."""
    return frozenset(decode(_loader.quick.mc_features()).split())


def library() -> str:
    """The file, or the name, under which the C library was found."""
    return _loader.library_name


def tier_name(tier: int) -> str:
    """Name of a tier, as the library spells it."""
    return decode(_loader.quick.mc_tier_name(tier))
