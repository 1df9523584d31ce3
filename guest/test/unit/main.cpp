// SPDX-License-Identifier: Apache-2.0
#include "check.h"

int main() {
  for (const Case& test : all_cases()) test.run();
  std::printf("      %zu cases of the agent\n", all_cases().size());
  return 0;
}
