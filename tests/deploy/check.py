#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py SOURCE BUILD: Dockerfile, compose.yaml, systemd units and the Kubernetes page against the tree and the built programs, without a container engine."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE, BUILD = sys.argv[1:3]
python = os.path.join(SOURCE, ".venv/bin/python")
if os.path.exists(python) and os.environ.get("MFLIX_IN_VENV") is None:
    os.environ["MFLIX_IN_VENV"] = "1"
    os.execv(python, [python, *sys.argv])
tally = {"passed": 0, "failed": 0, "skipped": 0}


def check(ok, what):
    tally["passed" if ok else "failed"] += 1
    if not ok:
        print("FAILED", what)


def skip(why):
    tally["skipped"] += 1
    print("skipped:", why)


def note(why):
    """What belongs to some machines only: said, and nowhere a failure."""
    print("left out:", why)


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as f:
        return f.read()


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, **more)


# ---- Dockerfile

def instructions():
    text = re.sub(r"(?m)^\s*#.*\n", "", read("Dockerfile"))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in re.sub(r"\\\n", " ", text).split("\n") if line.strip()]


def packages_of(run_line):
    return re.search(r"--no-install-recommends(.*?)&&", run_line)[1].split()


def needed(program):
    return re.findall(r"\(NEEDED\).*\[(.*?)\]", run("readelf", "-d", program).stdout)


def owner(library):
    """The package that a library is from: by the loader's cache, then dpkg."""
    at = next((line.rsplit("=> ", 1)[1] for line in run("/sbin/ldconfig", "-p").stdout.splitlines() if line.strip().startswith(library + " ")), None)
    for path in filter(None, (at, at and os.path.realpath(at), at and at.removeprefix("/usr"))):
        found = run("dpkg", "-S", path)
        if found.returncode == 0:
            return found.stdout.split(":", 1)[0]
    return None


def dockerfile():
    steps = instructions()
    with tempfile.TemporaryDirectory() as work:
        for what, rest in steps:
            if what == "COPY" and not rest.startswith("--from"):
                *sources, target = rest.split()
                for source in sources:
                    at = os.path.join(SOURCE, source)
                    check(os.path.exists(at), f"COPY {source}: there is no such thing")
                    to = work + "/" + target.removeprefix("/src").strip("/")
                    if os.path.isdir(at):
                        shutil.copytree(at, to)
                    else:
                        shutil.copy(at, work)
        build = next(rest for what, rest in steps if what == "RUN" and "cmake" in rest and "apt-get" not in rest)
        options = re.search(r"cmake (-G .*?) &&", build)[1].replace("-S . -B build", "").split()
        done = run("cmake", "-S", work, "-B", work + "/out", *options)
        check(done.returncode == 0, f"a build from what is copied: {done.stderr}")
        if shutil.which("ninja") is not None and done.returncode == 0:
            plan = run("ninja", "-C", work + "/out", "-t", "targets", "all").stdout
            for program in ("mflix-server", "mflix-producer", "libmflixcache.so"):
                check(program in plan, f"{program} is built in the image")
    for path in re.findall(r"build/(examples/\S+)", build):
        check(os.path.exists(os.path.join(BUILD, path)), f"{path} is no program of the build")
    installs = [packages_of(rest) for what, rest in steps if what == "RUN" and "apt-get" in rest]
    check(len(installs) == 2, "two lists of packages")
    if shutil.which("dpkg") is None or "bookworm" not in open("/etc/os-release", encoding="utf-8").read():
        note("this is no Debian 12: which packages the programs need is not compared")
        return
    known = set(re.findall(r"(?m)^Package: (\S+)", run("apt-cache", "show", *sum(installs, [])).stdout + run("dpkg", "-s", *sum(installs, [])).stdout))
    for package in sum(installs, []):
        check(package in known, f"{package}: no package of Debian")
    programs = [os.path.join(BUILD, p) for p in ("examples/server/mflix-server", "examples/producer/mflix-producer", "tools/mflix/mflix", "libmflixcache.so.1")]
    for library in sorted({n for p in programs for n in needed(p)}):
        if not library.startswith(("libmflixcache", "libasan", "libubsan", "libtsan", "libgcov")):
            package = owner(library)
            check(package in [*installs[1], "libc6", "libgcc-s1"], f"{library} is from {package}, which the image has not")


# ---- compose.yaml

def compose():
    try:
        import compose_spec
        import yaml
    except ImportError as why:
        skip(f"compose.yaml: {why}")
        return
    text = read("compose.yaml")
    try:
        compose_spec.PyCompose.from_yaml(text).validate()
        check(True, "")
    except Exception as why:  # noqa: BLE001 - whatever it says
        check(False, f"compose.yaml: {why}")
    services = yaml.safe_load(text)["services"]
    for path in re.findall(r"[\s\"](\./[^:\s]+):", text):
        check(os.path.exists(os.path.join(SOURCE, path)), f"compose.yaml: {path} is not there")
    for name, service in services.items():
        for port in service.get("ports", []):
            check(port.startswith("127.0.0.1:"), f"{name}: {port} is open to all")
        for other in service.get("depends_on", {}):
            check(other in services and "healthcheck" in services[other], f"{name}: waits for {other}")
        image = service["image"] if "image" in service else "build"
        check(image in ("build", "mflix") or re.search(r":v?\d", image), f"{name}: {image} names no version")
    for url in re.findall(r"(?:redis|mongodb)://([a-z]+):", text):
        check(url in services, f"{url} is no service")
    scraped = read("examples/compose/prometheus.yml")
    for host, port in re.findall(r'"(\w+):(\d+)"', scraped):
        check(host in services and f"0.0.0.0:{port}" in text, f"Prometheus scrapes {host}:{port}")
        check(f"--allow-host, {host}" in text, f"the server takes {host} for its name")
    check(re.search(r"http://(\w+):9090", read("examples/compose/datasource.yml"))[1] in services, "Grafana asks Prometheus")
    promtool = shutil.which("promtool") or os.path.join(SOURCE, ".venv/prometheus/usr/bin/promtool")
    if os.path.exists(promtool):
        with tempfile.TemporaryDirectory() as work:
            for name in ("examples/compose/prometheus.yml", "examples/monitoring/alerts.yml"):
                shutil.copy(os.path.join(SOURCE, name), work)
            done = run(promtool, "check", "config", work + "/prometheus.yml")
            check(done.returncode == 0, done.stdout + done.stderr)


# ---- services and pods

def units():
    if shutil.which("systemd-analyze") is None:
        note("systemd-analyze is not there")
        return
    for unit in sorted(glob.glob(os.path.join(SOURCE, "examples/systemd/*.service"))):
        with tempfile.TemporaryDirectory() as work:
            text = read(unit)
            program = re.search(r"ExecStart=/usr/local/bin/([\w-]+)", text)[1]
            built = glob.glob(os.path.join(BUILD, "examples/*", program))
            check(len(built) == 1, f"{program} is built")
            copy = os.path.join(work, os.path.basename(unit))
            with open(copy, "w", encoding="utf-8") as f:
                f.write(text.replace(f"/usr/local/bin/{program}", built[0]))
            done = run("systemd-analyze", "verify", "--man=no", copy)
            said = [line for line in done.stderr.splitlines() if os.path.basename(unit) in line]
            check(not said, "\n".join(said))
    for program, option in re.findall(r"ExecStart=/usr/local/bin/([\w-]+) (--\w+)", read("examples/systemd/mflix-server.service")):
        check(option in run(glob.glob(os.path.join(BUILD, "examples/*", program))[0], "--help").stdout, f"{program} has {option}")


def kubernetes():
    try:
        import yaml
    except ImportError as why:
        skip(f"kubernetes.md: {why}")
        return
    pod = yaml.safe_load(re.search(r"```yaml\n(.*?)```", read("docs/guide/kubernetes.md"), re.S)[1])["spec"]["template"]["spec"]
    container = pod["containers"][0]
    routes = json.loads(read("examples/server/openapi.json"))["paths"]
    for probe in ("readinessProbe", "livenessProbe"):
        check(container[probe]["httpGet"]["path"] in routes, f"{probe}: a path of the server")
        check(f":{container[probe]['httpGet']['port']}" in " ".join(container["args"]), f"{probe}: the port")
    help_text = run(os.path.join(BUILD, "examples/server/mflix-server"), "--help").stdout
    for argument in container["args"]:
        check(not argument.startswith("--") or argument in help_text, f"{argument} is no option of the server")
    options = {key.replace(".", "_").upper() for key in re.findall(r"^\| `([a-z._]+)`", read("docs/options.md"), re.M)}
    for variable in container["env"]:
        check(variable["name"] == "MONGO_URL" or variable["name"].removeprefix("MFLIXCACHE_") in options, f"{variable['name']} is no setting")
    check(pod["enableServiceLinks"] is False, "REDIS_PORT of a Service")


for part in (dockerfile, compose, units, kubernetes):
    part()
print(f"{tally['passed']} passed, {tally['failed']} failed, {tally['skipped']} skipped")
sys.exit(1 if tally["failed"] or (tally["skipped"] and {"CI", "MFLIX_NO_SKIP"} & set(os.environ)) else 0)
