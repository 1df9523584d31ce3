// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/pages/desk.h"

namespace nephele::identity::pages {

/// Coming in and going out: the index, sign-in, sign-out, the overview, old addresses, the style sheet.
class EntryPages : private Guarded<EntryPages> {
 public:
  explicit EntryPages(Desk& desk) : Guarded(desk) {}
  static std::span<const http::Route<EntryPages>> routes();

 private:
  friend Guarded<EntryPages>;
  Task<Result<http::Response>> index(http::Request& request, Visit visit);
  Task<Result<http::Response>> login(http::Request& request, Visit visit);
  Task<Result<http::Response>> sign_in(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> logout_page(http::Request& request, Visit visit);
  Task<Result<http::Response>> sign_out(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> landing(http::Request& request, Visit visit);
  Task<http::Response> old_address(http::Request& request);
  Task<http::Response> style(http::Request& request);

  struct Tried;
  http::Response login_page(const Visit& visit, const Tried& tried) const;
  /// The account whose owner this is, by e-mail address or name. Of one that is disabled `forbidden` tells why, to who
  /// knows the password, with the account's id in the detail "account" if a mail can help. One hash, whatever it is.
  Task<Result<Account>> proved(std::string name, Secret password, std::string remote);
};

/// The bare host leads to the pages.
class RootPage {
 public:
  static std::span<const http::Route<RootPage>> routes();

 private:
  Task<http::Response> root(http::Request& request);
};

}  // namespace nephele::identity::pages
