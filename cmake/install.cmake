# `cmake --install`: the program, and the engine as libraries for find_package(candor) -> candor::engine.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

install(TARGETS candor)

set(CANDOR_PUBLIC base kernels format tokenizer chat model engine)
install(TARGETS candor_options EXPORT candor)
set_target_properties(candor_options PROPERTIES EXPORT_NAME options)
foreach(library IN LISTS CANDOR_PUBLIC)
  set_target_properties(candor_${library} PROPERTIES EXPORT_NAME ${library})
  install(TARGETS candor_${library} EXPORT candor)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/${library} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/candor
          FILES_MATCHING PATTERN "*.h")
endforeach()

set(CANDOR_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/candor)
install(EXPORT candor NAMESPACE candor:: FILE candor-targets.cmake DESTINATION ${CANDOR_PACKAGE_DIR})
write_basic_package_version_file(candor-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/candor-config.cmake ${PROJECT_BINARY_DIR}/candor-config-version.cmake
        DESTINATION ${CANDOR_PACKAGE_DIR})
