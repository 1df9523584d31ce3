// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "http/message.h"
#include "http/server_metrics.h"

/// Numbers for Prometheus. Made by main, passed to who counts, shown at /metrics.
namespace nephele::http {

/// Values come from closed sets (a verb, a backend's name), never from ids, paths or users: each combination is a row
/// in somebody's database for ever.
using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t by = 1) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double by) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// Times are in seconds, sizes in bytes.
class Histogram {
 public:
  explicit Histogram(std::span<const double> upper_bounds);
  void observe(double value) noexcept;

  struct Snapshot {
    std::vector<std::pair<double, std::uint64_t>> cumulative;  ///< bound and how many were not above it
    std::uint64_t count = 0;
    double sum = 0;
  };
  Snapshot snapshot() const;

 private:
  std::vector<double> bounds_;
  std::vector<std::atomic<std::uint64_t>> buckets_;  // one more than bounds
  std::atomic<double> sum_{0};
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// The number of this name and these labels, made when it is new; it lives as long as the registry. Throws
  /// std::logic_error for a malformed name, or one that is of another kind already.
  Counter& counter(const std::string& name, const std::string& help, Labels labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, Labels labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, std::span<const double> upper_bounds,
                       Labels labels = {});
  /// Read when asked for. `read` may be called by any thread until the registry ends.
  void counter_read(const std::string& name, const std::string& help, std::function<double()> read, Labels labels = {});
  void gauge_read(const std::string& name, const std::string& help, std::function<double()> read, Labels labels = {});

  /// Text format 0.0.4; families in the order in which they were made.
  std::string text() const;
  Response response() const;

 private:
  struct Series;
  struct Family;

  Series& series(const std::string& name, const std::string& help, const char* type, Labels labels);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Family>> families_;
};

/// The `http_*` numbers of a server, which outlives the registry's use.
void add_server_metrics(Metrics& metrics, const ServerMetrics& server, const std::string& listener);

}  // namespace nephele::http
