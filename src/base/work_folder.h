// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/file_handle.h"
#include "base/result.h"

namespace nephele {

/// A folder for what is whole in the end or gone: PARENT/.NAME.RANDOM.part, for its owner alone, removed with it unless
/// it was renamed. Those of owners that were killed go when the next one is made below the same parent; whoever lives
/// holds a lock on his. Blocking.
class WorkFolder {
 public:
  /// `name` has no '/'. Fails with `unavailable` when there can be no folder.
  static Result<WorkFolder> make(const std::string& parent, std::string_view name);
  WorkFolder(WorkFolder&& other) noexcept;
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder();

  const std::string& path() const noexcept { return path_; }

 private:
  WorkFolder(std::string path, FileHandle lock);

  std::string path_;
  FileHandle lock_;
};

}  // namespace nephele
