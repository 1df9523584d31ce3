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

/// Hears of each request about a runtime, as people follow it in the Provision Engine's log (contract, 6.2).
class RequestTale {
 public:
  virtual ~RequestTale() = default;
  virtual void received(RouteKind route) = 0;
  /// What was asked, when all of it has come.
  virtual void asked(const http::Request& request, std::string_view body) = 0;
  virtual void answered(RouteKind route, const http::Request& request, int status, std::string_view body) = 0;
  /// Follows each received(), also when the request was cut off and nothing was answered.
  virtual void over() noexcept = 0;
};

class Api {
 public:
  /// Everything outlives the API. Sources and checks are asked in their order. `tale` may be null.
  Api(Service& service, const Settings& settings, std::vector<MetricsSource*> metrics,
      std::vector<ReadinessCheck*> checks, log::Logger log, RequestTale* tale = nullptr);

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

  /// The handlers of create, read, update and remove, within the tale.
  Task<http::Response> told(RouteKind route, http::Request& request, Task<http::Response> work);
  Task<http::Response> create_told(http::Request& request);
  Task<http::Response> read_told(http::Request& request);
  Task<http::Response> update_told(http::Request& request);
  Task<http::Response> remove_told(http::Request& request);
  void asked(const http::Request& request, std::string_view body) const;

  http::Response refused(const Refusal& refusal, RouteKind route, const http::Request& request) const;

  Service& service_;
  const Settings& settings_;
  std::vector<MetricsSource*> metrics_;
  std::vector<ReadinessCheck*> checks_;
  log::Logger log_;
  RequestTale* tale_;
};

}  // namespace nephele::runtimes
