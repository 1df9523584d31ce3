// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/astakos/identity_callers.h"
#include "identity/mail_texts.h"
#include "identity/mails.h"
#include "identity/pages/desk.h"

/// What users write to those who run the cloud: a page and a call of the account API (contract astakos, 6.2).
namespace nephele::identity::pages {

class Feedback {
 public:
  Feedback(Desk& desk, const MailOutbox* outbox, const MailTexts& texts)
      : desk_(desk), outbox_(outbox), texts_(texts) {}
  /// One mail to each reader. Fails with `invalid` (empty, too long, no text), `busy`, or `unavailable`: nobody reads
  /// it or no mail can be sent.
  Task<Result<>> send(Account from, std::string message, std::string data, std::string request_id);

 private:
  Desk& desk_;
  const MailOutbox* outbox_;
  const MailTexts& texts_;
  Rates rates_{{.burst = 10, .every = std::chrono::minutes{1}}, 20'000};
};

class FeedbackPages : private Guarded<FeedbackPages> {
 public:
  FeedbackPages(Desk& desk, Feedback& feedback) : Guarded(desk), feedback_(feedback) {}
  static std::span<const http::Route<FeedbackPages>> routes();

 private:
  friend Guarded<FeedbackPages>;
  Task<Result<http::Response>> page(http::Request& request, Visit visit);
  Task<Result<http::Response>> send(http::Request& request, Visit visit, FormData form);
  http::Response form_page(const Visit& visit, const FormData& typed, const FieldErrors& errors) const;

  Feedback& feedback_;
};

class FeedbackApi {
 public:
  FeedbackApi(Feedback& feedback, astakos::IdentityCallers& callers, log::Logger log)
      : feedback_(feedback), callers_(callers), log_(std::move(log)) {}
  static std::span<const http::Route<FeedbackApi>> routes();

 private:
  Task<http::Response> send(http::Request& request);

  Feedback& feedback_;
  astakos::IdentityCallers& callers_;
  log::Logger log_;
};

}  // namespace nephele::identity::pages
