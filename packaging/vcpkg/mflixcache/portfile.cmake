# SPDX-License-Identifier: Apache-2.0
# An overlay port: it builds the tree that it lies in. A port for a registry has vcpkg_from_github() of a release in place of the next line.
cmake_path(ABSOLUTE_PATH CMAKE_CURRENT_LIST_DIR OUTPUT_VARIABLE here)
cmake_path(SET SOURCE_PATH NORMALIZE "${here}/../../..")

vcpkg_check_features(OUT_FEATURE_OPTIONS features FEATURES
    cares MFLIXCACHE_WITH_CARES
    mongodb MFLIXCACHE_WITH_MONGODB
    sqlite MFLIXCACHE_WITH_SQLITE
    tls MFLIXCACHE_WITH_TLS)

vcpkg_find_acquire_program(PKGCONFIG)
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}" OPTIONS ${features} "-DPKG_CONFIG_EXECUTABLE=${PKGCONFIG}"
    -DMFLIXCACHE_BUILD_TESTS=OFF -DMFLIXCACHE_BUILD_PROGRAM=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/mflixcache)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
