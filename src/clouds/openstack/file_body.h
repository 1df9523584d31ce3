// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/workers.h"
#include "clouds/openstack/wire.h"

namespace nephele::openstack {

/// A file on its way to Glance, and the checksums of what was sent. Read and summed up by Workers.
class FileBody final : public RepeatableBody {
 public:
  /// Fails with `invalid` when it is no file that can be read, or empty. `workers` outlive it.
  static Result<std::unique_ptr<FileBody>> open(const std::string& path, Workers& workers);
  ~FileBody() override;

  /// Fails with `conflict` when the file is shorter or longer than when it was opened.
  Task<Result<std::size_t>> read(std::span<std::byte> into) override;
  void rewind() override;
  std::uint64_t length() const override;

  /// Hex, of all that was read since the last rewind().
  std::string md5() const;
  std::string sha512() const;
  std::string sha256() const;

 private:
  struct State;
  explicit FileBody(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nephele::openstack
