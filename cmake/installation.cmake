# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where: libraries, headers, mflixcache.pc, the CMake package. The program installs itself.
# Everything finds its parts from where it stands, so the tree may be moved after installation.
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/mflixcache")

install(TARGETS mflixcache EXPORT mflixcacheTargets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT development)
install(TARGETS mflixcache_static EXPORT mflixcacheTargets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
install(DIRECTORY include/mflixcache DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development
    FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(FILES "${PROJECT_BINARY_DIR}/include/mflixcache/version.h"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/mflixcache" COMPONENT development)

# ---- pkg-config: the prefix is computed from the place of the .pc file.
cmake_path(SET pc_dir "/${CMAKE_INSTALL_LIBDIR}/pkgconfig")
cmake_path(RELATIVE_PATH pc_dir BASE_DIRECTORY "/" OUTPUT_VARIABLE pc_dir)
string(REGEX REPLACE "[^/]+" ".." MFLIXCACHE_PC_UP "${pc_dir}")
configure_file(pkgconfig/mflixcache.pc.in "${PROJECT_BINARY_DIR}/mflixcache.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/mflixcache.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)

# ---- CMake package: mflixcache::mflixcache (component shared), mflixcache::static (static), mflixcache::mflix (tools)
install(EXPORT mflixcacheTargets NAMESPACE mflixcache:: DESTINATION "${package_dir}" COMPONENT development)
configure_package_config_file(cmake/mflixcacheConfig.cmake.in "${PROJECT_BINARY_DIR}/mflixcacheConfig.cmake"
    INSTALL_DESTINATION "${package_dir}" PATH_VARS CMAKE_INSTALL_BINDIR NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/mflixcacheConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/mflixcacheConfig.cmake" "${PROJECT_BINARY_DIR}/mflixcacheConfigVersion.cmake"
    DESTINATION "${package_dir}" COMPONENT development)
