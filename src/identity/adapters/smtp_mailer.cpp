// SPDX-License-Identifier: Apache-2.0
#include "identity/adapters/smtp_mailer.h"

namespace nephele::identity {

namespace {

constexpr std::chrono::minutes queue_max{10};  // the session has its own limit

smtp::Address to_smtp(MailAddress address) {
  return {.name = std::move(address.name), .mailbox = std::move(address.mailbox)};
}

}  // namespace

smtp::Mail to_smtp(Mail mail) {
  smtp::Mail out{.from = to_smtp(std::move(mail.from)),
                 .to = {to_smtp(std::move(mail.to))},
                 .subject = std::move(mail.subject),
                 .text = std::move(mail.text),
                 .message_id = std::move(mail.message_id),
                 .date = mail.date};
  if (mail.reply_to) out.reply_to = to_smtp(*std::move(mail.reply_to));
  return out;
}

Task<Result<>> SmtpMailer::send(Mail mail) {
  co_return co_await relay_.send(to_smtp(std::move(mail)), in(queue_max));
}

}  // namespace nephele::identity
