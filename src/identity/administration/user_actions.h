// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "identity/administration/precedence.h"
#include "identity/life/life.h"
#include "identity/mail_texts.h"
#include "identity/mails.h"
#include "identity/pages/desk.h"

namespace nephele::identity::administration {

/// What comes with an action: a reason, an address, or a mail.
struct ActionData {
  std::string text = {};
  std::string subject = {};
};

/// What administrators do to users, one at a time.
class UserActions {
 public:
  /// All outlive it; without an outbox no mail can be sent.
  UserActions(pages::Desk& desk, const MailOutbox* outbox, const MailTexts& texts, const Precedence& precedence);

  /// By number, uuid, name or e-mail address. Fails with `not_found`.
  Task<Result<AccountId>> find(std::string wanted);
  Task<Result<>> act(UserAction action, std::string wanted, ActionData data, std::string actor);
  /// Fails with `forbidden` for an account that is not the actor's to change, with `conflict` where it does not apply,
  /// else as AccountLife's calls.
  Task<Result<>> act(UserAction action, AccountId user, ActionData data, std::string actor);

 private:
  Result<> may_mail() const;
  Task<Result<>> set_email(AccountId user, std::string email, std::string actor, StillHolds holds);
  /// Of an account in use: what it was is told there.
  Task<Result<>> modify_email(AccountId user, std::string email, std::string actor, StillHolds holds);
  /// He may choose a password, by a link that is mailed to him.
  Task<Result<>> enable_local(AccountId user, std::string actor, StillHolds holds);
  /// Whoever comes by the federation is somebody else from now on.
  Task<Result<>> release_shibboleth(AccountId user, std::string actor, StillHolds holds);
  Task<Result<>> contact(AccountId user, ActionData mail, std::string actor);

  pages::Desk& desk_;
  life::AccountLife& life_;
  sql::Database& database_;
  const Clock& clock_;
  const MailOutbox* outbox_;
  const MailTexts& texts_;
  const Precedence& precedence_;
};

/// `text` with {{ full_name }}, {{ first_name }}, {{ last_name }} and {{ email }} of the account in their places;
/// anything else in braces stays as it is.
std::string addressed(std::string_view text, const Account& account);

}  // namespace nephele::identity::administration
