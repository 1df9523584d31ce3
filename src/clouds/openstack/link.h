// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "clouds/openstack/session.h"
#include "clouds/openstack/wire.h"

namespace nephele::openstack {

/// Calls of services with the account's token, to the addresses of its catalog. After a 401 once more with a new token.
class Link {
 public:
  /// Both outlive this; `log` may be null.
  Link(const Account& account, CallLog* log) : account_(account), wire_(account_, log), session_(account_, wire_) {}

  Task<Result<Session::Held>> token(SteadyTime deadline) { co_return co_await session_.token(deadline); }
  Task<Result<http::ClientResponse>> call(Call call, SteadyTime deadline);
  /// The same, and its answer as an object.
  Task<Result<json::Value>> ask(Call call, SteadyTime deadline);
  /// DELETE. What is not there any more is as good as deleted, so it may be sent twice.
  Task<Result<>> remove(Service service, std::string path, SteadyTime deadline);

  const Account& account() const noexcept { return account_; }

 private:
  const Account& account_;
  Wire wire_;
  Session session_;
};

/// The answer as a JSON object, or what is wrong with it.
Result<json::Value> object_in(const Call& call, const std::string& body);

}  // namespace nephele::openstack
