// SPDX-License-Identifier: Apache-2.0
#include "http/metrics.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <stdexcept>
#include <thread>

namespace nephele::http {
namespace {

TEST(Metrics, AreWrittenInPrometheusTextFormat) {
  Metrics metrics;
  metrics.counter("jobs_total", "jobs done\nsince the start", {{"kind", "a\"b\\c\nd"}}).add(3);
  metrics.counter("jobs_total", "", {{"kind", "e"}});
  metrics.gauge("queue", "jobs that wait").set(2.5);
  metrics.gauge_read("age_seconds", "of the oldest", [] { return std::numeric_limits<double>::infinity(); });
  EXPECT_EQ(metrics.text(),
            "# HELP jobs_total jobs done\\nsince the start\n"
            "# TYPE jobs_total counter\n"
            "jobs_total{kind=\"a\\\"b\\\\c\\nd\"} 3\n"
            "jobs_total{kind=\"e\"} 0\n"
            "# HELP queue jobs that wait\n"
            "# TYPE queue gauge\n"
            "queue 2.5\n"
            "# HELP age_seconds of the oldest\n"
            "# TYPE age_seconds gauge\n"
            "age_seconds +Inf\n");
  EXPECT_EQ(metrics.response().headers.find("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST(Metrics, CountIntoCumulativeBuckets) {
  Metrics metrics;
  constexpr std::array bounds{0.1, 1.0};
  auto& histogram = metrics.histogram("took_seconds", "time", bounds, {{"verb", "get"}});
  for (const double value : {0.05, 0.1, 0.5, 7.0}) histogram.observe(value);
  EXPECT_EQ(metrics.text(),
            "# HELP took_seconds time\n"
            "# TYPE took_seconds histogram\n"
            "took_seconds_bucket{verb=\"get\",le=\"0.1\"} 2\n"
            "took_seconds_bucket{verb=\"get\",le=\"1\"} 3\n"
            "took_seconds_bucket{verb=\"get\",le=\"+Inf\"} 4\n"
            "took_seconds_sum{verb=\"get\"} 7.65\n"
            "took_seconds_count{verb=\"get\"} 4\n");
}

TEST(Metrics, GiveTheSameNumberForTheSameName) {
  Metrics metrics;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) metrics.counter("n_total", "n", {{"a", "b"}}).add();
    });
  threads.clear();
  EXPECT_EQ(metrics.counter("n_total", "n", {{"a", "b"}}).value(), 4000U);
}

TEST(Metrics, RefuseNamesThatPrometheusWould) {
  Metrics metrics;
  EXPECT_THROW(metrics.counter("has blank", ""), std::logic_error);
  EXPECT_THROW(metrics.counter("9lives", ""), std::logic_error);
  EXPECT_THROW(metrics.counter("fine", "", {{"no:colon", "x"}}), std::logic_error);
  metrics.counter("fine", "");
  EXPECT_THROW(metrics.gauge("fine", ""), std::logic_error);
}

TEST(Metrics, ShowAServersCounters) {
  Metrics metrics;
  ServerMetrics server;
  server.requests = 7;
  server.request_microseconds = 1'500'000;
  add_server_metrics(metrics, server, "runtimes");
  const auto text = metrics.text();
  EXPECT_NE(text.find("http_requests_total{listener=\"runtimes\"} 7\n"), std::string::npos);
  EXPECT_NE(text.find("http_request_seconds_total{listener=\"runtimes\"} 1.5\n"), std::string::npos);
  EXPECT_NE(text.find("http_responses_total{listener=\"runtimes\",class=\"5xx\"} 0\n"), std::string::npos);
}

}  // namespace
}  // namespace nephele::http
