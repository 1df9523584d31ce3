// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "identity/mailer.h"
#include "operations/operations.h"

/// Mails that are not lost: written down in the transaction of the use case, sent by whoever works off operations.
namespace nephele::identity {

inline constexpr std::string_view mail_operation = "identity.mail";

struct MailTimes {
  std::chrono::milliseconds first_retry{30'000};  ///< doubled from try to try
  std::chrono::milliseconds retry_max{3'600'000};
  std::chrono::milliseconds give_up{345'600'000};  ///< four days; after this a mail is not tried again
};

/// One mail to one recipient: of several that could be refused one by one, none gets it twice.
struct NewMail {
  std::string what;  ///< its kind, for logs and lists: "password_reset"
  MailAddress to;
  std::optional<MailAddress> reply_to = {};
  std::string subject;
  std::string text;             ///< may hold links that let somebody in: kept sealed until it is sent
  std::string actor = {};       ///< as in NewOperation
  std::string request_id = {};  ///< as in NewOperation
};

class MailOutbox {
 public:
  /// `sender`: who all mails are from. Both outlive the outbox.
  MailOutbox(operations::Operations& operations, MailAddress sender, MailTimes times);

  /// Writes the mail down in the caller's transaction. No network, and no judgement of the address yet.
  operations::OperationId enqueue(sql::Tx& tx, NewMail mail) const;

 private:
  operations::Operations& operations_;
  MailAddress sender_;
  MailTimes times_;
};

/// Sends what is written down: for Operations::handle(). The same Message-ID and Date on every try, so that a reader
/// can see that two are one: SMTP cannot tell after a cut connection whether the mail was taken.
class MailHandler final : public operations::Handler {
 public:
  MailHandler(Mailer& mailer, MailTimes times, log::Logger log);

  Task<Result<>> run(operations::Work& work) override;
  std::optional<std::chrono::milliseconds> pause(const operations::Record& record, const Error& error) override;
  void failed(sql::Tx& tx, const operations::Record& record, const Error& error) override;

 private:
  Mailer& mailer_;
  MailTimes times_;
  log::Logger log_;
};

}  // namespace nephele::identity
