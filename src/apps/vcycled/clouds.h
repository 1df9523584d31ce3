// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/workers.h"
#include "fleet/cloud.h"
#include "fleet/config.h"
#include "fleet/image_files.h"

namespace nephele::apps::vcycle {

/// Where the manager finds the cloud of a space.
class Clouds {
 public:
  virtual ~Clouds() = default;
  /// Stays until the next call for this space. The error is a sentence for the operator.
  virtual Result<fleet::Cloud*> of(const fleet::Space& space) = 0;
};

/// The clouds of the configured spaces. What a space needs is opened when it is first asked for, and kept.
class ConfiguredClouds final : public Clouds {
 public:
  /// `data`: the data directory of our own cloud, for spaces with `api = nephele`. `images` outlive this. `grid`:
  /// /etc/grid-security, below the root of a rehearsal.
  ConfiguredClouds(std::string data, fleet::ImageFiles& images, std::string grid);
  ~ConfiguredClouds() override;

  Result<fleet::Cloud*> of(const fleet::Space& space) override;

 private:
  class Embedded;
  Result<Embedded*> embedded();

  const std::string data_, grid_;
  fleet::ImageFiles& images_;
  std::unique_ptr<Embedded> embedded_;
  const SystemClock clock_;
  Workers files_{"image files", 1, 16};
  /// With what their sections said when they were made.
  std::map<std::string, std::pair<std::string, std::unique_ptr<fleet::Cloud>>> clouds_;
};

}  // namespace nephele::apps::vcycle
