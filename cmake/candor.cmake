# What every target of the project shares: warnings as errors, exact floating point, and two short functions.

add_library(candor_options INTERFACE)
# Programs that use the installed libraries compile by rules of their own.
target_compile_options(candor_options INTERFACE
  "$<BUILD_INTERFACE:-Wall;-Wextra;-Werror;-ffp-contract=off;-fno-omit-frame-pointer>")
target_include_directories(candor_options INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
                                                    $<INSTALL_INTERFACE:include/candor>)
if(CANDOR_SANITIZE)
  # But for targets that say CANDOR_PLAIN.
  target_compile_options(candor_options INTERFACE
    "$<BUILD_INTERFACE:$<$<NOT:$<BOOL:$<TARGET_PROPERTY:CANDOR_PLAIN>>>:-fsanitize=${CANDOR_SANITIZE};-fno-sanitize-recover=all>>")
  target_link_options(candor_options INTERFACE -fsanitize=${CANDOR_SANITIZE})
endif()
find_package(Threads REQUIRED)

# candor_library(base SOURCES a.cc b.cc DEPS candor_x PUBLIC_LIBS Foo::foo PRIVATE_LIBS Bar::bar) makes candor_base.
function(candor_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PUBLIC_LIBS;PRIVATE_LIBS" ${ARGN})
  add_library(candor_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(candor_${name} PUBLIC candor_options ${ARG_DEPS} ${ARG_PUBLIC_LIBS} PRIVATE ${ARG_PRIVATE_LIBS})
endfunction()

# candor_test(base SOURCES a_test.cc DEPS candor_base) makes one GoogleTest program base_test and registers it.
# LABELS: "check" runs in `make check` (seconds), "test" in `make test`, "bars" in `make bars`.
function(candor_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE candor_options ${ARG_DEPS} GTest::gmock_main)
  target_compile_definitions(${name}_test PRIVATE CANDOR_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data"
                                                  CANDOR_SHARED_GOLDEN="${PROJECT_SOURCE_DIR}/../shared/golden")
  add_test(NAME ${name} COMMAND ${name}_test)
  if(NOT ARG_LABELS)
    set(ARG_LABELS check)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
