#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The small examples, as a newcomer would build them: against an installation in a folder with a blank in its name, by
pkg-config and by find_package, in C and C++, with each compiler that is there; their output is compared with
examples/expected. Also: the library is loaded and unloaded again and again, and twice at once.
examples.py ROOT CMAKE BUILD_DIR CC [memory]
With `memory`: the same programs, the consumer and the installed mflix where a wrong access or a leak ends them: compiled with
AddressSanitizer and UndefinedBehaviorSanitizer, and under valgrind.
"""
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT, CMAKE, BUILD, CC = sys.argv[1:5]
MEMORY = sys.argv[5:] == ["memory"]
EXAMPLES = pathlib.Path(ROOT, "examples")
tally = {"passed": 0, "failed": 0}


def check(name, ok, why=""):
    tally["passed" if ok else "failed"] += 1
    if not ok:
        print(f"FAILED {name}\n{why}")


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **more)


class Redis:
    def __enter__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.dir = tempfile.mkdtemp()
        self.process = subprocess.Popen(["redis-server", "--port", str(self.port), "--save", "", "--dir", self.dir],
                                        stdout=subprocess.DEVNULL)
        for _ in range(200):
            if socket.socket().connect_ex(("127.0.0.1", self.port)) == 0:
                return self
            time.sleep(0.02)
        raise SystemExit("redis-server did not start")

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.dir)

    def flush(self):
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(b"FLUSHALL\r\n")
            assert s.recv(16).startswith(b"+OK")


def sources():
    for path in sorted(EXAMPLES.glob("*.c*")):
        yield path, EXAMPLES / "expected" / (path.stem + ("_cpp" if path.suffix == ".cpp" else "") + ".txt")


def compare(redis, name, program, expected, env):
    redis.flush()
    done = run(program if isinstance(program, list) else [program], env={**env, "REDIS_PORT": str(redis.port)})
    check(name, done.returncode == 0 and done.stdout == expected.read_text(),
          f"exit {done.returncode}\n{done.stderr}--- wanted\n{expected.read_text()}--- got\n{done.stdout}")


def by_pkg_config(redis, work, env):
    flags = run(["pkg-config", "--cflags", "--libs", "mflixcache"], env=env)
    # A blank in the prefix comes back escaped, as for a shell.
    compilers = {".c": [c for c in dict.fromkeys([CC, "gcc", "clang"]) if shutil.which(c)],
                 ".cpp": [c for c in ("g++", "clang++") if shutil.which(c)]}
    for path, expected in sources():
        for compiler in compilers[path.suffix]:
            std = "c11" if path.suffix == ".c" else "c++17"
            out = os.path.join(work, path.stem)
            done = run(["sh", "-c", f'exec "$0" -std={std} -Wall -Wextra -Werror "$1" -o "$2" {flags.stdout.strip()} -lpthread',
                        compiler, str(path), out], env=env)
            check(f"{path.name} by {compiler}", done.returncode == 0, done.stderr)
            if done.returncode == 0:
                compare(redis, f"{path.name} by {compiler}: output", out, expected, env)


def static_by_pkg_config(redis, work, library, env):
    """The archive by its name, and with it what pkg-config says is underneath."""
    archive = os.path.join(os.path.dirname(library), "libmflixcache.a")
    cflags = run(["pkg-config", "--cflags", "mflixcache"], env=env).stdout.strip()
    libs = run(["pkg-config", "--static", "--libs", "mflixcache"], env=env).stdout.replace("-lmflixcache", "").strip()
    for path, expected in sources():
        if path.stem != "first_get":
            continue
        compiler, std = (CC, "c11") if path.suffix == ".c" else ("g++", "c++17")
        out = os.path.join(work, path.stem + "_static")
        done = run(["sh", "-c", f'exec "$0" -std={std} {cflags} "$1" "$2" -o "$3" {libs} -lpthread', compiler, str(path), archive, out],
                   env=env)
        check(f"{path.name} static by {compiler}", done.returncode == 0, done.stderr)
        if done.returncode == 0:
            compare(redis, f"{path.name} static by {compiler}: output", out, expected, {**env, "LD_LIBRARY_PATH": ""})


def by_find_package(redis, work, prefix, env):
    lists = ["cmake_minimum_required(VERSION 3.25)", "project(examples LANGUAGES C CXX)", "set(CMAKE_CXX_STANDARD 17)",
             "find_package(mflixcache 0.1 REQUIRED)", "find_package(Threads REQUIRED)"]
    names = {}
    for path, expected in sources():
        target = path.stem + ("_cpp" if path.suffix == ".cpp" else "")
        names[target] = expected
        lists += [f'add_executable({target} "{path}")',
                  f"target_link_libraries({target} PRIVATE mflixcache::mflixcache Threads::Threads)"]
        if path.stem == "first_get":  # once more with the static library, in C and in C++
            names[target + "_static"] = expected
            lists += [f'add_executable({target}_static "{path}")',
                      f"target_link_libraries({target}_static PRIVATE mflixcache::static Threads::Threads)"]
    tree = pathlib.Path(work, "with cmake")
    tree.mkdir()
    (tree / "CMakeLists.txt").write_text("\n".join(lists) + "\n")
    done = run([CMAKE, "-G", "Ninja", "-S", str(tree), "-B", str(tree / "out"), f"-DCMAKE_PREFIX_PATH={prefix}"], env=env)
    if done.returncode == 0:
        done = run([CMAKE, "--build", str(tree / "out")], env=env)
    check("find_package builds them all", done.returncode == 0, done.stdout + done.stderr)
    for target, expected in names.items():
        if done.returncode == 0:
            compare(redis, f"{target} by find_package: output", str(tree / "out" / target), expected, env)


def by_subdirectory(work, env):
    """The library as a part of somebody's build: its own tests and program stay out."""
    tree = pathlib.Path(work, "subdirectory")
    tree.mkdir()
    (tree / "main.c").write_text("#include <mflixcache/mflixcache.h>\nint main(void) { return mc_version_number() < 0; }\n")
    (tree / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(host LANGUAGES C)\n"
        f'add_subdirectory("{ROOT}" mflixcache EXCLUDE_FROM_ALL)\nadd_executable(host main.c)\n'
        "target_link_libraries(host PRIVATE mflixcache::mflixcache)\n")
    done = run([CMAKE, "-G", "Ninja", "-S", str(tree), "-B", str(tree / "out")], env=env)
    if done.returncode == 0:
        done = run([CMAKE, "--build", str(tree / "out"), "--target", "host"], env=env)
    check("add_subdirectory without programs", not list((tree / "out").rglob("mflix")), "mflix was configured")
    nothing = run([CMAKE, "--install", str(tree / "out"), "--prefix", str(tree / "usr")], env=env)
    check("nothing of it is installed", nothing.returncode == 0 and not (tree / "usr").exists(), nothing.stdout + nothing.stderr)
    check("add_subdirectory", done.returncode == 0 and run([str(tree / "out" / "host")]).returncode == 0,
          done.stdout + done.stderr)


def in_python(redis, library, env):
    env = {**env, "MFLIXCACHE_LIBRARY": library, "PYTHONPATH": os.path.join(ROOT, "bindings/python"), "PYTHONDONTWRITEBYTECODE": "1"}
    for path in sorted((EXAMPLES / "python").glob("*.py")):
        expected = EXAMPLES / "expected" / (path.stem + "_py.txt")
        if path.stem not in ("movies", "producer"):  # run by others: tests/tiers/test_languages.py
            compare(redis, f"{path.name}: output", [sys.executable, str(path)], expected, env)
            check(f"{path.name} under 80 lines", len(path.read_text().splitlines()) < 80)


def loading(work, library, redis):
    """Loaded and unloaded many times, and two copies in one process: nothing of one is seen by the other."""
    program = pathlib.Path(work, "loading.py")
    other = os.path.join(work, "libcopy.so.1")
    shutil.copy(library, other)
    program.write_text(f"""
import _ctypes, ctypes
def use(lib):
    mc = ctypes.c_void_p()
    lib.mc_options_new.restype = ctypes.c_void_p
    o = ctypes.c_void_p(lib.mc_options_new())
    assert lib.mc_options_set(o, b"cache.uri", b"redis://127.0.0.1:{redis.port}/0", None) == 0
    assert lib.mc_open(o, ctypes.byref(mc), None) == 0
    lib.mc_options_free(o)
    return mc
for _ in range(200):
    lib = ctypes.CDLL({library!r})
    mc = use(lib)
    assert lib.mc_close(mc) == 0
    _ctypes.dlclose(lib._handle)
a, b = ctypes.CDLL({library!r}), ctypes.CDLL({other!r})
assert a._handle != b._handle
x, y = use(a), use(b)
assert a.mc_put(x, b"k", b"v", 1, 0, None, None) == 0
assert a.mc_close(x) == 0
assert b.mc_ping(y, None, None, None) == 0 and b.mc_close(y) == 0
print("loaded")
""")
    done = run([sys.executable, str(program)])
    check("dlopen, dlclose, two copies", done.stdout == "loaded\n", done.stdout + done.stderr)


VALGRIND = ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect",
            f"--suppressions={ROOT}/tests/valgrind.supp"]
# Freed memory still holds the text for a while: only these see that it was read.
TRAP = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
    char *volatile p = malloc(40);
    strcpy(p, "gone, and read all the same");
    free(p);
    return p[3] == 'x';
}
"""


def memory(redis, work, prefix, env):
    flags = run(["pkg-config", "--cflags", "--libs", "mflixcache"], env=env).stdout.strip()
    trap = pathlib.Path(work, "trap.c")
    trap.write_text(TRAP)
    programs = [(path, expected, True) for path, expected in sources()]
    programs += [(pathlib.Path(ROOT, "tests/consumer/consumer.c"), None, True), (trap, None, False)]
    sanitize = "-fsanitize=address,undefined -fno-sanitize-recover=all"
    runners = [("sanitizers", sanitize, [])]
    if shutil.which("valgrind"):
        runners.append(("valgrind", "", VALGRIND))
    for path, expected, right in programs:
        compiler, std = (CC, "c11") if path.suffix == ".c" else ("g++", "c++17")
        for name, more, before in runners:
            out = os.path.join(work, f"{path.stem}{path.suffix[1:]}_{name}")
            done = run(["sh", "-c", f'exec "$0" -std={std} -g -O1 -fno-builtin {more} "$1" -o "$2" {flags} -lpthread', compiler,
                        str(path), out], env=env)
            check(f"{path.name} for {name}", done.returncode == 0, done.stderr)
            if done.returncode != 0:
                continue
            if expected is not None:
                compare(redis, f"{path.name} under {name}", before + [out], expected, env)
                continue
            done = run(before + [out], env=env)
            check(f"{path.name} under {name}" + ("" if right else " is caught"), (done.returncode == 0) == right, done.stderr)
    program = os.path.join(prefix, "bin", "mflix")
    if shutil.which("valgrind") and os.path.exists(program):
        store = ["--store", "sqlite:" + os.path.join(work, "films.db"), "--redis", f"redis://127.0.0.1:{redis.port}/0"]
        for command in (["generate", "--movies", "20", "--theaters", "5", "--load"], ["top", "-n", "3"], ["near", "13.4", "52.5"],
                        ["put", "k", "v"], ["getkey", "k"], ["get", "573a1390f29313caabcd4801"], ["warm"], ["stats"]):
            done = run(VALGRIND + [program, "--no-color", *store, *command], env=env)
            check(f"mflix {command[0]} under valgrind", done.returncode in (0, 1), done.stdout + done.stderr)


def main():
    with tempfile.TemporaryDirectory(prefix="a blank ") as work, Redis() as redis:
        prefix = os.path.join(work, "my prefix")
        done = run([CMAKE, "--install", BUILD, "--prefix", prefix])
        if done.returncode != 0:
            raise SystemExit(done.stdout + done.stderr)
        library = next(str(p) for p in pathlib.Path(prefix).rglob("libmflixcache.so.1"))
        folder = os.path.dirname(library)
        env = {**os.environ, "PKG_CONFIG_PATH": os.path.join(folder, "pkgconfig"), "LD_LIBRARY_PATH": folder}
        for name in [n for n in env if n.startswith("MFLIXCACHE_") or n == "MONGO_URL"]:
            del env[name]
        if MEMORY:
            memory(redis, work, prefix, env)
            print(f"{tally['passed']} passed, {tally['failed']} failed, 0 skipped")
            return 1 if tally["failed"] else 0
        by_pkg_config(redis, work, env)
        static_by_pkg_config(redis, work, library, env)
        by_find_package(redis, work, prefix, env)
        by_subdirectory(work, env)
        in_python(redis, library, env)
        loading(work, library, redis)
    for path, expected in sources():
        lines = path.read_text().splitlines()
        check(f"{path.name} under 80 lines, its second line says what it shows",
              len(lines) < 80 and lines[1].startswith("/* ") and expected.exists())
    print(f"{tally['passed']} passed, {tally['failed']} failed, 0 skipped")
    return 1 if tally["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
