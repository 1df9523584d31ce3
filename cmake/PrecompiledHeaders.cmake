# Headers that nearly every file reads, compiled once, where a build from nothing is made often: sanitizers, CI's tests.
# What people run is built without them, and by that build every file proves that it includes what it uses. A compiler
# cache shares no objects between checkouts where they are used.
set(NEPHELE_PRECOMPILED_HEADERS OFF CACHE STRING "OFF, tests, or ON (libraries too)")
set_property(CACHE NEPHELE_PRECOMPILED_HEADERS PROPERTY STRINGS OFF tests ON)

set(nephele_common_headers
  <algorithm> <array> <atomic> <chrono> <cstdint> <expected> <filesystem> <functional> <map> <memory> <mutex> <optional>
  <ranges> <set> <span> <sstream> <string> <string_view> <unordered_map> <utility> <variant> <vector>)

function(ne_precompiled_headers_for NAME)
  file(WRITE ${CMAKE_BINARY_DIR}/generated/${NAME}.cpp "")
  add_library(${NAME} OBJECT EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/generated/${NAME}.cpp)
  target_link_libraries(${NAME} PRIVATE nephele_options Boost::headers)
  target_precompile_headers(${NAME} PRIVATE ${nephele_common_headers} ${ARGN})
endfunction()

if(NOT NEPHELE_PRECOMPILED_HEADERS STREQUAL "OFF")
  set(house "\"base/async.h\"" "\"base/clock.h\"" "\"base/json.h\"" "\"base/log.h\"" "\"base/result.h\"")
  ne_precompiled_headers_for(nephele_library_headers ${house})
  if(NEPHELE_TESTS)
    ne_precompiled_headers_for(nephele_test_headers ${house} <gmock/gmock.h> <gtest/gtest.h>)
    target_compile_options(nephele_test_headers PRIVATE ${NEPHELE_TEST_OPTIONS})
    target_link_libraries(nephele_test_headers PRIVATE GTest::gmock)
  endif()
endif()

# ne_precompiled_headers(TARGET library|test)
function(ne_precompiled_headers TARGET KIND)
  if(NEPHELE_PRECOMPILED_HEADERS STREQUAL "ON" OR (KIND STREQUAL "test" AND NEPHELE_PRECOMPILED_HEADERS STREQUAL "tests"))
    target_precompile_headers(${TARGET} REUSE_FROM nephele_${KIND}_headers)
  endif()
endfunction()
