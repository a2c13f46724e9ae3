#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the mflix program, as a user runs it: test_cli.py PROGRAM SOURCE_FOLDER [WORD...].

Starts a redis-server of its own; the database is an SQLite file in a temporary folder. With WORDs only the tests whose
names contain one of them run. Ends with a line `N passed, N failed, N skipped`; the status is 77 when nothing could run.
"""
import os
import sys

sys.dont_write_bytecode = True

import cases_bench  # noqa: E402
import cases_generate  # noqa: E402
import cases_http  # noqa: E402
import cases_load  # noqa: E402
import cases_read  # noqa: E402
import cases_usage  # noqa: E402
import cases_write  # noqa: E402
import harness  # noqa: E402


def main():
    program, source, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    harness.end_on_signals()
    tests = [t for part in (cases_usage, cases_generate, cases_load, cases_read, cases_write, cases_bench, cases_http)
             for t in part.TESTS if not words or any(w in t.__name__ for w in words)]
    world = harness.World(program, source)
    if not os.path.exists(os.path.join(world.data, "movies.ndjson.gz")):
        print(f"no real documents in {world.data} (MFLIX_DATA): the test that needs them is left out")
        tests = [t for t in tests if t is not cases_load.real_documents]
    try:
        world.start_redis()
        failed, skipped, passed = harness.run_all(world, tests)
    except harness.Skip as why:
        print(f"{why}\n0 passed, 0 failed, {len(tests)} skipped")
        return 77
    finally:
        world.close()
    return 1 if failed else 77 if skipped and not passed else 0


if __name__ == "__main__":
    sys.exit(main())
