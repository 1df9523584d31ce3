// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/feedback.h"

#include <array>

#include "identity/account_name.h"
#include "identity/astakos/conventions.h"

namespace nephele::identity::pages {

namespace {

using http::Access;
using http::Request;
using http::Response;
using http::Route;
using http::Verb;

constexpr std::size_t message_bytes_max = std::size_t{16} * 1024;

/// A failure of what carries the message on: HTTP's 502, which the table of faults has not.
Response bad_gateway(const std::string& message) {
  json::Object inside, out;
  inside.append("code", 502);
  inside.append("message", message);
  inside.append("details", "");
  out.append("badGateway", std::move(inside));
  return astakos::json_answer(502, json::write(out));
}

}  // namespace

Task<Result<>> Feedback::send(Account from, std::string message, std::string data, std::string request_id) {
  if (message.find_first_not_of(" \t\r\n") == std::string::npos) co_return fail(Kind::invalid, "write your message");
  CO_TRY_VOID(check_text("message", message, message_bytes_max));
  CO_TRY_VOID(check_text("data", data, message_bytes_max));
  const auto& readers = desk_.settings.feedback;
  if (outbox_ == nullptr || readers.empty())
    co_return fail(Kind::unavailable,
                   "nobody can be reached: set FEEDBACK_NOTIFICATIONS_RECIPIENTS (or HELPDESK) and EMAIL_HOST");
  CO_TRY_VOID(rates_.allow(from.id.text(), desk_.clock.now(), "You wrote a lot; wait a minute and go on."));
  co_return co_await desk_.database.write([&](sql::Tx& tx) {
    for (const auto& reader : readers) {
      auto text = texts_.render(MailKind::feedback, {{"user", called(from)},
                                                     {"email", from.email},
                                                     {"id", std::to_string(from.number)},
                                                     {"message", message},
                                                     {"data", data}});
      NewMail mail{.what = std::string(to_string(MailKind::feedback)),
                   .to = {.name = reader.name, .mailbox = reader.mail},
                   .subject = std::move(text.subject),
                   .text = std::move(text.text),
                   .actor = from.id.text(),
                   .request_id = request_id};
      if (!from.email.empty()) mail.reply_to = MailAddress{.name = called(from), .mailbox = from.email};
      (void)outbox_->enqueue(tx, std::move(mail));
    }
  });
}

std::span<const Route<FeedbackPages>> FeedbackPages::routes() {
  using P = FeedbackPages;
  static constexpr auto table = astakos::slash_optional(std::array<Route<P>, 2>{{
      {Verb::get, "/ui/feedback/", Access::open, &P::user<&P::page>},
      {Verb::post, "/ui/feedback/", Access::open, &P::user_form<&P::send>, form_bytes_max},
  }});
  return table;
}

Response FeedbackPages::form_page(const Visit& visit, const FormData& typed, const FieldErrors& errors) const {
  Html inside = text_area({.name = "feedback_msg",
                           .label = "Your message",
                           .value = std::string(typed.value("feedback_msg")),
                           .hint = "We answer to your e-mail address."},
                          errors);
  inside += submit("Send");
  return desk_.show(visit, {.title = "Contact",
                            .content = form("/ui/feedback", desk_.token(visit), {inside}),
                            .status = errors.empty() ? 200 : 400});
}

Task<Result<Response>> FeedbackPages::page(Request&, Visit visit) {
  co_return form_page(visit, {}, {});
}

Task<Result<Response>> FeedbackPages::send(Request& request, Visit visit, FormData form) {
  const std::string browser(request.headers.find("User-Agent").value_or(""));
  const auto sent = co_await feedback_.send(visit.session->account, std::string(form.value("feedback_msg")),
                                            check_text("data", browser, 1024) ? browser : "", request.id);
  if (!sent && sent.error().kind() == Kind::invalid)
    co_return form_page(visit, form, {{"feedback_msg", sent.error().sentence()}});
  if (!sent) co_return fail(sent.error());
  const Html content = element("p", {Html(desk_.say("FEEDBACK_SENT",
                                                    "Thank you for contacting us. We will process your message "
                                                    "carefully and get back to you."))});
  co_return desk_.show(visit, {.title = "Contact", .content = content});
}

std::span<const Route<FeedbackApi>> FeedbackApi::routes() {
  using A = FeedbackApi;
  static constexpr auto table = astakos::slash_optional(std::array<Route<A>, 2>{{
      {Verb::post, "/account/v1.0/feedback/", Access::late, &A::send, form_bytes_max},
      {Verb::post, "/im/service/api/v2.0/feedback/", Access::late, &A::send, form_bytes_max},
  }});
  return table;
}

Task<Response> FeedbackApi::send(Request& request) {
  using astakos::FaultName;
  const auto token = astakos::token_of(request);
  if (!token) co_return astakos::fault_answer(token.error(), request);
  const auto user = co_await callers_.known(*token);
  if (!user) co_return astakos::fault_answer(astakos::fault_from(user.error()), request);
  const auto form = co_await form_of(request);
  if (!form || form->value("feedback_msg").empty())
    co_return astakos::fault_answer({FaultName::bad_request, "Invalid data"}, request);
  const auto sent = co_await feedback_.send(user->token.account, std::string(form->value("feedback_msg")),
                                            std::string(form->value("feedback_data")), request.id);
  if (sent) co_return astakos::empty_answer(200);
  switch (sent.error().kind()) {
    case Kind::invalid:
      co_return astakos::fault_answer({FaultName::bad_request, "Invalid data"}, request);
    case Kind::busy:
      co_return astakos::fault_answer(astakos::fault_from(sent.error()), request);
    default:
      log_.warn("feedback.failed", {{"request", request.id}, {"reason", sent.error().sentence()}});
      co_return bad_gateway("The message could not be sent");
  }
}

}  // namespace nephele::identity::pages
