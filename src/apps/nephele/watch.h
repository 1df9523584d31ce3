// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bus/bus.h"
#include "http/server.h"
#include "identity/identity.h"
#include "operations/operations.h"
#include "runtimes/probes.h"

/// What this process tells about itself at /metrics and /readyz.
namespace nephele::apps {

/// The workers' loop turns.
class WorkersReady final : public runtimes::ReadinessCheck {
 public:
  explicit WorkersReady(const operations::Operations& operations) : operations_(operations) {}
  std::string_view name() const override { return "operations"; }
  Task<Result<>> check() override;

 private:
  const operations::Operations& operations_;
};

class ProcessMetrics final : public runtimes::MetricsSource {
 public:
  ProcessMetrics(operations::Operations& operations, identity::Identity& identity, bus::Bus& bus)
      : operations_(operations), identity_(identity), bus_(bus) {}
  void watch(const http::ServerMetrics& server) { server_ = &server; }
  Task<Result<>> write(std::string& out) override;

 private:
  operations::Operations& operations_;
  identity::Identity& identity_;
  bus::Bus& bus_;
  const http::ServerMetrics* server_ = nullptr;
};

}  // namespace nephele::apps
