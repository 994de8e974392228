# find_package(candor) makes candor::engine and the libraries below it; the headers are "engine/candor.h" and so on.
include(CMakeFindDependencyMacro)
find_dependency(Boost 1.81 COMPONENTS json)
find_dependency(OpenSSL 3.0)
find_dependency(PkgConfig)
find_dependency(Threads)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
include(${CMAKE_CURRENT_LIST_DIR}/candor-targets.cmake)
