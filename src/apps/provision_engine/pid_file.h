// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/file_handle.h"
#include "base/result.h"

namespace nephele::apps::engine {

/// The file that says which process serves. It is locked as long as that process lives, so a stale one is known for
/// what it is. It may lie in /tmp: links are not followed, and somebody else's file is refused.
class PidFile {
 public:
  /// Writes our pid. `conflict` when another server lives.
  static Result<PidFile> take(const std::string& path);
  /// The pid of the server that lives.
  static std::optional<int> holder(const std::string& path);
  /// Is there a file, stale or not?
  static bool exists(const std::string& path);

  /// It has just been used: whoever tidies /tmp by age leaves it.
  void touch() const noexcept;

  PidFile(PidFile&&) noexcept = default;
  PidFile& operator=(PidFile&&) noexcept = default;
  ~PidFile();

 private:
  PidFile(FileHandle file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  FileHandle file_;
  std::string path_;
};

}  // namespace nephele::apps::engine
