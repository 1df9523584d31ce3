// SPDX-License-Identifier: Apache-2.0
// Objects as files: a record of 512 bytes, then the content. Everything here waits for the disk; only open_object() is
// meant for the loop, the rest runs on the worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fd.h"

namespace guest {

struct ObjectRecord {
  static constexpr std::size_t bytes = 512;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  ///< unix seconds
  std::string etag;           ///< SHA-256 in hex
  std::string type;
};

struct ListedObject {
  std::string key;
  ObjectRecord record;
};

struct ObjectList {
  std::vector<ListedObject> objects;
  bool more = false;
};

enum class StoreResult { created, replaced, removed, missing, exists, full, broken };

class ObjectStore {
 public:
  explicit ObjectStore(std::string folder) : folder_(std::move(folder)) {}

  /// Makes the folders and clears what interrupted uploads left.
  bool prepare();

  /// A file for a new object, already as long as the record; its name is put into `temporary`.
  Fd begin(std::string& temporary);
  /// Writes the record, makes all of it durable and gives it its name; the temporary file is gone in any case.
  StoreResult commit(const Fd& file, const std::string& temporary, std::string_view key, const ObjectRecord& record,
                     bool only_new) const;
  StoreResult remove(std::string_view key) const;

  /// The object's file and record; nothing when there is none.
  std::optional<ObjectRecord> open_object(std::string_view key, Fd& file) const;

  /// Up to `limit` objects in the order of their keys' bytes: those that begin with `prefix` and come after `marker`.
  ObjectList list(std::string_view prefix, std::string_view marker, std::size_t limit) const;

 private:
  bool make_parents(const std::string& path) const;
  void prune_parents(std::string path) const;

  std::string folder_;
  std::uint64_t next_temporary_ = 0;
};

std::string encode_record(const ObjectRecord& record);
std::optional<ObjectRecord> decode_record(std::string_view bytes);

}  // namespace guest
