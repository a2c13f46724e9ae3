# SPDX-License-Identifier: Apache-2.0
# Toolchain: 64-bit ARM Linux by Debian's cross compiler (gcc-aarch64-linux-gnu), programs run by qemu-aarch64 (qemu-user).
#   cmake -S . -B build/arm64 -G Ninja --toolchain cmake/aarch64-linux-gnu.cmake -DMFLIXCACHE_SYSROOT=/folder/with/arm64/packages
# script/cross makes such a folder. Without MFLIXCACHE_SYSROOT the libraries are those that Debian's multiarch has installed (dpkg --add-architecture arm64).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER CMAKE_CXX_COMPILER-NOTFOUND) # the C++ layer is a header: its tests are left out
find_program(MFLIXCACHE_QEMU NAMES qemu-aarch64 qemu-aarch64-static)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MFLIXCACHE_SYSROOT)
if(MFLIXCACHE_SYSROOT)
    set(CMAKE_SYSROOT "${MFLIXCACHE_SYSROOT}")
    set(CMAKE_FIND_ROOT_PATH "${MFLIXCACHE_SYSROOT}")
    set(CMAKE_CROSSCOMPILING_EMULATOR "${MFLIXCACHE_QEMU};-L;${MFLIXCACHE_SYSROOT}")
    set(ENV{PKG_CONFIG_SYSROOT_DIR} "${MFLIXCACHE_SYSROOT}")
    set(ENV{PKG_CONFIG_LIBDIR} "${MFLIXCACHE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${MFLIXCACHE_SYSROOT}/usr/share/pkgconfig")
else()
    set(CMAKE_CROSSCOMPILING_EMULATOR "${MFLIXCACHE_QEMU}")
    set(ENV{PKG_CONFIG_LIBDIR} "/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig")
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
