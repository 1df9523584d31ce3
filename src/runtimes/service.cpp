// SPDX-License-Identifier: Apache-2.0
#include "runtimes/service.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/secret.h"
#include "runtimes/document.h"
#include "runtimes/event_stream.h"
#include "runtimes/looking_stream.h"
#include "runtimes/schema.h"

namespace nephele::runtimes {
namespace {

Answer<json::Value> parsed(const std::string& body) {
  auto value = json::parse(body, body_limits);
  if (!value) return refuse(Code::invalid_json, std::move(value).error());
  return std::move(*value);
}

Answer<Specification> checked(json::Value body) {
  if (auto violation = first_violation(body))
    return refuse(Code::invalid_specification, {}, std::move(violation->text));
  return read_specification(std::move(body));
}

/// Keys are the caller's, and are looked up as they are: visible ASCII, of a length that a log line bears.
bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= 255 && std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::optional<RuntimeId> runtime_id_from(std::string_view text) {
  std::int64_t number = 0;
  const bool digits =
      !text.empty() && text.size() <= 20 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return std::nullopt;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || number > number_max) return std::nullopt;
  return RuntimeId(number);
}

Service::Service(RuntimeCloud& cloud, SignIn& sign_in, EventLog& events)
    : cloud_(cloud), sign_in_(sign_in), events_(events) {}

Task<Answer<Caller>> Service::caller(Visitor visitor, Code code) {
  auto who = co_await sign_in_.sign_in(std::move(visitor.credentials), std::move(visitor.remote),
                                       std::move(visitor.request_id));
  if (!who) co_return refuse(code, std::move(who).error());
  co_return std::move(*who);
}

Task<Answer<View>> Service::create(Visitor visitor, std::string body, std::optional<std::string> idempotency_key) {
  if (idempotency_key && !is_key(*idempotency_key))
    co_return refuse(Code::invalid_header, "Idempotency-Key", "write 1 to 255 visible ASCII characters");
  auto value = parsed(body);
  if (!value) co_return std::unexpected(std::move(value).error());
  auto specification = checked(std::move(*value));
  if (!specification) co_return std::unexpected(std::move(specification).error());
  NewRuntime wanted{.specification = std::move(*specification), .idempotency = std::nullopt};
  if (idempotency_key)
    wanted.idempotency = IdempotencyKey{.key = std::move(*idempotency_key), .body_hash = sha256_hex(body)};
  auto who = co_await caller(std::move(visitor), Code::templates_unlisted);
  if (!who) co_return std::unexpected(std::move(who).error());
  co_return co_await cloud_.create(std::move(*who), std::move(wanted));
}

Task<Answer<View>> Service::read(Visitor visitor, std::string id) {
  const auto runtime = runtime_id_from(id);
  if (!runtime) co_return refuse(Code::not_found);
  auto who = co_await caller(std::move(visitor), Code::document_unreadable);
  if (!who) co_return std::unexpected(std::move(who).error());
  co_return co_await cloud_.read(std::move(*who), *runtime);
}

Task<Answer<View>> Service::update(Visitor visitor, std::string id, std::string body) {
  auto value = parsed(body);
  if (!value) co_return std::unexpected(std::move(value).error());
  const auto runtime = runtime_id_from(id);
  if (!runtime) co_return refuse(Code::not_found);
  const auto deadline = visitor.deadline;
  auto who = co_await caller(std::move(visitor), Code::document_unreadable);
  if (!who) co_return std::unexpected(std::move(who).error());
  auto present = co_await cloud_.read(*who, *runtime);
  if (!present) co_return std::unexpected(std::move(present).error());
  auto specification = checked(std::move(*value));
  if (!specification) co_return std::unexpected(std::move(specification).error());
  co_return co_await cloud_.update(std::move(*who), *runtime,
                                   {.wanted = std::move(*specification), .deadline = deadline});
}

Task<Answer<>> Service::remove(Visitor visitor, std::string id) {
  const auto runtime = runtime_id_from(id);
  if (!runtime) co_return refuse(Code::not_found);
  auto who = co_await caller(std::move(visitor), Code::document_unreadable);
  if (!who) co_return std::unexpected(std::move(who).error());
  co_return co_await cloud_.remove(std::move(*who), *runtime);
}

Task<Answer<Listed>> Service::list(Visitor visitor, ListPage page) {
  auto who = co_await caller(std::move(visitor), Code::document_unreadable);
  if (!who) co_return std::unexpected(std::move(who).error());
  co_return co_await cloud_.list(std::move(*who), page);
}

Task<Answer<std::unique_ptr<http::EventSource>>> Service::watch(Visitor visitor, std::string id,
                                                                std::optional<std::int64_t> last_event) {
  const auto runtime = runtime_id_from(id);
  if (!runtime) co_return refuse(Code::not_found);
  auto who = co_await caller(std::move(visitor), Code::document_unreadable);
  if (!who) co_return std::unexpected(std::move(who).error());
  Watched watched{.id = *runtime, .after = last_event.value_or(0), .gone = false};
  const std::string account = who->account;
  auto present = co_await cloud_.read(*who, *runtime);
  if (present && !cloud_.keeps_events())
    co_return std::make_unique<LookingStream>(cloud_, events_, std::move(*who), *present, watched.after);
  if (present) co_return std::make_unique<EventStream>(events_, sign_in_, std::move(*who), watched);
  if (present.error().code != Code::not_found || !last_event) co_return std::unexpected(std::move(present).error());
  // Who was listening when it was deleted may still hear how it ended.
  auto owner = co_await events_.owner_of(*runtime);
  if (!owner) co_return refuse(Code::document_unreadable, std::move(owner).error());
  if (account.empty() || *owner != account) co_return refuse(Code::not_found);
  watched.gone = true;
  co_return std::make_unique<EventStream>(events_, sign_in_, std::move(*who), watched);
}

}  // namespace nephele::runtimes
