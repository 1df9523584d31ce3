// SPDX-License-Identifier: Apache-2.0
// What an imported hash costs everybody.
#include <fmt/format.h>

#include "base/visible.h"
#include "identity/django_hash.h"
#include "identity/verbs/verbs.h"

namespace nephele::identity::verbs {

namespace {

constexpr std::uint64_t dear = 200'000;  // iterations: about a tenth of a second

}  // namespace

void warn_if_dear(std::string_view hash, const Account& account, manage::Out& out) {
  const auto iterations = work_of(hash).iterations();
  if (iterations <= dear) return;
  out.print(
      fmt::format("Warning: the hash of '{}' asks for {} iterations. Until its owner has signed in, every wrong "
                  "password costs as many, for whatever name, and fewer sign-ins of one address are judged at a time; "
                  "user-modify {} --renew-password ends it.\n",
                  visible(account.name), iterations, account.number));
}

}  // namespace nephele::identity::verbs
