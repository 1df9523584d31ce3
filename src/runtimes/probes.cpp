// SPDX-License-Identifier: Apache-2.0
#include "runtimes/probes.h"

#include <algorithm>
#include <array>

#include "runtimes/model.h"
#include "runtimes/store.h"

namespace nephele::runtimes {

void metric_family(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  for (const auto part : {std::string_view("# HELP "), name, std::string_view(" "), help, std::string_view("\n# TYPE "),
                          name, std::string_view(" "), type, std::string_view("\n")})
    out += part;
}

void metric_sample(std::string& out, std::string_view name, std::string_view labels, std::int64_t value) {
  out += name;
  if (!labels.empty()) {
    out += '{';
    out += labels;
    out += '}';
  }
  out += ' ';
  out += std::to_string(value);
  out += '\n';
}

Task<Result<>> RuntimesMetrics::write(std::string& out) {
  CO_TRY(const auto counts, co_await database_.read([](sql::Tx& tx) { return store::count_by_state(tx); }));
  constexpr std::string_view name = "nephele_runtimes_functions";
  metric_family(out, name, "gauge", "Functions of serverless runtimes by state.");
  for (const auto state :
       {FunctionState::pending, FunctionState::running, FunctionState::updating, FunctionState::error}) {
    const auto found = std::ranges::find(counts, to_string(state), &store::StateCount::state);
    metric_sample(out, name, "state=\"" + std::string(to_string(state)) + "\"",
                  found == counts.end() ? 0 : found->functions);
  }
  co_return Result<>{};
}

Task<Result<>> RegistryMetrics::write(std::string& out) {
  out += registry_.text();
  co_return Result<>{};
}

Task<Result<>> DatabaseReady::check() {
  CO_TRY(const bool any, co_await database_.read([](sql::Tx& tx) { return store::any_flavour(tx); }));
  if (!any) co_return fail(Kind::unavailable, "there is no flavour; `nephele flavour add` makes one");
  co_return Result<>{};
}

}  // namespace nephele::runtimes
