# SPDX-License-Identifier: Apache-2.0
"""sum.py names what failed and where, in the words of each kind of program, and counts what ran after a failure."""
import os
import subprocess
import sys
import tempfile

COMMENT = """[==========] one: Running 2 test(s).
[ RUN      ] test_right
[       OK ] test_right
[ RUN      ] test_a12_built
[  ERROR   ] --- 0x3 != 0x2
[   LINE   ] --- /somewhere/tests/live/test_races.c:350: error: Failure!
[  FAILED  ] test_a12_built
[==========] one: 2 test(s) run.
[  PASSED  ] 1 test(s).
[  FAILED  ] one: 1 test(s), listed below:
[  FAILED  ] test_a12_built

 1 FAILED TEST(S)
[==========] two: Running 1 test(s).
[ RUN      ] test_after_it
[       OK ] test_after_it
[==========] two: 1 test(s) run.
[  PASSED  ] 1 test(s).
"""
OWN = """cases_a.first (0.01 s): ok
cases_a.second (0.31 s): FAILED
Traceback (most recent call last):
  File "/somewhere/tests/cli/harness.py", line 155, in run_all
    test(world)
  File "/somewhere/tests/cli/cases_a.py", line 47, in second
    assert x == 1, x
AssertionError: 0

cases_a.third (0.01 s): ok
2 passed, 1 failed, 0 skipped
"""
PYTEST = """FAILED tests/test_log.py::test_a_logger - AssertionError: assert [] == [1]
9 passed, 1 failed, 0 skipped
"""
CXX = "line 42: mc.get_movie(ID1)\n3 passed, 1 failed, 0 skipped\n"
SILENT = "valgrind: something is wrong\n"
WANTED = ["plain: live.races failed", "    test_a12_built test_races.c:350", "plain: live.cli failed",
          "    cases_a.second cases_a.py:47 AssertionError: 0", "plain: python.package failed",
          "    FAILED tests/test_log.py::test_a_logger - AssertionError: assert [] == [1]", "plain: live.cpp failed",
          "    line 42: mc.get_movie(ID1)", "plain: valgrind.x failed", "    valgrind: something is wrong"]


def main():
    rows = [("live.races", COMMENT), ("live.cli", OWN), ("python.package", PYTEST), ("live.cpp", CXX), ("valgrind.x", SILENT)]
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "a.xml")
        with open(path, "w", encoding="utf-8") as f:
            f.write("<testsuite>" + "".join(f'<testcase name="{name}" status="fail" time="1"><failure/><system-out><![CDATA[{text}]]>'
                                            "</system-out></testcase>" for name, text in rows) + "</testsuite>")
        done = subprocess.run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "sum.py"), f"plain={path}"],
                              capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    wrong = [w for w in WANTED if w not in lines]
    if done.returncode != 1 or wrong or lines[-1] != "16 passed, 5 failed, 0 skipped":
        print(f"missing: {wrong}\n{done.stdout}{done.stderr}")
        return 1
    print("1 passed, 0 failed, 0 skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
