// SPDX-License-Identifier: Apache-2.0
// The smallest test frame: named cases, and a check that says where it failed.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <vector>

struct Case {
  const char* name;
  void (*run)();
};

inline std::vector<Case>& all_cases() {
  static std::vector<Case> cases;
  return cases;
}

struct AddCase {
  AddCase(const char* name, void (*run)()) { all_cases().push_back({name, run}); }
};

inline void check(bool condition, std::source_location where = std::source_location::current()) {
  if (condition) return;
  std::fprintf(stderr, "%s:%u: check failed\n", where.file_name(), where.line());
  std::exit(1);
}
