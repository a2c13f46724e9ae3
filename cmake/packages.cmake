# SPDX-License-Identifier: Apache-2.0
# Manual pages, and what `cpack` makes: libmflixcache1 (runtime), libmflixcache-dev, mflixcache-tools as .deb, and one .tar.gz
# of all of it. script/package configures a build for them (prefix /usr, no tests).
file(GLOB pages CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/man/mflixcache_*.3")
install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man3" COMPONENT development)
if(TARGET mflix)
    install(FILES docs/man/mflix.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT tools)
endif()

# `man mc_get_movie` opens the page of its group: a page of one line that includes it.
foreach(page IN LISTS pages)
    cmake_path(GET page FILENAME group)
    file(STRINGS "${page}" names REGEX "^\\.Nm mc_")
    foreach(name IN LISTS names)
        string(REGEX REPLACE "^\\.Nm (mc_[a-z0-9_]+).*" "\\1" name "${name}")
        file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/man/${name}.3" CONTENT ".so man3/${group}\n" @ONLY)
        install(FILES "${PROJECT_BINARY_DIR}/man/${name}.3" DESTINATION "${CMAKE_INSTALL_MANDIR}/man3" COMPONENT development)
    endforeach()
endforeach()

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/mflixcache" COMPONENT development)

if(NOT PROJECT_IS_TOP_LEVEL)
    return()
endif()

set(runtime_package "libmflixcache${MFLIXCACHE_SOVERSION}")
# Where Debian looks for the licence of a package. Not part of `cmake --install`, which installs all components at once.
foreach(pair IN ITEMS "runtime ${runtime_package}" "development libmflixcache-dev" "tools mflixcache-tools")
    separate_arguments(pair UNIX_COMMAND "${pair}")
    list(GET pair 0 component)
    list(GET pair 1 package)
    install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${package}" RENAME copyright COMPONENT ${component} EXCLUDE_FROM_ALL)
    install(FILES CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${package}" COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()

set(CPACK_PACKAGE_NAME mflixcache)
set(CPACK_PACKAGE_VENDOR "libmflixcache")
set(CPACK_PACKAGE_CONTACT "libmflixcache maintainers <maintainers@libmflixcache.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "MongoDB documents cached in Redis, never older than an acknowledged write")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_COMPONENTS_ALL runtime development tools)

# The archive is one tree that can be unpacked anywhere: everything finds its parts from where it stands.
set(CPACK_ARCHIVE_COMPONENT_INSTALL OFF)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${runtime_package})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
# What a package that links the library has to depend on.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "The shared library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libmflixcache-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
# pkg-config wants to see what is underneath even for a shared link (Requires.private), and a static link needs it.
set(needs "${runtime_package} (= ${PROJECT_VERSION})" libhiredis-dev libjansson-dev)
if(MFLIXCACHE_WITH_CARES)
    list(APPEND needs libc-ares-dev)
endif()
if(MFLIXCACHE_WITH_TLS)
    list(APPEND needs libssl-dev)
endif()
if(MFLIXCACHE_WITH_MONGODB)
    list(APPEND needs libmongoc-dev)
endif()
if(MFLIXCACHE_WITH_SQLITE)
    list(APPEND needs libsqlite3-dev)
endif()
list(JOIN needs ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "Headers, static library, pkg-config and CMake files, manual pages.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME mflixcache-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "${runtime_package} (>= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "The mflix program: load, read, write and measure through the cache.")
include(CPack)
