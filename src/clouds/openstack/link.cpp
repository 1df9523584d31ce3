// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/link.h"

#include "clouds/openstack/errors.h"

namespace nephele::openstack {

Task<Result<http::ClientResponse>> Link::call(Call call, SteadyTime deadline) {
  if (call.service == Service::compute && !account_.compute_microversion.empty()) {
    call.headers.set("OpenStack-API-Version", "compute " + account_.compute_microversion);
    call.headers.set("X-OpenStack-Nova-API-Version", account_.compute_microversion);
  }
  for (bool renewed = false;; renewed = true) {
    CO_TRY(const auto token, co_await session_.token(deadline));
    CO_TRY(std::string base, endpoint_of(*token, account_, call.service));
    Call copy = call;
    copy.hidden.push_back(token->id.reveal());
    auto answer = co_await wire_.send(std::move(copy), std::move(base), token->id, deadline);
    // A 401 says that nothing was done, so a change may be sent again too.
    if (answer || answer.error().detail("http_status") != "401") co_return answer;
    session_.reject(token);
    if (renewed) co_return answer;
  }
}

Task<Result<json::Value>> Link::ask(Call call, SteadyTime deadline) {
  const Call copy{.service = call.service, .verb = call.verb, .path = call.path, .name = call.name};
  CO_TRY(const auto answer, co_await this->call(std::move(call), deadline));
  co_return object_in(copy, answer.body);
}

Task<Result<>> Link::remove(Service service, std::string path, SteadyTime deadline) {
  const auto answer = co_await call(
      {.service = service, .verb = http::Verb::del, .path = std::move(path), .repeatable = true}, deadline);
  if (!answer && answer.error().kind() != Kind::not_found) co_return fail(answer.error());
  co_return Result<>{};
}

Result<json::Value> object_in(const Call& call, const std::string& body) {
  auto tree = json::parse(body);
  if (!tree) return fail(unreadable(to_string(call.service), call.title(), tree.error().sentence()));
  if (tree->if_object() == nullptr) return fail(unreadable(to_string(call.service), call.title(), "it is no object"));
  return std::move(*tree);
}

}  // namespace nephele::openstack
