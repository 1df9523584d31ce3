// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/async.h"
#include "http/metrics.h"
#include "sql/sql.h"

/// What /metrics and /readyz are made of: small parts that the program composes.
namespace nephele::runtimes {

/// Appends metrics in Prometheus' text form.
class MetricsSource {
 public:
  virtual ~MetricsSource() = default;
  virtual Task<Result<>> write(std::string& out) = 0;
};

/// One thing that must work before traffic makes sense.
class ReadinessCheck {
 public:
  virtual ~ReadinessCheck() = default;
  virtual std::string_view name() const = 0;
  virtual Task<Result<>> check() = 0;
};

/// `# HELP`, `# TYPE` and no sample yet.
void metric_family(std::string& out, std::string_view name, std::string_view type, std::string_view help);
/// One sample; `labels` is empty or `state="RUNNING"`.
void metric_sample(std::string& out, std::string_view name, std::string_view labels, std::int64_t value);

/// Functions by state.
class RuntimesMetrics final : public MetricsSource {
 public:
  explicit RuntimesMetrics(sql::Database& database) : database_(database) {}
  Task<Result<>> write(std::string& out) override;

 private:
  sql::Database& database_;
};

/// The numbers of the program's own registry.
class RegistryMetrics final : public MetricsSource {
 public:
  explicit RegistryMetrics(const http::Metrics& registry) : registry_(registry) {}
  Task<Result<>> write(std::string& out) override;

 private:
  const http::Metrics& registry_;
};

/// The database answers and has our tables.
class DatabaseReady final : public ReadinessCheck {
 public:
  explicit DatabaseReady(sql::Database& database) : database_(database) {}
  std::string_view name() const override { return "database"; }
  Task<Result<>> check() override;

 private:
  sql::Database& database_;
};

}  // namespace nephele::runtimes
