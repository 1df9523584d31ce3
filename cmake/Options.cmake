# What every target is compiled with. Presets choose the sanitizer; nobody types flags.
set(NEPHELE_SANITIZE "" CACHE STRING "sanitizers of this build: empty, address,undefined or thread")
option(NEPHELE_FUZZ "build the libFuzzer targets" OFF)
option(NEPHELE_TESTS "build the tests" ON)

add_library(nephele_options INTERFACE)
target_compile_options(nephele_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wextra-semi -Wthread-safety -Wformat=2 -Werror

  -Xclang -fno-pch-timestamp)
target_compile_definitions(nephele_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_JSON_NO_LIB)
target_include_directories(nephele_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
target_link_options(nephele_options INTERFACE -fuse-ld=lld)

if(NEPHELE_SANITIZE)
  target_compile_options(nephele_options INTERFACE -fsanitize=${NEPHELE_SANITIZE} -fno-omit-frame-pointer
                                                   -fno-sanitize-recover=all)
  target_link_options(nephele_options INTERFACE -fsanitize=${NEPHELE_SANITIZE})
endif()
if(NEPHELE_FUZZ)
  target_compile_options(nephele_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# What is tested is as people run it; the cases themselves gain nothing from an optimiser but its time.
set(NEPHELE_TEST_OPTIONS -O0)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

# One place for the version: CHANGELOG and `nephele --version` follow project(VERSION).
configure_file(${CMAKE_SOURCE_DIR}/cmake/version.h.in ${CMAKE_BINARY_DIR}/generated/nephele_version.h @ONLY)
