#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the manual pages from what is true already: mflix(1) from the program's own help, section 3 from the comments in
the public headers. generate.py ROOT MFLIX writes them to docs/man; with --check it only compares, status 1 if they differ.
"""
import difflib
import pathlib
import re
import subprocess
import sys
import textwrap

DATE = "November 22, 2026"
# page: (one line, [(header, from the line that holds this, up to the line that holds that)])
PAGES = {
    "client": ("open, close, health, warming, importing; how an answer came about",
               [("types.h", None, None), ("client.h", None, None), ("session.h", None, None), ("version.h.in", None, None)]),
    "options": ("settings from code, environment, file or URI", [("options.h", None, None)]),
    "movies": ("read, write and invalidate movies", [("movies.h", None, "---- boards")]),
    "boards": ("the rating board, ranks, counted views, lists", [("movies.h", "---- boards", None), ("list.h", None, None)]),
    "theaters": ("theaters by id, and the nearest to a point", [("theaters.h", None, None)]),
    "kv": ("string keys in Redis", [("kv.h", None, None)]),
    "tiers": ("values through Redis, a snapshot file and a loader", [("tiers.h", None, None)]),
    "observe": ("counters, latency histograms, log", [("observe.h", None, None)]),
    "check": ("what is wrong with Redis or the database, and what to do", [("check.h", None, None)]),
    "store": ("the caller's own database behind the cache", [("store.h", None, None)]),
    "errors": ("statuses and the error record", [("error.h", None, None)]),
}


def escape(text):
    text = text.replace("\\", "\\e")
    return "".join(c if ord(c) < 128 else f"\\[u{ord(c):04X}]" for c in text)


def prose(text):
    """Lines of roff: one sentence a line, nothing that begins like a request."""
    text = re.sub(r"\s+", " ", text.replace("`", "")).strip()
    sentences = re.split(r"(?<=[.!?]) +", text) if text else []
    lines = [line for s in sentences for line in textwrap.wrap(s, 78, break_long_words=False, break_on_hyphens=False)]
    return [re.sub(r"^([.'])", r"\\&\1", escape(line)) for line in lines]


def literal(lines):
    return [".Bd -literal"] + [re.sub(r"^([.'])", r"\\&\1", escape(line)) for line in lines] + [".Ed"]


def comment_text(comment):
    body = re.sub(r"^/\*\*+<?|\*/$", "", comment.strip())
    return "\n".join(re.sub(r"^\s*\* ?", "", line) for line in body.split("\n")).strip()


def sections(comment):
    """(description, [(parameter, text)], what it returns, [(label, text)]) of a function's comment."""
    parts = re.split(r"@(param|return)\s+", comment_text(comment))
    params, returns, notes = [], "", []
    for kind, text in zip(parts[1::2], parts[2::2]):
        if kind == "param":
            name, _, text = text.partition(" ")
        pieces = re.split(r"\b(Threads|Errors|Ownership|Source[^:.]{0,16}):\s", text)
        notes += list(zip(pieces[1::2], pieces[2::2]))
        if kind == "param":
            params.append((name.strip(), pieces[0]))
        else:
            returns = pieces[0]
    return parts[0], params, returns, notes


def header_part(root, name, begin, end):
    text = (root / "include/mflixcache" / name).read_text(encoding="utf-8")
    lines = text.split("\n")
    first = next(i for i, line in enumerate(lines) if begin in line) if begin else 0
    last = next(i for i, line in enumerate(lines) if end in line) if end else len(lines)
    about = re.search(r"/\*\*\n \* @file \S+\n(.*?)\*/", text, re.S)
    return about.group(1), "\n".join(lines[first:last])


def functions(text):
    for m in re.finditer(r"(/\*\*(?:(?!\*/).)*\*/)\s*MC_API\s+([^;]+?)\b(mc_\w+)\s*\(([^;]*)\);", text, re.S):
        arguments = re.sub(r"\s+", " ", m.group(4)).strip()
        yield m.group(3), m.group(2).strip(), [a.strip() for a in arguments.split(",")], m.group(1)


def types(text):
    """Definitions of enums, structs and callbacks, comments and all, as the header has them."""
    pattern = r"(/\*\*(?:(?!\*/).)*\*/)\n((?:typedef struct \w+|enum \w+) \{.*?\n?\}[^;]*;|typedef [^;{]*;)"
    for m in re.finditer(pattern, text, re.S):
        yield comment_text(m.group(1)), m.group(2)


def types_of_page(text):
    out = []
    for about, definition in types(text):
        description, params, returns, _ = sections("/**" + about + "*/")
        out += [".Pp"] + prose(description)
        for name, what in params:
            out += prose(f"{name}: {what}")
        out += prose("Returns: " + returns) if returns else []
        definition = re.sub(r"/\*(?:(?!\*/).)*\*/", lambda c: re.sub(r"\s+", " ", c.group()), definition, flags=re.S)
        definition = re.sub(r"(?<=\S) {2,}/\*", " /*", definition.replace("/**<", "/*").replace("/**", "/*").replace("`", ""))
        out += literal(definition.split("\n"))
    return out


def page3(root, name):
    one_line, sources = PAGES[name]
    parts = [header_part(root, *source) for source in sources]
    found = [f for _, text in parts for f in functions(text)]
    out = ['.\\" SPDX-License-Identifier: Apache-2.0', '.\\" Written by docs/man/generate.py from the public headers.',
           f".Dd {DATE}", f".Dt MFLIXCACHE_{name.upper()} 3", ".Os libmflixcache", ".Sh NAME"]
    names = ["mflixcache_" + name] + [f[0] for f in found]
    out += [f".Nm {n} ," for n in names[:-1]] + [f".Nm {names[-1]}", f".Nd {one_line}", ".Sh SYNOPSIS", ".In mflixcache/mflixcache.h"]
    for function, returns, arguments, _ in found:
        out += [f".Ft {returns}", f".Fo {function}"] + [f'.Fa "{a}"' for a in arguments] + [".Fc"]
    out += [".Pp", "Link with", ".Fl lmflixcache ,", "or with what", ".Ql pkg-config --cflags --libs mflixcache", "prints.", ".Sh DESCRIPTION"]
    for i, (about, _) in enumerate(parts):
        paragraphs = re.sub(r"(?m)^ ?\* ?", "", about).strip().split("\n\n")
        for j, paragraph in enumerate(paragraphs):
            out += ([".Pp"] if i + j > 0 else []) + prose(paragraph)
    for function, _, _, comment in found:
        description, params, returns, notes = sections(comment)
        out += [f".Ss {function}"] + prose(description)
        if params:
            out += [".Bl -tag -width Ds"]
            for param, text in params:
                out += [f".It Fa {param}"] + prose(text)
            out += [".El"]
        if returns:
            out += [".Pp"] + prose("Returns: " + returns)
        for label, text in notes:
            out += prose(f"{label}: {text}")
    definitions = [line for _, text in parts for line in types_of_page(text)]
    if definitions:
        out += [".Sh TYPES"] + definitions[1:]
    out += [".Sh SEE ALSO", ".Xr mflix 1 ,"]
    others = sorted(set(PAGES) - {name})
    out += [f".Xr mflixcache_{o} 3 ," for o in others[:-1]] + [f".Xr mflixcache_{others[-1]} 3"]
    return "\n".join(out) + "\n"


# ---- mflix(1)

ITEM = re.compile(r"^  (?:(-\w), |    )(--[\w-]+)(?: (\S+))?\s{2,}(\S.*)$")


def option_list(lines):
    out = [".Bl -tag -width Ds"]
    for line in lines:
        m = ITEM.match(line)
        if m:
            short, long, argument, text = m.groups()
            value = f" Ar {argument}" if argument else ""
            names = ([f"Fl {short[1:]}{value} ,"] if short else []) + [f"Fl {long[1:]}{value}"]
            out += [".It " + " ".join(names)] + prose(text)
        else:
            out += prose(line)
    return out + [".El"]


def blocks(text):
    """The help's paragraphs: (heading or '', lines)."""
    for block in text.strip("\n").split("\n\n"):
        lines = block.split("\n")
        if re.match(r"^[A-Z][^.]*:$", lines[0]):
            yield lines[0][:-1], lines[1:]
        else:
            yield "", lines


def run(mflix, *arguments):
    return subprocess.run([mflix, *arguments], check=True, capture_output=True, text=True, env={"LC_ALL": "C.UTF-8"}).stdout


def page1(mflix):
    out = ['.\\" SPDX-License-Identifier: Apache-2.0', '.\\" Written by docs/man/generate.py from what `mflix --help` prints.',
           f".Dd {DATE}", ".Dt MFLIX 1", ".Os libmflixcache", ".Sh NAME", ".Nm mflix",
           ".Nd movies and theaters from MongoDB or SQLite, answered from Redis", ".Sh SYNOPSIS", ".Nm", ".Op Ar options", ".Ar command",
           ".Op Ar operands", ".Sh DESCRIPTION"]
    commands, options, tail = [], [], []
    for heading, lines in blocks(run(mflix, "--help")):
        if heading.startswith("First steps"):
            steps = lines
        elif heading.startswith("Commands"):
            commands = [line.split()[0] for line in lines]
        elif heading.startswith("Options"):
            options = lines
        elif lines[0].startswith("Usage:"):
            continue
        elif not options:
            out += prose(" ".join(lines))
        else:
            tail.append(" ".join(lines))
    out += [".Pp", "The options may stand before or after the command:"] + option_list(options) + [".Sh COMMANDS"]
    for command in commands:
        out += [f".Ss {command}"]
        for heading, lines in blocks(run(mflix, command, "--help")):
            if lines[0].startswith("Usage:"):
                out += literal([line.replace("Usage: ", "", 1) for line in lines]) + [".Pp"]
            elif heading.startswith("Options of every"):
                continue
            elif heading.startswith("Options"):
                out = out[:-1] if out[-1] == ".Pp" else out
                out += option_list(lines) + [".Pp"]
            elif heading.startswith("Examples"):
                out += ["Examples:"] + literal(lines) + [".Pp"]
            else:
                out += prose(" ".join([heading + ":"] * bool(heading) + lines)) + [".Pp"]
        if out[-1] == ".Pp":
            out.pop()
    settings, status = tail
    out += [".Sh ENVIRONMENT"] + prose(settings) + [".Sh EXIT STATUS"] + prose(status.replace("Exit status: ", ""))
    out += [".Sh EXAMPLES", "Redis on this machine, an SQLite file as the database:"] + literal(steps)
    out += [".Sh SEE ALSO", ".Xr mflixcache_client 3 ,", ".Xr mflixcache_options 3"]
    return "\n".join(out) + "\n"


def main():
    check = "--check" in sys.argv
    root, mflix = (a for a in sys.argv[1:] if a != "--check")
    root = pathlib.Path(root)
    pages = {f"mflixcache_{name}.3": page3(root, name) for name in PAGES}
    pages["mflix.1"] = page1(mflix)
    stale = 0
    for name, text in sorted(pages.items()):
        path = root / "docs/man" / name
        have = path.read_text(encoding="utf-8") if path.exists() else ""
        if not check:
            path.write_text(text, encoding="utf-8")
        elif have != text:
            stale += 1
            sys.stdout.writelines(difflib.unified_diff(have.splitlines(True), text.splitlines(True), str(path), "generated"))
    listed = {f[0] for name in PAGES for source in PAGES[name][1] for f in functions(header_part(root, *source)[1])}
    missing = set(re.findall(r"^mc_\w+", (root / "tests/abi/exports.txt").read_text(), re.M)) - listed
    print(f"{len(pages)} pages, {len(listed)} functions, {stale} pages to be written again, {len(missing)} functions without one")
    for name in sorted(missing):
        print(f"  {name}")
    if stale:
        print(f"Write them again: docs/man/generate.py {root} {mflix}")
    return 1 if stale or missing else 0


if __name__ == "__main__":
    sys.exit(main())
