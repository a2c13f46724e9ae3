#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the tests of the Python package: run.py LIBRARY SOURCE WORK [--versions]

Without --versions: all of them, in the project's .venv, where pytest, mypy and ruff are installed when they are not there yet. With it:
those that depend on the version of Python, on every other one from 3.9 on that this machine has (pyenv, PATH), each in an
environment of its own under WORK. The last line is `N passed, N failed, N skipped`. 77: nothing could be run.
"""
import fcntl
import glob
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as tree

SKIPPED = 77


def have(python, names):
    """True when the interpreter has the distributions, in the versions that are asked for."""
    code = ("import importlib.metadata as m, sys\n"
            "for r in sys.argv[1:]:\n"
            "    name, _, version = r.replace('>=', '==').partition('==')\n"
            "    got = m.version(name)\n"
            "    if '>=' not in r and version and got != version: sys.exit(1)\n")
    return subprocess.run([python, "-c", code, *names], stderr=subprocess.DEVNULL, check=False).returncode == 0


def environment(folder, interpreter, requirements):
    """The interpreter of a virtual environment that has the requirements; None when they cannot be had."""
    python = os.path.join(folder, "bin", "python")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, ".pip.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two builds may be tested at once
        if not os.path.exists(python):
            subprocess.run([interpreter, "-m", "venv", folder], check=True)
        if not have(python, requirements):
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
            if subprocess.run(pip, check=False).returncode != 0:
                return None
    return python


def others(main):
    """One interpreter for each other version from 3.9 on: {"3.12": path}."""
    paths = glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python3"))
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        paths += [p for p in glob.glob(os.path.join(folder, "python3.*")) if re.search(r"python3\.\d+t?$", p)]
    code = "import sys, sysconfig; print('%d.%d%s' % (*sys.version_info[:2], 't' * bool(sysconfig.get_config_var('Py_GIL_DISABLED'))))"
    found = {}
    for path in paths:
        asked = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
        version = asked.stdout.strip()
        if asked.returncode == 0 and tuple(map(int, version.rstrip("t").split("."))) >= (3, 9):
            found.setdefault(version, path)
    own = subprocess.run([main, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    found.pop(own, None)
    return dict(sorted(found.items(), key=lambda f: [int(n) for n in f[0].rstrip("t").split(".")]))


def test(python, library, source, work, arguments):
    """Run pytest; (passed, failed, skipped)."""
    report = os.path.join(work, "python.xml")
    scratch = os.path.join(work, "pytest")  # not in the temporary folder, where pytest keeps three runs of each user
    if os.path.exists(report):
        os.remove(report)
    env = {**os.environ, "MFLIXCACHE_LIBRARY": library, "PYTHONPATH": os.path.join(source, "bindings", "python"),
           "PYTHONDONTWRITEBYTECODE": "1"}
    command = [python, "-X", "dev", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", scratch, "--junitxml", report,
               *arguments]
    status = subprocess.run(command, cwd=os.path.join(source, "bindings", "python"), env=env, check=False).returncode
    shutil.rmtree(scratch, ignore_errors=True)
    if not os.path.exists(report):
        return 0, 1, 0
    suite = tree.parse(report).getroot().find("testsuite")
    total, failed, skipped = (int(suite.get(k)) for k in ("tests", "failures", "skipped"))
    failed += int(suite.get("errors"))
    return total - failed - skipped, max(failed, int(status != 0)), skipped


def main():
    library, source, work = (os.path.abspath(a) for a in sys.argv[1:4])
    versions = "--versions" in sys.argv[4:]
    if not shutil.which("redis-server"):
        print("skipped: redis-server is not installed")
        return SKIPPED
    with open(os.path.join(source, "bindings", "python", "requirements-dev.txt"), encoding="utf-8") as f:
        requirements = [line.strip() for line in f if line.strip() and not line.startswith("#")]
    python = environment(os.path.join(source, ".venv"), sys.executable, requirements)
    if python is None:
        print("skipped: pytest, mypy and ruff cannot be installed")
        return SKIPPED
    total = [0, 0, 0]
    if not versions:
        total = list(test(python, library, source, work, []))
    else:
        for version, interpreter in others(python).items():
            print(f"\n==> Python {version}", flush=True)
            python = environment(os.path.join(work, f"python-{version}"), interpreter, [r for r in requirements if "pytest" in r])
            result = test(python, library, source, work, ["-m", "not once"]) if python else (0, 0, 1)
            total = [a + b for a, b in zip(total, result)]
    print("%d passed, %d failed, %d skipped" % tuple(total))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
