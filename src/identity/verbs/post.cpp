// SPDX-License-Identifier: Apache-2.0
#include "identity/verbs/post.h"

#include <fmt/format.h>

#include "base/visible.h"

namespace nephele::identity::verbs {

namespace {

using operations::Operations;
using operations::Record;

constexpr std::size_t looked_at_max = 500;  ///< the newest operations: a verb asks right after it wrote

Result<MailFate> fate_of(Desk& desk, Operations& work, const Record& record, SteadyTime deadline) {
  MailFate fate{.to = std::string(record.payload.text_at({"to", "mailbox"}))};
  const auto ended = desk.threads().run(work.wait(record.id, deadline));
  if (ended) {
    if (ended->state == operations::State::done) return fate;
    fate.end = MailFate::End::refused;
    fate.reason = ended->error;
    return fate;
  }
  if (ended.error().kind() != Kind::timeout) return fail(ended.error());
  fate.end = MailFate::End::queued;
  TRY(const Record now, desk.threads().run(work.show(record.id)));
  fate.reason = now.last_error;
  return fate;
}

}  // namespace

Result<std::vector<MailFate>> await_mails(Desk& desk, const AccountId& account, Time since, SteadyTime deadline) {
  TRY(Operations* const work, desk.post());
  operations::Page page;
  page.limit = looked_at_max;
  TRY(const auto newest, desk.threads().run(work->list(page)));
  std::vector<MailFate> fates;
  for (const Record& record : newest) {
    if (record.kind != mail_operation || record.actor != account.text() || record.created < since) continue;
    TRY(auto fate, fate_of(desk, *work, record, deadline));
    fates.push_back(std::move(fate));
  }
  return fates;
}

Result<> report(const std::vector<MailFate>& fates, manage::Out& out) {
  std::string refused;
  for (const auto& fate : fates) {
    const std::string why = fate.reason.empty() ? "nobody has sent it yet" : visible(fate.reason);
    if (fate.end == MailFate::End::queued)
      out.print(fmt::format("The mail to '{}' is queued: {}; `nephele serve identity` goes on with it\n",
                            visible(fate.to), why));
    if (fate.end == MailFate::End::refused)
      refused += fmt::format("{}the mail to '{}' was refused: {}", refused.empty() ? "" : "; ", fate.to, fate.reason);
  }
  if (!refused.empty()) return fail(Kind::conflict, refused);
  return {};
}

}  // namespace nephele::identity::verbs
