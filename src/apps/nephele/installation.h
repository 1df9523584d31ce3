// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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
  /// More than a key that somebody has put there: the database, or all that create() makes. A folder called servers is
  /// nothing special.
  bool has_state() const;

  const std::string& directory() const noexcept { return directory_; }
  std::string file(std::string_view name) const { return directory_ + "/" + std::string(name); }
  std::string database_url() const { return "sqlite:" + file("nephele.db"); }
  std::string key_file() const { return file("secret.key"); }
  std::string demo_auth_file() const { return file("demo-auth"); }
  std::string admin_openrc_file() const { return file("admin-openrc"); }
  std::string endpoints_file() const { return file("endpoints.json"); }
  std::string settings_file() const { return file("nephele.conf"); }
  std::string log_file() const { return file("log/nephele.log"); }
  /// There while `nephele restore` replaces files: what stands beside it is neither the old state nor the new one.
  std::string restore_mark() const { return file("restore.unfinished"); }
  std::string images() const { return file("images"); }
  std::string servers() const { return file("servers"); }
  std::string processes() const { return file("processes"); }

  /// What this data directory is called as a driver of machines: drawn once, kept in DATA/driver-id. Under the lock of
  /// its machines.
  Result<std::string> driver_id() const;

 private:
  std::string directory_;
};

/// Name of this host, for people; "localhost" when it has none.
std::string host_name();

/// Where the shipped guest image is: beside the checkout's build, or installed.
std::string shipped_guest_image();

/// `conflict` with the way out when a restore was interrupted.
Result<> refuse_half_restored(const Installation& installation);

/// Writes a file of mode 0600 by temporary, fsync and rename: it is whole or not there.
Result<> write_private_file(const std::string& path, std::string_view text);
Result<std::string> read_small_file(const std::string& path);

}  // namespace nephele::apps
