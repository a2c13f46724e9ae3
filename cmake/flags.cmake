# SPDX-License-Identifier: Apache-2.0
# Target mflixcache_flags: warnings and hardening for everything that is built here. Never -Werror: presets ask for that.
include(CheckCCompilerFlag)

add_library(mflixcache_flags INTERFACE)
target_compile_options(mflixcache_flags INTERFACE -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wpointer-arith -Wundef -Wvla -Wcast-qual -Wwrite-strings)

foreach(flag IN ITEMS -fstack-protector-strong -fstack-clash-protection -fcf-protection -fstrict-flex-arrays=3)
    string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
    check_c_compiler_flag("-Werror ${flag}" ${have})
    if(${have})
        target_compile_options(mflixcache_flags INTERFACE ${flag})
    endif()
endforeach()

# Positions that an attacker cannot know, no table of functions that can be written to, no stack that can be executed: libraries
# and programs.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
if(NOT APPLE) # there it is so anyway
    target_link_options(mflixcache_flags INTERFACE "LINKER:-z,relro" "LINKER:-z,now" "LINKER:-z,noexecstack")
endif()

if(MFLIXCACHE_FUZZ) # the library's own branches guide the fuzzer
    target_compile_options(mflixcache_flags INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(mflixcache_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(MFLIXCACHE_SANITIZE)
    target_compile_options(mflixcache_flags INTERFACE -fsanitize=${MFLIXCACHE_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    target_link_options(mflixcache_flags INTERFACE -fsanitize=${MFLIXCACHE_SANITIZE})
else()
    # Fortified calls need the optimiser, and would hide what a sanitizer is to see.
    target_compile_options(mflixcache_flags INTERFACE
        "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
endif()

# No trace of the folder that it was built in: the same bytes come out of any two, and no user reads somebody's home directory in an
# error message. A debugger that is started in the top folder finds the sources. gcov wants to know the true place.
if(NOT MFLIXCACHE_COVERAGE)
    target_compile_options(mflixcache_flags INTERFACE "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=."
        "-ffile-prefix-map=${PROJECT_BINARY_DIR}=.")
endif()

if(MFLIXCACHE_COVERAGE)
    target_compile_options(mflixcache_flags INTERFACE --coverage)
    target_link_options(mflixcache_flags INTERFACE --coverage)
endif()
