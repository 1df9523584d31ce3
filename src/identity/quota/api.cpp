// SPDX-License-Identifier: Apache-2.0
#include "identity/quota/api.h"

#include <algorithm>
#include <array>
#include <utility>

#include "identity/astakos/conventions.h"
#include "identity/quota/wire.h"

namespace nephele::identity::quota {

namespace {

using astakos::fault_answer;
using astakos::json_answer;
using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;

template <class T>
Response shown(const T& value) {
  return json_answer(200, json::write(wire::to_json(value)));
}

/// A list of names in the query; absent: every one.
std::optional<std::vector<std::string>> names_asked(const Request& request, std::string_view name) {
  const auto value = request.query_value(name);
  return value ? std::optional(wire::names_from(*value)) : std::nullopt;
}

Response nothing_found(const Request& request, std::string_view what) {
  return fault_answer({astakos::FaultName::item_not_found,
                       "No such " + std::string(what) + " '" + request.query_value(what).value_or("") + "'"},
                      request);
}

}  // namespace

std::span<const Route<QuotaApi>> QuotaApi::routes() {
  // `late`: whose a token is, user's or component's, depends on the route.
  static constexpr auto table = astakos::slash_optional(std::array<Route<QuotaApi>, 9>{{
      {Verb::get, "/account/v1.0/resources/", Access::open, &QuotaApi::resources},
      {Verb::get, "/account/v1.0/quotas/", Access::late, &QuotaApi::user_quotas},
      {Verb::get, "/account/v1.0/service_quotas/", Access::late, &QuotaApi::service_quotas},
      {Verb::get, "/account/v1.0/service_project_quotas/", Access::late, &QuotaApi::service_project_quotas},
      {Verb::get, "/account/v1.0/commissions/", Access::late, &QuotaApi::pending},
      {Verb::post, "/account/v1.0/commissions/", Access::late, &QuotaApi::issue, body_bytes_max},
      {Verb::post, "/account/v1.0/commissions/action/", Access::late, &QuotaApi::resolve_many, body_bytes_max},
      {Verb::get, "/account/v1.0/commissions/{serial}/", Access::late, &QuotaApi::show},
      {Verb::post, "/account/v1.0/commissions/{serial}/action/", Access::late, &QuotaApi::resolve_one, body_bytes_max},
  }});
  return table;
}

QuotaApi::QuotaApi(Quotas& quotas, astakos::Callers& callers, log::Logger log)
    : quotas_(quotas), callers_(callers), log_(std::move(log)) {}

Response QuotaApi::failed(const Request& request, const Error& error) const {
  auto fault = astakos::fault_from(error, request, log_, "quota.failed");
  fault.data = wire::data_of(error);
  return fault_answer(fault, request);
}

Task<Result<std::vector<std::string>>> QuotaApi::resources_of(astakos::CallingComponent component) {
  CO_TRY(const auto all, co_await quotas_.resources());
  std::vector<std::string> names;
  for (const auto& resource : all)
    if (std::ranges::find(component.services, resource.service_origin) != component.services.end())
      names.push_back(resource.name);
  co_return names;
}

Task<Response> QuotaApi::resources(Request& request) {
  const auto all = co_await quotas_.resources();
  if (!all) co_return failed(request, all.error());
  co_return shown(std::span<const Resource>(*all));
}

Task<Response> QuotaApi::user_quotas(Request& request) {
  const auto user = co_await astakos::calling_user(request, callers_);
  if (!user) co_return fault_answer(user.error(), request);
  const auto quotas = co_await quotas_.quotas_of(user->uuid, user->projects);
  if (!quotas) co_return failed(request, quotas.error());
  co_return shown(*quotas);
}

Task<Response> QuotaApi::service_quotas(Request& request) {
  auto component = co_await astakos::calling_component(request, callers_);
  if (!component) co_return fault_answer(component.error(), request);
  auto resources = co_await resources_of(std::move(*component));
  if (!resources) co_return failed(request, resources.error());
  Selection selection{.users = names_asked(request, "user"),
                      .projects = names_asked(request, "project"),
                      .resources = std::move(*resources)};
  const bool named = selection.users.has_value();
  const auto quotas = co_await quotas_.member_quotas(std::move(selection));
  if (!quotas) co_return failed(request, quotas.error());
  if (named && quotas->empty()) co_return nothing_found(request, "user");
  co_return shown(*quotas);
}

Task<Response> QuotaApi::service_project_quotas(Request& request) {
  auto component = co_await astakos::calling_component(request, callers_);
  if (!component) co_return fault_answer(component.error(), request);
  auto resources = co_await resources_of(std::move(*component));
  if (!resources) co_return failed(request, resources.error());
  Selection selection{.projects = names_asked(request, "project"), .resources = std::move(*resources)};
  const bool named = selection.projects.has_value();
  const auto quotas = co_await quotas_.project_quotas(std::move(selection));
  if (!quotas) co_return failed(request, quotas.error());
  if (named && quotas->empty()) co_return nothing_found(request, "project");
  co_return shown(*quotas);
}

Task<Response> QuotaApi::pending(Request& request) {
  auto component = co_await astakos::calling_component(request, callers_);
  if (!component) co_return fault_answer(component.error(), request);
  const auto serials = co_await quotas_.pending(std::move(component->name));
  if (!serials) co_return failed(request, serials.error());
  co_return shown(std::span<const Serial>(*serials));
}

Task<Response> QuotaApi::issue(Request& request) {
  auto component = co_await astakos::calling_component(request, callers_);
  if (!component) co_return fault_answer(component.error(), request);
  const auto body = co_await astakos::json_object_body(request, body_bytes_max);
  if (!body) co_return fault_answer(body.error(), request);
  auto wanted = wire::commission_from(*body, std::move(component->name));
  if (!wanted) co_return fault_answer(wanted.error(), request);
  const auto serial = co_await quotas_.issue(std::move(*wanted));
  if (!serial) co_return failed(request, serial.error());
  json::Object answer;
  answer.append("serial", serial->number());
  co_return json_answer(201, json::write(std::move(answer)));
}

Task<Response> QuotaApi::show(Request& request) {
  auto component = co_await astakos::calling_component(request, callers_);
  if (!component) co_return fault_answer(component.error(), request);
  const auto serial = wire::serial_from(request.parameters.at(0));
  if (!serial) co_return fault_answer(serial.error(), request);
  const auto commission = co_await quotas_.show(std::move(component->name), *serial);
  if (commission) co_return shown(*commission);
  if (commission.error().kind() == Kind::not_found) co_return astakos::empty_answer(404);
  co_return failed(request, commission.error());
}

Task<Response> QuotaApi::resolve_one(Request& request) {
  auto component = co_await astakos::calling_component(request, callers_);
  if (!component) co_return fault_answer(component.error(), request);
  const auto serial = wire::serial_from(request.parameters.at(0));
  if (!serial) co_return fault_answer(serial.error(), request);
  const auto body = co_await astakos::json_object_body(request, body_bytes_max);
  if (!body) co_return fault_answer(body.error(), request);
  const auto verdict = wire::verdict_from(*body);
  if (!verdict) co_return fault_answer(verdict.error(), request);
  const auto resolved = co_await quotas_.resolve(std::move(component->name), *serial, *verdict);
  if (resolved) co_return astakos::empty_answer(200);
  if (resolved.error().kind() == Kind::not_found) co_return astakos::empty_answer(404);
  co_return failed(request, resolved.error());
}

Task<Response> QuotaApi::resolve_many(Request& request) {
  auto component = co_await astakos::calling_component(request, callers_);
  if (!component) co_return fault_answer(component.error(), request);
  const auto body = co_await astakos::json_object_body(request, body_bytes_max);
  if (!body) co_return fault_answer(body.error(), request);
  auto serials = wire::serials_from(*body);
  if (!serials) co_return fault_answer(serials.error(), request);
  const auto resolved =
      co_await quotas_.resolve(std::move(component->name), std::move(serials->first), std::move(serials->second));
  if (!resolved) co_return failed(request, resolved.error());
  co_return shown(*resolved);
}

}  // namespace nephele::identity::quota
