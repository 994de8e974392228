# find_package(candor) makes candor::engine and the libraries below it; the headers are "engine/engine.h" and so on.
include(CMakeFindDependencyMacro)
find_dependency(OpenSSL 3.0)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/candor-targets.cmake)
