#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Schemathesis on mflix-server: test_description.py MFLIX MFLIX_SERVER SOURCE_FOLDER [EXAMPLES].

It makes requests from openapi.json, good ones and bad ones, and finds nothing: no 5xx, no status, header, body or kind of content
that the description does not have, nothing bad accepted, nothing good refused. Ends with `N passed, N failed, N skipped`.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

import harness  # noqa: E402
from site_under_test import Site, tool  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def finds_nothing(w):
    program = tool("schemathesis", "bin")
    p = subprocess.run([program, "--config-file", os.path.join(HERE, "schemathesis.toml"), "run", f"http://{w.address}/openapi.json",
                        "--max-examples", w.examples, "--generation-database", "none", "--no-color", "--continue-on-failure"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=w.dir, check=False)
    text = p.stdout.decode(errors="replace")
    tested = re.search(r"Tested:\s+(\d+)", text) or re.search(r"(\d+) selected / ", text)
    assert p.returncode == 0 and "No issues found" in text, text[-6000:]
    operations = sum(m != "parameters" for item in w.call("GET", "/openapi.json").json()["paths"].values() for m in item)
    assert tested and int(tested.group(1)) >= operations - 1, text[-3000:]  # the description itself is not asked for again
    made = re.search(r"(\d+) generated, (\d+) passed", text)
    assert made and int(made.group(1)) > 500, text[-3000:]
    print(f"{made.group(1)} requests made from the description", flush=True)


def saw_no_defect(w):
    errors = {k: v for k, v in w.metrics().items() if k.startswith("mflix_http_requests_total") and re.search(r'code="5\d\d"', k)}
    assert not errors, errors


def ends_clean(w):
    status = w.stop_server()
    assert status == 0, f"the server ended with {status}\n{w.log()}"


def main():
    harness.end_on_signals()
    world = Site(sys.argv[1], sys.argv[2], sys.argv[3])
    world.examples = sys.argv[4] if len(sys.argv) > 4 else "25"
    try:
        world.fill(movies=300, theaters=60)
        world.start_server()
        failed, skipped, _ = harness.run_all(world, [finds_nothing, saw_no_defect, ends_clean])
    except harness.Skip as why:
        print(f"{why}\n0 passed, 0 failed, 3 skipped")
        return 77
    finally:
        world.close()
    return 1 if failed else 77 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
