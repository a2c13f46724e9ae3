# SPDX-License-Identifier: Apache-2.0
# Made the CMakeLists.txt of a project by run.sh, with components in the place of the word: says what find_package() gave.
cmake_minimum_required(VERSION 3.25)
project(components LANGUAGES C)
find_package(mflixcache 0.1 REQUIRED COMPONENTS COMPONENTS_HERE)
find_package(mflixcache 0.1 REQUIRED COMPONENTS COMPONENTS_HERE) # again: nothing is defined twice
get_target_property(static mflixcache::static INTERFACE_LINK_LIBRARIES)
list(LENGTH static libraries)
message(STATUS "libraries of the static one: ${libraries}, found: ${mflixcache_static_FOUND}")
if(TARGET mflixcache::mflix)
    get_target_property(program mflixcache::mflix IMPORTED_LOCATION)
    execute_process(COMMAND "${program}" --version OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
    message(STATUS "mflix --version: ${version}")
endif()
