// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>

#include "http/router.h"
#include "identity/keystone/tokens.h"

/// What the routes of the OpenStack Identity API share: who asks, in which form answers and refusals leave.
namespace nephele::identity::keystone {

/// `.../identity` as clients reach it, without a slash at the end. Known once the port is; requests may come then.
class Links {
 public:
  void set(std::string base) {
    const std::lock_guard lock(mutex_);
    base_ = std::move(base);
  }
  std::string base() const {
    const std::lock_guard lock(mutex_);
    return base_;
  }
  std::string v3(const std::string& path = {}) const { return base() + "/v3" + path; }

 private:
  mutable std::mutex mutex_;
  std::string base_;
};

/// What the API stands on; all outlive it.
struct Desk {
  Identity& identity;
  sql::Database& database;
  Tokens& tokens;
  const Clock& clock;
  const Links& links;

  /// The owner of X-Auth-Token. Fails with `unauthorized`.
  Task<Result<Standing>> caller(const http::Request& request) const;
};

http::Response answer(int status, const json::Value& body);
/// A body that was written before.
http::Response answer(int status, std::string body);
/// {"error": {"code", "message", "title"}}; what is our own fault shows the request's id instead of its cause.
http::Response fault(const Error& error, const http::Request& request, const Links& links);
std::unexpected<Error> not_admin();
/// "Could not find project: x."
std::unexpected<Error> no_such(std::string_view what, std::string_view id);
/// "Conflict occurred attempting to store project: there is one with the name x."
std::unexpected<Error> taken(std::string_view what, std::string_view name);

/// A body of at most 64 KiB; longer ones are `over_quota`.
inline constexpr std::size_t body_bytes_max = std::size_t{64} * 1024;
Task<Result<std::string>> body_of(http::Request& request);

/// A page of a list: {"NAME": [...], "links": {"self", "previous", "next"}}.
http::Response page_answer(const std::string& name, json::Array rows, const http::Request& request, const Links& links,
                           const std::string& next_marker = {});

/// What the router says when no handler does.
class KeystoneFaults final : public http::Faults {
 public:
  explicit KeystoneFaults(const Links& links) : links_(links) {}
  http::Response not_found(const http::Request& request) const override;
  http::Response method_not_allowed(const http::Request& request, std::string allow) const override;
  http::Response internal(const http::Request& request) const override;
  http::Response too_large(const http::Request& request, std::size_t limit) const override;
  http::Response refused(const http::Request& request, const Error& error) const override;

 private:
  const Links& links_;
};

/// Turns `Task<Result<Response>> handler(Request&, Standing)` into a route's handler, for those who may call it.
template <class Api>
class Guarded {
 protected:
  using Handler = Task<Result<http::Response>> (Api::*)(http::Request&, Standing);

  template <Handler handler>
  Task<http::Response> user(http::Request& request) {
    auto who = co_await desk_.caller(request);
    if (!who) co_return fault(who.error(), request, desk_.links);
    co_return co_await concluded<handler>(request, std::move(*who));
  }
  template <Handler handler>
  Task<http::Response> admin(http::Request& request) {
    auto who = co_await desk_.caller(request);
    if (!who) co_return fault(who.error(), request, desk_.links);
    if (!who->admin()) co_return fault(not_admin().error(), request, desk_.links);
    co_return co_await concluded<handler>(request, std::move(*who));
  }

  const Desk desk_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members): references only

 private:
  friend Api;
  explicit Guarded(const Desk& desk) : desk_(desk) {}

  template <Handler handler>
  Task<http::Response> concluded(http::Request& request, Standing who) {
    auto response = co_await (static_cast<Api&>(*this).*handler)(request, std::move(who));
    if (!response) co_return fault(response.error(), request, desk_.links);
    co_return std::move(*response);
  }
};

}  // namespace nephele::identity::keystone
