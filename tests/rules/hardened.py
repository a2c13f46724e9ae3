# SPDX-License-Identifier: Apache-2.0
"""Installed files, and the programs in the build tree, as the loader sees them: any address, full RELRO, immediate binding, no
executable stack, no relocation in code, no RUNPATH with an empty or relative element. hardened.py CMAKE BUILD_DIR PROGRAM...
Before that, each check is seen to fail on a program linked without it.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def readelf(path):
    return subprocess.run(["readelf", "-W", "-h", "-l", "-d", path], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def wrong(path):
    text = readelf(path)
    if "Type:                              DYN" not in text:
        yield "stands at a fixed address"
    if "GNU_RELRO" not in text:
        yield "no RELRO"
    if not re.search(r"\((?:FLAGS|FLAGS_1|BIND_NOW)\).*(?:BIND_NOW|NOW)", text):
        yield "no immediate binding"
    stack = re.search(r"GNU_STACK.* ([RWE]+) +0x", text)
    if not stack or "E" in stack.group(1):
        yield "executable stack"
    if "(TEXTREL)" in text:
        yield "relocations in code"
    for m in re.finditer(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", text):
        for element in m.group(1).split(":"):
            if not element.startswith(("/", "$ORIGIN")):
                yield f"RUNPATH {m.group(1)!r} has the element {element!r}"


BAD = {"stands at a fixed address": ["-no-pie", "-Wl,-z,relro,-z,now"], "no RELRO": ["-pie", "-fPIE", "-Wl,-z,norelro,-z,now"],
       "no immediate binding": ["-pie", "-fPIE", "-Wl,-z,relro,-z,lazy"], "executable stack": ["-pie", "-fPIE", "-Wl,-z,now,-z,execstack"],
       "has the element ''": ["-pie", "-fPIE", "-Wl,-z,now,-rpath,/somewhere:"],
       "has the element 'lib'": ["-pie", "-fPIE", "-Wl,-z,now,-rpath,lib"]}


def selftest(work):
    source = os.path.join(work, "a.c")
    pathlib.Path(source).write_text("int main(void) { return 0; }\n")
    for what, flags in BAD.items():
        out = os.path.join(work, "a.out")
        subprocess.run([os.environ.get("CC", "cc"), source, "-o", out, *flags], check=True, capture_output=True)
        found = list(wrong(out))
        if not any(what in f for f in found):
            yield f"selftest: {what}: not seen, but {found}"


def is_elf(path):
    with open(path, "rb") as f:
        return f.read(4) == b"\x7fELF"


def main():
    cmake, build, programs = sys.argv[1], sys.argv[2], sys.argv[3:]
    with tempfile.TemporaryDirectory() as work:
        found = list(selftest(work))
        prefix = os.path.join(work, "prefix")
        subprocess.run([cmake, "--install", build, "--prefix", prefix], check=True, capture_output=True)
        installed = [str(p) for p in pathlib.Path(prefix).rglob("*") if p.is_file() and not p.is_symlink() and is_elf(p)]
        names = {os.path.basename(p) for p in installed}
        if "mflix" not in names or not any(n.startswith("libmflixcache.so") for n in names):
            found.append(f"not installed: {names}")
        for path in installed + programs:
            found += [f"{path}: {what}" for what in wrong(path)]
        # From another folder, with a library of a needed name in it: it is not looked at.
        pathlib.Path(work, "libmflixcache.so.1").write_bytes(b"no library")
        for path in programs:
            done = subprocess.run([path, "--help"], cwd=work, capture_output=True, text=True, timeout=60)
            if "libmflixcache.so.1" in done.stderr:
                found.append(f"{path}: looks into the current folder: {done.stderr}")
    for line in found:
        print(line)
    print(f"{len(installed) + len(programs)} files, {len(found)} wrong")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
