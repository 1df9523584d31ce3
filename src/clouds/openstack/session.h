// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/async.h"
#include "clouds/openstack/account.h"
#include "clouds/openstack/call_log.h"
#include "clouds/openstack/token.h"
#include "clouds/openstack/wire.h"

namespace nephele::openstack {

/// The token of an account: made when it is needed, kept while Keystone says that it is good, made anew after a 401.
/// Who come at once share one request to Keystone, and its refusal: a wrong password is tried once, not once per call.
class Session {
 public:
  using Held = std::shared_ptr<const Token>;

  /// All outlive this.
  Session(const Account& account, Wire& wire) : account_(account), wire_(wire) {}

  Task<Result<Held>> token(SteadyTime deadline);
  /// A service says 401 to this token: it is not given out again.
  void reject(const Held& token);

 private:
  struct Round;
  class Leading;

  Task<Result<Held>> ask(SteadyTime deadline);

  const Account& account_;
  Wire& wire_;
  std::mutex mutex_;
  Held current_;
  SteadyTime good_until_{};
  std::shared_ptr<Round> round_;
};

}  // namespace nephele::openstack
