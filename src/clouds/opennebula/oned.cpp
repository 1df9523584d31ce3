// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/oned.h"

#include <algorithm>
#include <deque>
#include <limits>

#include "clouds/opennebula/decode.h"
#include "clouds/opennebula/errors.h"

namespace nephele::opennebula {

namespace {

constexpr std::string_view system_name = "oned";
constexpr const char* together = "system.multicall";
constexpr std::chrono::minutes apart_for{10};  // then perhaps somebody has put another oned there

/// Ids are 32 bits on the wire: a greater one cannot be of anything.
bool is_id(std::int64_t id) {
  return id >= 0 && id <= std::numeric_limits<std::int32_t>::max();
}
std::int32_t parameter(std::int64_t id) {
  return static_cast<std::int32_t>(id);
}

/// The parameters as a log shows them: a JSON array.
std::string shown(const std::vector<xmlrpc::Parameter>& parameters) {
  json::Array out;
  for (const auto& one : parameters) std::visit([&out](const auto& value) { out.push_back(json::Value(value)); }, one);
  return json::write(json::Value(std::move(out)));
}

std::string shown(const xmlrpc::Value& payload) {
  if (const auto* const text = std::get_if<std::string>(&payload)) return *text;
  if (const auto* const number = std::get_if<std::int64_t>(&payload)) return std::to_string(*number);
  return std::get<bool>(payload) ? "true" : "false";
}

Result<std::string> as_it_is(std::string text) {
  return text;
}

Result<> check_object(const std::string& method, std::optional<std::int64_t> object) {
  if (!object || *object == -1 || is_id(*object)) return {};
  return fail(oned_refused(method, {.success = false,
                                    .message = "no object has the id " + std::to_string(*object),
                                    .code = static_cast<std::int64_t>(OnedCode::no_exists),
                                    .object = object}));
}

/// Where oned listens when the address names no place: Ruby's XML-RPC client, which others use, adds the same.
std::string with_path(std::string url) {
  constexpr std::string_view behind_scheme = "://";
  const auto host = url.find(behind_scheme);
  const auto path = url.find('/', host == std::string::npos ? 0 : host + behind_scheme.size());
  return path == std::string::npos ? std::move(url) + "/RPC2" : std::move(url);
}

std::vector<xmlrpc::Parameter> with_session(const Session& session, const std::vector<xmlrpc::Parameter>& parameters) {
  std::vector<xmlrpc::Parameter> out{session.user + ":" + session.password.reveal()};
  out.insert(out.end(), parameters.begin(), parameters.end());
  return out;
}

/// Whoever refuses may quote what was sent.
Result<xmlrpc::Value> payload_of(const std::string& method, xmlrpc::Outcome outcome, const Session& session) {
  if (auto* const fault = std::get_if<xmlrpc::Fault>(&outcome)) {
    fault->message = without_credentials(std::move(fault->message), session);
    return fail(oned_fault(method, *fault));
  }
  auto& answer = std::get<xmlrpc::Answer>(outcome);
  if (!answer.success) {
    answer.message = without_credentials(std::move(answer.message), session);
    return fail(oned_refused(method, answer));
  }
  return std::move(answer.payload);
}

template <class Object>
Result<Object> object_in(const std::string& method, Result<xmlrpc::Value> payload,
                         Result<Object> (*decode)(std::string)) {
  if (!payload) return fail(std::move(payload).error());
  auto* const text = std::get_if<std::string>(&*payload);
  auto object =
      text == nullptr ? Result<Object>(fail(Kind::invalid, "its payload is no text")) : decode(std::move(*text));
  if (!object) object = fail(unreadable(system_name, method, object.error().sentence()));
  return object;
}

}  // namespace

Oned::Oned(const Endpoint& endpoint, CallLog* log)
    : url_(with_path(endpoint.url)), link_(system_name, endpoint), log_(log) {}

Task<Result<http::ClientResponse>> Oned::post(std::string body, std::string method, Effect effect,
                                              SteadyTime deadline) {
  http::ClientRequest request{.verb = http::Verb::post, .url = url_, .body = std::move(body)};
  request.headers.add("Content-Type", "text/xml; charset=utf-8");
  CO_TRY(auto response, co_await link_.exchange(std::move(request), method, effect, deadline));
  if (response.status != 200) co_return fail(foreign_status(system_name, method, response.status));
  co_return response;
}

Task<Result<xmlrpc::Value>> Oned::ask(const Session& session, const Call& call, CallNote& note) {
  if (note.wants_text()) note.sent(shown(call.parameters));
  CO_TRY_VOID(check_credentials(session));
  CO_TRY_VOID(check_object(call.method, call.object));
  CO_TRY(auto body, xmlrpc::encode(call.method, with_session(session, call.parameters)));
  CO_TRY(auto response, co_await post(std::move(body), call.method, call.effect, session.deadline));
  auto decoded = xmlrpc::decode(std::move(response.body));
  if (!decoded) co_return fail(unreadable(system_name, call.method, decoded.error().sentence()));
  auto payload = payload_of(call.method, std::move(*decoded), session);
  if (payload && call.shows_answer && note.wants_text()) note.received(shown(*payload));
  co_return payload;
}

template <class Object>
Task<Result<Object>> Oned::read(Session session, Call call, Result<Object> (*decode)(std::string)) {
  CallNote note(log_, system_name, call.method, call.object, session);
  auto object = object_in(call.method, co_await ask(session, call, note), decode);
  note.ended(object ? nullptr : &object.error());
  co_return object;
}

Task<Result<std::int64_t>> Oned::change(Session session, Call call) {
  call.effect = Effect::changes;
  CallNote note(log_, system_name, call.method, call.object, session);
  auto payload = co_await ask(session, call, note);
  if (!payload) {
    note.ended(&payload.error());
    co_return fail(std::move(payload).error());
  }
  const auto* const id = std::get_if<std::int64_t>(&*payload);
  if (id == nullptr) {
    const Error error = unreadable(system_name, call.method, "its payload is no id");
    note.ended(&error);
    co_return fail(error);
  }
  if (!call.object) note.about(*id);
  note.ended(nullptr);
  co_return *id;
}

Task<Result<>> Oned::change_known(Session session, Call call) {
  CO_TRY_VOID(co_await change(std::move(session), std::move(call)));
  co_return Result<>{};
}

Task<Result<std::string>> Oned::version(Session session) {
  co_return co_await read(std::move(session), {.method = "one.system.version"}, as_it_is);
}

Task<Result<User>> Oned::user(Session session, std::int64_t id) {
  co_return co_await read(std::move(session),
                          {.method = "one.user.info", .parameters = {parameter(id), false}, .object = id}, decode_user);
}

Task<Result<VmTemplate>> Oned::vm_template(Session session, std::int64_t id) {
  // Neither extended (its disks with all of their images) nor decrypted.
  co_return co_await read(std::move(session),
                          {.method = "one.template.info", .parameters = {parameter(id), false, false}, .object = id},
                          decode_vm_template);
}

Oned::Call Oned::of_vm(std::int64_t id) {
  return {.method = "one.vm.info", .parameters = {parameter(id), false}, .object = id};
}

Task<Result<Vm>> Oned::vm(Session session, std::int64_t id) {
  co_return co_await read(std::move(session), of_vm(id), decode_vm);
}

Task<Result<std::vector<Vm>>> Oned::vm_pool(Session session, Pool whose, std::int32_t state) {
  co_return co_await read(
      std::move(session),
      {.method = "one.vmpool.info", .parameters = {static_cast<std::int32_t>(whose), -1, -1, state}}, decode_vm_pool);
}

Task<Result<std::vector<Vm>>> Oned::vm_pool_extended(Session session, Pool whose, std::int64_t first,
                                                     std::int64_t last) {
  co_return co_await read(
      std::move(session),
      {.method = "one.vmpool.infoextended",
       .parameters = {static_cast<std::int32_t>(whose), parameter(first), parameter(last), std::int32_t{-1}}},
      decode_vm_pool);
}

Task<Result<std::vector<VmTemplate>>> Oned::vm_template_pool(Session session, Pool whose) {
  co_return co_await read(std::move(session),
                          {.method = "one.templatepool.info", .parameters = {static_cast<std::int32_t>(whose), -1, -1}},
                          decode_vm_template_pool);
}

Task<Result<std::vector<Image>>> Oned::image_pool(Session session, Pool whose) {
  co_return co_await read(std::move(session),
                          {.method = "one.imagepool.info", .parameters = {static_cast<std::int32_t>(whose), -1, -1}},
                          decode_image_pool);
}

Oned::Call Oned::of_document(std::int64_t id) {
  return {.method = "one.document.info", .parameters = {parameter(id), false}, .object = id, .shows_answer = true};
}

Task<Result<Document>> Oned::document(Session session, std::int64_t id) {
  co_return co_await read(std::move(session), of_document(id), decode_document);
}

Task<Result<std::vector<xmlrpc::Outcome>>> Oned::ask_together(const Session& session, std::span<const Call> calls) {
  CO_TRY_VOID(check_credentials(session));
  std::vector<xmlrpc::Call> encoded;
  for (const auto& call : calls) {
    CO_TRY_VOID(check_object(call.method, call.object));
    encoded.push_back({.method = call.method, .parameters = with_session(session, call.parameters)});
  }
  CO_TRY(auto body, xmlrpc::encode_together(encoded));
  auto response = co_await post(std::move(body), together, Effect::reads, session.deadline);
  if (!response) {
    if (response.error().detail("cause") == "http") apart_until_ = in(apart_for);
    co_return fail(response.error());
  }
  auto decoded = xmlrpc::decode_together(std::move(response->body), calls.size());
  if (decoded)
    if (auto* const outcomes = std::get_if<std::vector<xmlrpc::Outcome>>(&*decoded)) co_return std::move(*outcomes);
  apart_until_ = in(apart_for);
  if (!decoded) co_return fail(unreadable(system_name, together, decoded.error().sentence()));
  co_return fail(oned_fault(together, std::get<xmlrpc::Fault>(*decoded)));
}

Task<Result<Glance>> Oned::glance(Session session, std::vector<std::int64_t> documents, std::vector<std::int64_t> vms) {
  if (apart_until_.load() > std::chrono::steady_clock::now())
    co_return fail(Kind::unavailable, "oned does not understand several calls at once");
  std::vector<Call> calls;
  for (const auto id : documents) calls.push_back(of_document(id));
  for (const auto id : vms) calls.push_back(of_vm(id));
  std::deque<CallNote> notes;
  for (const auto& call : calls) {
    auto& note = notes.emplace_back(log_, system_name, call.method, call.object, session);
    if (note.wants_text()) note.sent(shown(call.parameters));
  }
  auto outcomes = co_await ask_together(session, calls);
  if (!outcomes) {
    for (auto& note : notes) note.ended(&outcomes.error());
    co_return fail(std::move(outcomes).error());
  }
  Glance out;
  const auto keep = [&](std::size_t at, auto& into, auto* decode) {
    const auto& call = calls[at];
    auto payload = payload_of(call.method, std::move((*outcomes)[at]), session);
    if (payload && call.shows_answer && notes[at].wants_text()) notes[at].received(shown(*payload));
    const auto [object, _] = into.insert_or_assign(*call.object, object_in(call.method, std::move(payload), decode));
    notes[at].ended(object->second ? nullptr : &object->second.error());
  };
  for (std::size_t at = 0; at < documents.size(); ++at) keep(at, out.documents, decode_document);
  for (std::size_t at = documents.size(); at < calls.size(); ++at) keep(at, out.vms, decode_vm);
  co_return out;
}

Task<Result<std::vector<Document>>> Oned::document_pool(Session session, Pool whose, std::int32_t type) {
  co_return co_await read(
      std::move(session),
      {.method = "one.documentpool.info", .parameters = {static_cast<std::int32_t>(whose), -1, -1, type}},
      decode_document_pool);
}

Task<Result<std::int64_t>> Oned::instantiate(Session session, std::int64_t vm_template, std::string name,
                                             std::string text) {
  // Not on hold, and not as a persistent copy.
  co_return co_await change(std::move(session),
                            {.method = "one.template.instantiate",
                             .parameters = {parameter(vm_template), std::move(name), false, std::move(text), false}});
}

Task<Result<>> Oned::resize_vm(Session session, std::int64_t id, std::string text, bool enforce) {
  co_return co_await change_known(
      std::move(session),
      {.method = "one.vm.resize", .parameters = {parameter(id), std::move(text), enforce}, .object = id});
}

Task<Result<>> Oned::resize_disk(Session session, std::int64_t id, std::int32_t disk, std::int64_t mib) {
  // The size is a string on the wire.
  co_return co_await change_known(
      std::move(session),
      {.method = "one.vm.diskresize", .parameters = {parameter(id), disk, std::to_string(mib)}, .object = id});
}

Task<Result<>> Oned::update_vm(Session session, std::int64_t id, std::string text, Update how) {
  co_return co_await change_known(std::move(session),
                                  {.method = "one.vm.update",
                                   .parameters = {parameter(id), std::move(text), static_cast<std::int32_t>(how)},
                                   .object = id});
}

Task<Result<>> Oned::act_on_vm(Session session, std::string action, std::int64_t id) {
  co_return co_await change_known(
      std::move(session), {.method = "one.vm.action", .parameters = {std::move(action), parameter(id)}, .object = id});
}

Task<Result<>> Oned::recover_vm(Session session, std::int64_t id, Recovery how) {
  co_return co_await change_known(
      std::move(session),
      {.method = "one.vm.recover", .parameters = {parameter(id), static_cast<std::int32_t>(how)}, .object = id});
}

Task<Result<std::int64_t>> Oned::allocate_document(Session session, std::string text, std::int32_t type) {
  co_return co_await change(std::move(session),
                            {.method = "one.document.allocate", .parameters = {std::move(text), type}});
}

Task<Result<>> Oned::update_document(Session session, std::int64_t id, std::string text, Update how) {
  co_return co_await change_known(std::move(session),
                                  {.method = "one.document.update",
                                   .parameters = {parameter(id), std::move(text), static_cast<std::int32_t>(how)},
                                   .object = id});
}

Task<Result<>> Oned::rename_document(Session session, std::int64_t id, std::string name) {
  co_return co_await change_known(
      std::move(session),
      {.method = "one.document.rename", .parameters = {parameter(id), std::move(name)}, .object = id});
}

Task<Result<>> Oned::delete_document(Session session, std::int64_t id) {
  co_return co_await change_known(std::move(session),
                                  {.method = "one.document.delete", .parameters = {parameter(id)}, .object = id});
}

Result<std::string> document_text(std::string_view body, std::optional<std::string_view> name) {
  std::string json(body);
  // Only inside a string of JSON can the three characters stand together, so the escape is always right.
  for (auto at = json.find("]]>"); at != std::string::npos; at = json.find("]]>", at))
    json.replace(at + 2, 1, "\\u003e");
  Template out;
  if (name) out.add("NAME", std::string(*name));
  out.add("BODY", std::move(json));
  return write_xml(out);
}

}  // namespace nephele::opennebula
