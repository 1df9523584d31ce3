// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "apps/nephele/first_start.h"
#include "apps/nephele/foundation.h"
#include "apps/synnefo/account_services.h"
#include "identity/identity.h"

namespace nephele::apps {

/// The identity's side of a process: the pages, Astakos' API, the OpenStack Identity API. Any number of processes have
/// one.
class IdentityListener {
 public:
  /// All that is passed outlives it.
  IdentityListener(Foundation& foundation, identity::Identity& identity, identity::quota::Quotas& quotas,
                   AccountServices& accounts);
  ~IdentityListener();
  IdentityListener(const IdentityListener&) = delete;
  IdentityListener& operator=(const IdentityListener&) = delete;

  /// Listens, brings the catalog up to date, makes the first administrator; answers the base URL.
  /// `elsewhere`: takes any free port when the default one is taken, for a cloud on somebody's laptop.
  Result<std::string> start(FirstStart first, bool elsewhere);
  /// Lets requests under way finish.
  void stop();

 private:
  class Parts;
  Foundation& foundation_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace nephele::apps
