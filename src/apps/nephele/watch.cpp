// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/watch.h"

#include "compute/compute.h"

namespace nephele::apps {

namespace {

constexpr std::chrono::seconds stuck{30};

std::int64_t signed_of(std::uint64_t n) {
  return static_cast<std::int64_t>(n);
}

void single(std::string& out, std::string_view name, std::string_view type, std::string_view help, std::int64_t value) {
  runtimes::metric_family(out, name, type, help);
  runtimes::metric_sample(out, name, "", value);
}

}  // namespace

Task<Result<>> WorkersReady::check() {
  const auto age = operations_.loop_age();
  if (age > stuck)
    co_return fail(Kind::unavailable,
                   "the workers' loop has stood still for " + std::to_string(age.count() / 1000) + " s");
  co_return Result<>{};
}

Task<Result<>> WorkersMetrics::write(std::string& out) {
  single(out, "nephele_operations_running", "gauge", "Operations under way in this process.",
         signed_of(operations_.running()));
  single(out, "nephele_operations_loop_age_milliseconds", "gauge", "Since the claiming loop's last turn.",
         operations_.loop_age().count());
  co_return Result<>{};
}

Task<Result<>> BusMetrics::write(std::string& out) {
  CO_TRY(const auto backlog, co_await bus_.backlog());
  single(out, "nephele_bus_backlog", "gauge", "Messages of work topics not yet handled.", backlog);
  co_return Result<>{};
}

Task<Result<>> DriversMetrics::write(std::string& out) {
  CO_TRY(const auto drivers, co_await compute::drivers(database_));
  constexpr std::string_view name = "nephele_compute_driver_heard_timestamp_seconds";
  runtimes::metric_family(out, name, "gauge", "When a driver of machines last said that it lives; 0: it was stopped.");
  for (const auto& driver : drivers)
    runtimes::metric_sample(out, name, "driver=\"" + driver.id.text() + "\"", to_ms(driver.said) / 1000);
  co_return Result<>{};
}

Task<Result<>> WebMetrics::write(std::string& out) {
  const auto figures = identity_.figures();
  runtimes::metric_family(out, "nephele_sign_ins_total", "counter", "Sign-ins by password, by how they went.");
  runtimes::metric_sample(out, "nephele_sign_ins_total", R"(how="cached")", signed_of(figures.from_cache));
  runtimes::metric_sample(out, "nephele_sign_ins_total", R"(how="hashed")", signed_of(figures.hashes));
  runtimes::metric_sample(out, "nephele_sign_ins_total", R"(how="wrong")", signed_of(figures.wrong));
  runtimes::metric_sample(out, "nephele_sign_ins_total", R"(how="busy")", signed_of(figures.busy));
  single(out, "nephele_sign_in_pbkdf2_iterations_total", "counter",
         "Work for passwords of another system that nobody has signed in with yet.", signed_of(figures.iterations));
  if (server_ == nullptr) co_return Result<>{};
  single(out, "nephele_http_connections_open", "gauge", "Open connections.", server_->connections_open.load());
  single(out, "nephele_http_requests_total", "counter", "Requests answered.", signed_of(server_->requests.load()));
  runtimes::metric_family(out, "nephele_http_responses_total", "counter", "Responses by class of status.");
  runtimes::metric_sample(out, "nephele_http_responses_total", R"(class="2xx")",
                          signed_of(server_->responses_2xx.load()));
  runtimes::metric_sample(out, "nephele_http_responses_total", R"(class="4xx")",
                          signed_of(server_->responses_4xx.load()));
  runtimes::metric_sample(out, "nephele_http_responses_total", R"(class="5xx")",
                          signed_of(server_->responses_5xx.load()));
  single(out, "nephele_http_bad_requests_total", "counter", "Requests refused before a handler.",
         signed_of(server_->bad_requests.load()));
  co_return Result<>{};
}

}  // namespace nephele::apps
