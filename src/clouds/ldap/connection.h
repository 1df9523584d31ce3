// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>

#include "clouds/ldap/directory.h"
#include "clouds/ldap/watchdog.h"

struct ldap;     // of libldap: LDAP
struct ldapmsg;  // LDAPMessage

namespace nephele::ldap {

/// When a caller wants no answer any more.
struct Limit {
  SteadyTime deadline;
  std::stop_token stop;
  std::chrono::milliseconds left() const;
  bool over() const { return stop.stop_requested() || left() <= std::chrono::milliseconds::zero(); }
};

/// One connection to one server, blocking, for no longer than its limit. Codes are those of LDAP (ldap.h), 0 is
/// success.
class Connection {
 public:
  /// Connects, with TLS where the settings want it: `unavailable` or `timeout`, `invalid` for a CA file of no use.
  static Result<Connection> open(const Settings& settings, const std::string& server, const Limit& limit);

  const std::string& server() const noexcept { return server_; }
  /// A simple bind; empty name and password: as nobody.
  int bind(const std::string& dn, const Secret& password);
  /// Adds what is found to `into`, at most `entries_max` entries; more is LDAP_SIZELIMIT_EXCEEDED.
  int search(const Search& what, const std::vector<std::string>& attributes, int entries_max, std::vector<Entry>& into);

 private:
  struct Close {
    void operator()(::ldap* handle) const noexcept;
  };
  Connection(std::string server, Limit limit) : server_(std::move(server)), limit_(std::move(limit)) {}
  Result<> initialize(bool& tls);
  Result<> set_options(const Settings& settings);
  int connect(std::chrono::milliseconds span);
  int ask_for_tls();
  /// Waits for the answer to a request; the code of libldap, or of the limit. The caller owns `answer`.
  int await(int request, ::ldapmsg*& answer);

  std::string server_;
  Limit limit_;
  std::unique_ptr<::ldap, Close> handle_;
  std::unique_ptr<Watchdog> watchdog_;  // goes before the handle closes the socket
};

/// "cannot be reached" and the like for a code that says nothing about who asks; nothing for others.
std::optional<Error> trouble(const std::string& server, int code);
/// What LDAP calls this code.
std::string words_of(int code);

}  // namespace nephele::ldap
