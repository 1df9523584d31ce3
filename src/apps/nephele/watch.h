// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bus/bus.h"
#include "http/server.h"
#include "identity/identity.h"
#include "operations/operations.h"
#include "runtimes/probes.h"

/// What this process tells about itself at /metrics and /readyz: a part each for what it may take part in.
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

class WorkersMetrics final : public runtimes::MetricsSource {
 public:
  explicit WorkersMetrics(const operations::Operations& operations) : operations_(operations) {}
  Task<Result<>> write(std::string& out) override;

 private:
  const operations::Operations& operations_;
};

class BusMetrics final : public runtimes::MetricsSource {
 public:
  explicit BusMetrics(bus::Bus& bus) : bus_(bus) {}
  Task<Result<>> write(std::string& out) override;

 private:
  bus::Bus& bus_;
};

/// When each driver of machines last said that it lives.
class DriversMetrics final : public runtimes::MetricsSource {
 public:
  explicit DriversMetrics(sql::Database& database) : database_(database) {}
  Task<Result<>> write(std::string& out) override;

 private:
  sql::Database& database_;
};

/// Sign-ins and HTTP.
class WebMetrics final : public runtimes::MetricsSource {
 public:
  explicit WebMetrics(const identity::Identity& identity) : identity_(identity) {}
  void watch(const http::ServerMetrics& server) { server_ = &server; }
  Task<Result<>> write(std::string& out) override;

 private:
  const identity::Identity& identity_;
  const http::ServerMetrics* server_ = nullptr;
};

}  // namespace nephele::apps
