// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/pages/desk.h"

namespace nephele::identity::pages {

/// What somebody sees and changes of his own account: names, sessions, tokens for programs.
class ProfilePages : private Guarded<ProfilePages> {
 public:
  explicit ProfilePages(Desk& desk) : Guarded(desk) {}
  static std::span<const http::Route<ProfilePages>> routes();

 private:
  friend Guarded<ProfilePages>;
  Task<Result<http::Response>> profile(http::Request& request, Visit visit);
  Task<Result<http::Response>> rename(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> end_others(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> api_access(http::Request& request, Visit visit);
  Task<Result<http::Response>> new_token(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> renew_token(http::Request& request, Visit visit, FormData form);

  Task<Result<http::Response>> profile_page(Visit visit, std::vector<Message> messages, FieldErrors errors,
                                            FormData typed, std::string next);
  /// He has seen his profile: for a site that wants that of everybody.
  Task<Result<>> note_look(AccountId account);
  Task<Result<http::Response>> api_page(Visit visit, std::optional<IssuedToken> token);
};

}  // namespace nephele::identity::pages
