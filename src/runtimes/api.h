// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "http/router.h"
#include "runtimes/faults.h"
#include "runtimes/probes.h"
#include "runtimes/service.h"
#include "runtimes/settings.h"

/// The REST API of serverless runtimes: `router.add(api, Api::routes())`, over a router whose faults are RuntimeFaults.
namespace nephele::runtimes {

/// The longest specification that is read.
inline constexpr std::size_t body_bytes_max = std::size_t{1024} * 1024;

/// The description that /openapi.json serves, with our version in it.
const std::string& openapi_document();

class Api {
 public:
  /// Everything outlives the API. Sources and checks are asked in their order.
  Api(Service& service, EventLog& events, const Settings& settings, std::vector<MetricsSource*> metrics,
      std::vector<ReadinessCheck*> checks, log::Logger log);

  static std::span<const http::Route<Api>> routes();

 private:
  Task<http::Response> create(http::Request& request);
  Task<http::Response> read(http::Request& request);
  Task<http::Response> update(http::Request& request);
  Task<http::Response> remove(http::Request& request);
  Task<http::Response> list(http::Request& request);
  Task<http::Response> watch(http::Request& request);

  Task<http::Response> root(http::Request& request);
  Task<http::Response> schema(http::Request& request);
  Task<http::Response> version(http::Request& request);
  Task<http::Response> config(http::Request& request);
  Task<http::Response> openapi(http::Request& request);
  Task<http::Response> healthz(http::Request& request);
  Task<http::Response> readyz(http::Request& request);
  Task<http::Response> metrics(http::Request& request);

  http::Response refused(const Refusal& refusal, RouteKind route, const http::Request& request) const;

  Service& service_;
  EventLog& events_;
  const Settings& settings_;
  std::vector<MetricsSource*> metrics_;
  std::vector<ReadinessCheck*> checks_;
  log::Logger log_;
};

}  // namespace nephele::runtimes
