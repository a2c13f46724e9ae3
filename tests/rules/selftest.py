#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule must be seen to fail: small trees and libraries that break one rule each, and a clean one that breaks none."""
import os
import subprocess
import sys
import tempfile

import rules

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
HEAD = SPDX + "/* Owns: an example. */\n"
DOC = "/**\n * Does it.\n * @param x  a number\n * @return  MC_OK. Threads: any.\n */\n"
HEADER = HEAD + "#include <stddef.h>\n" + DOC + "MC_API int mc_do(int x);\n"


def write(root, name, text):
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


CLEAN = {
    **{stem + ".h": HEAD for stem in ("lib/base/a", "lib/engine/a", "lib/cache/redis/a", "lib/redis/a", "lib/store/mongo_bson", "lib/codec/a",
                                      "lib/schema/a")},
    "include/mflixcache/a.h": HEADER,
    "lib/base/a.c": HEAD + '#include "base/a.h"\n#include <pthread.h>\nstatic void f(void)\n{\n}\n',
    "lib/engine/a.c": HEAD + '#include "redis/a.h"\n/* never exit() */\nconst char *s = "abort()";\n',
    "lib/cache/redis/a.c": HEAD + '#include "scripts.h"\n',
    "lib/redis/a.c": HEAD + "#include <hiredis/hiredis.h>\nint x = p->exit(1);\n",
    "lib/redis/tls.h": HEAD + "#include <openssl/ssl.h>\n",
    "lib/store/mongo_bson.c": HEAD + "#include <mongoc/mongoc.h>\n",
    "lib/store/sqlite.c": HEAD + "#include <sqlite3.h>\n",
    "lib/codec/a.c": HEAD + "#include <jansson.h>\n/* such as a movie */\nstatic int operating, iterating;\n",
    "lib/schema/a.c": HEAD + "static const char *rating;\n",
    "examples/a.c": HEAD + "#include <mflixcache/mflixcache.h>\nint main(void)\n{\n    exit(1);\n}\n",
}

# (rule, file, text, a word of the complaint)
BROKEN = [
    (rules.check_lib_sizes, "lib/engine/b.c", "int x;\n" * 501, "above 500"),
    (rules.check_lib_sizes, "lib/engine/b.c", "int x;\n" * 200, "half of the files"),
    (rules.check_stems, "lib/engine/b.c", "int x;\n", "no b.h"),
    (rules.check_seam, "lib/engine/b.c", "void f(void) { mci_cmd(b, x); }\n", "mci_cmd"),
    (rules.check_seam, "lib/index/b.h", "mci_reply *r;\n", "mci_reply"),
    (rules.check_circles, "lib/engine/b.c", '#include "engine/c.h"\n', "circle"),
    (rules.check_includes, "lib/engine/b.c", "#include <hiredis/hiredis.h>\n", "hiredis"),
    (rules.check_includes, "lib/redis/connect.c", "#include <ares.h>\n", "ares"),
    (rules.check_includes, "lib/redis/stream.c", "#include <openssl/ssl.h>\n", "openssl"),
    (rules.check_includes, "lib/redis/b_tls.h", "#include <openssl/ssl.h>\n", "openssl"),
    (rules.check_includes, "lib/codec/b.c", "#include <bson/bson.h>\n", "bson"),
    (rules.check_includes, "lib/store/sqlite.c", "#include <mongoc/mongoc.h>\n", "mongoc"),
    (rules.check_includes, "lib/store/callback.c", "#  include <sqlite3.h>\n", "sqlite3"),
    (rules.check_includes, "lib/api/b.c", "#include <jansson.h>\n", "jansson"),
    (rules.check_includes, "lib/redis/b.h", "#include <pthread.h>\n", "pthread"),
    (rules.check_includes, "lib/redis/b.c", '#include "store/store.h"\n', "point down"),
    (rules.check_includes, "lib/codec/b.c", '#include "redis/reply.h"\n', "point down"),
    (rules.check_includes, "lib/engine/b.c", '#include "api/options.h"\n', "point down"),
    (rules.check_includes, "lib/base/b.c", '#include "observe/log.h"\n', "point down"),
    (rules.check_includes, "lib/base/b.c", '#include "b.h"\n', "named from lib/"),
    (rules.check_includes, "lib/schema/b.c", '#include "scripts.h"\n', "Lua"),
    (rules.check_includes, "lib/engine/b.c", "#include <mflixcache/movies.h>\n", "lib/schema"),
    (rules.check_includes, "lib/store/b.c", "#include <mflixcache/client.h>\n", "engine"),
    (rules.check_includes, "examples/b.c", '#include "base/buf.h"\n', "installed"),
    (rules.check_includes, "tools/b.c", '#include "base/buf.h"\n', "installed"),
    (rules.check_includes, "lib/engine/b.c", '#include "schema/movies.h"\n', "any collection"),
    (rules.check_includes, "lib/schema/b.c", '#include "engine/engine.h"\n', "point down"),
    (rules.check_domain, "lib/codec/b.c", "int movie_count;\n", "movie"),
    (rules.check_domain, "lib/store/b.h", 'const char *path = "imdb.x";\n', "imdb"),
    (rules.check_domain, "lib/engine/lua/b.lua", "local rating = 1 -- a\n", "rating"),
    (rules.check_domain, "lib/base/b.h", "#define THEATERS 1\n", "THEATERS"),
    (rules.check_words, "lib/store/b.c", "/* a ghost */\n", "dangling"),
    (rules.check_words, "lib/engine/lua/b.lua", "local stamp_of = 1\n", "metadata"),
    (rules.check_words, "docs/b.md", "A place in doubt.\n", "pending repair"),
    (rules.check_public_headers, "include/mflixcache/b.h", "#include <jansson.h>\n", "may include"),
    (rules.check_public_headers, "include/mflixcache/b.h", '#include "a.h"\n', "may include"),
    (rules.check_public_headers, "include/mflixcache/b.h", "#ifdef WITH_TLS\n#endif\n", "no #if"),
    (rules.check_public_headers, "include/mflixcache/b.h", "int mc_log(const char *f, ...);\n", "variadic"),
    (rules.check_documented, "include/mflixcache/b.h", "MC_API void mc_b(void);\n", "no comment"),
    (rules.check_documented, "include/mflixcache/b.h", DOC + "\nMC_API int mc_b(int x);\n", "no comment"),
    (rules.check_documented, "include/mflixcache/b.h", "/** B. Threads: any. */\nMC_API int mc_b(void);\n", "returns"),
    (rules.check_documented, "include/mflixcache/b.h", "/** B. @return 1. */\nMC_API int mc_b(void);\n", "threads"),
    (rules.check_documented, "include/mflixcache/b.h", DOC + "MC_API int mc_b(int x, char *more);\n", "`more`"),
    (rules.check_documented, "include/mflixcache/b.h", DOC + "MC_API int b(int x);\n", "begin with mc_"),
    (rules.check_names, "include/mflixcache/b.h", DOC + "MC_API int mc_movie_rank(mc_client *x);\n", "verb"),
    (rules.check_names, "include/mflixcache/b.h", DOC + "MC_API int mc_title(const mc_movie *x);\n", "mc_movie_"),
    (rules.check_sizes, "lib/base/b.c", "int x;\n" * 699, "lines"),
    (rules.check_sizes, "lib/base/b.c", "void f(void)\n{\n" + "    g();\n" * 79 + "}\n", "function"),
    (rules.check_sizes, "tests/unit/test_b.c", "int x;\n" * 699, "lines"),
    (rules.check_calls, "lib/base/b.c", "void f(void)\n{\n    exit(1);\n}\n", "exit"),
    (rules.check_calls, "lib/base/b.c", "void f(void)\n{\n    abort ();\n}\n", "abort"),
    (rules.check_calls, "lib/redis/b.c", 'void f(void)\n{\n    redisCommand(c, "GET %s", k);\n}\n', "redisCommand"),
    (rules.check_calls, "lib/redis/b.c", 'void f(void)\n{\n    redisAppendCommand(c, "GET");\n}\n', "redisAppendCommand"),
    (rules.check_calls, "lib/store/b.c", "void f(void)\n{\n    mongoc_cleanup();\n}\n", "mongoc_cleanup"),
    (rules.check_calls, "lib/base/b.c", "void f(void)\n{\n    signal(13, g);\n}\n", "signal"),
    (rules.check_calls, "lib/base/b.c", 'void f(void)\n{\n    setlocale(0, "C");\n}\n', "setlocale"),
    (rules.check_calls, "lib/base/b.c", 'void f(void)\n{\n    printf("x");\n}\n', "printf"),
    (rules.check_calls, "lib/base/b.c", 'void f(void)\n{\n    fprintf(stderr, "x");\n}\n', "stderr"),
    (rules.check_calls, "lib/base/b.c", 'void f(void)\n{\n    sprintf(b, "x");\n}\n', "sprintf"),
    (rules.check_calls, "lib/base/b.c", 'void f(void)\n{\n    strcat(b, "x");\n}\n', "strcat"),
    (rules.check_calls, "lib/base/b.c", "void f(void)\n{\n    assert(x);\n}\n", "assert"),
    (rules.check_calls, "lib/redis/b.c", 'void f(void)\n{\n    getenv("X");\n}\n', "getenv"),
]

# (file, whole text, a word)
OPENINGS = [
    ("lib/base/b.c", "int x;\n", "SPDX"),
    ("lib/base/b.c", SPDX + "int x;\n", "comment"),
    ("lib/engine/lua/b.lua", "return 1\n", "SPDX"),
    ("script/b.py", "#!/usr/bin/env python3\nprint(1)\n", "SPDX"),
]

GOOD_C = "int mc_do(int x);\nint mc_do(int x) { return x; }\nstatic const char *const table[] = {\"a\"};\n" \
         "const void *mc_table(void); \n__attribute__((visibility(\"hidden\"))) const void *mc_table(void) { return table; }\n"
LINK = ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack", "-Wl,-soname,libmflixcache.so.1"]

# (rule, C text, link flags, a word)
LIBRARIES = [
    (rules.check_exports, "int stray(void) { return 1; }\n", LINK, "stray"),
    (rules.check_exports, "int mc_more(void) { return 1; }\n", LINK, "mc_more"),
    (rules.check_undefined, "void abort(void); int mc_x(void) { abort(); }\n", LINK, "abort"),
    (rules.check_undefined, "extern void *stderr; void *mc_x(void) { return stderr; }\n", LINK, "stderr"),
    (rules.check_writable, "static int counter; int mc_x(void) { return ++counter; }\n", LINK, "counter"),
    (rules.check_writable, "static int start = 5; int mc_x(void) { return ++start; }\n", LINK, "start"),
    (rules.check_writable, "static __thread int mine; int mc_x(void) { return ++mine; }\n", LINK, "mine"),
    (rules.check_hardening, "", ["-Wl,-z,norelro"] + LINK[1:], "RELRO"),
    (rules.check_hardening, "", [LINK[0], "-Wl,-z,lazy"] + LINK[2:], "bound"),
    (rules.check_hardening, "", LINK[:2] + ["-Wl,-z,execstack", LINK[3]], "stack"),
    (rules.check_hardening, "", LINK[:3] + ["-Wl,-soname,x.so"], "soname"),
    (rules.check_hardening, "", LINK + ["-Wl,-rpath,/x"], "run path"),
]

failures = []


def expect(label, found, word):
    """`word` None: nothing may be found. Else at least one complaint, and one with that word."""
    found = list(found)
    good = not found if word is None else any(word in text for text in found)
    if not good:
        failures.append(f"{label}: wanted {word!r}, got {found}")


def build(root, text, flags):
    write(root, "lib.c", text)
    library = os.path.join(root, "libx.so")
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", "-w", "-O1", "-o", library, os.path.join(root, "lib.c"), *flags], check=True)
    return library


def archive(root, text):
    write(root, "lib.c", text)
    made, unit = os.path.join(root, "libx.a"), os.path.join(root, "lib.o")
    subprocess.run([os.environ.get("CC", "cc"), "-c", "-w", "-o", unit, os.path.join(root, "lib.c")], check=True)
    subprocess.run(["ar", "rcs", made, unit], check=True)
    return made


def main():
    tests = 0
    with tempfile.TemporaryDirectory() as root:
        for name, text in CLEAN.items():
            write(root, name, text)
        for rule in rules.TREE_RULES:
            expect(f"clean tree, {rule.__name__}", rule(root), None)
            tests += 1
    for rule, name, text, word in BROKEN:
        with tempfile.TemporaryDirectory() as root:
            write(root, name, HEAD + text)
            if rule is rules.check_circles:
                write(root, "lib/engine/b.h", HEAD)
                write(root, "lib/engine/c.h", HEAD + '#include "engine/b.h"\n')
            expect(f"{rule.__name__} {name} {text[:50]!r}", rule(root), word)
            tests += 1
    for name, text, word in OPENINGS:
        with tempfile.TemporaryDirectory() as root:
            write(root, name, text)
            expect(f"check_opening {name}", rules.check_opening(root), word)
            tests += 1
    with tempfile.TemporaryDirectory() as root:
        write(root, "include/mflixcache/a.h", HEADER)
        write(root, "tests/abi/exports.txt", "mc_do\n")
        write(root, "tests/abi/writable.txt", "allowed # why\n")
        library = build(root, GOOD_C + "static int allowed; int *mc_p(void); "
                        "__attribute__((visibility(\"hidden\"))) int *mc_p(void) { return &allowed; }\n", LINK)
        for rule in rules.LIBRARY_RULES:
            expect(f"clean library, {rule.__name__}", rule(root, library), None)
            tests += 1
        for rule, text, flags, word in LIBRARIES:
            library = build(root, GOOD_C + text, flags)
            expect(f"{rule.__name__} {text!r} {flags}", rule(root, library), word)
            tests += 1
        expect("clean archive", rules.check_static_names(root, archive(root, GOOD_C)), None)
        expect("a stray global", rules.check_static_names(root, archive(root, "int helper(void) { return 1; }\n")), "helper")
        tests += 2
        write(root, "tests/abi/exports.txt", "mc_do\nmc_gone\n")
        expect("check_exports, a name that went away", rules.check_exports(root, build(root, GOOD_C, LINK)), "mc_gone")
        tests += 1
        write(root, "tests/abi/exports.txt", "X_1:\nmc_do\n")
        write(root, "x.map", "X_1 { global: mc_*; local: *; };\n")
        versioned = [*LINK, "-Wl,--version-script," + os.path.join(root, "x.map")]
        expect("check_exports, versioned", rules.check_exports(root, build(root, GOOD_C, versioned)), None)
        expect("check_exports, no version", rules.check_exports(root, build(root, GOOD_C, LINK)), "version none")
        write(root, "x.map", "X_2 { global: mc_*; local: *; };\n")
        expect("check_exports, another version", rules.check_exports(root, build(root, GOOD_C, versioned)), "version X_2")
        tests += 3
    for text in failures:
        print(text)
    print(f"{tests - len(failures)} of {tests} as wanted")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
