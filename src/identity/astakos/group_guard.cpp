// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/group_guard.h"

#include <algorithm>

namespace nephele::identity::astakos {

Task<Answer<KnownUser>> caller_in(const http::Request& request, IdentityCallers& callers,
                                  std::span<const std::string> groups) {
  CO_TRY(auto token, token_of(request));
  auto user = co_await callers.known(std::move(token));
  if (!user) co_return std::unexpected(fault_from(user.error()));
  const bool in_one = user->himself() && std::ranges::find_first_of(user->groups, groups) != user->groups.end();
  if (!in_one && !user->administrator())
    co_return refuse(FaultName::forbidden, "You are not in a group that may do this");
  co_return std::move(*user);
}

}  // namespace nephele::identity::astakos
