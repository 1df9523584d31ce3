// SPDX-License-Identifier: Apache-2.0
#include "identity/mails.h"

#include <algorithm>

#include "base/json.h"
#include "base/secret.h"

namespace nephele::identity {

namespace {

constexpr int layout = 1;  // of payload and sealed text
constexpr std::chrono::milliseconds busy_pause{5'000};

json::Value as_json(const MailAddress& address) {
  json::Object out;
  out.append("name", address.name);
  out.append("mailbox", address.mailbox);
  return out;
}

std::optional<MailAddress> address_in(const json::Value& value, std::string_view name) {
  const std::string_view mailbox = value.text_at({name, "mailbox"});
  if (mailbox.empty()) return std::nullopt;
  return MailAddress{.name = std::string(value.text_at({name, "name"})), .mailbox = std::string(mailbox)};
}

std::string domain_of(const std::string& mailbox) {
  const auto at = mailbox.rfind('@');
  return at == std::string::npos ? "localhost" : mailbox.substr(at + 1);
}

/// What the outbox wrote, as the port wants it.
Result<Mail> mail_of(const operations::Work& work) {
  const auto& record = work.record();
  if (record.version != layout)
    return fail(Kind::internal,
                "a mail was written by another release; its layout is " + std::to_string(record.version));
  const auto to = address_in(record.payload, "to");
  const auto from = address_in(record.payload, "from");
  TRY(const Secret sealed, work.sealed());
  TRY(const json::Value words, json::parse(sealed.reveal()));
  if (!to || !from) return fail(Kind::internal, "a mail that is written down has no recipient or no sender");
  return Mail{.from = *from,
              .to = *to,
              .reply_to = address_in(record.payload, "reply_to"),
              .subject = std::string(words.text_at({"subject"})),
              .text = std::string(words.text_at({"text"})),
              .message_id = std::string(record.payload.text_at({"message_id"})),
              .date = record.created};
}

}  // namespace

MailOutbox::MailOutbox(operations::Operations& operations, MailAddress sender, MailTimes times)
    : operations_(operations), sender_(std::move(sender)), times_(times) {}

operations::OperationId MailOutbox::enqueue(sql::Tx& tx, NewMail mail) const {
  const std::string id = random_uuid();
  json::Object words;
  words.append("subject", std::move(mail.subject));
  words.append("text", std::move(mail.text));
  json::Object payload;
  payload.append("mail", mail.what);
  payload.append("message_id", id + "@" + domain_of(sender_.mailbox));
  payload.append("from", as_json(sender_));
  payload.append("to", as_json(mail.to));
  if (mail.reply_to) payload.append("reply_to", as_json(*mail.reply_to));
  operations::NewOperation wanted;
  wanted.kind = mail_operation;
  wanted.object = "mail:" + id;
  wanted.actor = std::move(mail.actor);
  wanted.request_id = std::move(mail.request_id);
  wanted.payload = std::move(payload);
  wanted.sealed = Secret(json::write(words));
  wanted.limit = times_.give_up;
  wanted.version = layout;
  return operations_.enqueue(tx, std::move(wanted));
}

MailHandler::MailHandler(Mailer& mailer, MailTimes times, log::Logger log)
    : mailer_(mailer), times_(times), log_(std::move(log)) {}

Task<Result<>> MailHandler::run(operations::Work& work) {
  // Died after the sending and before the end of the row: then this step stands there and nothing is sent again.
  if (!work.starts("send")) co_return Result<>{};
  CO_TRY(Mail mail, mail_of(work));
  const auto& payload = work.record().payload;
  CO_TRY_VOID(co_await mailer_.send(std::move(mail)));
  log_.info("mail.sent", {{"mail", payload.text_at({"mail"})},
                          {"to", payload.text_at({"to", "mailbox"})},
                          {"message_id", payload.text_at({"message_id"})},
                          {"request", work.record().request_id}});
  co_return co_await work.finished("send");
}

std::optional<std::chrono::milliseconds> MailHandler::pause(const operations::Record& record, const Error& error) {
  if (error.kind() == Kind::busy) return busy_pause;  // our own queue
  auto pause = times_.first_retry;
  for (int turn = 1; turn < record.attempt && pause < times_.retry_max; ++turn) pause *= 2;
  return std::min(pause, times_.retry_max);
}

void MailHandler::failed(sql::Tx&, const operations::Record& record, const Error& error) {
  // A transaction may run twice, and then so does this line: better than none.
  log_.error("mail.given_up", {{"mail", record.payload.text_at({"mail"})},
                               {"to", record.payload.text_at({"to", "mailbox"})},
                               {"attempts", record.attempt},
                               {"reason", error.sentence()},
                               {"request", record.request_id}});
}

}  // namespace nephele::identity
