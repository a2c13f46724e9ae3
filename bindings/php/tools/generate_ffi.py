#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write mflixcache.h, the C interface as PHP's FFI reads it: the public headers in their order, without comments and preprocessor.

    tools/generate_ffi.py            write the file
    tools/generate_ffi.py --check    status 1 when the file is not what the headers say
"""

import importlib.util
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TARGET = HERE.parent / "mflixcache.h"


def order() -> list[str]:
    """The order in which the Python package reads the headers: one list for both."""
    spec = importlib.util.spec_from_file_location("generate_ffi_py", ROOT / "bindings/python/tools/generate_ffi.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.parse()  # refuses a header that is not in it
    return module.ORDER


def plain(text: str, numbers: dict[str, str]) -> str:
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    for key, value in re.findall(r"^#define (MC_\w+)[ \t]+(-?\d+)[ \t]*$", text, flags=re.M):
        numbers[key] = value
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    text = re.sub(r'extern "C" \{', " ", text).replace("MC_API ", "")
    text = re.sub(r"\[(MC_\w+)\]", lambda m: f"[{numbers[m[1]]}]", text)
    found, depth, begin = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "{") - (c == "}")
        if c == ";" and depth <= 0:
            found.append(" ".join(text[begin:i].split()) + ";")
            begin, depth = i + 1, 0
    return "\n".join(found)


def main() -> int:
    numbers: dict[str, str] = {}
    parts = ["/* SPDX-License-Identifier: Apache-2.0 */", "/* Generated from the public headers by tools/generate_ffi.py; do not edit. */"]
    for name in order():
        text = (ROOT / "include/mflixcache" / name).read_text(encoding="utf-8")
        parts.append(plain(text.replace("@PROJECT_VERSION_MAJOR@", "0"), numbers))
    text = "\n".join(p for p in parts if p) + "\n"
    if "--check" in sys.argv[1:]:
        same = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        if not same:
            print(f"{TARGET.name} is not what the headers say: run bindings/php/tools/generate_ffi.py")
        return 0 if same else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
