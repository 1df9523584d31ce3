// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "identity/keystone/standing.h"
#include "identity/store.h"

namespace nephele::identity::keystone {

/// What a token said at its last look-up.
struct Seen {
  store::Sight sight;  ///< the versions that it was made of
  Standing standing;
  std::string body;  ///< of GET /v3/auth/tokens, with the catalog
};

/// It saves the look at roles, project and catalog, never the one at the token: an entry of other versions of the
/// account or the directory is none. Thread-safe, bounded: the one that was quiet for longest gives way.
class SeenTokens {
 public:
  explicit SeenTokens(std::size_t max) : max_(max) {}

  /// `hash`: the token's, as it is stored. Null: look.
  std::shared_ptr<const Seen> find(std::string_view hash, const store::Sight& now);
  void put(std::string hash, std::shared_ptr<const Seen> seen);
  std::size_t size() const;

 private:
  struct Entry {
    std::string hash;
    std::shared_ptr<const Seen> seen;
  };
  using Line = std::list<Entry>;

  void erase(Line::iterator entry);

  std::size_t max_;
  mutable std::mutex mutex_;
  Line line_;                                                     // the longest quiet first
  std::unordered_map<std::string_view, Line::iterator> by_hash_;  // the keys live in line_
};

}  // namespace nephele::identity::keystone
