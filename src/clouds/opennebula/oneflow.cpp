// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/oneflow.h"

#include "clouds/opennebula/decode.h"
#include "clouds/opennebula/errors.h"

namespace nephele::opennebula {

namespace {

constexpr std::string_view system_name = "oneflow";

std::string without_slashes_at_end(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

json::Value action(std::string_view name, json::Object parameters) {
  json::Object inner;
  inner.append("perform", std::string(name));
  inner.append("params", std::move(parameters));
  json::Object out;
  out.append("action", std::move(inner));
  return out;
}

std::string path_of(std::string_view kind, std::int64_t id, std::string_view rest = {}) {
  return "/" + std::string(kind) + "/" + std::to_string(id) + std::string(rest);
}

std::string name_of(http::Verb verb, const std::string& path) {
  return std::string(http::to_string(verb)) + " " + path;
}

}  // namespace

OneFlow::OneFlow(const Endpoint& endpoint, CallLog* log)
    : url_(without_slashes_at_end(endpoint.url)), link_(system_name, endpoint), log_(log) {}

Task<Result<std::string>> OneFlow::ask(const Session& session, const Call& call, CallNote& note) {
  const std::string name = name_of(call.verb, call.path);
  CO_TRY_VOID(check_credentials(session));
  http::ClientRequest request{.verb = call.verb, .url = url_ + call.path};
  if (call.body) {
    request.headers.add("Content-Type", "application/json");
    request.body = json::write(*call.body);
    note.sent(request.body);
  }
  request.basic = http::Basic{session.user, session.password};
  const Effect effect = call.verb == http::Verb::get ? Effect::reads : Effect::changes;
  CO_TRY(auto response, co_await link_.exchange(std::move(request), name, effect, session.deadline));
  if (response.status < 200 || response.status > 299)
    // It may quote what it could not read, and VMs are given their creator's credentials.
    co_return fail(oneflow_refused(name, response.status, without_credentials(std::move(response.body), session)));
  note.received(response.body);
  co_return std::move(response.body);
}

template <class Object>
Task<Result<Object>> OneFlow::run(Session session, Call call, Result<Object> (*decode)(std::string_view)) {
  const std::string name = name_of(call.verb, call.path);
  CallNote note(log_, system_name, name, call.object, session);
  auto answer = co_await ask(session, call, note);
  if (!answer) {
    note.ended(&answer.error());
    co_return fail(std::move(answer).error());
  }
  auto object = decode(*answer);
  if (!object) object = fail(unreadable(system_name, name, object.error().sentence()));
  note.ended(object ? nullptr : &object.error());
  co_return object;
}

Task<Result<>> OneFlow::run(Session session, Call call) {
  CallNote note(log_, system_name, name_of(call.verb, call.path), call.object, session);
  const auto answer = co_await ask(session, call, note);
  note.ended(answer ? nullptr : &answer.error());
  if (!answer) co_return fail(answer.error());
  co_return Result<>{};
}

Task<Result<std::vector<ServiceTemplate>>> OneFlow::service_templates(Session session) {
  co_return co_await run(std::move(session), {.path = "/service_template"}, decode_service_template_pool);
}

Task<Result<ServiceTemplate>> OneFlow::service_template(Session session, std::int64_t id) {
  co_return co_await run(std::move(session), {.path = path_of("service_template", id), .object = id},
                         decode_service_template);
}

Task<Result<std::vector<Service>>> OneFlow::services(Session session) {
  co_return co_await run(std::move(session), {.path = "/service"}, decode_service_pool);
}

Task<Result<Service>> OneFlow::service(Session session, std::int64_t id) {
  co_return co_await run(std::move(session), {.path = path_of("service", id), .object = id}, decode_service);
}

Task<Result<Service>> OneFlow::instantiate(Session session, std::int64_t service_template, json::Object merge) {
  json::Object parameters;
  parameters.append("merge_template", std::move(merge));
  co_return co_await run(std::move(session),
                         {.verb = http::Verb::post,
                          .path = path_of("service_template", service_template, "/action"),
                          .object = service_template,
                          .body = action("instantiate", std::move(parameters))},
                         decode_service);
}

Task<Result<>> OneFlow::remove(Session session, std::int64_t id) {
  co_return co_await run(std::move(session), {.verb = http::Verb::del, .path = path_of("service", id), .object = id});
}

Task<Result<>> OneFlow::recover_and_delete(Session session, std::int64_t id) {
  json::Object parameters;
  parameters.append("delete", true);
  co_return co_await run(std::move(session), {.verb = http::Verb::post,
                                              .path = path_of("service", id, "/action"),
                                              .object = id,
                                              .body = action("recover", std::move(parameters))});
}

}  // namespace nephele::opennebula
