// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/pages/ways.h"
#include "identity/settings.h"
#include "identity/ways/guesses.h"
#include "identity/ways/user_directory.h"

namespace nephele::identity::pages {

/// Sign-in by somebody else's directory of users (contract astakos, 5.2).
class LdapPages : private Guarded<LdapPages> {
 public:
  /// All outlive it.
  LdapPages(Desk& desk, WayPages& ways, ways::UserDirectory& directory, LdapSettings settings)
      : Guarded(desk),
        ways_(ways),
        directory_(directory),
        settings_(std::move(settings)),
        guesses_(identity::Settings{}, guesses_per_address, desk.log) {}
  static std::span<const http::Route<LdapPages>> routes();

 private:
  friend Guarded<LdapPages>;
  static constexpr std::size_t guesses_per_address = 64;  // a directory takes 8 at once and lets 256 wait
  struct Tried;
  Task<Result<http::Response>> page(http::Request& request, Visit visit);
  Task<Result<http::Response>> sign_in(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> add_page(http::Request& request, Visit visit);
  Task<Result<http::Response>> add(http::Request& request, Visit visit, FormData form);

  http::Response form_page(const Visit& visit, const Tried& tried) const;
  http::Response away(const Visit& visit, const http::Request& request, const Error& error) const;
  Task<Result<http::Response>> tried(http::Request& request, Visit visit, FormData form, bool adds);
  Task<Result<ways::Proof>> proved(std::string name, Secret password, const std::string& remote);

  WayPages& ways_;
  ways::UserDirectory& directory_;
  LdapSettings settings_;
  ways::Guesses guesses_;
};

}  // namespace nephele::identity::pages
