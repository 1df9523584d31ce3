// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/rates.h"
#include "base/workers.h"
#include "fleet/web/access.h"
#include "fleet/web/outputs.h"
#include "fleet/web/paths.h"
#include "http/router.h"

namespace nephele::fleet::web {

/// What may change with the configuration.
struct Policy {
  OutputLimits outputs = {};
  bool token_needed = false;
  std::uint32_t puts_per_minute = 60;  ///< of one machine; as many may come at once

  friend bool operator==(const Policy&, const Policy&) = default;
};

/// Answers of no dialect: what is not ours is 404 without a body.
class Faults final : public http::Faults {
 public:
  http::Response not_found(const http::Request&) const override;
  http::Response method_not_allowed(const http::Request&, std::string) const override;
  http::Response internal(const http::Request& request) const override;
  http::Response too_large(const http::Request&, std::size_t) const override;
  http::Response refused(const http::Request&, const Error& error) const override;
};

/// The table of the contract (vcycle, 2.11), out of the state files.
class Api {
 public:
  using Say = std::function<void(const std::string&)>;

  Api(const Files& files, Workers& disk, Say say) : files_(files), disk_(disk), say_(std::move(say)), outputs_(files) {
    outputs_.clear_leftovers();
  }

  void apply(const Policy& policy);

  Task<http::Response> get(http::Request& request);
  Task<http::Response> put(http::Request& request);

  static constexpr std::size_t put_bytes_max = std::size_t{1} << 32U;  // the settings say less
  using Route = http::Route<Api>;
  static constexpr std::array routes{
      Route{http::Verb::get, "/machines/{a}/{b}/{c}/{d}", http::Access::open, &Api::get},
      Route{http::Verb::get, "/machines/{a}/{b}/{c}/", http::Access::open, &Api::get},
      Route{http::Verb::get, "/machines/{a}/{b}/{c}", http::Access::open, &Api::get},
      Route{http::Verb::get, "/machines/{a}/{b}/", http::Access::open, &Api::get},
      Route{http::Verb::get, "/machines/{a}/{b}", http::Access::open, &Api::get},
      Route{http::Verb::get, "/heartbeatlists/{a}/{b}", http::Access::open, &Api::get},
      Route{http::Verb::get, "/spaces/{a}/heartbeatmachines/{b}", http::Access::open, &Api::get},
      Route{http::Verb::get, "/spaces/{a}/glue2.json", http::Access::open, &Api::get},
      Route{http::Verb::put, "/machines/{a}/{b}/{c}/{d}", http::Access::late, &Api::put, put_bytes_max},
      Route{http::Verb::put, "/machines/{a}/{b}/{c}", http::Access::late, &Api::put, put_bytes_max}};

 private:
  /// The policy and what it counts, exchanged as one.
  struct Rules {
    explicit Rules(const Policy& of);
    Policy policy;
    Rates puts;
  };

  std::shared_ptr<Rules> rules();
  /// Of a machine that is there.
  std::optional<std::string> folder_of(const Target& target) const;
  http::Response index_of(const Target& target, const std::string& folder) const;
  http::Response heartbeats_of(const Target& target) const;
  http::Response glue_of(const Target& target) const;
  Task<Result<>> store(http::Request& request, const std::string& folder, const std::string& name);
  void tell(const Target& target, const Error& error);

  const Files& files_;
  Workers& disk_;
  const Say say_;
  Outputs outputs_;
  Rates told_{{.burst = 10, .every = std::chrono::minutes{1}}, 1};  ///< machines must not fill our log
  std::mutex mutex_;                                                // guards rules_
  std::shared_ptr<Rules> rules_;
};

}  // namespace nephele::fleet::web
