// SPDX-License-Identifier: Apache-2.0
#include "clouds/smtp/relay.h"

#include <curl/curl.h>

#include <algorithm>
#include <stdexcept>

#include "base/stoppable.h"
#include "base/this_machine.h"
#include "clouds/smtp/session.h"

namespace nephele::smtp {

namespace {

bool is_host(std::string_view host) {
  const auto all = [host](std::string_view others) {
    return std::ranges::all_of(host, [others](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || others.contains(c);
    });
  };
  return !host.empty() && host.size() <= 255 && (all(".-_") || (host.contains(':') && all(":.")));
}

}  // namespace

struct Relay::State {
  explicit State(Settings wanted) : settings(std::move(wanted)), workers("smtp", settings.sessions, settings.waiting) {}
  Settings settings;
  Workers workers;
};

Result<> Relay::check(const Settings& settings) {
  if (!is_host(settings.host)) return fail(Kind::invalid, "the mail host is no host name or address");
  if (settings.port == 0) return fail(Kind::invalid, "the mail host's port is 0; 25, 465 and 587 are usual");
  if (!settings.hello_name.empty() && (!is_host(settings.hello_name) || settings.hello_name.contains(':')))
    return fail(Kind::invalid, "the name to introduce ourselves with is no host name");
  if (settings.user.empty() && !settings.password.empty())
    return fail(Kind::invalid, "there is a password for the mail host, but no user");
  // 0 would end the text for libcurl.
  if (settings.user.contains('\0') || settings.password.reveal().contains('\0'))
    return fail(Kind::invalid, "user or password of the mail host hold a NUL");
  if (settings.timeout <= std::chrono::milliseconds::zero() || settings.sessions == 0)
    return fail(Kind::invalid, "time limit and number of sessions of the mail host must be above 0");
  if (!settings.user.empty() && settings.tls == Tls::none && !settings.plain_sign_in && !is_this_machine(settings.host))
    return fail(Kind::invalid, "user and password would travel to " + name_of(settings) +
                                   " in the clear; turn TLS on (STARTTLS on port 587, TLS on port 465)");
  return {};
}

Relay::Relay(Settings settings) {
  if (const auto good = check(settings); !good) throw std::runtime_error(good.error().sentence());
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl does not start");
  state_ = std::make_unique<State>(std::move(settings));
}

Relay::~Relay() = default;

Task<Result<>> Relay::send(Mail mail, SteadyTime deadline) {
  CO_TRY(std::string content, compose(mail));
  Letter letter{.from = mail.from.mailbox, .to = {}, .content = std::move(content)};
  for (const auto& to : mail.to) letter.to.push_back(to.mailbox);
  co_return co_await run_stoppable(
      state_->workers, [this, letter = std::move(letter), deadline](const std::stop_token& stop) -> Result<> {
        // The time in the queue is none of the session's.
        return deliver(state_->settings, letter, std::min(deadline, in(state_->settings.timeout)), stop);
      });
}

}  // namespace nephele::smtp
