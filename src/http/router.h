// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace nephele::http {

/// One row of a service's route table: `{Verb::get, "/serverless-runtimes/{id}", Access::late, &Api::get, 0}`.
/// A literal segment wins over a placeholder. GET routes answer HEAD too.
template <class Api>
struct Route {
  Verb verb;
  std::string_view path;
  Access access;
  Task<Response> (Api::*handler)(Request&);
  std::size_t body_bytes_max = 0;  ///< 0: a body is not read; the session drains a small one and closes on a big one
};

/// The kind of handler that the router stores.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual Task<Response> call(Request& request) = 0;
};

/// Bodies for what no handler answers; each API has its own dialect.
class Faults {
 public:
  virtual ~Faults() = default;
  virtual Response not_found(const Request& request) const = 0;
  virtual Response method_not_allowed(const Request& request, std::string allow) const = 0;
  /// A handler threw: the log has the cause under request.id.
  virtual Response internal(const Request& request) const = 0;
  virtual Response too_large(const Request& request, std::size_t limit) const = 0;
  /// The caller of a `user` or `admin` route is not known or not allowed.
  virtual Response refused(const Request& request, const Error& error) const = 0;
  /// The handler did not answer within Limits::request and was cancelled.
  virtual Response timed_out(const Request& request) const;
};

/// Who verifies the callers of `user` and `admin` routes, before the handler and before the body.
class Gate {
 public:
  virtual ~Gate() = default;
  virtual Task<Result<>> admit(Request& request, Access access) = 0;
};

class Router {
 public:
  struct Entry {
    Verb verb;
    std::string path;
    Access access;
    std::size_t body_bytes_max;
    Handler* handler;
  };
  struct Match {
    const Entry* entry = nullptr;         ///< null: nothing matches
    std::vector<std::string> parameters;  ///< decoded
    std::string allow;                    ///< for 405: methods that the path knows, else empty
  };

  explicit Router(const Faults& faults);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// `gate` outlives the router. Without one, `user` and `admin` routes let nobody in.
  void guard(Gate& gate) { gate_ = &gate; }
  Gate* gate() const noexcept { return gate_; }

  /// `api` outlives the router.
  template <class Api>
  void add(Api& api, std::span<const Route<Api>> routes) {
    for (const auto& route : routes)
      insert(route.verb, route.path, route.access, route.body_bytes_max,
             std::make_unique<Bound<Api>>(api, route.handler));
  }

  /// Doubled slashes at the start count as one (contract 2.1); a trailing slash does not match. Segments compare
  /// percent-decoded; one that cannot be decoded matches nothing.
  Match find(Verb verb, std::string_view path) const;
  const std::vector<Entry>& entries() const noexcept { return entries_; }
  const Faults& faults() const noexcept { return faults_; }

 private:
  template <class Api>
  class Bound final : public Handler {
   public:
    Bound(Api& api, Task<Response> (Api::*handler)(Request&)) : api_(api), handler_(handler) {}
    [[clang::coro_wrapper]] Task<Response> call(Request& request) override { return (api_.*handler_)(request); }

   private:
    Api& api_;
    Task<Response> (Api::*handler_)(Request&);
  };

  void insert(Verb verb, std::string_view path, Access access, std::size_t body_bytes_max,
              std::unique_ptr<Handler> handler);

  struct Node;

  const Faults& faults_;
  Gate* gate_ = nullptr;
  std::vector<Entry> entries_;
  std::vector<std::unique_ptr<Handler>> handlers_;
  std::unique_ptr<Node> root_;
};

}  // namespace nephele::http
