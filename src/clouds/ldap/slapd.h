// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clouds/testing/local_server.h"
#include "http/tls_fixture.h"

namespace nephele::ldap::testing {

/// A distinguished name's value with every byte escaped, by no code that is under test.
std::string all_hex(std::string_view value);

/// Debian's slapd with people and groups below dc=example,dc=org:
/// - ou=people: ada, bob, odd_name and zoe_name, with passwords "NAME-password" (secret_of); nopass has none.
///   Readable by cn=reader (password "reader-password") and each person for himself.
/// - ou=open: eve, readable by everybody.
/// - ou=groups: staff (ada and the odd one), all (staff; and staff is in it again: a circle), unique (bob),
///   posix (memberUid ada; gidNumber 5000 is bob's primary group).
class Slapd {
 public:
  Slapd();

  void start();
  void stop() { server_.stop(); }
  void crash() { server_.crash(); }
  void freeze() { server_.freeze(); }
  void resume() { server_.resume(); }

  std::string url() const { return "ldap://127.0.0.1:" + std::to_string(port_); }
  std::string tls_url() const { return "ldaps://127.0.0.1:" + std::to_string(tls_port_); }
  const std::string& ca_file() const noexcept { return certificate_.certificate_file; }
  std::string log() const { return server_.log(); }

  static constexpr const char* odd_name = "*()\\,+\"<>;=# o'x";
  static constexpr const char* zoe_name = "Ζωή";
  static std::string secret_of(const std::string& name) { return name + "-password"; }

 private:
  http::testing::Certificate certificate_;
  clouds::testing::LocalServer server_;
  std::uint16_t port_, tls_port_;
};

}  // namespace nephele::ldap::testing
