// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "nephele_version.h"
#include "runtimes/api.h"
#include "runtimes/openapi.h"
#include "runtimes/schema.h"

/// The routes about the server itself: nobody signs in for them.
namespace nephele::runtimes {
namespace {

constexpr std::chrono::milliseconds check_within{5'000};

json::Object status(std::string_view word) {
  json::Object out;
  out.append("status", word);
  return out;
}

}  // namespace

const std::string& openapi_document() {
  static const std::string document = [] {
    std::string text(openapi_text);
    constexpr std::string_view hole = "{{version}}";
    if (const auto at = text.find(hole); at != std::string::npos) text.replace(at, hole.size(), nephele::version);
    return text;
  }();
  return document;
}

Task<http::Response> Api::root(http::Request&) {
  json::Object body;
  body.append("name", "nephele");
  body.append("version", nephele::version);
  body.append("description", "/openapi.json");
  co_return json_answer(200, json::write(std::move(body)));
}

Task<http::Response> Api::schema(http::Request&) {
  co_return json_answer(200, schema_document());
}

Task<http::Response> Api::version(http::Request&) {
  co_return json_answer(200, json::write(nephele::version));
}

Task<http::Response> Api::config(http::Request&) {
  co_return json_answer(200, json::write(engine_conf(settings_)));
}

Task<http::Response> Api::openapi(http::Request&) {
  co_return json_answer(200, openapi_document());
}

Task<http::Response> Api::healthz(http::Request&) {
  co_return json_answer(200, json::write(status("ok")));
}

Task<http::Response> Api::readyz(http::Request& request) {
  bool ready = true;
  json::Object checks;
  for (auto* check : checks_) {
    const auto done = co_await with_deadline(check->check(), in(check_within), std::string(check->name()));
    if (!done)
      log_.warn("not_ready", {{"check", check->name()}, {"reason", done.error().sentence()}, {"request", request.id}});
    checks.append(std::string(check->name()), done ? "ok" : "failing");
    ready = ready && done.has_value();
  }
  json::Object body = status(ready ? "ready" : "not ready");
  body.append("checks", std::move(checks));
  co_return json_answer(ready ? 200 : 503, json::write(std::move(body)));
}

Task<http::Response> Api::metrics(http::Request& request) {
  std::string body;
  for (auto* source : metrics_) {
    const auto done = co_await source->write(body);
    if (!done) log_.warn("metrics.incomplete", {{"reason", done.error().sentence()}, {"request", request.id}});
  }
  auto response = http::text_response(200, std::move(body));
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  co_return response;
}

}  // namespace nephele::runtimes
