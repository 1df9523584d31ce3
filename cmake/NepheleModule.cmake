# ne_module(NAME SOURCES a.cpp ... [TESTS x_test.cpp ...] [PUBLIC targets] [PRIVATE targets]
#           [TEST_LIBS targets] [TEST_LABELS labels] [TEST_WHOLE])
#
# A static library ne::NAME and one test program NAME_test of all its TESTS. PUBLIC is what its headers show, PRIVATE
# what only its .cpp files use: the link line is a statement about design. TEST_WHOLE: see ne_test.
function(ne_module NAME)
  cmake_parse_arguments(M "TEST_WHOLE" "" "SOURCES;TESTS;PUBLIC;PRIVATE;TEST_LIBS;TEST_LABELS" ${ARGN})
  add_library(nephele_${NAME} STATIC ${M_SOURCES})
  add_library(ne::${NAME} ALIAS nephele_${NAME})
  target_link_libraries(nephele_${NAME} PUBLIC nephele_options ${M_PUBLIC} PRIVATE ${M_PRIVATE})
  ne_precompiled_headers(nephele_${NAME} library)
  if(NEPHELE_TESTS AND M_TESTS)
    set(whole "")
    if(M_TEST_WHOLE)
      set(whole WHOLE)
    endif()
    ne_test(${NAME}_test ${whole} SOURCES ${M_TESTS} LIBS ne::${NAME} ${M_PUBLIC} ${M_PRIVATE} ${M_TEST_LIBS}
            LABELS ${M_TEST_LABELS})
  endif()
endfunction()

# ne_test(NAME SOURCES ... LIBS ... [LABELS ...] [WHOLE] [SLOW]): a GoogleTest program, each case known to ctest by its name
# and run as a process of its own. WHOLE: the program is one test of ctest, for those that start a server which all of
# their cases share (sql/testing). SLOW: takes minutes, so it is one test too, and runs only for those who ask for it:
# scripts/test -L slow, or ctest -C slow -L slow.
function(ne_test NAME)
  cmake_parse_arguments(T "WHOLE;SLOW" "" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT T_LABELS)
    set(T_LABELS unit)
  endif()
  add_executable(${NAME} ${T_SOURCES})
  target_link_libraries(${NAME} PRIVATE nephele_options ${T_LIBS} GTest::gmock GTest::gtest_main)
  target_compile_options(${NAME} PRIVATE ${NEPHELE_TEST_OPTIONS})
  ne_precompiled_headers(${NAME} test)
  set(environment "NEPHELE_SOURCE_DIR=${CMAKE_SOURCE_DIR};NEPHELE_BINARY_DIR=${CMAKE_BINARY_DIR}")
  # Far from UTC, so that a local time where UTC is meant shows.
  set(zone ENVIRONMENT_MODIFICATION "TZ=set:NPT-5:45")
  if(T_SLOW)
    add_test(NAME ${NAME} CONFIGURATIONS slow COMMAND ${NAME})
    set_tests_properties(${NAME} PROPERTIES TIMEOUT 3600 LABELS slow PROCESSORS 2 RUN_SERIAL ON
                         ENVIRONMENT "${environment}" ${zone})
  elseif(T_WHOLE)
    add_test(NAME ${NAME} COMMAND ${NAME})
    set_tests_properties(${NAME} PROPERTIES TIMEOUT 1200 COST 600 LABELS "${T_LABELS}"
                         ENVIRONMENT "${environment}" ${zone})
  else()
    # Of a list it would take the first element only.
    gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT 120 LABELS "${T_LABELS}"
                                    ENVIRONMENT "NEPHELE_SOURCE_DIR=${CMAKE_SOURCE_DIR}" ${zone})
  endif()
endfunction()

# ne_migrations(SERVICE FILE...): compiles src/SERVICE/migrations/NNNN_what.sql into generated/SERVICE/migrations.h as
# `nephele::SERVICE::all_migrations`, in the order given.
function(ne_migrations SERVICE)
  set(rows "")
  foreach(file ${ARGN})
    set(path ${CMAKE_CURRENT_SOURCE_DIR}/migrations/${file})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    file(READ ${path} text)
    get_filename_component(name ${file} NAME_WE)
    string(REGEX MATCH "^0*([1-9][0-9]*)_" _ ${name})
    string(APPEND rows "    sql::Migration{\"${SERVICE}\", ${CMAKE_MATCH_1}, \"${name}\", R\"sql(${text})sql\"},\n")
  endforeach()
  list(LENGTH ARGN count)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${SERVICE}/migrations.h CONTENT
"#pragma once
#include <array>

#include \"sql/sql.h\"

namespace nephele::${SERVICE} {
inline constexpr std::array<sql::Migration, ${count}> all_migrations{{
${rows}}};
}  // namespace nephele::${SERVICE}
" @ONLY)
endfunction()
