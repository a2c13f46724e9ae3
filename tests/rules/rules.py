# SPDX-License-Identifier: Apache-2.0
"""The rules of the tree, one function each: takes the root of a tree (or a library) and yields what breaks the rule.

check.py runs them on the real tree, selftest.py on small trees that break each of them.
"""
import os
import re
import subprocess

LIB_FILE_LINES = 500
# Their functions are declared where those who call them look: one table of operations for all stores, one header for all of a format.
STEMS_WITHOUT_HEADER = {"lib/codec/json_patch.c", "lib/observe/export.c", "lib/store/sqlite.c", "lib/store/mongo.c", "lib/store/mongo_write.c",
                        "lib/store/mongo_rank.c", "lib/store/mongo_json.c"}
LIB_MEDIAN_LINES = 180
FILE_LINES = 700
FUNCTION_LINES = 80

# Includes point down only; folders of one rank do not see each other.
RANK = {"base": 0, "observe": 1, "codec": 2, "redis": 2, "store": 2, "schema": 2, "cache": 3, "near": 3, "engine": 4, "index": 5, "api": 7}

# What only the descriptors of collections and the interface may name: the rest works for any collection.
DOMAIN = ("schema", "api")
DOMAIN_WORDS = re.compile(r"(?<![a-z])(movie|theater|rating|imdb)s?(?![a-z])", re.I)

# Words that docs/glossary.md has another for, in code, comments and documents.
REPLACED_WORDS = {"cure": "safeguard", "cures": "safeguards", "ghost": "dangling member", "ghosts": "dangling members", "solo": "sole writer",
                  "poisoned": "corrupt", "doubt": "pending repair", "doubts": "pending repairs", "stamp": "metadata", "stamps": "metadata",
                  "stamped": "dated", "mishap": "failure"}

# Third-party headers: (what is included, where it may be).
THIRD_PARTY = [
    (r"hiredis/|hiredis\.h", r"lib/redis/"),
    (r"ares\.h|ares_", r"lib/redis/resolve\.c$"),
    (r"openssl/", r"lib/redis/tls[a-z_]*\.[ch]$"),
    (r"mongoc/|mongoc\.h|bson/|bson\.h", r"lib/store/mongo[a-z_]*\.[ch]$"),
    (r"sqlite3\.h", r"lib/store/sqlite[a-z_]*\.[ch]$"),
    (r"jansson\.h", r"lib/(codec|store|observe)/"),
    (r"pthread\.h|threads\.h", r"lib/base/"),
]

# Calls that a library may not make in somebody else's process, or that are unsafe.
BANNED = {
    "ends the process": ["exit", "_exit", "_Exit", "quick_exit", "abort", "__assert_fail"],
    "changes the host's state": ["signal", "sigaction", "setlocale", "mongoc_cleanup", "setenv", "putenv", "unsetenv", "chdir",
                                 "umask", "srand", "srandom", "json_set_alloc_funcs", "json_set_alloc_funcs2",
                                 "hiredisSetAllocators", "bson_mem_set_vtable", "mongoc_log_set_handler"],
    "writes to the host's terminal": ["printf", "vprintf", "puts", "putchar", "perror", "__printf_chk", "__vprintf_chk"],
    "has no bound or no thread safety": ["sprintf", "vsprintf", "strcpy", "strcat", "gets", "strtok", "strerror", "localtime",
                                         "gmtime", "rand", "alloca", "__sprintf_chk", "__vsprintf_chk", "__strcpy_chk",
                                         "__strcat_chk"],
    "runs programs": ["system", "popen", "fork", "execl", "execv", "execvp"],
    "builds a command from a format; use the Argv forms": ["redisCommand", "redisvCommand", "redisAppendCommand",
                                                           "redisvAppendCommand", "redisFormatCommand"],
}
BANNED_NAMES = {name: why for why, names in BANNED.items() for name in names}
BANNED_STREAMS = ("stdout", "stderr")

# Only these may read the environment.
GETENV = {"lib/api/options_load.c"}


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def files(root, folders, endings):
    for folder in folders:
        for where, dirs, names in os.walk(os.path.join(root, folder)):
            dirs[:] = sorted(d for d in dirs if not d.startswith((".", "build", "__pycache__")))
            for name in sorted(names):
                if name.endswith(endings):
                    path = os.path.join(where, name)
                    yield os.path.relpath(path, root), path


def code_only(text):
    """The text with comments, strings and character constants blanked; line breaks stay."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def includes(text):
    for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', text, re.M):
        yield m.group(1) == '"', m.group(2), text.count("\n", 0, m.start()) + 1


def check_includes(root):
    for name, path in files(root, ["lib"], (".c", ".h")):
        folder = name.split("/")[1]
        for quoted, what, line in includes(read(path)):
            where = f"{name}:{line}"
            for pattern, allowed in THIRD_PARTY:
                if re.match(pattern, what) and not re.match(allowed, name):
                    yield f"{where}: <{what}> belongs in {allowed} only"
            if quoted and what == "scripts.h":
                if not name.startswith("lib/cache/redis/"):
                    yield f"{where}: the Lua scripts belong to lib/cache/redis"
            elif quoted:
                other = what.split("/")[0]
                if "/" not in what or other not in RANK:
                    yield f'{where}: "{what}" must be named from lib/, such as "base/buf.h"'
                elif other != folder and RANK[other] >= RANK.get(folder, -1):
                    yield f'{where}: {folder} may not include "{what}": includes point down only'
                elif other == "schema" and folder not in DOMAIN:
                    yield f'{where}: "{what}" is for lib/api: {folder} works for any collection'
            elif re.match(r"mflixcache/(mflixcache|movies|theaters|kv)\.h", what) and folder not in DOMAIN:
                yield f"{where}: <{what}> is for lib/api and lib/schema"
            elif what == "mflixcache/client.h" and RANK.get(folder, -1) < RANK["engine"]:
                yield f"{where}: <{what}> is for lib/engine and above"
    for name, path in files(root, ["examples", "tools"], (".c", ".h")):
        for quoted, what, line in includes(read(path)):
            if quoted and what.split("/")[0] in RANK and not os.path.exists(os.path.join(os.path.dirname(path), what)):
                yield f'{name}:{line}: programs see installed headers only, not "{what}"'


def check_domain(root):
    """Code and texts, not comments: those may give an example."""
    for name, path in files(root, ["lib"], (".c", ".h", ".lua")):
        if name.split("/")[1] in DOMAIN:
            continue
        comment = r"--[^\n]*" if name.endswith(".lua") else r"/\*.*?\*/|//[^\n]*"
        text = re.sub(comment, lambda m: re.sub(r"[^\n]", " ", m.group()), read(path), flags=re.S)
        for m in DOMAIN_WORDS.finditer(text):
            yield f"{name}:{text.count(chr(10), 0, m.start()) + 1}: {m.group()}: only lib/schema and lib/api know a collection"


def check_words(root):
    words = re.compile(r"(?<![A-Za-z])(" + "|".join(REPLACED_WORDS) + r")(?![A-Za-z])")
    for name, path in files(root, ["lib", "include", "docs", "tools", "bindings"], (".c", ".h", ".h.in", ".hpp", ".lua", ".py", ".md")):
        for m in words.finditer(read(path)):
            line = read(path).count("\n", 0, m.start()) + 1
            yield f"{name}:{line}: {m.group()}: the glossary's word is {REPLACED_WORDS[m.group()]}"


def check_public_headers(root):
    for name, path in files(root, ["include"], (".h", ".h.in")):
        text = read(path)
        for quoted, what, line in includes(text):
            if quoted or not re.match(r"(mflixcache/\w+|stddef|stdint)\.h$", what):
                yield f"{name}:{line}: a public header may include <mflixcache/...>, <stddef.h> and <stdint.h> only"
        code = code_only(text)
        for m in re.finditer(r"^\s*#\s*if(n?def)?\b(.*)$", code, re.M):
            line = code.count("\n", 0, m.start()) + 1
            if not re.search(r"__cplusplus|MFLIXCACHE_\w*H\b", m.group(2)) and not name.endswith("/export.h"):
                yield f"{name}:{line}: a public header is the same in every build: no #if"
        if "..." in code:
            yield f"{name}: no variadic functions: other languages cannot call them"


def declarations(root):
    """(header, line, name, text of the declaration, doc comment right above it) of every MC_API function."""
    for name, path in files(root, ["include"], (".h", ".h.in")):
        text = read(path)
        for m in re.finditer(r"^MC_API\b[^;]*;", text, re.M):
            found = re.search(r"(\w+)\s*\(", m.group()[len("MC_API"):])
            above = text[:m.start()]
            doc = ""
            if above.rstrip(" \t").endswith("*/\n"):
                doc = above[above.rfind("/**"):]
            yield name, text.count("\n", 0, m.start()) + 1, found.group(1) if found else "?", m.group(), doc


def check_documented(root):
    for name, line, function, text, doc in declarations(root):
        where = f"{name}:{line}: {function}"
        if not function.startswith("mc_"):
            yield f"{where}: public names begin with mc_"
        if not doc.startswith("/**"):
            yield f"{where}: no comment right above it"
            continue
        if not re.match(r"MC_API\s+void\s+\w+\s*\(", text) and "@return" not in doc:
            yield f"{where}: its comment does not say what it returns"
        if "Threads:" not in doc:
            yield f"{where}: its comment does not say which threads may call it"
        arguments = re.search(r"\((.*)\)", text, re.S).group(1)
        for argument in arguments.split(","):
            found = re.search(r"(\w+)\s*(\[\w*\])?\s*$", argument.strip())
            if found and found.group(1) != "void" and not re.search(rf"@param\s+{found.group(1)}\b", doc):
                yield f"{where}: its comment does not tell about `{found.group(1)}`"


# CONTRIBUTING.md, "Names": what is called on a client, and may reach a server or a file, begins with one of these.
VERBS = "check close count create delete export get import inspect invalidate load ping prepare put rank record remove save set update warm".split()
LISTS = {"mc_top_movies", "mc_trending", "mc_nearby_theaters"}
OF_A_CLIENT = {"mc_stats_json", "mc_metrics_prometheus"}


def check_names(root):
    for name, line, function, text, _ in declarations(root):
        first = re.search(r"\(\s*(?:const\s+)?(?:(mc_\w+)\s*\*)?", text).group(1)
        if first == "mc_client":
            verb = function.split("_")[1] if "_" in function else function
            if verb not in VERBS and function not in LISTS | OF_A_CLIENT and not function.startswith("mc_session_"):
                yield f"{name}:{line}: {function}: what is called on a client begins with a verb (CONTRIBUTING.md, Names)"
        elif first is not None and not function.startswith(first) and not re.match(r"mc_open(_with_store)?$", function):
            yield f"{name}:{line}: {function}: what is called on {first} begins with {first}_ (CONTRIBUTING.md, Names)"


def check_sizes(root):
    for name, path in files(root, ["lib", "include", "examples", "tools", "tests", "cmake", "script", "bindings"],
                            (".c", ".h", ".lua", ".py", ".cmake", ".txt", ".sh")):
        lines = read(path).split("\n")
        if len(lines) - 1 > FILE_LINES and not name.startswith("tests/abi/"):
            yield f"{name}: {len(lines) - 1} lines, above {FILE_LINES}"
        if not name.endswith((".c", ".h")):
            continue
        start = None
        for i, line in enumerate(lines, 1):
            if line.startswith("{"):
                start = i
            elif line.startswith("}") and start is not None:
                if i - start + 1 > FUNCTION_LINES:
                    yield f"{name}:{start}: a function of {i - start + 1} lines, above {FUNCTION_LINES}"
                start = None


def check_lib_sizes(root):
    """The library's files: none long, most of them short."""
    sizes = {name: read(path).count("\n") for name, path in files(root, ["lib"], (".c",))}
    for name, lines in sizes.items():
        if lines > LIB_FILE_LINES:
            yield f"{name}: {lines} lines, above {LIB_FILE_LINES}"
    median = sorted(sizes.values())[len(sizes) // 2] if sizes else 0
    if median >= LIB_MEDIAN_LINES:
        yield f"lib: half of the files have {median} lines or more, and should have less than {LIB_MEDIAN_LINES}"


def check_stems(root):
    """One stem is one .c and one .h: a .c of lib has its own header."""
    for name, path in files(root, ["lib"], (".c",)):
        if not os.path.exists(path[:-2] + ".h") and not name.startswith("lib/api/") and name not in STEMS_WITHOUT_HEADER:
            yield f"{name}: no {os.path.basename(name)[:-2]}.h with its contract"


def check_seam(root):
    """Commands and replies of Redis are known below the cache's operations, and nowhere above."""
    for name, path in files(root, ["lib"], (".c", ".h")):
        if name.startswith(("lib/redis/", "lib/cache/redis/")):
            continue
        code = code_only(read(path))
        for m in re.finditer(r"\b(mci_cmd\w*|mci_batch\w*|mci_reply\w*)\b", code):
            yield f"{name}:{code.count(chr(10), 0, m.start()) + 1}: {m.group()}: ask the cache by an operation (cache/cache.h)"


def check_circles(root):
    """No stem of lib includes itself by way of others."""
    wants = {}
    for name, path in files(root, ["lib"], (".c", ".h")):
        stem = name[len("lib/"):-2]
        for quoted, what, _ in includes(read(path)):
            if quoted and os.path.exists(os.path.join(root, "lib", what)) and what[:-2] != stem:
                wants.setdefault(stem, set()).add(what[:-2])
    done, path_now = set(), []

    def walk(stem):
        if stem in path_now:
            yield "lib: a circle of includes: " + " -> ".join(path_now[path_now.index(stem):] + [stem])
        elif stem not in done:
            path_now.append(stem)
            for other in sorted(wants.get(stem, ())):
                yield from walk(other)
            path_now.pop()
            done.add(stem)

    for stem in sorted(wants):
        yield from walk(stem)


def check_opening(root):
    for name, path in files(root, ["lib", "include", "examples", "tools", "tests", "cmake", "script", "bindings"],
                            (".c", ".h", ".h.in", ".lua", ".py", ".cmake", "CMakeLists.txt")):
        lines = read(path).split("\n")
        if lines[0].startswith("#!"):
            lines = lines[1:]
        if not lines or "SPDX-License-Identifier: Apache-2.0" not in lines[0]:
            yield f"{name}: the first line must be the SPDX line"
        elif name.endswith((".c", ".h", ".h.in")) and (len(lines) < 2 or not lines[1].startswith("/*")):
            yield f"{name}: the second line must begin a comment that says what the file owns"


def check_calls(root):
    for name, path in files(root, ["lib"], (".c", ".h")):
        code = code_only(read(path))
        for m in re.finditer(r"(?<![\w.>])(\w+)\s*\(", code):
            function = m.group(1)
            where = f"{name}:{code.count(chr(10), 0, m.start()) + 1}"
            if function in BANNED_NAMES:
                yield f"{where}: {function}() {BANNED_NAMES[function]}"
            if function == "getenv" and name not in GETENV:
                yield f"{where}: getenv() is for {', '.join(sorted(GETENV))}"
            if function == "assert":
                yield f"{where}: assert() ends the process"
        for m in re.finditer(r"\b(stdout|stderr)\b", code):
            yield f"{name}:{code.count(chr(10), 0, m.start()) + 1}: {m.group()} is the host's"


# ---- The built library

def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def exported(library):
    """Each exported name with the version it is bound to, "" for none."""
    rows = (line.split() for line in run("nm", "-D", "--with-symbol-versions", "--defined-only", library).splitlines())
    names = (re.split("@+", row[-1]) for row in rows if len(row) >= 3 and row[1] != "A")
    return {name: "".join(version) for name, *version in names}


def listed_exports(text):
    """Each name with its version: a line `VERSION:` and the names that are bound to it below."""
    listed, version = {}, ""
    for word in text.split():
        if word.endswith(":"):
            version = word[:-1]
        else:
            listed[word] = version
    return listed


def check_exports(root, library):
    listed = listed_exports(read(os.path.join(root, "tests/abi/exports.txt")))
    declared = {function for _, _, function, _, _ in declarations(root)}
    found = exported(library)
    for name in sorted({*found, *listed, *declared}):
        if not name.startswith("mc_"):
            yield f"{name}: exported, and does not begin with mc_"
        elif name not in found:
            yield f"{name}: {'declared' if name in declared else 'listed in tests/abi/exports.txt'}, but not exported"
        elif name not in declared:
            yield f"{name}: exported, but declared in no public header"
        elif name not in listed:
            yield f"{name}: exported, but not listed in tests/abi/exports.txt"
        elif found[name] != listed[name]:
            yield f"{name}: exported as version {found[name] or 'none'}, but {listed[name]} is listed in tests/abi/exports.txt"


def check_static_names(root, archive):
    """In a static link every global name meets the program's own."""
    del root
    for line in run("nm", "-g", "--defined-only", archive).splitlines():
        row = line.split()
        if len(row) == 3 and not re.match(r"mci?_", row[2]):
            yield f"{row[2]}: a global name that begins with neither mc_ nor mci_"


def check_undefined(root, library):
    del root
    for line in run("nm", "-D", "--undefined-only", library).splitlines():
        name = line.split()[-1].split("@")[0]
        if name in BANNED_NAMES:
            yield f"calls {name}(), which {BANNED_NAMES[name]}"
        if name in BANNED_STREAMS:
            yield f"uses {name}, which is the host's"


# The compiler's own.
TOOLCHAIN = re.compile(r"completed\.\d+|__dso_handle|__TMC_END__|_edata|_end|__bss_start|__data_start|data_start")


def check_writable(root, library):
    allowed = {line.split("#")[0].strip() for line in read(os.path.join(root, "tests/abi/writable.txt")).splitlines()}
    names = {}
    for line in run("readelf", "-SW", library).splitlines():
        m = re.match(r"\s*\[\s*(\d+)\]\s+(\S+)", line)
        if m:
            names[m.group(1)] = m.group(2)
    for line in run("readelf", "-sW", library).splitlines():
        row = line.split()
        if len(row) >= 8 and row[3] in ("OBJECT", "TLS", "NOTYPE") and row[4] in ("LOCAL", "GLOBAL", "WEAK"):
            section = names.get(row[6], "")
            name = row[7].split("@")[0]
            if section in (".data", ".bss", ".tdata", ".tbss") and not TOOLCHAIN.fullmatch(name) and name not in allowed:
                yield f"{name}: writable data ({section}) that tests/abi/writable.txt does not allow"


def check_hardening(root, library):
    del root
    headers = run("readelf", "-lW", library)
    dynamic = run("readelf", "-dW", library)
    if "GNU_RELRO" not in headers:
        yield "no RELRO"
    if not re.search(r"BIND_NOW|FLAGS.*NOW", dynamic):
        yield "not bound at load (-z now)"
    if re.search(r"GNU_STACK\s.*RWE", headers):
        yield "executable stack"
    if re.search(r"R(UN)?PATH", dynamic):
        yield "carries a run path"
    if "libmflixcache.so.1]" not in dynamic:
        yield "the soname is not libmflixcache.so.1"


TREE_RULES = [check_lib_sizes, check_stems, check_seam, check_circles, check_includes, check_domain, check_words, check_public_headers,
              check_documented, check_names, check_sizes, check_opening, check_calls]
LIBRARY_RULES = [check_exports, check_undefined, check_writable, check_hardening]
ARCHIVE_RULES = [check_static_names]
