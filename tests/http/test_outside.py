#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mflix-server as a program outside the tree: test_outside.py SOURCE_FOLDER CMAKE BUILD_FOLDER CC.

Copies examples/server out of the tree, builds it against the installed library by find_package, and starts it. Without
libmicrohttpd the same folder configures with a message and builds nothing. Ends with `N passed, N failed, N skipped`.
"""
import os
import shutil
import subprocess
import sys
import tempfile

SOURCE, CMAKE, BUILD, CC = sys.argv[1:5]


def run(*command, env=None):
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False)


def built(work):
    prefix, tree, out = (os.path.join(work, name) for name in ("prefix", "tree", "out"))
    done = run(CMAKE, "--install", BUILD, "--prefix", prefix)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.copytree(os.path.join(SOURCE, "examples", "server"), tree)
    done = run(CMAKE, "-G", "Ninja", "-S", tree, "-B", out, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_C_COMPILER={CC}",
               "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(CMAKE, "--build", out, "-j", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(os.path.join(out, "mflix-server"), "--version")
    assert done.returncode == 0 and done.stdout.startswith("mflix-server 0."), done.stdout + done.stderr


def left_out(work):
    """pkg-config that finds nothing."""
    done = run(CMAKE, "-G", "Ninja", "-S", os.path.join(work, "tree"), "-B", os.path.join(work, "none"),
               f"-DCMAKE_PREFIX_PATH={os.path.join(work, 'prefix')}", env={"PKG_CONFIG_LIBDIR": work, "PKG_CONFIG_PATH": ""})
    assert "mflix-server is not built" in done.stdout + done.stderr, done.stdout + done.stderr
    assert not os.path.exists(os.path.join(work, "none", "mflix-server"))


def main():
    failed = 0
    with tempfile.TemporaryDirectory(prefix="a blank ") as work:
        for test in (built, left_out):
            try:
                test(work)
            except AssertionError as why:
                failed += 1
                print(f"{test.__name__}: FAILED\n{why}")
    print(f"{2 - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
