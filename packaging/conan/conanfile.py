# SPDX-License-Identifier: Apache-2.0
"""Conan 2 recipe: builds the tree that it lies in.  conan create packaging/conan --build=missing"""

import os

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load
from conan.tools.gnu import PkgConfigDeps

PARTS = ("CMakeLists.txt", "LICENSE", "CHANGELOG.md", "README.md", "cmake/*", "docs/man/*", "include/*", "lib/*", "pkgconfig/*")


class Mflixcache(ConanFile):
    name = "mflixcache"
    description = "MongoDB documents cached in Redis, never older than an acknowledged write"
    license = "Apache-2.0"
    topics = ("cache", "redis", "mongodb", "sqlite")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "mongodb": [True, False], "sqlite": [True, False], "tls": [True, False], "cares": [True, False],
               "system_libs": [True, False]}
    default_options = {"shared": True, "mongodb": True, "sqlite": True, "tls": True, "cares": True, "system_libs": False}

    def set_version(self):
        text = load(self, os.path.join(self.recipe_folder, "../../CMakeLists.txt"))
        self.version = text.split("project(mflixcache VERSION ")[1].split()[0]

    def export_sources(self):
        for part in PARTS:
            copy(self, part, os.path.join(self.recipe_folder, "../.."), self.export_sources_folder)

    def configure(self):
        self.settings.rm_safe("compiler.libcxx")  # the library is C
        self.settings.rm_safe("compiler.cppstd")

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        if self.options.system_libs:  # those of pkg-config, of the machine
            return
        self.requires("hiredis/1.2.0")
        self.requires("jansson/2.14")
        if self.options.mongodb:
            self.requires("mongo-c-driver/1.30.0")
        if self.options.sqlite:
            self.requires("sqlite3/[>=3.38 <4]")
        if self.options.tls:
            self.requires("openssl/[>=3 <4]")
        if self.options.cares:
            self.requires("c-ares/[>=1.18 <2]")

    def generate(self):
        tool = CMakeToolchain(self)
        for option, variable in (("mongodb", "MONGODB"), ("sqlite", "SQLITE"), ("tls", "TLS"), ("cares", "CARES")):
            tool.cache_variables[f"MFLIXCACHE_WITH_{variable}"] = bool(self.options.get_safe(option))
        tool.cache_variables["MFLIXCACHE_BUILD_TESTS"] = False
        tool.cache_variables["MFLIXCACHE_BUILD_PROGRAM"] = False
        tool.generate()
        PkgConfigDeps(self).generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        self.cpp_info.set_property("cmake_find_mode", "none")  # the package brings its own CMake files
        self.cpp_info.set_property("pkg_config_name", "none")
        self.cpp_info.builddirs = ["lib/cmake/mflixcache"]
        self.cpp_info.libs = ["mflixcache"]
