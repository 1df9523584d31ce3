// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file_handle.h"
#include "base/json.h"
#include "base/result.h"

/// One installation is one data directory. Everything of it stands below; nothing stands anywhere else.
namespace nephele::apps {

class Installation {
 public:
  /// --data, else NEPHELE_DATA, else /var/lib/nephele for root, else the XDG data home. Absolute.
  static std::string directory_from(const std::optional<std::string>& flag);

  explicit Installation(std::string directory) : directory_(std::move(directory)) {}

  /// Makes the directory (owner only; root's can be passed through, because machines run under another user).
  Result<> create() const;
  bool exists() const;

  const std::string& directory() const noexcept { return directory_; }
  std::string file(std::string_view name) const { return directory_ + "/" + std::string(name); }
  std::string database_url() const { return "sqlite:" + file("nephele.db"); }
  std::string key_file() const { return file("secret.key"); }
  std::string demo_auth_file() const { return file("demo-auth"); }
  std::string endpoints_file() const { return file("endpoints.json"); }
  std::string settings_file() const { return file("nephele.conf"); }
  std::string log_file() const { return file("log/nephele.log"); }
  std::string images() const { return file("images"); }
  std::string servers() const { return file("servers"); }

 private:
  std::string directory_;
};

/// Held by the one control plane of a data directory; goes with its process, however that ends.
class ControlPlaneLock {
 public:
  /// Fails with `conflict` and the holder's pid.
  static Result<ControlPlaneLock> take(const Installation& installation);
  /// The pid of the control plane that runs, if one does.
  static std::optional<int> holder(const Installation& installation);

 private:
  explicit ControlPlaneLock(FileHandle file) : file_(std::move(file)) {}
  FileHandle file_;
};

/// Writes a file of mode 0600 by temporary, fsync and rename: it is whole or not there.
Result<> write_private_file(const std::string& path, std::string_view text);
Result<std::string> read_small_file(const std::string& path);

}  // namespace nephele::apps
