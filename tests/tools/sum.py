#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sum up test runs: sum.py [--no-skip] NAME=JUNIT.xml... NAME=failed...

A cmocka program counts with each of its tests, another one with what its own last line of that form says, else as one. The last line is `N passed, N failed, N skipped`; the
status is 1 when something failed, when a run is missing, or, with --no-skip, when something was skipped.
"""
import os
import re
import sys
import xml.etree.ElementTree as tree


def count(case):
    """(passed, failed, skipped) of one ctest entry."""
    output = case.findtext("system-out") or ""
    failed = case.get("status") == "fail" or case.find("failure") is not None
    reason = case.find("skipped")
    skipped = reason is not None and "SKIP_RETURN_CODE" in reason.get("message", "")
    failed = failed or (reason is not None and not skipped)  # a program that was not built is not a skip
    ran = sum(int(n) for n in re.findall(r"^\[=+\] (?:.*: )?Running (\d+) test", output, re.M))
    ok = len(re.findall(r"^\[\s+OK \] \S", output, re.M))
    skip = len(re.findall(r"^\[\s+SKIPPED \] \S", output, re.M)) // 2  # once when it happens, once in the list
    if skipped:
        return 0, 0, 1
    own = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", output, re.M)
    if own and not ran:
        numbers = tuple(int(n) for n in own[-1])
        return (numbers[0], max(numbers[1], 1), numbers[2]) if failed else numbers
    if not ran:
        return (0, 1, 0) if failed else (1, 0, 0)
    bad = max(ran - ok - skip, 1) if failed else 0
    return (ok, bad, skip) if failed else (ran - skip, 0, skip)


def reasons(output):
    """What failed, and at which line, as the programs here say it: at most four lines."""
    found, line, lines = [], "", output.splitlines()
    for i, text in enumerate(lines):
        at = re.search(r"([\w.-]+\.[ch](?:pp)?:\d+): error: ", text)
        case = re.match(r"\[\s+FAILED\s+\] ([A-Za-z]\w*)$", text)  # cmocka; its list at the end says the names again
        own = re.match(r"(\S+) \(\d[\d.]* s\): FAILED$", text)
        if at:
            line = at[1]
        elif case and not any(name.startswith(case[1]) for name in found):
            found.append(f"{case[1]} {line}".rstrip())
            line = ""
        elif own:
            places, error = [], ""
            for after in lines[i + 1:]:
                if not after.strip() or re.match(r"\S+ \(\d[\d.]* s\): ", after):
                    break
                places += re.findall(r'File "(?:.*/)?([^/"]+)", line (\d+)', after)
                error = after if re.match(r"\w+(Error|Exception|Skip)?: |AssertionError", after) else error
            found.append(f"{own[1]} {':'.join(places[-1]) if places else ''} {error[:160]}".strip())
        elif re.match(r"FAILED \S|line \d+: |\S.*\.(py|c|cpp|h|md):\d+: ", text) and "error: Failure" not in text:
            found.append(text[:200])
    return (found or [t for t in lines if t.strip()][-1:])[:4]


def main():
    arguments = sys.argv[1:]
    no_skip = "--no-skip" in arguments
    total = [0, 0, 0]
    names = []
    print(f"\n{'run':<10} {'kind':<10} {'programs':>8} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}")
    for argument in arguments:
        if argument == "--no-skip":
            continue
        run, path = argument.split("=", 1)
        if not os.path.exists(path):
            print(f"{run:<10} did not build or run")
            names.append(f"{run}: did not build or run")
            total[1] += 1
            continue
        kinds = {}
        for case in tree.parse(path).getroot().iter("testcase"):
            numbers = count(case)
            row = kinds.setdefault(case.get("name").split(".")[0], [0, 0, 0, 0, 0.0])
            row[0] += 1
            for i in range(3):
                row[i + 1] += numbers[i]
                total[i] += numbers[i]
            row[4] += float(case.get("time") or 0)
            if numbers[1]:
                names.append(f"{run}: {case.get('name')} failed")
                names += [f"    {reason}" for reason in reasons(case.findtext("system-out") or "")]
            elif numbers[2]:
                names.append(f"{run}: {case.get('name')} skipped" + (f" {numbers[2]}" if numbers[0] else ""))
        for kind, row in sorted(kinds.items()):
            print(f"{run:<10} {kind:<10} {row[0]:>8} {row[1]:>7} {row[2]:>7} {row[3]:>8} {row[4]:>8.1f}")
    for name in names:
        print(name)
    if no_skip and total[2]:
        print("skipping is forbidden here (CI or MFLIX_NO_SKIP is set)")
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or (no_skip and total[2]) or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
