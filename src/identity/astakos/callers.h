// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "base/secret.h"

/// Who calls the Astakos API: what its handlers ask about an X-Auth-Token.
namespace nephele::identity::astakos {

struct CallingUser {
  std::string uuid;
  std::vector<std::string> projects;  ///< uuids: accepted memberships in projects that are not deleted
  bool himself = true;                ///< false: an application credential of his, which has one project and no more
};

struct CallingComponent {
  std::string name;                   ///< "cyclades": the client key of its commissions
  std::vector<std::string> services;  ///< names: the origins of its resources
};

/// Both fail with `unauthorized`, whose sentence is what the client reads ("Invalid token", "Authentication expired").
class Callers {
 public:
  virtual ~Callers() = default;
  virtual Task<Result<CallingUser>> user(Secret token) = 0;
  virtual Task<Result<CallingComponent>> component(Secret token) = 0;
};

}  // namespace nephele::identity::astakos
