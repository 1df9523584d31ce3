// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_handle.h"
#include "base/result.h"
#include "clouds/qemu/process.h"
#include "clouds/qemu/record.h"

namespace nephele::qemu {

/// Where one machine lives.
///
///   ID/            ours alone (0700; 0710 with the machines' group when they have a user of their own)
///     vm.json      the record
///     lock         locked for as long as the process lives: it inherits the open file. Holds its pid
///     qemu.err     what the process says
///     run/         the machine's own (0700): disks, context.iso, sockets, serial.log
///
/// The lock closes the gap between the birth of the process and the writing of its pid: whoever dies in between
/// leaves a lock that says "somebody lives here", and the pid in it was written by the child itself.
class RunDirectory {
 public:
  RunDirectory(std::string path, std::optional<UserIds> user) : path_(std::move(path)), user_(std::move(user)) {}

  const std::string& path() const noexcept { return path_; }
  std::string run() const { return path_ + "/run"; }
  std::string file(std::string_view name) const { return run() + "/" + std::string(name); }
  const std::optional<UserIds>& user() const noexcept { return user_; }

  /// Makes both directories; existing ones are made right.
  Result<> create() const;
  bool exists() const;

  Result<> save(const Record& record) const;
  /// `not_found` when it was never completely prepared, `invalid` when the text is damaged.
  Result<Record> load() const;

  /// The lock, for us and then for the child. `conflict` when a process holds it.
  Result<FileHandle> lock() const;
  /// The process that holds the lock, whoever started it; `not_found` when nobody does. `unavailable` when somebody
  /// holds it who cannot be found.
  Result<Process> holder(const Record& record) const;

  /// Removes the sockets of an ended process, nothing else.
  void sweep() const;
  /// Everything. The record goes last, so that a crash in here leaves something that is found again.
  Result<> remove() const;

 private:
  std::string path_;
  std::optional<UserIds> user_;
};

/// A path under which a machine with a user of its own can open `file`, whatever directories lie above it: the file is
/// opened here, `kept` holds it for the child, and the path names that descriptor. Without a user: the path itself.
/// A file below `ours` is made readable for the machines' group if needed; `forbidden` when another one is not.
Result<std::string> pass_file(const std::string& file, const std::string& ours, const std::optional<UserIds>& user,
                              std::vector<FileHandle>& kept);

}  // namespace nephele::qemu
