// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/ticket.h"

#include <algorithm>
#include <charconv>

namespace nephele::identity::pages {

namespace {

constexpr std::string_view context = "identity.ticket";
constexpr std::chrono::hours life{24};
constexpr std::size_t text_max = 512;

}  // namespace

std::string new_ticket(const SecretKey& key, const AccountId& account, Time now) {
  std::string text = key.seal(Secret(std::to_string(to_ms(now + life)) + " " + account.text()), context);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  std::erase(text, '=');
  return text;
}

std::optional<AccountId> ticket_account(const SecretKey& key, std::string ticket, Time now) {
  if (ticket.size() > text_max) return std::nullopt;
  std::ranges::replace(ticket, '-', '+');
  std::ranges::replace(ticket, '_', '/');
  ticket.append((4 - ticket.size() % 4) % 4, '=');
  const auto opened = key.open(ticket, context);
  if (!opened) return std::nullopt;
  const std::string& text = opened->reveal();
  const auto blank = text.find(' ');
  std::int64_t expires = 0;
  const auto read = std::from_chars(text.data(), text.data() + std::min(blank, text.size()), expires);
  if (blank == std::string::npos || read.ec != std::errc{} || from_ms(expires) <= now) return std::nullopt;
  return AccountId(text.substr(blank + 1));
}

}  // namespace nephele::identity::pages
