// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/statistics_api.h"

#include <array>

#include "identity/administration/store.h"
#include "identity/astakos/group_guard.h"

namespace nephele::identity::astakos {

namespace {

using administration::store::UserNumbers;
using http::Access;
using http::Request;
using http::Response;
using http::Verb;

constexpr std::size_t callback_bytes_max = 128;

json::Object user_json(const UserNumbers& users, bool detailed) {
  json::Object out;
  out.append("total", users.total);
  if (detailed) out.append("verified", users.verified);
  out.append("active", users.active);
  return out;
}

json::Object few_numbers(sql::Tx& tx) {
  json::Object out;
  out.append("users", user_json(administration::store::user_numbers(tx), false));
  return out;
}

json::Object all_numbers(sql::Tx& tx, Time now) {
  json::Object users, resources, every, out;
  users.append("all", user_json(administration::store::user_numbers(tx), true));
  json::Array providers;
  for (const auto& one : administration::store::module_numbers(tx)) {
    auto numbers = user_json(one.users, true);
    numbers.append("exclusive", one.exclusive);
    users.append(one.module, std::move(numbers));
    providers.emplace_back(one.module);
  }
  for (const auto& one : administration::store::resource_numbers(tx)) {
    json::Object row;
    row.append("used", one.used);
    row.append("allocated", one.allocated);
    row.append("unit", one.unit);
    row.append("description", one.description);
    every.append(one.name, std::move(row));
  }
  resources.append("all", std::move(every));
  out.append("datetime", timestamp(now));
  out.append("providers", std::move(providers));
  out.append("users", std::move(users));
  out.append("resources", std::move(resources));
  return out;
}

bool is_callback(std::string_view name) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.$";
  return !name.empty() && name.size() <= callback_bytes_max &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace

StatisticsApi::StatisticsApi(sql::Database& database, const Clock& clock, IdentityCallers& callers,
                             std::vector<std::string> groups, std::chrono::seconds kept_for, log::Logger log)
    : database_(database),
      clock_(clock),
      callers_(callers),
      groups_(std::move(groups)),
      kept_for_(kept_for),
      log_(std::move(log)) {}

std::span<const http::Route<StatisticsApi>> StatisticsApi::routes() {
  using Api = StatisticsApi;
  static constexpr auto table = slash_optional(std::array<http::Route<Api>, 2>{{
      {Verb::get, "/admin/stats/", Access::open, &Api::few},
      {Verb::get, "/admin/stats/detail/", Access::late, &Api::all},
  }});
  return table;
}

Task<Result<std::string>> StatisticsApi::counted(bool detailed) {
  const Time now = clock_.now();
  auto& kept = detailed ? kept_all_ : kept_few_;
  {
    const std::lock_guard lock(mutex_);
    if (kept && now - kept->at < kept_for_) co_return kept->text;
  }
  CO_TRY(const auto numbers,
         co_await database_.read([&](sql::Tx& tx) { return detailed ? all_numbers(tx, now) : few_numbers(tx); }));
  std::string text = json::write(numbers);
  const std::lock_guard lock(mutex_);
  kept = Counted{.at = now, .text = text};
  co_return text;
}

Task<Response> StatisticsApi::answered(Request& request, bool detailed) {
  const auto callback = request.query_value("callback");
  if (callback && !is_callback(*callback))
    co_return fault_answer(Fault{FaultName::bad_request, "callback is a name of letters, digits, _ . and $"}, request);
  auto text = co_await counted(detailed);
  if (!text) co_return fault_answer(fault_from(text.error(), request, log_, "astakos.statistics.failed"), request);
  if (!callback) co_return json_answer(200, std::move(*text));
  auto response = json_answer(200, *callback + "(" + *text + ");");
  response.headers.set("Content-Type", "application/javascript; charset=UTF-8");
  co_return response;
}

Task<Response> StatisticsApi::few(Request& request) {
  co_return co_await answered(request, false);
}

Task<Response> StatisticsApi::all(Request& request) {
  const auto caller = co_await caller_in(request, callers_, groups_);
  if (!caller) co_return fault_answer(caller.error(), request);
  co_return co_await answered(request, true);
}

}  // namespace nephele::identity::astakos
