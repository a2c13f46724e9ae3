#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check the tree's rules: check.py tree ROOT | check.py library ROOT LIBRARY ARCHIVE. Prints what breaks them; status 1 if any."""
import sys

import rules


def main():
    kind, root = sys.argv[1], sys.argv[2]
    broken = 0
    if kind == "tree":
        checks = [(rule, (root,)) for rule in rules.TREE_RULES]
    else:
        checks = [(rule, (root, sys.argv[3])) for rule in rules.LIBRARY_RULES]
        checks += [(rule, (root, sys.argv[4])) for rule in rules.ARCHIVE_RULES]
    for rule, arguments in checks:
        found = list(rule(*arguments))
        print(f"{rule.__name__}: {'ok' if not found else f'{len(found)} broken'}")
        for text in found:
            print(f"  {text}")
        broken += len(found)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
