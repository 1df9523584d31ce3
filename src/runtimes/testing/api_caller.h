// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/io_threads.h"
#include "base/secret.h"
#include "runtimes/api.h"

namespace nephele::runtimes::testing {

struct Answered {
  int status = 0;
  http::Headers headers;
  std::string body;
  std::unique_ptr<http::EventSource> events;
};

/// Sends requests through the router as the session does, without sockets.
class ApiCaller {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  ApiCaller(IoThreads& loop, Api& api) : loop_(loop), router_(faults_) { router_.add(api, Api::routes()); }

  static Headers as(const std::string& user, const std::string& password = "pass:word") {
    return {{"Authorization", "Basic " + to_base64(user + ":" + password)}};
  }

  Answered send(http::Verb verb, std::string path, const Headers& headers, std::string body = {}) {
    http::Request request;
    request.verb = verb;
    request.target = path;
    request.path = path.substr(0, path.find('?'));
    request.query = path.size() == request.path.size() ? "" : path.substr(request.path.size() + 1);
    request.remote = "192.0.2.1";
    request.id = "req-1";
    request.deadline = in(std::chrono::seconds{30});
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    const auto reader = http::text_body(std::move(body));
    request.body = reader.get();
    auto match = router_.find(verb, request.path);
    request.parameters = std::move(match.parameters);
    if (match.entry == nullptr)
      return answered(match.allow.empty() ? faults_.not_found(request)
                                          : faults_.method_not_allowed(request, match.allow));
    return answered(loop_.run(match.entry->handler->call(request)));
  }
  const http::Router& router() const { return router_; }

 private:
  static Answered answered(http::Response response) {
    Answered out{.status = response.status, .headers = std::move(response.headers), .body = {}, .events = {}};
    if (auto* text = std::get_if<std::string>(&response.body)) out.body = std::move(*text);
    if (auto* events = std::get_if<std::unique_ptr<http::EventSource>>(&response.body)) out.events = std::move(*events);
    return out;
  }

  IoThreads& loop_;
  RuntimeFaults faults_;
  http::Router router_;
};

}  // namespace nephele::runtimes::testing
