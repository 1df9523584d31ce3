// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "base/workers.h"
#include "fleet/adapters/web.h"
#include "fleet/image_files.h"

namespace nephele::fleet {

/// /var/lib/vcycle/imagecache (contract vcycle, 4.4): a file per URL, whose time is the server's Last-Modified. What a
/// server cannot give now is taken from there as it is.
class ImageCache final : public ImageFiles {
 public:
  using Say = std::function<void(const std::string& line)>;
  /// `workers` write files and outlive this. `folder` is made when it is needed.
  ImageCache(std::string folder, WebSettings web, Workers& workers, Say say);

  Task<Result<ImageFile>> file_of(std::string url, SteadyTime deadline) override;

 private:
  struct Place;
  /// What the server has: nothing newer, or a new one and how long it is.
  struct News {
    bool is_new = false;
    std::optional<std::uint64_t> length = {};
  };
  Task<Result<FileHandle>> lock(const Place& place, SteadyTime deadline);
  Task<Result<News>> ask(const Place& place, const std::optional<ImageFile>& have, SteadyTime deadline);
  Task<Result<bool>> download(const Place& place, const std::optional<ImageFile>& have,
                              std::optional<std::uint64_t> length, SteadyTime deadline);
  Task<Result<bool>> refresh(const Place& place, const std::optional<ImageFile>& have, SteadyTime deadline);
  http::ClientRequest request(const Place& place, const std::optional<ImageFile>& have) const;

  const std::string folder_;
  const WebSettings web_;
  Workers& workers_;
  const Say say_;
  http::Client client_;
};

}  // namespace nephele::fleet
