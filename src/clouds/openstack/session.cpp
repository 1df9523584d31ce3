// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/session.h"

#include <algorithm>
#include <optional>

#include "clouds/openstack/errors.h"

namespace nephele::openstack {

namespace {

/// A token that ends while a request is under way costs that request; a short one is used for nine tenths.
std::chrono::milliseconds used_of(std::chrono::milliseconds lifetime) {
  constexpr std::chrono::milliseconds margin_max{60'000};
  return lifetime - std::min(margin_max, lifetime / 10);
}

}  // namespace

/// One request to Keystone and those who wait for it, each with a bell of his own.
struct Session::Round {
  std::vector<std::shared_ptr<Bell>> waiting;
  std::optional<Error> refusal;  ///< that counts for all
};

/// Ends the round in any case: when nobody asks any more, one of those who wait does.
class Session::Leading {
 public:
  Leading(Session& session, std::shared_ptr<Round> round) : session_(session), round_(std::move(round)) {}
  ~Leading() { end(); }
  Leading(const Leading&) = delete;
  Leading& operator=(const Leading&) = delete;

  void refused(const Error& error) {
    const std::lock_guard lock(session_.mutex_);
    round_->refusal = error;
  }

 private:
  void end() {
    std::vector<std::shared_ptr<Bell>> waiting;
    {
      const std::lock_guard lock(session_.mutex_);
      waiting.swap(round_->waiting);
      session_.round_.reset();
    }
    for (const auto& bell : waiting) bell->ring();
  }

  Session& session_;
  std::shared_ptr<Round> round_;
};

Task<Result<Session::Held>> Session::token(SteadyTime deadline) {
  for (;;) {
    std::shared_ptr<Round> round;
    std::shared_ptr<Bell> bell;
    {
      const std::lock_guard lock(mutex_);
      if (current_ && std::chrono::steady_clock::now() < good_until_) co_return current_;
      if (round_) {
        bell = round_->waiting.emplace_back(std::make_shared<Bell>());
      } else {
        round_ = std::make_shared<Round>();
      }
      round = round_;
    }
    if (!bell) {
      Leading leading(*this, round);
      auto answer = co_await ask(deadline);
      // Its time was up, not theirs.
      if (!answer && answer.error().kind() != Kind::timeout) leading.refused(answer.error());
      co_return answer;
    }
    if (!co_await bell->wait_until(deadline))
      co_return fail(not_answered(to_string(Service::identity), "POST tokens",
                                  Error(Kind::timeout, "the token that others ask for has not come in time")));
    const std::lock_guard lock(mutex_);
    if (round->refusal) co_return fail(*round->refusal);
  }
}

void Session::reject(const Held& token) {
  const std::lock_guard lock(mutex_);
  if (current_ == token) current_.reset();
}

Task<Result<Session::Held>> Session::ask(SteadyTime deadline) {
  CO_TRY_VOID(check_account(account_));
  const auto begin = std::chrono::steady_clock::now();
  Call call{
      .service = Service::identity,
      .verb = http::Verb::post,
      .name = account_.keystone == KeystoneApi::v3 ? "POST /auth/tokens" : "POST /tokens",
      .body = token_request(account_),
      .repeatable = true,
      .hidden = {account_.credentials.password.reveal(), account_.credentials.application_credential_secret.reveal()}};
  const std::string title = call.title();
  CO_TRY(const auto answer, co_await wire_.send(std::move(call), token_url(account_), Secret(), deadline));
  auto token = account_.keystone == KeystoneApi::v3
                   ? decode_token_v3(answer.headers.find("X-Subject-Token").value_or(""), answer.body)
                   : decode_token_v2(answer.body);
  if (!token) co_return fail(unreadable(to_string(Service::identity), title, token.error().sentence()));
  const auto held = std::make_shared<const Token>(*std::move(token));
  const std::lock_guard lock(mutex_);
  current_ = held;
  good_until_ = held->lifetime ? begin + used_of(*held->lifetime) : SteadyTime::max();
  co_return held;
}

}  // namespace nephele::openstack
