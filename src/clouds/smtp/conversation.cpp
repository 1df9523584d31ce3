// SPDX-License-Identifier: Apache-2.0
#include "clouds/smtp/conversation.h"

#include <algorithm>
#include <charconv>

namespace nephele::smtp {

namespace {

constexpr std::size_t words_max = 200;

std::string_view without_end(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  return line;
}

}  // namespace

void Conversation::sent(std::string_view command) {
  if (over_) return;
  command = without_end(command);
  if (command == "QUIT") {
    over_ = true;
    return;
  }
  if (command.starts_with("EHLO ") || command.starts_with("HELO ")) {
    phase_ = Phase::hello;
  } else if (command == "STARTTLS") {
    phase_ = Phase::tls;
  } else if (command.starts_with("AUTH ")) {
    phase_ = Phase::sign_in;  // what follows of it has no word in front, and the phase stays
  } else if (phase_ == Phase::sign_in && !command.starts_with("MAIL FROM:")) {
    // a secret
  } else if (command.starts_with("MAIL FROM:")) {
    phase_ = Phase::sender;
  } else if (command.starts_with("RCPT TO:<")) {
    phase_ = Phase::recipient;
    recipient_ = command.substr(9, command.find('>') - 9);
  } else if (command == "DATA") {
    phase_ = Phase::content;
  }
  code_ = 0;
  continues_ = false;
  words_.clear();
}

void Conversation::heard(std::string_view line) {
  if (over_) return;
  line = without_end(line);
  int code = 0;
  const auto digits = line.substr(0, 3);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code);
  if (digits.size() < 3 || read.ptr != digits.data() + digits.size()) return;
  if (!continues_) words_.clear();
  continues_ = line.size() > 3 && line[3] == '-';
  code_ = code == 354 ? 0 : code;  // "go on": the answer to the content is still to come
  if (phase_ == Phase::sign_in || line.size() < 5) return;
  if (!words_.empty()) words_ += ' ';
  for (const char c : line.substr(4, std::min(line.size() - 4, words_max - std::min(words_max, words_.size()))))
    words_ += c >= 0x20 && c < 0x7F ? c : '?';
}

}  // namespace nephele::smtp
