// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <string_view>

#include "programs.h"

int main(int argc, char** argv) {
  std::string_view name = argc > 0 ? argv[0] : "";
  const bool is_first_init = name == "/init";
  name.remove_prefix(name.find_last_of('/') + 1);
  using namespace guest;
  if (name == "init") return is_first_init ? programs::early_init() : programs::init();
  if (name == "nephele-agent") return programs::agent();
  if (name == "nephele-keeper") return programs::keeper();
  if (name == "lsblk") return programs::lsblk();
  constexpr std::string_view help = "call me as init, nephele-agent, nephele-keeper or lsblk\n";
  return ::write(2, help.data(), help.size()) < 0 ? 1 : 2;
}
