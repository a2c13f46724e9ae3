#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py php|node|go|rust SOURCE BUILD LIBRARY: the PHP package's tests, or the program of docs/languages.md in that language. 77: not there."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

LANGUAGE, SOURCE, BUILD, LIBRARY = sys.argv[1:5]
EXAMPLES = os.path.join(SOURCE, "examples/languages")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            skip(f"{program} is not there")


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, **more)
    if done.returncode != 0:
        print(f"FAILED {command}: {done.returncode}\n{done.stdout}{done.stderr}")
        sys.exit(1)
    return done.stdout


def environment(folder, **more):
    """No settings of the caller's, and a Redis that nobody has: the cache is this process' own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MFLIXCACHE_", "MONGO_", "REDIS_"))}
    return {**env, "MFLIXCACHE_LIBRARY": LIBRARY, "LD_LIBRARY_PATH": os.path.dirname(LIBRARY), "HOME": os.environ.get("HOME", folder), **more}


def casablanca(out):
    if out != "Casablanca\n":
        print(f"FAILED it printed {out!r}")
        sys.exit(1)
    print("1 passed, 0 failed, 0 skipped")


def php(folder):
    need("php", "redis-server")
    if "FFI" not in run(["php", "-m"]).split("\n"):
        skip("PHP has no FFI")
    run([sys.executable, os.path.join(SOURCE, "bindings/php/tools/generate_ffi.py"), "--check"])
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    redis = subprocess.Popen(["redis-server", "--port", str(port), "--save", "", "--dir", folder], stdout=subprocess.DEVNULL)
    try:
        for _ in range(1500):
            if socket.socket().connect_ex(("127.0.0.1", port)) == 0:
                break
            time.sleep(0.02)
        print(run(["php", os.path.join(SOURCE, "bindings/php/tests/run.php"), f"redis://127.0.0.1:{port}"], env=environment(folder)), end="")
    finally:
        redis.kill()
        redis.wait()


def node(folder):
    need("node")
    places = [os.path.join(SOURCE, ".venv/node/node_modules"), os.environ.get("NODE_PATH", "")]
    modules = next((p for p in places if p and os.path.isdir(os.path.join(p, "koffi"))), None)
    if modules is None:
        skip("koffi (npm) is not there")
    casablanca(run(["node", os.path.join(EXAMPLES, "first.js")], env=environment(folder, NODE_PATH=modules)))


def go(folder):
    need("go", "pkg-config", "cc")
    run(["cmake", "--install", BUILD, "--prefix", folder + "/usr"])
    libraries = next(os.path.join(at, "pkgconfig") for at, names, _ in os.walk(folder + "/usr") if "pkgconfig" in names)
    shutil.copy(os.path.join(EXAMPLES, "first.go"), folder)
    env = environment(folder, PKG_CONFIG_PATH=libraries, GO111MODULE="off", GOFLAGS="", CGO_ENABLED="1")
    casablanca(run(["go", "run", "first.go"], env=env, cwd=folder))


def rust(folder):
    need("rustc", "cc")
    run(["rustc", "-L", os.path.dirname(LIBRARY), "-o", folder + "/first", os.path.join(EXAMPLES, "first.rs")], env=environment(folder))
    casablanca(run([folder + "/first"], env=environment(folder)))


with tempfile.TemporaryDirectory() as work:
    globals()[LANGUAGE](work)
