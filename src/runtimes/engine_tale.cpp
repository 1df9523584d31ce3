// SPDX-License-Identifier: Apache-2.0
#include "runtimes/engine_tale.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/json.h"
#include "runtimes/document.h"

namespace nephele::runtimes {
namespace {

/// The words of one kind of request.
struct Words {
  RouteKind route;
  std::string_view received, done, failed;
};
constexpr std::array words{
    Words{RouteKind::create, "Create a Serverless Runtime", "created", "create"},
    Words{RouteKind::read, "Retrieve a Serverless Runtime information", "retrieved", "retrieve"},
    Words{RouteKind::update, "Update a Serverless Runtime", "updated", "update"},
    Words{RouteKind::remove, "Delete a Serverless Runtime", "deleted", "delete"},
};

const Words& words_of(RouteKind route) {
  for (const auto& each : words)
    if (each.route == route) return each;
  return words.front();
}

std::string summary_of(RouteKind route, int status) {
  if (status < 400) return "Serverless Runtime " + std::string(words_of(route).done);
  switch (status) {
    case 400:
      return "Invalid Serverless Runtime definition";
    case 401:
      return "Failed to authenticate in OpenNebula";
    case 403:
      return "Permission denied";
    case 404:
      return "Serverless Runtime not found";
    case 422:
      return "Unprocessable Serverless Runtime definition";
    case 504:
      return "Timeout when creating Serverless Runtime";
    default:
      return "Failed to " + std::string(words_of(route).failed) + " Serverless Runtime";
  }
}

std::string_view verb_of(const http::Request& request) {
  switch (request.verb) {
    case http::Verb::post:
      return "POST";
    case http::Verb::put:
      return "PUT";
    case http::Verb::del:
      return "DELETE";
    default:
      return "GET";
  }
}

}  // namespace

void EngineTale::received(RouteKind route) {
  frame_.begun();
  log_.info("Received request to " + std::string(words_of(route).received));
}

void EngineTale::asked(const http::Request& request, std::string_view body) {
  if (!log_.on(log::Level::debug)) return;
  log_.debug("API Call: " + std::string(verb_of(request)) + " " + request.path + " " + std::string(body),
             {{"request", request.id}});
}

void EngineTale::answered_with(std::string_view body) const {
  std::string text = "Response Body: ";
  const auto value = pretty_ ? json::parse(body, document_limits) : Result<json::Value>(fail(Kind::invalid, ""));
  text += value ? json::pretty(*value) : body;
  if (!value) {
    log_.debug(text);
    return;
  }
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    log_.debug(std::string_view(text).substr(at, end - at));
    at = end + 1;
  }
}

void EngineTale::answered(RouteKind route, const http::Request& request, int status, std::string_view body) {
  log_.info("Response HTTP Return Code: " + std::to_string(status));
  if (log_.on(log::Level::debug)) answered_with(body);
  const auto summary = summary_of(route, status);
  if (status < 400)
    log_.info(summary);
  else
    log_.error(summary, {{"request", request.id}});
}

}  // namespace nephele::runtimes
