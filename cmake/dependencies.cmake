# SPDX-License-Identifier: Apache-2.0
# Target mflixcache_deps: the libraries underneath. Old and new names are tried (libmongoc-1.0 before mongoc2), because
# Debian 12, 13 and sid differ. The same names end up in mflixcache.pc and in the CMake package.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(mflixcache_deps INTERFACE)
target_link_libraries(mflixcache_deps INTERFACE Threads::Threads m)
set(MFLIXCACHE_PC_REQUIRES "")

# hiredis 0.14 (Debian 12) and 1.x are both fine.
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis>=0.14)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
target_link_libraries(mflixcache_deps INTERFACE PkgConfig::HIREDIS PkgConfig::JANSSON)
list(APPEND MFLIXCACHE_PC_REQUIRES "hiredis >= 0.14" "jansson >= 2.14")

# TLS to Redis: on where OpenSSL 3 is found, unless it is asked for or against.
pkg_check_modules(OPENSSL QUIET IMPORTED_TARGET openssl>=3.0)
option(MFLIXCACHE_WITH_TLS "rediss:// through OpenSSL 3" ${OPENSSL_FOUND})
if(MFLIXCACHE_WITH_TLS)
    if(NOT OPENSSL_FOUND)
        message(FATAL_ERROR "OpenSSL 3 was not found (pkg-config openssl). Install libssl-dev, or configure with -DMFLIXCACHE_WITH_TLS=OFF.")
    endif()
    list(APPEND MFLIXCACHE_PC_REQUIRES "openssl >= 3.0")
    target_link_libraries(mflixcache_deps INTERFACE PkgConfig::OPENSSL)
    target_compile_definitions(mflixcache_deps INTERFACE MFLIXCACHE_WITH_TLS=1)
else()
    target_compile_definitions(mflixcache_deps INTERFACE MFLIXCACHE_WITH_TLS=0)
endif()

# Name resolution that ends at the deadline: on where c-ares is found, unless it is asked for or against.
pkg_check_modules(CARES QUIET IMPORTED_TARGET libcares>=1.18)
option(MFLIXCACHE_WITH_CARES "Name resolution within the deadline through c-ares" ${CARES_FOUND})
if(MFLIXCACHE_WITH_CARES)
    if(NOT CARES_FOUND)
        message(FATAL_ERROR "c-ares was not found (pkg-config libcares). Install libc-ares-dev, or configure with -DMFLIXCACHE_WITH_CARES=OFF.")
    endif()
    list(APPEND MFLIXCACHE_PC_REQUIRES "libcares >= 1.18")
    target_link_libraries(mflixcache_deps INTERFACE PkgConfig::CARES)
    target_compile_definitions(mflixcache_deps INTERFACE MFLIXCACHE_WITH_CARES=1)
else()
    target_compile_definitions(mflixcache_deps INTERFACE MFLIXCACHE_WITH_CARES=0)
endif()

if(MFLIXCACHE_WITH_MONGODB)
    pkg_check_modules(MONGOC IMPORTED_TARGET libmongoc-1.0>=1.23)
    if(MONGOC_FOUND)
        list(APPEND MFLIXCACHE_PC_REQUIRES "libmongoc-1.0 >= 1.23")
    else()
        pkg_check_modules(MONGOC IMPORTED_TARGET mongoc2)
        if(NOT MONGOC_FOUND)
            message(FATAL_ERROR "libmongoc was not found (pkg-config libmongoc-1.0 or mongoc2). "
                "Install libmongoc-dev, or configure with -DMFLIXCACHE_WITH_MONGODB=OFF.")
        endif()
        list(APPEND MFLIXCACHE_PC_REQUIRES "mongoc2")
    endif()
    target_link_libraries(mflixcache_deps INTERFACE PkgConfig::MONGOC)
    target_compile_definitions(mflixcache_deps INTERFACE MFLIXCACHE_WITH_MONGODB=1)
else()
    target_compile_definitions(mflixcache_deps INTERFACE MFLIXCACHE_WITH_MONGODB=0)
endif()

if(MFLIXCACHE_WITH_SQLITE)
    # Generated columns need 3.31, RETURNING 3.35, JSON built in 3.38.
    pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.38)
    list(APPEND MFLIXCACHE_PC_REQUIRES "sqlite3 >= 3.38")
    target_link_libraries(mflixcache_deps INTERFACE PkgConfig::SQLITE)
    target_compile_definitions(mflixcache_deps INTERFACE MFLIXCACHE_WITH_SQLITE=1)
else()
    target_compile_definitions(mflixcache_deps INTERFACE MFLIXCACHE_WITH_SQLITE=0)
endif()
string(REPLACE " >= " ">=" MFLIXCACHE_PC_MODULES "${MFLIXCACHE_PC_REQUIRES}")
list(JOIN MFLIXCACHE_PC_MODULES "\" \"" MFLIXCACHE_PC_MODULES)
list(JOIN MFLIXCACHE_PC_REQUIRES ", " MFLIXCACHE_PC_REQUIRES)
