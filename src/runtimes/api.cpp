// SPDX-License-Identifier: Apache-2.0
#include "runtimes/api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

namespace nephele::runtimes {
namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Verb;

/// The name of a refused scheme. Only that: what follows may be a credential, and so may a value of one word.
std::string scheme_name(const Request& request) {
  const auto value = request.headers.find("Authorization").value_or("");
  const auto name = value.substr(0, value.find(' '));
  const bool plain = name.size() <= 32 && std::ranges::all_of(name, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
                     });
  if (name.size() == value.size()) return name == "Basic" || name == "Bearer" ? std::string(name) : std::string{};
  return plain ? std::string(name) : std::string{};
}

Answer<Visitor> visitor_of(const Request& request) {
  auto found = http::basic_credentials(request.headers);
  if (const auto* problem = std::get_if<http::BasicProblem>(&found)) {
    if (*problem == http::BasicProblem::absent) return refuse(Code::authentication_required);
    if (*problem == http::BasicProblem::other_scheme) return refuse(Code::unsupported_scheme, {}, scheme_name(request));
    found = http::malformed_credentials(request.headers);  // wrong ones, which is for whoever judges them to say
  }
  return Visitor{.credentials = std::move(std::get<http::Basic>(found)),
                 .remote = request.remote,
                 .request_id = request.id,
                 .deadline = request.deadline};
}

Task<Answer<std::string>> body_of(Request& request) {
  auto body = co_await http::read_all(*request.body, body_bytes_max);
  if (body) co_return std::move(*body);
  if (body.error().kind() == Kind::over_quota)
    co_return refuse(Code::too_large, {}, "send at most " + std::to_string(body_bytes_max) + " bytes");
  // A broken or unfinished body is a body that is no JSON: the sender's fault, whatever broke.
  co_return refuse(Code::invalid_json, {}, body.error().sentence());
}

std::optional<std::string> text_of(std::optional<std::string_view> value) {
  return value ? std::optional(std::string(*value)) : std::nullopt;
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || stop != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

Answer<ListPage> page_of(const Request& request, const Settings& settings) {
  ListPage page{.after = RuntimeId(0), .limit = settings.page_default};
  if (const auto after = request.query_value("after")) {
    const auto id = runtime_id_from(*after);
    if (!id) return refuse(Code::invalid_query, {}, "after is an id of a runtime: 0 to " + std::to_string(number_max));
    page.after = *id;
  }
  if (const auto limit = request.query_value("limit")) {
    const auto number = number_of(*limit);
    if (!number || *number < 1 || *number > static_cast<std::int64_t>(settings.page_max))
      return refuse(Code::invalid_query, {}, "limit is a number from 1 to " + std::to_string(settings.page_max));
    page.limit = static_cast<std::size_t>(*number);
  }
  return page;
}

Response view_answer(int status, const View& view) {
  return json_answer(status, wrapped(view.runtime));
}

}  // namespace

std::span<const http::Route<Api>> Api::routes() {
  static constexpr std::array<http::Route<Api>, 14> table{{
      {Verb::get, "/serverless-runtimes/schema", Access::open, &Api::schema},
      {Verb::post, "/serverless-runtimes", Access::late, &Api::create_told, body_bytes_max},
      {Verb::get, "/serverless-runtimes", Access::late, &Api::list},
      {Verb::get, "/serverless-runtimes/{id}", Access::late, &Api::read_told},
      {Verb::put, "/serverless-runtimes/{id}", Access::late, &Api::update_told, body_bytes_max},
      {Verb::del, "/serverless-runtimes/{id}", Access::late, &Api::remove_told},
      {Verb::get, "/serverless-runtimes/{id}/events", Access::late, &Api::watch},
      {Verb::get, "/server/version", Access::open, &Api::version},
      {Verb::get, "/server/config", Access::open, &Api::config},
      {Verb::get, "/", Access::open, &Api::root},
      {Verb::get, "/openapi.json", Access::open, &Api::openapi},
      {Verb::get, "/healthz", Access::open, &Api::healthz},
      {Verb::get, "/readyz", Access::open, &Api::readyz},
      {Verb::get, "/metrics", Access::open, &Api::metrics},
  }};
  return table;
}

Api::Api(Service& service, const Settings& settings, std::vector<MetricsSource*> metrics,
         std::vector<ReadinessCheck*> checks, log::Logger log, RequestTale* tale)
    : service_(service),
      settings_(settings),
      metrics_(std::move(metrics)),
      checks_(std::move(checks)),
      log_(std::move(log)),
      tale_(tale) {}

Task<Response> Api::told(RouteKind route, Request& request, Task<Response> work) {
  if (tale_ == nullptr) co_return co_await std::move(work);
  tale_->received(route);
  const std::unique_ptr<RequestTale, void (*)(RequestTale*)> over(tale_, [](RequestTale* tale) { tale->over(); });
  auto response = co_await std::move(work);
  const auto* text = std::get_if<std::string>(&response.body);
  tale_->answered(route, request, response.status, text == nullptr ? std::string_view{} : *text);
  co_return response;
}

void Api::asked(const Request& request, std::string_view body) const {
  if (tale_ != nullptr) tale_->asked(request, body);
}

Task<Response> Api::create_told(Request& request) {
  co_return co_await told(RouteKind::create, request, create(request));
}
Task<Response> Api::read_told(Request& request) {
  co_return co_await told(RouteKind::read, request, read(request));
}
Task<Response> Api::update_told(Request& request) {
  co_return co_await told(RouteKind::update, request, update(request));
}
Task<Response> Api::remove_told(Request& request) {
  co_return co_await told(RouteKind::remove, request, remove(request));
}

Response Api::refused(const Refusal& refusal, RouteKind route, const Request& request) const {
  auto response = fault(refusal, route, request.id);
  if (response.status >= 500)
    log_.warn("request.refused",
              {{"request", request.id},
               {"error", error_text(refusal)},
               {"reason", refusal.cause ? refusal.cause->sentence() : json::write(refusal.message)}});
  return response;
}

Task<Response> Api::create(Request& request) {
  auto visitor = visitor_of(request);
  if (!visitor) co_return refused(visitor.error(), RouteKind::create, request);
  auto body = co_await body_of(request);
  if (!body) co_return refused(body.error(), RouteKind::create, request);
  asked(request, *body);
  auto key = text_of(request.headers.find("Idempotency-Key"));
  const auto view = co_await service_.create(std::move(*visitor), std::move(*body), std::move(key));
  if (!view) co_return refused(view.error(), RouteKind::create, request);
  auto response = view_answer(201, *view);
  response.headers.set("Location", "/serverless-runtimes/" + view->id.text());
  co_return response;
}

Task<Response> Api::read(Request& request) {
  auto visitor = visitor_of(request);
  if (!visitor) co_return refused(visitor.error(), RouteKind::read, request);
  asked(request, {});
  const auto view = co_await service_.read(std::move(*visitor), request.parameters.at(0));
  if (!view) co_return refused(view.error(), RouteKind::read, request);
  co_return view_answer(200, *view);
}

Task<Response> Api::update(Request& request) {
  auto visitor = visitor_of(request);
  if (!visitor) co_return refused(visitor.error(), RouteKind::update, request);
  auto body = co_await body_of(request);
  if (!body) co_return refused(body.error(), RouteKind::update, request);
  asked(request, *body);
  const auto view = co_await service_.update(std::move(*visitor), request.parameters.at(0), std::move(*body));
  if (!view) co_return refused(view.error(), RouteKind::update, request);
  co_return view_answer(200, *view);
}

Task<Response> Api::remove(Request& request) {
  auto visitor = visitor_of(request);
  if (!visitor) co_return refused(visitor.error(), RouteKind::remove, request);
  asked(request, {});
  const auto removed = co_await service_.remove(std::move(*visitor), request.parameters.at(0));
  if (!removed) co_return refused(removed.error(), RouteKind::remove, request);
  co_return http::empty_response(204);
}

Task<Response> Api::list(Request& request) {
  auto visitor = visitor_of(request);
  if (!visitor) co_return refused(visitor.error(), RouteKind::read, request);
  const auto page = page_of(request, settings_);
  if (!page) co_return refused(page.error(), RouteKind::read, request);
  const auto listed = co_await service_.list(std::move(*visitor), *page);
  if (!listed) co_return refused(listed.error(), RouteKind::read, request);
  std::string body = "{\"SERVERLESS_RUNTIMES\":[";
  for (const auto& runtime : listed->runtimes) {
    if (body.back() != '[') body += ',';
    body += runtime;
  }
  body += "],\"NEXT\":" + (listed->next ? listed->next->text() : "null") + "}";
  co_return json_answer(200, std::move(body));
}

Task<Response> Api::watch(Request& request) {
  auto visitor = visitor_of(request);
  if (!visitor) co_return refused(visitor.error(), RouteKind::read, request);
  std::optional<std::int64_t> last;
  if (const auto text = request.headers.find("Last-Event-ID")) {
    last = number_of(*text);
    if (!last)
      co_return refused(Refusal(Code::invalid_header, "Last-Event-ID", "write the id of an event"), RouteKind::read,
                        request);
  }
  auto watched = co_await service_.watch(std::move(*visitor), request.parameters.at(0), last);
  if (!watched) co_return refused(watched.error(), RouteKind::read, request);
  Response response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.body = std::move(*watched);
  co_return response;
}

}  // namespace nephele::runtimes
