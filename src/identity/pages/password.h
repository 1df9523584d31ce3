// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>

#include "identity/mail_texts.h"
#include "identity/mails.h"
#include "identity/pages/desk.h"

namespace nephele::identity::pages {

/// A new password: for who knows the old one, and for who has forgotten it.
class PasswordPages : private Guarded<PasswordPages> {
 public:
  /// Without an outbox no mail can be sent, and a forgotten password stays forgotten.
  PasswordPages(Desk& desk, const MailOutbox* outbox, const MailTexts& texts)
      : Guarded(desk), outbox_(outbox), texts_(texts) {}
  static std::span<const http::Route<PasswordPages>> routes();

 private:
  friend Guarded<PasswordPages>;
  Task<Result<http::Response>> change_page(http::Request& request, Visit visit);
  Task<Result<http::Response>> change(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> forgot_page(http::Request& request, Visit visit);
  Task<Result<http::Response>> forgot(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> confirm_page(http::Request& request, Visit visit);
  Task<Result<http::Response>> confirm(http::Request& request, Visit visit, FormData form);

  http::Response change_form(const Visit& visit, const FieldErrors& errors, bool first) const;
  /// The account has no password, and may have one.
  Task<Result<bool>> is_first(const Visit& visit);
  http::Response confirm_form(const Visit& visit, const std::string& code, const FieldErrors& errors) const;
  /// Writes link and mail down, if there is an account that can use them and none was sent a moment ago.
  void mail_link(sql::Tx& tx, const std::string& email_key, Time now, const http::Request& request) const;
  std::string hash_of(const std::string& code) const;
  /// Whose link this is.
  Task<Result<AccountId>> owner(std::string code);
  Html new_password_fields(const FieldErrors& errors) const;
  /// One transaction: what `take` uses up, the new password, and what ends with the old one. The hash is made before.
  using Take = std::function<Result<>(sql::Tx&)>;
  Task<Result<Account>> replace(AccountId account, const FormData& form, std::string remote, Take take);

  const MailOutbox* outbox_;
  const MailTexts& texts_;
};

/// Writes a link for a new password down and mails it to the account; one from before is over.
void mail_reset_link(sql::Tx& tx, const Desk& desk, const MailOutbox& outbox, const MailTexts& texts,
                     const Account& account, const std::string& request_id = {});

}  // namespace nephele::identity::pages
