#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py debian|conan|vcpkg|homebrew SOURCE: each recipe of packaging/ and debian/ by its own tool, or as near to it as can be had."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

WHAT, SOURCE = sys.argv[1], os.path.abspath(sys.argv[2])
PORT = os.path.join(SOURCE, "packaging/vcpkg/mflixcache")
FORMULA = os.path.join(SOURCE, "packaging/homebrew/mflixcache.rb")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


VERSION = re.search(r"project\(mflixcache VERSION ([\d.]+)", read(os.path.join(SOURCE, "CMakeLists.txt")))[1]


def run(command, fine=(0,), **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1500, **more)
    if done.returncode not in fine:
        sys.exit(f"FAILED {command}: {done.returncode}\n{done.stdout[-6000:]}{done.stderr[-6000:]}")
    return done.stdout


def copy_of_tree(folder):
    """Without what is built and without what is not of the tree."""
    out = os.path.join(folder, "mflixcache")
    def skip(where, names):
        top = os.path.samefile(where, SOURCE)
        return [n for n in names if n in (".git", ".venv", "__pycache__", "node_modules") or n.endswith((".egg-info", "_cache"))
                or (top and (n.startswith("build") or n == "out"))]

    shutil.copytree(SOURCE, out, ignore=skip, symlinks=True)
    return out


def debian(folder):
    """The source package: built, its three packages looked into, and by lintian where it is there."""
    tree = copy_of_tree(folder)
    said = read(os.path.join(tree, "debian/changelog"))
    assert said.startswith(f"mflixcache ({VERSION}"), said
    run(["dpkg-buildpackage", "-us", "-uc", "-b"], cwd=tree, env={**os.environ, "DEB_BUILD_OPTIONS": "parallel=2"})
    names = {name.split("_")[0]: os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".deb")}
    assert {"libmflixcache1", "libmflixcache-dev", "mflixcache-tools"} <= set(names), names
    inside = run(["dpkg-deb", "-c", names["libmflixcache1"]])
    assert "libmflixcache.so.1" in inside and ".h\n" not in inside, inside
    assert "mc_get_movie.3" in run(["dpkg-deb", "-c", names["libmflixcache-dev"]])
    assert "libmflixcache1" in run(["dpkg-deb", "-f", names["mflixcache-tools"], "Depends"])
    if shutil.which("lintian"):
        changes = next(os.path.join(folder, n) for n in os.listdir(folder) if n.endswith(".changes"))
        found = run(["lintian", "--allow-root", "--no-tag-display-limit", "--fail-on", "error", changes])
        print(found)
    run(["dpkg-buildpackage", "-us", "-uc", "-S", "-d"], cwd=tree)
    assert any(n.endswith(".dsc") for n in os.listdir(folder))


def conan(folder):
    """A package with the libraries of this system, and the test program with it."""
    env = {**os.environ, "CONAN_HOME": os.path.join(folder, "conan"), "PATH": os.path.join(SOURCE, ".venv/bin") + ":" + os.environ["PATH"]}
    recipe = os.path.join(copy_of_tree(folder), "packaging/conan")
    run(["conan", "profile", "detect"], env=env)
    said = json.loads(run(["conan", "inspect", recipe, "--format", "json"], env=env))
    assert said["version"] == VERSION and said["license"] == "Apache-2.0", said
    done = subprocess.run(["conan", "create", recipe, "--no-remote", "-o", "&:system_libs=True"], env=env, capture_output=True, text=True, check=False,
                          timeout=1500)
    assert done.returncode == 0 and f"mflixcache {VERSION}: open" in done.stdout + done.stderr, done.stdout[-3000:] + done.stderr[-6000:]


# vcpkg's own functions, as far as this port uses them.
VCPKG = """
set(CURRENT_PACKAGES_DIR "{out}")
set(PORT mflixcache)
set(VCPKG_TARGET_TRIPLET here)
function(vcpkg_check_features)
    cmake_parse_arguments(PARSE_ARGV 0 a "" "OUT_FEATURE_OPTIONS" "FEATURES")
    set(options "")
    list(LENGTH a_FEATURES n)
    math(EXPR last "${{n}} - 1")
    foreach(i RANGE 1 ${{last}} 2)
        list(GET a_FEATURES ${{i}} variable)
        list(APPEND options "-D${{variable}}=ON")
    endforeach()
    set(${{a_OUT_FEATURE_OPTIONS}} "${{options}}" PARENT_SCOPE)
endfunction()
function(vcpkg_find_acquire_program name)
    find_program(found_pkgconfig pkg-config REQUIRED)
    set(${{name}} "${{found_pkgconfig}}" PARENT_SCOPE)
endfunction()
function(vcpkg_cmake_configure)
    cmake_parse_arguments(PARSE_ARGV 0 a "" "SOURCE_PATH" "OPTIONS")
    execute_process(COMMAND "${{CMAKE_COMMAND}}" -S "${{a_SOURCE_PATH}}" -B "{build}" -G Ninja -DCMAKE_INSTALL_PREFIX={out}
        -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Debug ${{a_OPTIONS}} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(vcpkg_cmake_install)
    execute_process(COMMAND "${{CMAKE_COMMAND}}" --build "{build}" --target install COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 a "" "CONFIG_PATH" "")
    if(NOT EXISTS "{out}/${{a_CONFIG_PATH}}/mflixcacheConfig.cmake")
        message(FATAL_ERROR "no CMake package in ${{a_CONFIG_PATH}}")
    endif()
endfunction()
function(vcpkg_fixup_pkgconfig)
    if(NOT EXISTS "{out}/lib/pkgconfig/mflixcache.pc")
        message(FATAL_ERROR "no mflixcache.pc")
    endif()
endfunction()
function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 a "" "" "FILE_LIST")
    file(INSTALL ${{a_FILE_LIST}} DESTINATION "{out}/share/mflixcache")
endfunction()
include("{port}/portfile.cmake")
"""


def vcpkg(folder):
    """The manifest by the rules that vcpkg's documents give, and the build step with stand-ins for its functions."""
    said = json.loads(read(os.path.join(PORT, "vcpkg.json")))
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", said["name"]) and said["name"] == os.path.basename(PORT)
    assert said["version"] == VERSION and said["license"] == "Apache-2.0"
    known = {"name", "version", "description", "license", "supports", "dependencies", "default-features", "features"}
    assert set(said) <= known, set(said) - known
    assert set(said["default-features"]) == set(said["features"])
    for dependency in said["dependencies"] + [d for f in said["features"].values() for d in f["dependencies"]]:
        name = dependency if isinstance(dependency, str) else dependency["name"]
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name), name
    port = read(os.path.join(PORT, "portfile.cmake"))
    for feature in said["features"]:
        assert re.search(rf"\b{feature} MFLIXCACHE_WITH_\w+", port), feature
    for option in re.findall(r"MFLIXCACHE_\w+", port):
        assert option in read(os.path.join(SOURCE, "CMakeLists.txt")) + read(os.path.join(SOURCE, "cmake/dependencies.cmake")), option
    tree = copy_of_tree(folder)
    script = os.path.join(folder, "port.cmake")
    with open(script, "w", encoding="utf-8") as f:
        f.write(VCPKG.format(out=folder + "/out", build=folder + "/b", port=tree + "/packaging/vcpkg/mflixcache"))
    run(["cmake", "-P", script])
    for name in ("include/mflixcache/mflixcache.h", "share/mflixcache/LICENSE", "share/mflixcache/usage"):
        assert os.path.exists(f"{folder}/out/{name}"), name


def homebrew(folder):
    """Ruby's grammar, and what a formula must say."""
    assert "Syntax OK" in run(["ruby", "-wc", FORMULA], cwd=folder)
    # The class alone, with a Formula that notes what it is told.
    program = """
        class Formula
          @@told = []
          def self.method_missing(name, *rest) = (@@told << [name, rest]; nil)
          def self.respond_to_missing?(*) = true
          def self.test = nil
          def self.told = @@told
        end
        load ARGV[0]
        require "json"
        puts JSON.generate([Mflixcache.told, Mflixcache.instance_methods(false)])
    """
    told, methods = json.loads(run(["ruby", "-e", program, FORMULA], cwd=folder))
    fields = {name: rest[0] if rest else None for name, rest in told if name != "depends_on"}
    assert fields["version"] == VERSION and VERSION in fields["url"] and fields["license"] == "Apache-2.0", fields
    assert re.fullmatch(r"[0-9a-f]{64}", fields["sha256"]) and len(fields["desc"]) <= 80 and not fields["desc"].endswith("."), fields
    assert methods == ["install"], methods
    needs = [rest[0] if isinstance(rest[0], str) else next(iter(rest[0])) for name, rest in told if name == "depends_on"]
    assert {"hiredis", "jansson", "mongo-c-driver", "sqlite", "cmake"} <= set(needs), needs


with tempfile.TemporaryDirectory() as work:
    globals()[WHAT](work)
print("1 passed, 0 failed, 0 skipped")
