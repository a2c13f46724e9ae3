#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shipped monitoring files: test_files.py SOURCE_FOLDER. promtool takes the configuration and the rules, the rules' own tests pass
and notice every rule that is missing or never fires, and the dashboard has the shape that Grafana 10 and later read."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "load"))
import promql  # noqa: E402
import serving  # noqa: E402
from serving import harness  # noqa: E402

# Units as Grafana names them; a new one is looked up there before it is added here.
UNITS = {"reqps", "cps", "percentunit", "short", "s", "bytes"}


class Files:
    def __init__(self, source):
        self.folder = os.path.join(source, "examples", "monitoring")
        self.promtool = serving.tool("promtool", "prometheus", "usr", "bin")

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def check(self, *args, rc=0):
        p = subprocess.run([self.promtool, *args], capture_output=True, text=True, check=False, timeout=120)
        assert (p.returncode == 0) == (rc == 0), (args, p.stdout, p.stderr)
        return p.stdout + p.stderr


def configuration_and_rules(f):
    assert "SUCCESS" in f.check("check", "config", f.path("prometheus.yml"))
    assert "SUCCESS" in f.check("check", "rules", f.path("alerts.yml"))


def the_rules_own_tests(f):
    f.check("test", "rules", f.path("alerts_test.yml"))


def each_rule_is_tested(f):
    """Without a rule, and with a rule that never fires, the tests of the rules fail."""
    rules = f.read("alerts.yml")
    parts = re.split(r"(?m)(?=^      - alert: )", rules)
    assert len(parts) > 12
    for i, part in enumerate(parts[1:], 1):
        name = part.split()[2]
        # A comment above the next rule ends this part; cutting it with the rule is fine.
        for wrong in ("", re.sub(r"(?s)(\n +(?:expr: )?[^\n]*?)(\n        (?:for|labels):)", r"\1 and on() vector(1) > 2\2", part, count=1)):
            assert wrong != part, name
            with tempfile.TemporaryDirectory() as work:
                shutil.copy(f.path("alerts_test.yml"), work)
                with open(os.path.join(work, "alerts.yml"), "w", encoding="utf-8") as out:
                    out.write("".join(parts[:i]) + wrong + "".join(parts[i + 1:]))
                f.check("check", "rules", os.path.join(work, "alerts.yml"))
                f.check("test", "rules", os.path.join(work, "alerts_test.yml"), rc=1)


def each_rule_says_what_to_do(f):
    for part in re.split(r"(?m)^      - alert: ", f.read("alerts.yml"))[1:]:
        name = part.split("\n", 1)[0]
        assert re.fullmatch(r"Mflix[A-Za-z]+", name), name
        for field in (r"severity: (critical|warning)\n", r'summary: ".*\{\{ \$labels\.instance \}\}.*"', r'description: ".{30,}"', r'job="mflix"'):
            assert re.search(field, part), (name, field)


def panels(dashboard):
    for p in dashboard["panels"]:
        yield p
        yield from p.get("panels", [])


def the_dashboard(f):
    d = json.loads(f.read("dashboard.json"))
    assert d["schemaVersion"] >= 38 and d["uid"] and d["title"] and d["id"] is None and "__inputs" not in d
    variables = {v["name"]: v for v in d["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    every = list(panels(d))
    ids = [p["id"] for p in every]
    assert len(set(ids)) == len(ids), "two panels with one id"
    shown = [p for p in every if p["type"] != "row"]
    assert len(shown) > 20 and len({p["title"] for p in shown if p["type"] != "stat"}) == sum(p["type"] != "stat" for p in shown)
    for p in shown:
        name = p["title"]
        assert p["type"] in ("stat", "timeseries") and p["description"], name
        assert p["fieldConfig"]["defaults"]["unit"] in UNITS, name
        assert p["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, name
        refs = [t["refId"] for t in p["targets"]]
        assert refs and len(set(refs)) == len(refs), name
        for t in p["targets"]:
            assert t["datasource"] == p["datasource"] and t["expr"].strip(), name
            for selector in re.findall(r"\{([^{}]*job=[^{}]*)\}", t["expr"].replace("/movies/{id}", "")):
                assert selector.startswith('job="$job", instance=~"$instance"'), (name, selector)
            used = set(re.findall(r"\$\{?(\w+)", t["expr"]))
            assert used <= set(variables) | {"__rate_interval"}, (name, used)
            assert promql.metrics(t["expr"]), name
            if "rate(" in t["expr"] or "increase(" in t["expr"]:
                assert "[$__rate_interval]" in t["expr"] and not re.search(r"\[\d", t["expr"]), name


def nothing_overlaps(f):
    taken = {}
    for p in json.loads(f.read("dashboard.json"))["panels"]:
        g = p["gridPos"]
        assert 0 <= g["x"] and g["x"] + g["w"] <= 24 and g["w"] > 0 and g["h"] > 0, p["title"]
        for cell in ((x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])):
            assert cell not in taken, (p["title"], taken[cell])
            taken[cell] = p["title"]


TESTS = [configuration_and_rules, the_rules_own_tests, each_rule_is_tested, each_rule_says_what_to_do, the_dashboard, nothing_overlaps]


def main():
    promql.selftest()
    try:
        files = Files(sys.argv[1])
    except harness.Skip as why:
        print(f"{why}\n0 passed, 0 failed, {len(TESTS)} skipped")
        return 77
    failed, _, _ = harness.run_all(files, TESTS)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
