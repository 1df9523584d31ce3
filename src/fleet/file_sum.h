// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace nephele::fleet {

/// SHA-256 of bytes that come one after the other.
class FileSum {
 public:
  FileSum();
  ~FileSum();
  FileSum(const FileSum&) = delete;
  FileSum& operator=(const FileSum&) = delete;

  void add(std::span<const std::byte> bytes);
  /// Of all so far.
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Of a whole file. Blocking.
Result<std::string> sum_of_file(const std::string& path);

}  // namespace nephele::fleet
