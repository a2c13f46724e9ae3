#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each header compiles alone, and twice: public ones as pedantic C11 and C++17 with nothing but the installed folder,
internal ones as C11. headers.py ROOT BINARY_DIR CC [compiler flags for internal headers...]
"""
import os
import shutil
import subprocess
import sys
import tempfile

import rules


def compiles(command, text, suffix):
    with tempfile.NamedTemporaryFile("w", suffix=suffix) as f:
        f.write(text)
        f.flush()
        done = subprocess.run(command + ["-fsyntax-only", f.name], capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr


def main():
    root, binary, cc = sys.argv[1:4]
    flags = sys.argv[4:]
    strict = ["-pedantic-errors", "-Wall", "-Wextra", "-Werror"]
    include = ["-I", os.path.join(root, "include"), "-I", os.path.join(binary, "include")]
    c11 = [cc, "-std=c11", "-Wstrict-prototypes"] + strict + include
    kinds = [("C11", c11, ".c")]
    cxx = next((c for c in ("c++", "g++", "clang++") if shutil.which(c)), None)
    if cxx:
        kinds.append(("C++17", [cxx, "-std=c++17"] + strict + include, ".cpp"))
    else:
        print("no C++ compiler: the headers were not compiled as C++")

    failed = tried = 0

    def check(name, kind, error):
        nonlocal failed, tried
        tried += 1
        if error is not None:
            failed += 1
            print(f"{name} as {kind}:\n{error}")

    public = sorted(os.listdir(os.path.join(root, "include/mflixcache")))
    for header in (h.removesuffix(".in") for h in public):
        for kind, command, suffix in kinds:
            if header.endswith(".hpp") and kind != "C++17":
                continue
            twice = f"#include <mflixcache/{header}>\n" * 2 + "int main(void) { return 0; }\n"
            check(header, kind, compiles(command, twice, suffix))
    internal = [cc, "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", "-I", os.path.join(root, "lib"),
                "-I", os.path.join(binary, "generated")] + include + flags
    for name, _ in rules.files(root, ["lib"], (".h",)):
        twice = f'#include "{name.removeprefix("lib/")}"\n' * 2 + "int main(void) { return 0; }\n"
        check(name, "C11", compiles(internal, twice, ".c"))
        check(name, "C11 with test hooks", compiles(internal + ["-DMCI_TEST_HOOKS=1"], twice, ".c"))

    # Seen to fail: a header that needs another, and one that C++ cannot read.
    with tempfile.TemporaryDirectory() as bad:
        with open(os.path.join(bad, "bad.h"), "w", encoding="utf-8") as f:
            f.write("size_t mc_size(void);\n")
        check("selftest", "C11", None if compiles(c11 + ["-I", bad], "#include <bad.h>\n", ".c") else "was to fail")
        if cxx:
            with open(os.path.join(bad, "bad.h"), "w", encoding="utf-8") as f:
                f.write("int mc_new(int class);\n")
            check("selftest", "C++17", None if compiles(kinds[1][1] + ["-I", bad], "#include <bad.h>\n", ".cpp") else "was to fail")
    print(f"{tried - failed} of {tried} as wanted")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
