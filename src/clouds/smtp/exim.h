// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clouds/testing/local_server.h"
#include "http/tls_fixture.h"

namespace nephele::smtp::testing {

/// Debian's Exim, as the relay of one test program. It keeps each mail in a file and judges by what the address says:
/// refused@ and later@ are refused with 550 and 451, slow@ is answered after a long time, anything@members.test wants a
/// sign-in (mailer, s3cret: only over TLS), the sender nobody@ and the subject "spam" are refused with 550.
class Exim {
 public:
  explicit Exim(bool with_tls = true);

  void start();
  void stop() { server_.stop(); }
  void crash() { server_.crash(); }
  void freeze() { server_.freeze(); }
  void resume() { server_.resume(); }

  std::uint16_t port() const noexcept { return port_; }          ///< plain, with STARTTLS
  std::uint16_t tls_port() const noexcept { return tls_port_; }  ///< TLS from the first byte
  const std::string& ca_file() const noexcept { return certificate_.certificate_file; }
  /// All mails that lie there now, oldest first, as they were stored.
  std::vector<std::string> mails() const;
  /// The newest whose text holds `words`, waiting for it; empty when none comes.
  std::string mail_with(std::string_view words) const;
  /// How many slow@ have been asked for since the first start.
  std::size_t slow_ones() const;
  std::string log() const { return server_.folder().read("mainlog"); }

 private:
  http::testing::Certificate certificate_;
  clouds::testing::LocalServer server_;
  std::uint16_t port_, tls_port_;
};

}  // namespace nephele::smtp::testing
