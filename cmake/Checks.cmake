# What the house checks about itself in every build.
add_custom_target(check_floors ALL
  COMMAND ${CMAKE_SOURCE_DIR}/scripts/check-floors
  COMMENT "includes point down" VERBATIM)
