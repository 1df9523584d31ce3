// SPDX-License-Identifier: Apache-2.0
#include "base/fault_point.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace nephele {
namespace {

/// Appends the place to the file that NEPHELE_FAULT_LOG names: a first run tells a test which places there are.
void write_down(std::string_view place) noexcept {
  static const char* const path = std::getenv("NEPHELE_FAULT_LOG");  // NOLINT(concurrency-mt-unsafe): never changed
  if (path == nullptr) return;
  const int fd = ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  const std::string line = std::string(place) + "\n";
  [[maybe_unused]] const auto written = ::write(fd, line.data(), line.size());
  ::close(fd);
}

}  // namespace

void fault_point(std::string_view place) noexcept {
  write_down(place);
  static const char* const named = std::getenv("NEPHELE_FAULT");  // NOLINT(concurrency-mt-unsafe): never changed
  if (named == nullptr) return;
  std::string_view wanted = named;
  int turn = 1;
  if (const auto hash = wanted.find('#'); hash != std::string_view::npos) {
    turn = std::atoi(named + hash + 1);  // NOLINT(cert-err34-c): written by our tests
    wanted = wanted.substr(0, hash);
  }
  static std::atomic<int> seen{0};
  if (place == wanted && ++seen == turn) ::kill(::getpid(), SIGKILL);
}

}  // namespace nephele
