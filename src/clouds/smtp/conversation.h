// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nephele::smtp {

/// Where a session with a relay stands, from the lines that go over it: libcurl itself says only that a step failed,
/// not for which recipient and with which words. Keeps nothing of a sign-in but that there was one.
class Conversation {
 public:
  enum class Phase : std::uint8_t { greeting, hello, tls, sign_in, sender, recipient, content };

  void sent(std::string_view command);
  void heard(std::string_view line);

  Phase phase() const noexcept { return phase_; }
  /// Of the last answer to the last command; 0: none came.
  int code() const noexcept { return code_; }
  /// Its words in one printable line, cut; empty in a sign-in.
  const std::string& words() const noexcept { return words_; }
  /// The mailbox of the last RCPT.
  const std::string& recipient() const noexcept { return recipient_; }
  bool refused() const noexcept { return code_ >= 400; }
  bool refused_for_good() const noexcept { return code_ >= 500; }

 private:
  Phase phase_ = Phase::greeting;
  int code_ = 0;
  bool continues_ = false;  // a line with "-" behind its code
  bool over_ = false;       // QUIT was said: what comes now judges nothing
  std::string words_;
  std::string recipient_;
};

}  // namespace nephele::smtp
