# SPDX-License-Identifier: Apache-2.0
#
# Installs the headers and a CMake package with one export per component, so that core alone refers to nothing
# but itself. The package is the same on every architecture.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

foreach(dependency IN ITEMS fmt::fmt nlohmann_json::nlohmann_json)
  if(TARGET ${dependency})
    get_target_property(imported ${dependency} IMPORTED)
    if(NOT imported)
      message(STATUS "opcost: no install rules, because ${dependency} is built here and not a package to refer to")
      return()
    endif()
  endif()
endforeach()

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/opcost")

foreach(component IN ITEMS core format json opcost)
  install(TARGETS opcost_${component} EXPORT opcost-${component}
          FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT opcost-${component} NAMESPACE opcost:: DESTINATION "${package_dir}")
endforeach()

configure_package_config_file(cmake/opcostConfig.cmake.in "${PROJECT_BINARY_DIR}/opcostConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break its users.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/opcostConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/opcostConfig.cmake" "${PROJECT_BINARY_DIR}/opcostConfigVersion.cmake"
        DESTINATION "${package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/opcost")
