# SPDX-License-Identifier: Apache-2.0
"""Code blocks of a Markdown file, with the comments right above them: <!-- file: PATH -->, <!-- save: NAME -->,
<!-- prints -->, <!-- prints, numbers differ -->, <!-- yours -->. As a program: blocks.py FILE.md > steps.sh, the page as a
script that carries each step out and compares what it prints."""
import re
import shlex
import sys


class Block:
    def __init__(self, line, language, marks, text):
        self.line, self.language, self.marks, self.text = line, language, marks, text

    def mark(self, name):
        """What follows `name:` in a comment above; "" for the bare word; None when there is none."""
        for m in self.marks:
            if m == name or m.startswith((name + ",", name + ":")):
                return m[len(name):].lstrip(":, ")
        return None


def blocks(text):
    lines = text.split("\n")
    out, marks, i = [], [], 0
    while i < len(lines):
        comment = re.fullmatch(r"<!-- (.*) -->", lines[i])
        fence = re.match(r"( *)(```+)(\S*)", lines[i])
        if comment:
            marks.append(comment.group(1))
        elif fence:
            indent, ticks, start = fence.group(1), fence.group(2), i + 1
            i = start
            while i < len(lines) and lines[i].strip() != ticks:
                i += 1
            body = "".join(line.removeprefix(indent) + "\n" for line in lines[start:i])
            out.append(Block(start, fence.group(3), marks, body))
            marks = []
        elif lines[i].strip():
            marks = []
        i += 1
    return out


def steps(name, found):
    yield ("set -eu\nexec 7>&1\nstep=$(mktemp -d)\nat=\n: >\"$step/out\"\n: >\"$step/err\"\n"
           "trap 's=$?; [ $s -eq 0 ] || { cat \"$step/out\" \"$step/err\"; echo \"$at: failed\"; } >&7; rm -rf \"$step\"; exit $s' EXIT")
    for b in found:
        here = f"{name}:{b.line}"
        if b.mark("yours") is not None:
            continue
        if b.mark("save"):
            yield f"cat >{shlex.quote(b.mark('save'))} <<'END-OF-FILE'\n{b.text}END-OF-FILE"
        elif b.mark("prints") is not None:
            # One number is as good as another, and columns move with them.
            same = "sed -E 's/[0-9]+([.,][0-9]+)?/N/g; s/ +/ /g'" if "numbers differ" in b.mark("prints") else "cat"
            yield (f"{same} >\"$step/want\" <<'END-OF-TEXT'\n{b.text}END-OF-TEXT\n{same} <\"$step/out\" >\"$step/got\"\n"
                   f'cmp -s "$step/want" "$step/got" || {{ echo "{here}: printed something else (-: the page)"; '
                   'diff -u "$step/want" "$step/got"; exit 1; }\necho "      printed what the page says"')
        elif b.language == "sh":
            yield (f'at="{here}"\necho "$at"\nexec 8>&1 9>&2 >"$step/out" 2>"$step/err"\n{b.text}'
                   'exec 1>&8 2>&9 8>&- 9>&-')
    yield 'echo "every step of the page was carried out"'


def main():
    path = sys.argv[1]
    with open(path, encoding="utf-8") as f:
        found = blocks(f.read())
    print("\n".join(steps(path.rsplit("/", 1)[-1], found)))


if __name__ == "__main__":
    main()
