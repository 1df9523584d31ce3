// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/mail_texts.h"
#include "identity/mails.h"
#include "identity/pages/desk.h"

namespace nephele::identity::pages {

/// Another e-mail address for an account: wished for by who knows the password, true once the link that was sent to it
/// is followed. The old address is told. There only where ASTAKOS_EMAILCHANGE_ENABLED says so.
class EmailPages : private Guarded<EmailPages> {
 public:
  EmailPages(Desk& desk, const MailOutbox* outbox, const MailTexts& texts)
      : Guarded(desk), outbox_(outbox), texts_(texts) {}
  static std::span<const http::Route<EmailPages>> routes();

 private:
  friend Guarded<EmailPages>;
  Task<Result<http::Response>> wish_page(http::Request& request, Visit visit);
  Task<Result<http::Response>> wish(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> cancel(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> confirm(http::Request& request, Visit visit);

  Task<Result<http::Response>> form_page(Visit visit, FormData typed, FieldErrors errors);
  Task<Result<>> note_wish(Session session, std::string email, std::string request_id);
  /// Becomes true; fails with the sentence for who followed the link.
  Task<Result<AccountId>> make_true(std::string code, std::optional<AccountId> visitor);
  void mail(sql::Tx& tx, MailKind kind, const Account& to, const std::string& mailbox, const MailValues& values,
            const std::string& request_id) const;
  Result<> there() const;
  /// The visitor's address is his own to change: by the settings, and by his ways to sign in.
  Task<Result<>> may_change(AccountId account);
  std::string hash_of(const std::string& code) const;

  const MailOutbox* outbox_;
  const MailTexts& texts_;
};

}  // namespace nephele::identity::pages
