// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/pages/ways.h"
#include "identity/ways/shibboleth_rules.h"

namespace nephele::identity::pages {

/// Sign-in by a federation: Apache's mod_shib has seen to it before the request comes here (contract astakos, 5.3).
class ShibbolethPages : private Guarded<ShibbolethPages> {
 public:
  ShibbolethPages(Desk& desk, WayPages& ways, ways::ShibbolethSettings settings)
      : Guarded(desk), ways_(ways), settings_(std::move(settings)) {}
  static std::span<const http::Route<ShibbolethPages>> routes();

 private:
  friend Guarded<ShibbolethPages>;
  Task<Result<http::Response>> sign_in(http::Request& request, Visit visit);

  WayPages& ways_;
  ways::ShibbolethSettings settings_;
};

}  // namespace nephele::identity::pages
