// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <vector>

#include "identity/manage.h"

/// What becomes of the mails that a verb has written down.
namespace nephele::identity::verbs {

struct MailFate {
  enum class End : std::uint8_t { sent, queued, refused };
  std::string to;
  End end = End::sent;
  std::string reason = {};  ///< why it is not gone yet, or never will be
};

/// How long a verb stands and waits before it says that a mail is queued.
inline constexpr std::chrono::seconds patience{10};

/// Mails on behalf of an account since a time that this process took before it wrote them.
Result<std::vector<MailFate>> await_mails(Desk& desk, const AccountId& account, Time since, SteadyTime deadline);

/// Prints about those that are not gone. Fails when one was refused for good.
Result<> report(const std::vector<MailFate>& fates, manage::Out& out);

/// What may write mails on behalf of an account: they are sent before the verb ends.
template <class F>
Result<> with_mails(Desk& desk, const AccountId& account, manage::Out& out, F change) {
  TRY_VOID(desk.post());
  TRY(Ground* const ground, desk.ground());
  const Time since = from_ms(to_ms(ground->clock.now()));
  TRY_VOID(change());
  TRY(const auto fates, await_mails(desk, account, since, in(patience)));
  return report(fates, out);
}

}  // namespace nephele::identity::verbs
