// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "base/file_handle.h"
#include "base/units.h"
#include "fleet/files.h"

/// Files that machines send: each appears under its name at once and whole, or not at all.
namespace nephele::fleet::web {

struct OutputLimits {
  Bytes file = Bytes::mib(10);
  Bytes machine = Bytes::mib(100);  ///< all files of one machine
  std::size_t files = 100;          ///< of one machine
  Bytes free = Bytes::mib(1'024);   ///< nothing is taken when less than this is free

  friend bool operator==(const OutputLimits&, const OutputLimits&) = default;
};

class Outputs;

/// One file on its way. What is not committed leaves nothing.
class Upload {
 public:
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  /// `invalid`: longer than a file may be; `over_quota`: the disk is full.
  Result<> add(std::span<const std::byte> bytes);
  /// On the disk, and under its name in place of what was there. `over_quota`: the machine has as much as it may have;
  /// `not_found`: it is gone.
  Result<> commit();

 private:
  friend class Outputs;
  Upload(Outputs& outputs, std::string folder, std::string name, const OutputLimits& limits)
      : outputs_(outputs), folder_(std::move(folder)), name_(std::move(name)), limits_(limits) {}

  Outputs& outputs_;
  const std::string folder_, name_;
  const OutputLimits limits_;
  FileHandle directory_, file_;
  std::string temporary_;
  std::uint64_t bytes_ = 0;
  std::uint64_t room_ = 0;  ///< of the disk, kept for it
  bool counted_ = false;
};

/// Thread-safe. Outlives its uploads.
class Outputs {
 public:
  explicit Outputs(const Files& files) : files_(files) {}
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

  /// What a process of this node left that died in the middle. Before the first upload.
  void clear_leftovers() const;

  /// To `name` in the folder of a machine. `declared`: its length, as far as that is said. `invalid`: too long;
  /// `not_found`: the machine has no joboutputs; `over_quota`: it or the disk is full; `busy`: it sends enough at once;
  /// `unavailable`: it cannot be written.
  Result<std::unique_ptr<Upload>> begin(const std::string& machine, const std::string& name, std::uint64_t declared,
                                        const OutputLimits& limits);

 private:
  friend class Upload;
  bool enter(const std::string& folder, std::uint64_t room);
  void leave(const std::string& folder, std::uint64_t room) noexcept;
  Result<> check_disk(int folder, Bytes free);
  std::string temporary_folder(const std::string& machine) const;

  const Files& files_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, int> under_way_;
  int all_ = 0;
  std::uint64_t room_ = 0;  ///< of the disk, for all that are under way
  std::mutex commits_;      // what a machine has is counted and changed by one at a time
};

}  // namespace nephele::fleet::web
