# `cmake --install`: the program, and the engine as libraries for find_package(candor) -> candor::engine.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

install(TARGETS candor)

# The man page has its commands and flags from the program itself.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(CANDOR_MAN ${PROJECT_SOURCE_DIR}/docs/man/candor.1.in)
add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/candor.1
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/make_man.py $<TARGET_FILE:candor> ${PROJECT_VERSION}
          ${CANDOR_MAN} ${PROJECT_BINARY_DIR}/candor.1
  DEPENDS candor ${CANDOR_MAN} ${PROJECT_SOURCE_DIR}/tools/make_man.py VERBATIM)
add_custom_target(man ALL DEPENDS ${PROJECT_BINARY_DIR}/candor.1)
install(FILES ${PROJECT_BINARY_DIR}/candor.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${PROJECT_SOURCE_DIR}/tools/completions/candor.bash RENAME candor
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${PROJECT_SOURCE_DIR}/tools/completions/_candor DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)

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
