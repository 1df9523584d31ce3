// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>

/// For tests in which a manager dies again and again.
namespace nephele::fleet::testing {

/// A manager may die at each of its steps.
struct Died {};

/// Hundreds of lives with an fsync at each step: where files are memory, that costs nothing. Stands before the
/// TempDirectory.
struct InMemory {
  InMemory() {
    if (std::filesystem::is_directory("/dev/shm"))
      ::setenv("TMPDIR", "/dev/shm", 0);  // NOLINT(concurrency-mt-unsafe): before any thread
  }
};

}  // namespace nephele::fleet::testing
