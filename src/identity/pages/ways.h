// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/pages/desk.h"

namespace nephele::identity::pages {

/// How somebody came who is known by a module.
struct Came {
  std::string next = {};
  Secret key = {};  ///< of a way that waits to be added to his account
  std::optional<ways::WayId> replaces = {};
  bool ask_first = false;  ///< a visitor says himself whether his account is to have it
};
Came came_by(const Desk& desk, const http::Request& request);
Came came_by(const Desk& desk, const FormData& form);
/// The same in the form that brings him back; and in an address.
Html kept_of(const Came& came);
std::string with_came(std::string path, const Came& came);
/// Where he goes who is in: first to the question whether what waits is to become a way to his account.
std::string onward(const Came& came);
/// The same for somebody who has just signed in: what the site wants him to see comes before what he asked for.
Task<Result<std::string>> entered(Desk& desk, const Visit& visit, Came came);

/// What ways to sign in have in common: the sign-up of somebody whom a module knows, more ways, fewer ways.
class WayPages : private Guarded<WayPages> {
 public:
  explicit WayPages(Desk& desk) : Guarded(desk) {}
  static std::span<const http::Route<WayPages>> routes();

  /// A module has proved who somebody is: in he goes, or on to what is missing. Fails as ways::Ways::arrive().
  Task<Result<http::Response>> arrived(Visit visit, http::Request& request, ways::Proof proof, Came came);

 private:
  friend Guarded<WayPages>;
  Task<Result<http::Response>> form_page(http::Request& request, Visit visit);
  Task<Result<http::Response>> sign_up(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> add_page(http::Request& request, Visit visit);
  Task<Result<http::Response>> add(http::Request& request, Visit visit, FormData form);
  Task<Result<http::Response>> remove(http::Request& request, Visit visit, FormData form);
  Task<http::Response> none(http::Request& request);

  Task<Result<http::Response>> come_in(Visit visit, Account account, std::string module, Came came);
  http::Response filled_form(const Visit& visit, const Secret& token, const ways::Pending& waiting,
                             const FormData& typed, const FieldErrors& errors) const;
  http::Response waiting_page(const Visit& visit) const;
};

/// The other ways on the sign-in page; empty where there is none. `last`: the one by which this browser came before.
Html other_ways(const Desk& desk, const Came& came, std::string_view last = {});
/// The ways of the visitor's account on his profile page, with what can be done about them.
Task<Result<Html>> ways_section(Desk& desk, const Visit& visit);

/// The address of a module's own page.
std::string way_path(std::string_view module);

}  // namespace nephele::identity::pages
