// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_handle.h"
#include "base/result.h"
#include "manage/output.h"

namespace nephele::apps {

/// What one run of a verb was told and what it said, in a file of its own of mode 0600. Secrets are masked in both.
class CommandLog {
 public:
  /// DIRECTORY/commands/<yymmddHHMMSS>_<verb>_<pid>.log, with the local time; both directories are made.
  static Result<std::unique_ptr<CommandLog>> open(const std::string& directory, std::string_view verb, Time now);

  void write(std::string_view text);
  const std::string& path() const noexcept { return path_; }

 private:
  CommandLog(std::string path, FileHandle file) : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  FileHandle file_;
};

/// Standard output, and the log beside it when there is one.
class Terminal final : public manage::Out {
 public:
  explicit Terminal(CommandLog* log) : log_(log) {}
  void print(std::string_view text) override;
  void print_secret(std::string_view text) override;
  bool flush() override;

 private:
  CommandLog* log_;
};

}  // namespace nephele::apps
