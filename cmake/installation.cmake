# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where: libraries, headers, mflixcache.pc, the CMake package. The program installs itself.
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/mflixcache")

install(TARGETS mflixcache EXPORT mflixcacheTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT development)
install(TARGETS mflixcache_static EXPORT mflixcacheTargets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
