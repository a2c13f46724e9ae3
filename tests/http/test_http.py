#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of mflix-server over HTTP: test_http.py MFLIX MFLIX_SERVER SOURCE_FOLDER [WORD...].

Starts a redis-server of its own, fills an SQLite file with generated documents, and starts the server, for some tests with other
options. With WORDs only the tests whose names contain one of them run. The server must end with status 0: under a sanitizer that
says that nothing leaked. Ends with a line `N passed, N failed, N skipped`; 77 when nothing could run.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

import cases_bodies  # noqa: E402
import cases_limits  # noqa: E402
import cases_protocol  # noqa: E402
import cases_routes  # noqa: E402
import cases_servers  # noqa: E402
import cases_values  # noqa: E402
import harness  # noqa: E402
from site_under_test import Site  # noqa: E402


def ends_clean(w):
    status = w.stop_server()
    assert status == 0, f"the server ended with {status}\n{w.log()}"


def main():
    program, server, source, words = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    harness.end_on_signals()
    tests = [t for part in (cases_routes, cases_values, cases_bodies, cases_protocol, cases_limits, cases_servers)
             for t in part.TESTS if not words or any(w in t.__name__ for w in words)]
    world = Site(program, server, source)
    try:
        world.fill(movies=300, theaters=60)
        world.start_server()
        failed, skipped, passed = harness.run_all(world, tests + [ends_clean])
    except harness.Skip as why:
        print(f"{why}\n0 passed, 0 failed, {len(tests)} skipped")
        return 77
    finally:
        world.close()
    return 1 if failed else 77 if skipped and not passed else 0


if __name__ == "__main__":
    sys.exit(main())
