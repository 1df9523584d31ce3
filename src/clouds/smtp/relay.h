// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/async.h"
#include "base/secret.h"
#include "clouds/smtp/mail.h"

namespace nephele::smtp {

enum class Tls : std::uint8_t {
  none,
  start,    ///< plain until STARTTLS, without which nothing is said (port 25 or 587)
  implicit  ///< from the first byte (port 465)
};

struct Settings {
  std::string host = "localhost";
  std::uint16_t port = 25;
  Tls tls = Tls::none;
  std::string user = {};  ///< empty: no sign-in
  Secret password = {};
  bool verify_tls = true;    ///< false only where a setting says so; logged loudly by the caller
  std::string ca_file = {};  ///< empty: the system's
  /// Sends user and password without TLS to another machine. Never but for a network that nobody else can read.
  bool plain_sign_in = false;
  std::chrono::milliseconds timeout{30'000};  ///< of one mail, with all of its session
  std::string hello_name = {};                ///< how we introduce ourselves; empty: this machine's name
  std::size_t sessions = 4;                   ///< at once
  std::size_t waiting = 256;                  ///< mails; more answer `busy`
};

/// Hands mails to a relay over SMTP (libcurl), a session for each. Errors:
/// - `invalid`: the mail is refused for good, by check() or by the relay (5xx). The detail "recipient" tells for whom,
///   "code" holds the relay's number. One refused recipient: nobody has got it.
/// - `unavailable` and `timeout`: try again. Also when the relay refuses *us* (sign-in, TLS, no service), because then
/// it
///   is no fault of the mail: it can go when somebody has set that right.
/// - `busy`: too many wait.
/// After `timeout` or a lost connection the relay may have taken the mail; sent again it carries the same Message-ID.
class Relay {
 public:
  /// `invalid`: settings that contradict themselves, or that would show the password to the network.
  static Result<> check(const Settings& settings);
  /// Throws std::runtime_error when check() refuses the settings or libcurl does not start.
  explicit Relay(Settings settings);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Ends by the deadline; the session also by the timeout of the settings. A cancelled caller ends the session within
  /// about a second and waits for that.
  Task<Result<>> send(Mail mail, SteadyTime deadline);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nephele::smtp
