# SPDX-License-Identifier: Apache-2.0
"""Help, wrong usage, options and their order, completion, output that cannot be written."""
import json
import os
import re
import shutil
import socket
import subprocess

COMMANDS = ("get top near trending view rate create update delete load generate warm invalidate put getkey rmkey bench plot stats "
            "ping doctor inspect options count export help").split()


def help_teaches(w):
    out = w.raw("--help").stdout.decode()
    assert out.startswith("Usage: mflix")
    for c in COMMANDS:
        assert re.search(rf"^  {c} +\S", out, re.M), c
    for word in ("Exit status", "MONGO_URL", "--redis", "First steps"):
        assert word in out, word
    for c in COMMANDS:
        p = w.raw(c, "--help")
        text = p.stdout.decode()
        assert p.returncode == 0 and text.startswith(f"Usage: mflix {c}"), c
        assert f"  mflix {c}" in text or f"mflix -q {c}" in text or f" {c} " in text.split("Example")[1], f"{c}: no example"
    assert w.raw("get", "--help", "--nonsense").returncode == 2


def help_is_a_command(w):
    assert w.raw("help").stdout == w.raw("--help").stdout and w.raw("help", "get").stdout == w.raw("get", "--help").stdout
    p = w.raw()  # alone: help, and not success
    assert p.returncode == 2 and p.stdout == w.raw("--help").stdout and p.stderr == b"", p
    p = w.raw("--json")
    assert p.returncode == 2 and "no command" in json.loads(p.stdout)["error"]


def settings_from_a_file(w):
    """.env of the folder, or --env-file; the environment wins; other programs' lines are left alone."""
    folder = w.path("env-folder")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, ".env"), "w", encoding="utf-8") as f:
        f.write("# settings\nexport REDIS_HOST='example.org'\nREDIS_PORT = 6390 # there\nMFLIXCACHE_CACHE_PREFIX=\"x:\"\nPATH=/nowhere\nnonsense\n")

    def values(*args, env=None, cwd=folder):
        p = subprocess.run([w.program, *args, "options", "--json"], env={**w.env, **(env or {})}, cwd=cwd, capture_output=True, check=False)
        return p, {o["key"]: o["value"] for o in json.loads(p.stdout)["options"]} if p.returncode == 0 else {}

    _, got = values()
    assert "example.org:6390" in got["cache.uri"] and got["cache.prefix"] == "x:", got
    _, got = values(env={"REDIS_HOST": "other.org"})
    assert "other.org:6390" in got["cache.uri"], got
    _, got = values("--env-file", "")
    assert "example.org" not in got["cache.uri"], got
    _, got = values("--env-file", os.path.join(folder, ".env"), cwd=w.path(""))
    assert "example.org:6390" in got["cache.uri"], got
    p, _ = values("--env-file", "absent.env")
    assert p.returncode == 3 and b"absent.env" in p.stderr, p


def version_says_what_is_built(w):
    p = w.raw("--version")
    assert p.returncode == 0 and re.match(rb"mflix \d+\.\d+\.\d+ \(library \d+\.\d+\.\d+: .*redis.*\)\n$", p.stdout), p.stdout
    assert json.loads(w.raw("--version", "--json").stdout)["version"]


WRONG = [
    (["find"], "did you mean get?"),
    (["search", "x"], "did you mean get --title?"),
    (["set"], "did you mean put?"),
    (["check"], "did you mean doctor?"),
    (["health"], "did you mean doctor?"),
    (["ttl"], "did you mean inspect?"),
    (["dump"], "did you mean export?"),
    (["export", "films"], "neither movies nor theaters"),
    (["help", "tpo"], "did you mean top?"),
    (["help", "get", "put"], "one word too many"),
    (["get", "a", "b", "--document"], "takes one id"),
    (["frobnicate"], "unknown command 'frobnicate'"),
    (["tpo"], "did you mean top?"),
    (["--nope"], "unknown option '--nope'"),
    (["top", "--cuont", "3"], "did you mean --count?"),
    (["-z"], "unknown option '-z'"),
    (["generate", "--t"], "--theaters needs a value"),
    (["bench", "--hot", "3"], "ambiguous"),
    (["top", "-n"], "-n needs a value"),
    (["top", "--json=yes"], "takes no value"),
    (["top", "-n", "ten"], "not a whole number"),
    (["top", "-n", "10x"], "not a whole number"),
    (["top", "-n", ""], "not a whole number"),
    (["top", "-n", " 5"], "not a whole number"),
    (["top", "-n", "-1"], "outside"),
    (["top", "-n", "1001"], "outside"),
    (["top", "-n", "99999999999999999999"], "outside"),
    (["top", "--offset", "1000001"], "outside"),
    (["top", "5"], "one word too many"),
    (["near", "1"], "something is missing"),
    (["near", "east", "1"], "not a number"),
    (["near", "181", "1"], "outside"),
    (["near", "1", "86"], "outside"),
    (["near", "nan", "1"], "outside"),
    (["near", "1", "1", "-r", "-1"], "outside"),
    (["near", "1", "1", "-r", "inf"], "outside"),
    (["get"], "id or --title"),
    (["get", "a", "--title", "b"], "id or --title"),
    (["rate", "573a1390f29313caabcd4803"], "a rating"),
    (["rate", "573a1390f29313caabcd4803", "10.1"], "outside"),
    (["rate", "573a1390f29313caabcd4803", "good"], "not a number"),
    (["invalidate"], "give one of"),
    (["invalidate", "--all", "x"], "give one of"),
    (["generate"], "where to?"),
    (["generate", "--movies", "-1", "--load"], "outside"),
    (["load"], "something is missing"),
    (["load", "x", "--batch", "0"], "outside"),
    (["bench", "--hot-share", "101"], "outside"),
    (["bench", "--threads", "0"], "outside"),
    (["bench", "--store-delay-ms", "-1"], "outside"),
    (["bench", "--store-delay-ms", "nan"], "--store-delay-ms"),
    (["bench", "--http", "http://127.0.0.1", "--store-delay-ms", "41.5"], "--store-delay-ms"),
    (["bench", "--http", "http://127.0.0.1", "--forms", "5"], "--forms"),
    (["bench", "--http", "127.0.0.1:8080"], "http://"),
    (["bench", "--http", "https://127.0.0.1"], "https is not spoken"),
    (["bench", "--http", "http://127.0.0.1:99999"], "port"),
    (["bench", "--http", "http://127.0.0.1/movies"], "host and port alone"),
    (["bench", "--http", "http://127.0.0.1", "--by-id"], "--by-id"),
    (["bench", "--http", "http://127.0.0.1", "--report", "x.png"], ".svg nor .html"),
    (["bench", "--http", "http://127.0.0.1", "--seconds", "3601"], "outside"),
    (["bench", "--top-share", "5"], "needs --http"),
    (["bench", "--report", "x.svg"], "needs --http"),
    (["put", "k"], "something is missing"),
    (["stats", "--url", "ftp://x"], "--url"),
    (["stats", "--url", "http://127.0.0.1:1", "--reads", "5"], "--reads"),
    (["put", "k", "v", "--ttl-ms", "0"], "outside"),
    (["ping", "-o", "cache.uri"], "no '='"),
    (["ping", "-o", "no.such=1"], "no.such"),
    (["ping", "-o", "movies.ttl=5"], "did you mean movies.ttl_ms?"),
    (["ping", "-o", "cache.perfix=x"], "did you mean cache.prefix?"),
    (["ping", "-o", "cache.timeout_ms=soon"], "cache.timeout_ms"),
    (["ping", "-o", "cache.timeout_ms=0"], "cache.timeout_ms"),
    (["ping", "--redis", "http://x"], "--redis"),
    (["ping", "--store", "oracle:x"], "--store"),
    (["ping", "-o", "x" * 200 + "=1"], "no such option"),
]


def wrong_usage_is_reported(w):
    dead = ["--redis", "redis://127.0.0.1:1/0", "--store", "sqlite:" + w.path("never.db")]
    for args, fragment in WRONG:
        p = w.raw(*(dead if "--redis" not in args and "--store" not in args else []), *args)
        err = p.stderr.decode()
        assert p.returncode == 2, (args, p.returncode, err)
        assert err.startswith("mflix: ") and fragment in err and err.count("\n") == 1, (args, err)
        assert p.stdout == b"", (args, p.stdout)
        # With --json the same is one object on one line, wherever it is.
        p = w.raw("--json", *(dead if "--redis" not in args and "--store" not in args else []), *args)
        if args != ["top", "--json=yes"]:
            answer = json.loads(p.stdout)
            assert p.returncode == 2 and p.stdout.count(b"\n") == 1 and answer["status"] != "MC_OK" and answer["error"], (args, p.stdout)
            assert fragment in answer["error"] or fragment in answer.get("what", ""), (args, answer)
    assert not os.path.exists(w.path("never.db")), "wrong usage reached the store"


def options_may_stand_anywhere(w):
    for args in (["--json", "-o", "write.mode=fast", "options"], ["options", "--json", "-owrite.mode=fast"],
                 ["options", "--option=write.mode=fast", "--js"], ["-qo", "write.mode=fast", "options", "--json", "--"]):
        p = w.raw(*args)
        assert p.returncode == 0, (args, p.stderr)
        table = {o["key"]: o["value"] for o in json.loads(p.stdout)["options"]}
        assert table["write.mode"] == "fast", args


def later_settings_win(w):
    config = w.write("config.json", json.dumps({"cache": {"prefix": "file:"}, "cache.timeout_ms": 111, "cache.connections": 3}))

    def value(key, *args, **env):
        p = w.raw(*args, "options", "--json", env=env)
        assert p.returncode == 0, p.stderr
        return {o["key"]: o["value"] for o in json.loads(p.stdout)["options"]}[key]

    assert value("cache.timeout_ms") == "500"
    assert value("cache.timeout_ms", "--config", config) == "111"
    assert value("cache.timeout_ms", "--config", config, MFLIXCACHE_CACHE_TIMEOUT_MS="222") == "222"
    assert value("cache.timeout_ms", "--config", config, "-o", "cache.timeout_ms=333", MFLIXCACHE_CACHE_TIMEOUT_MS="222") == "333"
    assert value("cache.prefix", "--config", config) == "file:"
    assert value("store.uri", MONGO_URL="mongodb://example.org/a") == "mongodb://example.org/a"
    assert value("store.uri", "--store", "sqlite:x", MONGO_URL="mongodb://example.org/a") == "sqlite:x"
    assert "example.org:6390" in value("cache.uri", REDIS_HOST="example.org", REDIS_PORT="6390")
    assert "secret" not in value("cache.uri", "--redis", "redis://u:secret@example.org/0")
    assert w.raw("--config", w.path("absent.json"), "options").returncode == 3
    bad = w.raw("--config", w.write("bad.json", "{"), "options")
    assert bad.returncode == 2 and b"bad.json" in bad.stderr, bad.stderr
    bad = w.raw("options", env={"REDIS_PORT": "many"})
    assert bad.returncode == 2 and b"REDIS_PORT" in bad.stderr, bad.stderr
    for args in (["ping"], ["top"]):
        bad = w.raw("--json", *args, env={"REDIS_PORT": "many"})
        assert bad.returncode == 2 and b"REDIS_PORT" in bad.stderr and "REDIS_PORT" in json.loads(bad.stdout)["error"], bad


def the_environment_may_be_wrong(w):
    """What a flag overrides need not be right; what needs no server does not care; misspelt names are reported; empty is unset."""
    link = {"REDIS_PORT": "tcp://10.96.0.5:6379"}
    for env in (link, {"REDIS_PORT": "many", "REDIS_HOST": "a b"}, {"MONGO_URL": "nothing"}, {"REDIS_PORT": "", "REDIS_HOST": "", "MONGO_URL": ""}):
        p = w.raw(*w.servers("environment.db"), "ping", env=env)
        assert p.returncode == 0 and p.stderr == b"", (env, p)
    p = w.raw("ping", env={**link, "MFLIXCACHE_CACHE_URI": f"redis://127.0.0.1:{w.port}/0", "MFLIXCACHE_STORE_URI": "sqlite::memory:"})
    assert p.returncode == 0, p
    for env in (link, {"REDIS_PORT": "many"}, {"MFLIXCACHE_CACHE_URI": "nonsense"}):
        assert w.raw("generate", "--movies", "1", "--theaters", "0", "--out", w.path("made_anyhow"), env=env).returncode == 0, env
        assert w.raw("options", "--markdown", env=env).returncode == 0, env
    p = w.raw("options", "--json", env={"MFLIXCACHE_CACH_URI": "redis://u:canary@x", "MFLIXCACHE_SERVICE_HOST": "1"})
    assert p.returncode == 0 and b"warning" in p.stderr and b"MFLIXCACHE_CACH_URI" in p.stderr, p.stderr
    assert b"canary" not in p.stderr and b"SERVICE" not in p.stderr, p.stderr
    json.loads(p.stdout)
    assert w.raw("-q", "options", env={"MFLIXCACHE_CACH_URI": "x"}).stderr == b""
    p = w.raw("options", "--json", env={"MFLIXCACHE_CACHE_URI": "redis://h/0?prefix=", "MFLIXCACHE_MOVIES_TTL_MS": ""})
    values = {o["key"]: o["value"] for o in json.loads(p.stdout)["options"]}
    assert values["cache.prefix"] == "" and values["movies.ttl_ms"] == "200000", values


def options_page_is_the_table(w):
    page = w.raw("options", "--markdown").stdout.decode()
    with open(os.path.join(w.source, "docs", "options.md"), encoding="utf-8") as f:
        wanted = [line for line in f.read().splitlines() if line.startswith("| `")]
    assert [line for line in page.splitlines() if line.startswith("| `")] == wanted
    human = w.raw("options").stdout.decode()
    for line in wanted:
        assert line.split("`")[1] in human


def completion_for_bash(w):
    script = os.path.join(w.source, "tools", "mflix", "completion", "mflix.bash")

    def complete(*words):
        text = (f"PATH={os.path.dirname(w.program)}:$PATH; source {script}; COMP_WORDS=({' '.join(repr(x) for x in words)}); "
                f"COMP_CWORD={len(words) - 1}; _mflix; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        p = subprocess.run(["bash", "--norc", "-c", text], capture_output=True, check=True, env=w.env)
        return p.stdout.decode().split()

    assert sorted(complete("mflix", "")) == sorted(COMMANDS)
    assert complete("mflix", "ben") == ["bench"]
    assert complete("mflix", "--store", "x", "ben") == ["bench"]
    assert set(complete("mflix", "load", "--collection", "")) == {"movies", "theaters"}
    assert "--uncached-sample" in complete("mflix", "bench", "--u")
    assert complete("mflix", "-o", "write.mo") == ["write.mode="]
    for c in COMMANDS:
        text = w.raw(c, "--help").stdout.decode()
        wanted = set(re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", text, re.M))
        assert wanted <= set(complete("mflix", c, "--")), (c, wanted)


def completion_for_zsh(w):
    script = os.path.join(w.source, "tools", "mflix", "completion", "_mflix")
    with open(script, encoding="utf-8") as f:
        text = f.read()
    for c in COMMANDS:
        assert f"'{c}:" in text, c
        for name in re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", w.raw(c, "--help").stdout.decode(), re.M):
            assert name in text, (c, name)
    zsh = shutil.which("zsh")
    if zsh:
        subprocess.run([zsh, "-n", script], check=True)
        text = f"fpath=({os.path.dirname(script)} $fpath); autoload -Uz compinit; compinit -D -u; print $_comps[mflix]"
        p = subprocess.run([zsh, "-fc", text], capture_output=True, check=True, env=w.env)
        assert p.stdout == b"_mflix\n", p


def the_manual_names_what_there_is(w):
    with open(os.path.join(w.source, "docs", "cli.md"), encoding="utf-8") as f:
        text = f.read()
    shared = set(re.findall(r"--[a-z-]+", w.raw("--help").stdout.decode()))
    seen = set()
    for line in re.findall(r"^\$ (?:echo .* \| )?(mflix .*)$", text, re.M):
        words = [x for x in line.split(" | ")[0].split() if x in COMMANDS]
        assert words or "tpo" in line, line
        if not words:
            continue
        seen.add(words[0])
        known = set(re.findall(r"(--[a-z-]+)", w.raw(words[0], "--help").stdout.decode())) | shared
        assert set(re.findall(r" (--[a-z-]+)", line.split(" | ")[0])) <= known, line
    for c in set(COMMANDS) - seen:
        assert re.search(rf"`(mflix )?{c}\b", text), f"{c} is not in docs/cli.md"
    own = {o for c in COMMANDS for o in re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", w.raw(c, "--help").stdout.decode(), re.M)}
    assert set(re.findall(r"`(--[a-z-]+)", text)) <= own | shared | {"--"}, "the manual has an option that is not there"


def unwritable_output(w):
    with open("/dev/full", "wb") as full:
        p = w.raw("options", stdout=full)
    assert p.returncode == 3 and b"standard output" in p.stderr, p.stderr
    # A reader that goes away early is not an error, and no death by signal.
    for args in (["options"], ["--help"]):
        p = subprocess.Popen([w.program, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=w.env)
        p.stdout.close()
        err = p.stderr.read()
        assert p.wait(30) == 0 and err == b"", (p.returncode, err)


def passwords_do_not_stay_in_the_command_line(w):
    """They are there when the program begins, as with any program; once it has read them they are not."""
    key = "00112233445566778899aabbccddeeff"
    silent = socket.create_server(("127.0.0.1", 0))  # takes the connection and says nothing: the program waits
    port = silent.getsockname()[1]
    wait = ["-o", "cache.timeout_ms=30000", "-o", "cache.connect_timeout_ms=30000", "-o", "call.timeout_ms=60000"]
    secret = ["--redis", f"redis://user:s3cret-one@127.0.0.1:{port}/0", "-o", "cache.password=s3cret-two", "-o", f"cache.key={key}"]
    run = [w.program, *wait, *secret, "--store", "sqlite::memory:", "ping"]
    p = subprocess.Popen(run, env=w.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        silent.settimeout(60)
        connection, _ = silent.accept()
        with open(f"/proc/{p.pid}/cmdline", "rb") as f:
            line = f.read()
        connection.close()
        assert line.startswith(run[0].encode()) and b"redis://***" in line, line
        assert b"s3cret" not in line and key.encode() not in line, line
    finally:
        p.kill()
        p.wait()
    silent.close()


TESTS = [passwords_do_not_stay_in_the_command_line, help_teaches, help_is_a_command, settings_from_a_file, version_says_what_is_built, wrong_usage_is_reported, options_may_stand_anywhere, later_settings_win, the_environment_may_be_wrong,
         options_page_is_the_table, completion_for_bash, completion_for_zsh, the_manual_names_what_there_is, unwritable_output]
