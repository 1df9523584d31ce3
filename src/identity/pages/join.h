// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/pages/desk.h"

namespace nephele::identity::pages {

/// Each sign-up mails somebody, perhaps one who never asked: for an address that was not proved, once a minute. Fails
/// with `busy`.
Task<Result<>> may_mail(Desk& desk, std::string email);
/// What somebody sees whose address is to be proved by a link.
http::Response mail_sent_page(const Desk& desk, const Visit& visit, const Account& account);

/// How an account begins: sign-up, the link in the mail, another mail, and the terms of use.
class JoinPages : private Guarded<JoinPages> {
 public:
  explicit JoinPages(Desk& desk) : Guarded(desk) {}
  static std::span<const http::Route<JoinPages>> routes();

 private:
  friend Guarded<JoinPages>;
  Task<Result<http::Response>> sign_up_page(http::Request& request, Visit visit);
  Task<Result<http::Response>> sign_up(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> activate(http::Request& request, Visit visit);
  Task<Result<http::Response>> resend_page(http::Request& request, Visit visit);
  Task<Result<http::Response>> resend(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> terms(http::Request& request, Visit visit);
  Task<Result<http::Response>> one_terms(http::Request& request, Visit visit);
  Task<Result<http::Response>> agree(http::Request& request, Visit visit, FormData form);

  Task<Result<Account>> made_by(http::Request& request, FormData form);
  http::Response sign_up_form(const Visit& visit, const FormData& typed, const FieldErrors& errors) const;
  http::Response terms_page(const Visit& visit, const life::store::Terms& terms, const std::string& next,
                            const FieldErrors& errors) const;
};

}  // namespace nephele::identity::pages
