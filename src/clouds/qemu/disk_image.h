// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/async.h"
#include "base/units.h"
#include "clouds/qemu/process.h"

/// qcow2 files. Their header is read here; what changes them is qemu-img, as a child with a time limit.
namespace nephele::qemu {

/// What the first bytes of a qcow2 file say. Source: QEMU docs/interop/qcow2.txt.
struct QcowHeader {
  Bytes virtual_size;
  bool has_backing = false;
  bool has_data_file = false;  ///< its data lies in another file, named inside: never accept that from a stranger
};
/// `invalid` for other formats and damaged headers.
Result<QcowHeader> parse_qcow_header(std::string_view first_bytes);
Result<QcowHeader> read_qcow_header(const std::string& path);
/// Of a file that overlays may stand on. `invalid` when it is no qcow2 or refers to other files.
Result<Bytes> base_size(const std::string& path);

class DiskTool {
 public:
  /// `program`: path of qemu-img. `user`: who it runs as, when we are root.
  DiskTool(std::string program, std::optional<UserIds> user) : program_(std::move(program)), user_(user) {}

  /// An overlay of exactly `size` over the immutable qcow2 `base`, complete or absent. `invalid` when `base` is no
  /// plain qcow2 or bigger than `size`.
  Task<Result<>> create_overlay(std::string directory, std::string name, std::string base, Bytes size) const;
  /// Grows an overlay that nobody uses.
  Task<Result<>> grow(std::string directory, std::string name, Bytes size) const;

 private:
  Task<Result<>> run(std::string directory, std::vector<std::string> arguments) const;

  std::string program_;
  std::optional<UserIds> user_;
};

}  // namespace nephele::qemu
