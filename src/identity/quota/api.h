// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "http/router.h"
#include "identity/astakos/callers.h"
#include "identity/astakos/faults.h"
#include "identity/quota/quotas.h"

/// The quota holder's part of account/v1.0: `router.add(api, QuotaApi::routes())`, over a router whose faults are
/// AstakosFaults.
namespace nephele::identity::quota {

inline constexpr std::size_t body_bytes_max = std::size_t{1024} * 1024;

class QuotaApi {
 public:
  /// Everything outlives the API.
  QuotaApi(Quotas& quotas, astakos::Callers& callers, log::Logger log);

  static std::span<const http::Route<QuotaApi>> routes();

 private:
  Task<http::Response> resources(http::Request& request);
  Task<http::Response> user_quotas(http::Request& request);
  Task<http::Response> service_quotas(http::Request& request);
  Task<http::Response> service_project_quotas(http::Request& request);
  Task<http::Response> pending(http::Request& request);
  Task<http::Response> issue(http::Request& request);
  Task<http::Response> show(http::Request& request);
  Task<http::Response> resolve_one(http::Request& request);
  Task<http::Response> resolve_many(http::Request& request);

  Task<Result<std::vector<std::string>>> resources_of(astakos::CallingComponent component);
  /// What a use case failed with, as a fault; one of ours goes to the log.
  http::Response failed(const http::Request& request, const Error& error) const;

  Quotas& quotas_;
  astakos::Callers& callers_;
  log::Logger log_;
};

}  // namespace nephele::identity::quota
