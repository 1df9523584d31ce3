// SPDX-License-Identifier: Apache-2.0
// The object store's HTTP side: /objects and /objects/KEY.
#pragma once

#include <memory>
#include <string_view>

#include "http_server.h"
#include "object_store.h"
#include "worker.h"

namespace guest {

class ObjectsHttp {
 public:
  static constexpr std::size_t list_max = 1000;

  ObjectsHttp(Loop& loop, std::string folder);

  bool prepare() { return store_.prepare(); }
  /// `request.path` is "/objects" or begins with "/objects/".
  std::unique_ptr<Exchange> handle(const Request& request, Reply reply);
  /// Returns when everything acknowledged or under way is on disk.
  void finish() { worker_.finish(); }

 private:
  friend class Upload;

  void get(std::string_view key, const Request& request, const Reply& reply) const;
  std::unique_ptr<Exchange> put(std::string_view key, const Request& request, Reply reply);
  void remove(std::string_view key, Reply reply);
  void list(const Request& request, Reply reply);

  ObjectStore store_;
  Worker worker_;
};

}  // namespace guest
