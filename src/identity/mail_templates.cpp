// SPDX-License-Identifier: Apache-2.0
#include "identity/mail_templates.h"

namespace nephele::identity {

namespace {

// clang-format off: a line of text is a line here
constexpr std::array<MailTemplate, mail_kinds> all{{
    {MailKind::activation, "activation",
     "user url",
     "{{ site }} account verification",
     "Dear {{ user }},\n"
     "\n"
     "welcome to {{ site }}. To verify your mail address and go on, follow this link:\n"
     "\n"
     "{{ url }}\n"
     "\n"
     "It works once. If you did not ask for an account, ignore this mail: without the link\n"
     "nothing happens.\n"},
    {MailKind::welcome, "welcome",
     "user url",
     "Welcome to {{ site }}",
     "Dear {{ user }},\n"
     "\n"
     "your account on {{ site }} is active. Sign in here:\n"
     "\n"
     "{{ url }}\n"},
    {MailKind::account_pending, "account_pending",
     "user email id url",
     "{{ site }} account created ({{ email }})",
     "An account waits for a decision.\n"
     "\n"
     "Name:    {{ user }}\n"
     "Address: {{ email }}\n"
     "Id:      {{ id }}\n"
     "\n"
     "To accept it:\n"
     "\n"
     "snf-manage user-modify {{ id }} --accept\n"
     "\n"
     "To reject it:\n"
     "\n"
     "snf-manage user-modify {{ id }} --reject --reject-reason=TEXT\n"
     "\n"
     "Or decide in the browser: {{ url }}\n"},
    {MailKind::account_activated, "account_activated",
     "user email id",
     "{{ site }} account activated ({{ email }})",
     "An account has been activated.\n"
     "\n"
     "Name:    {{ user }}\n"
     "Address: {{ email }}\n"
     "Id:      {{ id }}\n"},
    {MailKind::contact, "contact",
     "user subject message",
     "{{ subject }}",
     "Dear {{ user }},\n"
     "\n"
     "{{ message }}\n"},
    {MailKind::feedback, "feedback",
     "user email id message data",
     "Feedback from {{ site }}",
     "{{ user }} ({{ email }}, id {{ id }}) writes:\n"
     "\n"
     "{{ message }}\n"
     "\n"
     "What the browser added:\n"
     "\n"
     "{{ data }}\n"},
    {MailKind::invitation, "invitation",
     "user inviter url",
     "Invitation to {{ site }}",
     "Dear {{ user }},\n"
     "\n"
     "{{ inviter }} invites you to {{ site }}. To get an account, follow this link:\n"
     "\n"
     "{{ url }}\n"},
    {MailKind::password_reset, "password_reset",
     "user url days",
     "Password reset on {{ site }}",
     "Dear {{ user }},\n"
     "\n"
     "somebody, probably you, asked for a new password on {{ site }}. To choose it, follow this link:\n"
     "\n"
     "{{ url }}\n"
     "\n"
     "It works once, within {{ days }} days. If it was not you, ignore this mail: your password\n"
     "stays what it is.\n"},
    {MailKind::email_change_new, "email_change_new",
     "user old_email new_email url days",
     "Email change on {{ site }}",
     "Dear {{ user }},\n"
     "\n"
     "you asked us to use {{ new_email }} in place of {{ old_email }}\n"
     "for your account on {{ site }}. To confirm that it is yours, follow this link:\n"
     "\n"
     "{{ url }}\n"
     "\n"
     "It works once, within {{ days }} days. If you did not ask for this, ignore this mail.\n"},
    {MailKind::email_change_old, "email_change_old",
     "user old_email new_email",
     "Email change on {{ site }}",
     "Dear {{ user }},\n"
     "\n"
     "somebody, probably you, asked for another mail address of your account on {{ site }}:\n"
     "{{ new_email }} in place of {{ old_email }}. Nothing changes until the new address is confirmed.\n"
     "\n"
     "If it was not you, change your password and write to us.\n"},
    {MailKind::project_created, "project_created",
     "owner project application url",
     "{{ site }} project application created ({{ project }})",
     "{{ owner }} applies for the project {{ project }}.\n"
     "\n"
     "To accept it:\n"
     "\n"
     "snf-manage project-control --approve {{ application }}\n"
     "\n"
     "To see it: {{ url }}\n"},
    {MailKind::project_modified, "project_modified",
     "owner project application url",
     "{{ site }} project modification requested ({{ project }})",
     "{{ owner }} applies for changes of the project {{ project }}.\n"
     "\n"
     "To accept them:\n"
     "\n"
     "snf-manage project-control --approve {{ application }}\n"
     "\n"
     "To see them: {{ url }}\n"},
    {MailKind::project_approved, "project_approved",
     "user project url",
     "{{ site }} project application approved ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "your application for the project {{ project }} has been approved.\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::application_approved, "application_approved",
     "owner project application url",
     "{{ site }} project application approved ({{ project }})",
     "The application {{ application }} of {{ owner }} for the project {{ project }} has been approved.\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::project_denied, "project_denied",
     "user project url reason",
     "{{ site }} project application denied ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "your application for the project {{ project }} has been denied.\n"
     "\n"
     "The reason given:\n"
     "\n"
     "{{ reason }}\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::project_terminated, "project_terminated",
     "user project url",
     "{{ site }} project terminated ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "your project {{ project }} has been terminated. Nothing new can be made with its resources.\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::project_suspended, "project_suspended",
     "user project url",
     "{{ site }} project suspended ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "your project {{ project }} has been suspended. Nothing new can be made with its resources.\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::project_unsuspended, "project_unsuspended",
     "user project url",
     "{{ site }} project resumed ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "your project {{ project }} is no longer suspended.\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::project_reinstated, "project_reinstated",
     "user project url",
     "{{ site }} project reinstated ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "your project {{ project }} has been reinstated.\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::project_joined, "project_joined",
     "user member project url",
     "{{ site }} project membership request ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "{{ member }} asks to become a member of your project {{ project }}. To decide:\n"
     "\n"
     "{{ url }}\n"},
    {MailKind::project_leaving, "project_leaving",
     "user member project url",
     "{{ site }} project leave request ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "{{ member }} asks to leave your project {{ project }}. To decide:\n"
     "\n"
     "{{ url }}\n"},
    {MailKind::membership_accepted, "membership_accepted",
     "user project url",
     "{{ site }} project membership accepted ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "you are now a member of the project {{ project }}.\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::membership_rejected, "membership_rejected",
     "user project url reason",
     "{{ site }} project membership rejected ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "your request to become a member of the project {{ project }} has been rejected.\n"
     "\n"
     "The reason given:\n"
     "\n"
     "{{ reason }}\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::membership_removed, "membership_removed",
     "user project url reason",
     "{{ site }} project membership ended ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "you are no longer a member of the project {{ project }}.\n"
     "\n"
     "The reason given:\n"
     "\n"
     "{{ reason }}\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::membership_suspended, "membership_suspended",
     "user project url reason",
     "{{ site }} project membership suspended ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "your membership in the project {{ project }} has been suspended.\n"
     "\n"
     "The reason given:\n"
     "\n"
     "{{ reason }}\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::membership_unsuspended, "membership_unsuspended",
     "user project url",
     "{{ site }} project membership resumed ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "your membership in the project {{ project }} is no longer suspended.\n"
     "\n"
     "The project: {{ url }}\n"},
    {MailKind::project_enrolled, "project_enrolled",
     "user project url",
     "{{ site }} project enrollment ({{ project }})",
     "Dear {{ user }},\n"
     "\n"
     "you have been made a member of the project {{ project }} by its owner.\n"
     "\n"
     "The project: {{ url }}\n"},
}};
// clang-format on

}  // namespace

const std::array<MailTemplate, mail_kinds>& mail_templates() noexcept {
  return all;
}

}  // namespace nephele::identity
