#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write mflixcache/_ffi.py from the C headers: constants, structs, callback types, the prototype of every function.

    tools/generate_ffi.py            write the file
    tools/generate_ffi.py --check    status 1 when the file is not what the headers say

The headers keep to a small part of C (no bit fields, no unions, no macros with arguments), which is all that is understood here.
Whatever is not understood is an error, never left out.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TARGET = HERE.parent / "mflixcache" / "_ffi.py"
ORDER = [
    "version.h.in",
    "error.h",
    "types.h",
    "options.h",
    "store.h",
    "client.h",
    "session.h",
    "list.h",
    "movies.h",
    "theaters.h",
    "kv.h",
]
ORDER += ["tiers.h", "observe.h", "check.h"]

PLAIN = {
    "int": "c_int",
    "unsigned": "c_uint",
    "size_t": "c_size_t",
    "int64_t": "c_int64",
    "double": "c_double",
    "unsigned char": "c_ubyte",
    "char": "c_char",
    "mc_status": "c_int",
}

IMPORTS = ["CFUNCTYPE", "POINTER", "Structure", "c_char", "c_char_p", "c_double", "c_int", "c_int64", "c_size_t", "c_ubyte"]
IMPORTS += ["c_uint", "c_void_p"]


class Parsed(NamedTuple):
    """What the headers say, in their order; types are written as Python expressions."""

    constants: list[tuple[str, str]]
    enums: dict[str, list[str]]
    structs: dict[str, list[tuple[str, str]]]
    callbacks: dict[str, tuple[str, list[str]]]
    functions: dict[str, tuple[str, list[str]]]


class Reader:
    """Reads declarations one by one and knows the types met so far."""

    def __init__(self) -> None:
        self.out = Parsed([], {}, {}, {}, {})
        self.opaque: set[str] = set()

    def type_of(self, text: str, *, sized: bool = False) -> str:
        """The ctypes expression of a C type. `sized`: a length follows, so the bytes need not end with a NUL."""
        words = text.replace("*", " * ").split()
        stars = words.count("*")
        name = " ".join(w for w in words if w not in ("const", "*"))
        if name in self.out.callbacks and stars == 0:
            return name
        if name in self.opaque or name == "void":
            base, stars = "c_void_p", stars - 1
        elif name == "char" and stars:
            # `char **` hands memory over and must keep its address, so it is not a c_char_p (which turns into bytes at once).
            lent = "const" in words and not sized
            base, stars = ("c_char_p" if lent or (stars == 1 and not sized) else "c_void_p"), stars - 1
        elif name in self.out.structs:
            base = name
        elif name in PLAIN:
            base = PLAIN[name]
        else:
            raise SystemExit(f"generate_ffi: unknown type {text!r}")
        if stars < 0:
            raise SystemExit(f"generate_ffi: {text!r} by value")
        for _ in range(stars):
            base = f"POINTER({base})"
        return base

    def parameters(self, text: str, *, inward: bool = False) -> list[str]:
        """The types of a parameter list. `inward`: of a callback, where texts with a length stay addresses."""
        text = " ".join(text.split())
        if text == "void":
            return []
        parts = [split_name(p) for p in text.split(",")]
        types = []
        for i, (ctype, _name, _dim) in enumerate(parts):
            follows = parts[i + 1] if i + 1 < len(parts) else ("", "", "")
            sized = inward and follows[0] == "size_t" and follows[1].endswith("size")
            types.append(self.type_of(ctype, sized=sized))
        return types

    def struct(self, name: str, body: str) -> None:
        """A complete struct, with callbacks among its members."""
        members = [m.strip() for m in body.split(";") if m.strip()]
        fields: list[tuple[str, str]] = []
        for i, member in enumerate(members):
            callback = re.fullmatch(r"(\w+) \(\*(\w+)\)\((.*)\)", " ".join(member.split()))
            if callback:
                result, field, params = callback.groups()
                ctype = f"{name}_{field}_fn"
                self.callback(ctype, result, params)
            else:
                text, field, dim = split_name(" ".join(member.split()))
                sized = i + 1 < len(members) and members[i + 1].split() == ["size_t", "size"]
                ctype = self.type_of(text, sized=sized) + (f" * {dim}" if dim else "")
            fields.append((field, ctype))
        self.out.structs[name] = fields

    def callback(self, name: str, result: str, params: str) -> None:
        """A function pointer."""
        self.out.callbacks[name] = ("None" if result == "void" else self.type_of(result), self.parameters(params, inward=True))

    def enum(self, name: str, body: str) -> None:
        """An enumeration: each member has its number written out."""
        self.out.enums[name] = []
        for item in (i.strip() for i in body.split(",")):
            if item:
                key, value = (p.strip() for p in item.split("="))
                self.out.constants.append((key, value))
                self.out.enums[name].append(key)

    def read(self, text: str) -> None:
        """Read one header."""
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        for key, value in re.findall(r"^#define (MC_\w+)[ \t]+(\S+)", text, flags=re.M):
            if re.fullmatch(r"-?\d+", value) and key not in ("MC_VERSION_MINOR", "MC_VERSION_PATCH"):
                self.out.constants.append((key, value))
        text = re.sub(r"^#.*$", "", text, flags=re.M)
        text = re.sub(r'extern "C" \{', " ", text)
        for kind, declaration in declarations(text):
            self.declaration(kind, " ".join(declaration.split()))

    def declaration(self, kind: str, text: str) -> None:
        """One declaration of whatever kind."""
        function = re.fullmatch(r"MC_API ([\w ]+?[ *]+)(\w+)\((.*)\)", text)
        struct = re.fullmatch(r"typedef struct (\w+) \{(.*)\} \1", text)
        enum = re.fullmatch(r"enum (\w+) \{(.*)\}", text)
        opaque = re.fullmatch(r"typedef struct (\w+) \1", text)
        callback = re.fullmatch(r"typedef (\w+) \(\*(\w+)\)\((.*)\)", text)
        if function:
            result = function[1].strip()
            self.out.functions[function[2]] = ("None" if result == "void" else self.type_of(result), self.parameters(function[3]))
        elif struct:
            self.struct(struct[1], struct[2])
        elif enum:
            self.enum(enum[1], enum[2])
        elif opaque:
            self.opaque.add(opaque[1])
        elif callback:
            self.callback(callback[2], callback[1], callback[3])
        elif text not in ("typedef int mc_status", "}"):
            raise SystemExit(f"generate_ffi: cannot read {kind!r} {text!r}")


def split_name(text: str) -> tuple[str, str, str]:
    """`const char *name[4]` as ("const char *", "name", "4")."""
    match = re.fullmatch(r"(.*?[ *])(\w+)(?:\[(\w+)\])?", text.strip())
    if not match:
        raise SystemExit(f"generate_ffi: cannot read {text!r}")
    return match[1].strip(), match[2], match[3] or ""


def declarations(text: str) -> list[tuple[str, str]]:
    """Top-level declarations: up to a `;` outside of braces."""
    found, depth, begin = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "{") - (c == "}")
        if c == ";" and depth <= 0:
            piece = text[begin:i].strip()
            found.append((piece.split()[0] if piece else "", piece))
            begin, depth = i + 1, 0
    rest = text[begin:].strip()
    if rest not in ("", "}"):
        raise SystemExit(f"generate_ffi: cannot read {rest!r}")
    return [f for f in found if f[1]]


def parse() -> Parsed:
    """Read all headers of the tree."""
    include = ROOT / "include" / "mflixcache"
    found = {p.name for p in include.glob("*.h*") if p.suffix != ".hpp"} - {"export.h", "mflixcache.h"}
    if found != set(ORDER):
        raise SystemExit(f"generate_ffi: headers not in ORDER: {sorted(found ^ set(ORDER))}")
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    major = re.search(r"project\(mflixcache VERSION (\d+)\.", cmake)
    if not major:
        raise SystemExit("generate_ffi: no version in CMakeLists.txt")
    reader = Reader()
    for name in ORDER:
        text = (include / name).read_text(encoding="utf-8")
        reader.read(text.replace("@PROJECT_VERSION_MAJOR@", major[1]))
    return reader.out


def wrapped(head: str, items: list[str], tail: str) -> list[str]:
    """`head item, item tail` on one line, or with the items on lines of their own."""
    line = f"{head}{', '.join(items)}{tail}"
    if len(line) <= 118:
        return [line]
    lines, row = [head.rstrip()], "       "
    for item in items:
        if len(row) + len(item) > 115:
            lines.append(row)
            row = "       "
        row += f" {item},"
    return [*lines, row, f"    {tail.strip()}"]


def render(p: Parsed) -> str:
    """The text of _ffi.py."""
    out = [
        "# SPDX-License-Identifier: Apache-2.0",
        '"""The C interface as ctypes sees it. Generated from the headers by tools/generate_ffi.py; do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        "from ctypes import (",
        *(f"    {n}," for n in IMPORTS),
        ")",
        "from typing import Any",
        "",
    ]
    out += [f"{key} = {value}" for key, value in p.constants]
    out += ["", "# Each enumeration of the headers with its members."]
    out.append("ENUMS: dict[str, tuple[str, ...]] = {")
    for name, keys in p.enums.items():
        out += wrapped(f'    "{name}": (', [f'"{k}"' for k in keys], "),")
    out += ["}", ""]
    emitted: set[str] = set()

    def emit_callback(name: str) -> None:
        result, params = p.callbacks[name]
        out.extend([f"{name} = CFUNCTYPE({', '.join([result, *params])})"])
        emitted.add(name)

    for name, fields in p.structs.items():
        needed = [c for _f, c in fields if c in p.callbacks]
        if needed:
            out.append("")
            for callback in needed:
                emit_callback(callback)
        out += ["", "", f"class {name}(Structure):", f'    """`{name}` of the headers."""', "", "    _fields_ = ["]
        out += [f'        ("{field}", {ctype}),' for field, ctype in fields]
        out += ["    ]"]
    out += ["", ""]
    for name in p.callbacks:
        if name not in emitted:
            emit_callback(name)
    out += ["", "# Every public function: what it returns, what it takes."]
    out.append("FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {")
    for name, (result, params) in p.functions.items():
        single = "," if len(params) == 1 else ""
        out += wrapped(f'    "{name}": ({result}, (', params, f"{single})),")
    out += ["}", ""]
    return "\n".join(out)


def main() -> int:
    """Write or compare."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare only")
    text = render(parse())
    if arguments.parse_args().check:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
            print(f"{TARGET.name} is not what the headers say: run tools/generate_ffi.py")
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
