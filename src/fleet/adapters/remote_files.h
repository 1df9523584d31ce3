// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>

#include "fleet/adapters/web.h"
#include "fleet/space_cycle.h"

namespace nephele::fleet {

/// Templates and other small files that the configuration names by a URL. Kept with what their server calls this
/// version, so that what has not changed is not sent again.
class RemoteFiles final : public Remote {
 public:
  explicit RemoteFiles(WebSettings settings);
  /// Fails with `invalid` unless the server answers 200, or that what we have is still so.
  Task<Result<std::string>> get(std::string url, SteadyTime deadline) override;

 private:
  struct Copy {
    std::string etag, modified, body;
  };
  std::optional<Copy> known(const std::string& url);
  void keep(const std::string& url, const http::ClientResponse& answer);

  const WebSettings settings_;
  http::Client client_;
  std::mutex mutex_;                    // guards the copies
  std::map<std::string, Copy> copies_;  ///< by URL
};

}  // namespace nephele::fleet
