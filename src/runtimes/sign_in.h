// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/async.h"
#include "http/message.h"
#include "identity/identity.h"
#include "runtimes/model.h"

namespace nephele::runtimes {

/// Who stands behind Basic credentials. Over our own cloud they are verified here; a foreign cloud verifies them
/// itself at the first contact, so its adapter passes them through.
class SignIn {
 public:
  virtual ~SignIn() = default;
  /// Fails with `unauthorized`, or `busy` when too many wait.
  virtual Task<Result<Caller>> sign_in(http::Basic credentials, std::string remote, std::string request_id) = 0;
  /// Whether what the caller signed in with would still do, for answers that take long. Errors of the database pass.
  virtual Task<Result<bool>> still_holds(const Caller& caller) = 0;
};

class IdentitySignIn final : public SignIn {
 public:
  explicit IdentitySignIn(identity::Identity& identity) : identity_(identity) {}
  Task<Result<Caller>> sign_in(http::Basic credentials, std::string remote, std::string request_id) override;
  Task<Result<bool>> still_holds(const Caller& caller) override;

 private:
  identity::Identity& identity_;
};

/// Credentials as they are: the cloud behind judges them.
class PassThroughSignIn final : public SignIn {
 public:
  Task<Result<Caller>> sign_in(http::Basic credentials, std::string remote, std::string request_id) override;
  /// Whoever looks with them is told at once.
  Task<Result<bool>> still_holds(const Caller&) override { co_return true; }
};

}  // namespace nephele::runtimes
