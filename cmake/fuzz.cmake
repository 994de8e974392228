# Fuzz targets: clang's libFuzzer over the same libraries, with the sanitizers of the preset `fuzz`.

if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
  message(FATAL_ERROR "CANDOR_FUZZ needs clang: use the preset fuzz")
endif()
set(CANDOR_FUZZ_SECONDS 60 CACHE STRING "How long `ctest --preset fuzz` runs each target")
# Coverage counters in every library: what a target links to, it explores.
target_compile_options(candor_options INTERFACE $<$<NOT:$<BOOL:$<TARGET_PROPERTY:CANDOR_PLAIN>>>:-fsanitize=fuzzer-no-link>)
# The instruction sets' kernels parse nothing, and take ten minutes each to compile with all that in them.
get_property(kernel_targets DIRECTORY ${PROJECT_SOURCE_DIR}/src/kernels PROPERTY BUILDSYSTEM_TARGETS)
list(FILTER kernel_targets INCLUDE REGEX "^candor_isa_")
set_target_properties(${kernel_targets} PROPERTIES CANDOR_PLAIN ON)
add_custom_target(fuzz)

# candor_fuzz(gguf SOURCES gguf_fuzz.cc DEPS candor_format [OPTIONS -max_len=4096]) makes gguf_fuzz, builds it with the
# target `fuzz` and registers the test fuzz.gguf. Seeds are the files in fuzz/corpus/gguf; what a run finds beyond them
# is kept in the build folder.
function(candor_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;OPTIONS" ${ARGN})
  add_executable(${name}_fuzz EXCLUDE_FROM_ALL ${ARG_SOURCES})
  target_link_libraries(${name}_fuzz PRIVATE candor_options ${ARG_DEPS})
  target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzz ${name}_fuzz)
  set(found ${CMAKE_CURRENT_BINARY_DIR}/corpus/${name})
  file(MAKE_DIRECTORY ${found})
  add_test(NAME fuzz.${name} COMMAND ${name}_fuzz -max_total_time=${CANDOR_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=2048
                                     ${ARG_OPTIONS} ${found} ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  math(EXPR limit "${CANDOR_FUZZ_SECONDS} + 120")
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT ${limit})
endfunction()
