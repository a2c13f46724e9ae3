#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the documents say is so: links and anchors lead somewhere, quoted blocks equal their files, C, C++, Python and shell
blocks compile, README's program runs, errors.md names every status, and options, functions and constants that are named exist.
check.py ROOT BUILD_DIR CC. Before that, each check is seen to fail on a small tree that is wrong.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from blocks import blocks

SKIP = {".git", ".venv", "build", "out", "node_modules", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
GROUPS = "cache|store|movies|theaters|negative|ttl|alias|board|kv|value|call|write|read|recovery"
# What fragments of C may take for granted.
FRAGMENT = """#include <mflixcache/mflixcache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
void fragment(mc_client *mc, mc_options *o, const char *id, mc_info info, mc_error err);
void fragment(mc_client *mc, mc_options *o, const char *id, mc_info info, mc_error err)
{
    (void)mc, (void)o, (void)id, (void)info, (void)err;
%s}
"""


def pages(root):
    for where, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIP and not f.startswith("build") and not f.endswith(".egg-info"))
        for name in sorted(names):
            if name.endswith(".md"):
                yield pathlib.Path(where, name)


def prose(text):
    """The text with code blocks blanked."""
    return re.sub(r"(?ms)^ *(```+).*?^ *\1 *$", lambda m: re.sub(r"[^\n]", "", m.group()), text)


def anchors(text):
    seen, out = {}, set()
    for m in re.finditer(r"(?m)^#{1,6} +(.*?) *#*$", prose(text)):
        title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", m.group(1)).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        n = seen.get(slug, 0)
        seen[slug] = n + 1
        out.add(slug if n == 0 else f"{slug}-{n}")
    return out


def check_links(root, path, text):
    plain = re.sub(r"`[^`\n]*`", "", prose(text))
    for m in re.finditer(r"\]\(<?([^)>\s]+)>?\)", plain):
        target = m.group(1)
        if re.match(r"[a-z]+:", target):
            continue
        where, _, anchor = target.partition("#")
        other = (path.parent / where).resolve() if where else path
        if not other.exists():
            yield f"{target}: no such file"
        elif not other.is_relative_to(root):
            yield f"{target}: outside the tree"
        elif anchor and other.suffix == ".md" and anchor not in anchors(other.read_text(encoding="utf-8")):
            yield f"{target}: no such heading"


def check_quotes(root, path, text):
    for b in blocks(text):
        name = b.mark("file")
        if name is None:
            continue
        file = root / name
        if not file.is_file():
            yield f"line {b.line}: {name} is not there"
        elif b.text not in file.read_text(encoding="utf-8") or not ("\n" + file.read_text(encoding="utf-8")).count("\n" + b.text):
            yield f"line {b.line}: differs from {name}"


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **more)


def check_code(root, path, text, include, cc):
    common = root / "examples"
    for b in blocks(text):
        at = f"line {b.line}: "
        if b.language == "c":
            if "int main(" in b.text:
                source = b.text
            elif b.mark("file"):
                continue  # a part of an example that is built in one piece
            else:
                source = FRAGMENT % b.text
            command = [cc, "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c", f"-I{common}", *include, "-"]
        elif b.language == "cpp" and "main(" in b.text:
            source = b.text
            command = ["g++", "-std=c++17", "-Wall", "-Werror", "-fsyntax-only", "-x", "c++", *include, "-"]
        elif b.language == "sh":
            source, command = b.text, ["bash", "-n"]
        elif b.language == "python":
            source, command = b.text, [sys.executable, "-c", "import sys; compile(sys.stdin.read(), 'block', 'exec')"]
        else:
            continue
        done = run(command, input=source)
        if done.returncode != 0:
            yield at + f"{b.language} does not compile\n{done.stderr}"


def header_names(root):
    text = "".join(p.read_text(encoding="utf-8") for p in sorted((root / "include/mflixcache").glob("*.h*")))
    return set(re.findall(r"\b(?:mc|MC)_\w+", text))


def check_names(root, path, text, names, options):
    for name in sorted(set(re.findall(r"\bMC_[A-Z][A-Z0-9_]*[A-Z0-9]\b", text)) - names):
        yield f"{name} is in no header"
    for name in sorted(set(re.findall(r"\bmc_\w+(?=\()", text)) - names):
        yield f"{name}() is in no header"
    for name in sorted(set(re.findall(rf"`((?:{GROUPS})\.[a-z_]+)`", text)) - options):
        if not name.endswith((".c", ".h", ".md", ".lua")):
            yield f"{name} is not an option (docs/options.md)"


def check_errors(root):
    declared = set(re.findall(r"(?m)^ *(MC_(?:OK|NOT_FOUND|E_\w+)) = -?\d+", (root / "include/mflixcache/error.h").read_text()))
    rows = re.findall(r"(?m)^\| `(MC_\w+)` \|", (root / "docs/errors.md").read_text())
    for name in sorted(declared - set(rows)):
        yield f"docs/errors.md has no row for {name}"
    for name in sorted(set(rows) - declared):
        yield f"docs/errors.md: {name} is not a status"
    for name in sorted(n for n in set(rows) if rows.count(n) > 1):
        yield f"docs/errors.md: {name} has two rows"


def check_places(root):
    """The files that docs/architecture.md names for its twenty questions are there."""
    page = root / "docs/architecture.md"
    rows = re.findall(r"^\| [^|]*\? \| `([^`]+)` \|$", page.read_text(), re.M) if page.exists() else None
    if rows is None:
        return
    if len(rows) != 20:
        yield f"docs/architecture.md: {len(rows)} questions with their files, wanted 20"
    for name in rows:
        if not (root / name).is_file():
            yield f"docs/architecture.md: there is no {name}"


def check_all(root, include, cc):
    names = header_names(root)
    options = set(re.findall(r"(?m)^\| `([a-z_.]+)` \|", (root / "docs/options.md").read_text()))
    for path in pages(root):
        text = path.read_text(encoding="utf-8")
        for found in (check_links(root, path, text), check_quotes(root, path, text), check_code(root, path, text, include, cc),
                      check_names(root, path, text, names, options)):
            for what in found:
                yield f"{path.relative_to(root)}: {what}"
    yield from check_errors(root)
    yield from check_places(root)


def check_readme(root, build, include, cc):
    """The first C block of README.md, built with the command's libraries and run, prints what follows it. Redis may be there or not."""
    found = list(blocks((root / "README.md").read_text(encoding="utf-8")))
    at = next(i for i, b in enumerate(found) if b.language == "c")
    program, printed = found[at].text, found[at + 1].text.split("\n", 1)[1]
    with tempfile.TemporaryDirectory() as work:
        out = os.path.join(work, "a.out")
        done = run([cc, "-std=c11", "-Wall", "-Wextra", "-Werror", "-x", "c", "-", "-o", out, *include, f"-L{build}", "-lmflixcache",
                    f"-Wl,-rpath,{build}"], input=program)
        if done.returncode != 0:
            yield f"README.md: its program does not build\n{done.stderr}"
            return
        done = run([out])
        if done.returncode != 0 or done.stderr or done.stdout not in (printed, printed.replace("redis", "store")):
            yield f"README.md: its program ended with {done.returncode}\n{done.stdout}{done.stderr}"


WRONG = {
    "a link": ("[x](nowhere.md)", "no such file"),
    "an anchor": ("[x](options.md#nothing)", "no such heading"),
    "a quotation": ("<!-- file: examples/a.c -->\n```c\nint a = 1;\n```", "differs from"),
    "a fragment": ("```c\nint x = y;\n```", "does not compile"),
    "a program": ("```c\nint main(void) { return x; }\n```", "does not compile"),
    "python": ("```python\nif:\n```", "does not compile"),
    "shell": ("```sh\nif\n```", "does not compile"),
    "a function": ("`mc_nothing()`", "in no header"),
    "a constant": ("`MC_E_NOTHING`", "in no header"),
    "an option": ("`cache.nothing`", "is not an option"),
    "a status": ("", "no row for MC_E_ARG"),
}


def selftest(include, cc):
    for name, (text, wanted) in WRONG.items():
        with tempfile.TemporaryDirectory() as work:
            root = pathlib.Path(work).resolve()
            for folder in ("docs", "examples", "include/mflixcache"):
                (root / folder).mkdir(parents=True)
            (root / "include/mflixcache/error.h").write_text("enum a {\n    MC_OK = 0,\n    MC_E_ARG = -1,\n};\n")
            (root / "docs/options.md").write_text("# Options\n\n| `cache.uri` | uri |\n")
            (root / "docs/errors.md").write_text("| `MC_OK` | done |\n" + ("" if name == "a status" else "| `MC_E_ARG` | no |\n"))
            (root / "examples/a.c").write_text("int a = 2;\n")
            (root / "docs/page.md").write_text(text + "\n\n[fine](options.md#options)\n")
            found = list(check_all(root, include, cc))
            if len(found) != 1 or wanted not in found[0]:
                yield f"selftest: {name}: wanted '{wanted}', found {found}"


def main():
    root, build, cc = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3]
    include = ["-I", str(root / "include"), "-I", os.path.join(build, "include")]
    wrong = list(selftest(include, cc)) + list(check_all(root, include, cc)) + list(check_readme(root, build, include, cc))
    for text in wrong:
        print(text)
    n = len(list(pages(root)))
    print(f"{n} documents, {len(WRONG)} checks seen to fail, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
