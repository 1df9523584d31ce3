// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/eventually.h"
#include "base/io_threads.h"
#include "http/raw_client.h"
#include "http/reply.h"
#include "http/server.h"

/// A server in the test's process, on a free port, for requests over real sockets.
namespace nephele::http::testing {

class PlainFaults final : public Faults {
 public:
  Response not_found(const Request&) const override { return json_response(404, R"({"error":"Not found"})"); }
  Response method_not_allowed(const Request&, std::string) const override {
    return json_response(405, R"({"error":"Method not allowed"})");
  }
  Response internal(const Request& request) const override {
    return json_response(500, error_body("Internal", "quote " + request.id));
  }
  Response too_large(const Request&, std::size_t limit) const override {
    return json_response(413, error_body("Too large", std::to_string(limit)));
  }
  Response refused(const Request&, const Error& error) const override {
    return json_response(error.kind() == Kind::forbidden ? 403 : 401, error_body("Refused", error.sentence()));
  }
};

template <class Api>
class RunningServer {
 public:
  explicit RunningServer(Limits limits = {}, Listen listen = {}, std::size_t threads = 1, log::Logger access = {},
                         log::Logger errors = {})
      : threads_(threads), address_(listen.address), server_(threads_.executors(), router_, limits, access, errors) {
    router_.add(api, std::span<const Route<Api>>(Api::routes));
    auto bound = server_.listen(listen);
    if (!bound) throw std::runtime_error(bound.error().sentence());
    port_ = *bound;
  }
  ~RunningServer() { stop(std::chrono::milliseconds(0)); }

  void stop(std::chrono::milliseconds grace) {
    if (stopped_) return;
    stopped_ = true;
    threads_.run(server_.stop(in(grace)));
  }
  std::uint16_t port() const { return port_; }
  RawClient connect() const { return RawClient(address_, port_); }
  Server& server() { return server_; }
  Router& router() { return router_; }
  IoThreads& threads() { return threads_; }

  Api api;

 private:
  PlainFaults faults_;
  Router router_{faults_};
  IoThreads threads_;
  std::string address_;
  Server server_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

}  // namespace nephele::http::testing
