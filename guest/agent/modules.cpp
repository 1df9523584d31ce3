// SPDX-License-Identifier: Apache-2.0
#include "modules.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "fd.h"
#include "text.h"

namespace guest {

void load_modules(const char* list) {
  const std::string names = read_file(list).value_or("");
  for (const std::string_view name : split_words(names)) {
    const std::string path = "/lib/modules/" + std::string(name) + ".ko";
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) continue;
    if (::syscall(SYS_finit_module, file.get(), "", 0) != 0 && errno != EEXIST)
      console_line("module " + std::string(name) + " does not load, error " + std::to_string(errno));
  }
}

}  // namespace guest
