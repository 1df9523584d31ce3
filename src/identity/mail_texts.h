// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "identity/public_url.h"

/// What the mails of identity say. English, and each can be replaced by a file of the site.
namespace nephele::identity {

enum class MailKind : std::uint8_t {
  activation,
  welcome,
  account_pending,    // to the moderators
  account_activated,  // to the administrators
  contact,
  feedback,
  invitation,
  password_reset,
  email_change_new,  // to the address that is to be proved
  email_change_old,  // to the one that may be lost
  project_created,   // to who decides
  project_modified,  // the same
  project_approved,
  application_approved,  // to the administrators
  project_denied,
  project_terminated,
  project_suspended,
  project_unsuspended,
  project_reinstated,
  project_joined,   // somebody asks to become a member; to the owner
  project_leaving,  // somebody asks to leave; to the owner
  membership_accepted,
  membership_rejected,
  membership_removed,
  membership_suspended,
  membership_unsuspended,
  project_enrolled,
};
inline constexpr std::size_t mail_kinds = 27;

/// "password_reset": also the name of its file.
std::string_view to_string(MailKind kind) noexcept;

/// What is the same in all mails.
struct MailSite {
  std::string name = "Nephele";
  PublicUrl base_url = {};
  std::string support = {};  ///< address for questions
};

struct MailText {
  std::string subject;
  std::string text;
};

using MailValues = std::map<std::string, std::string, std::less<>>;

/// Templates with `{{ name }}` in them, `{{` and `}}` for nothing else: no logic. A value is put in as it is and never
/// read again, so a user named "{{ url }}" stays that. Line breaks and other controls of a value become blanks, but in
/// the body those of `message`, `reason` and `data` stay lines: nobody makes a second line by the name he chose. Every
/// mail knows `site`, `baseurl` and `support`; what else, names() says.
class MailTexts {
 public:
  explicit MailTexts(MailSite site);
  /// The same, with FOLDER/NAME.txt in place of ours: "Subject: ...", an empty line, the body. Fails with `invalid` and
  /// file and line for a name that no mail has, a variable that this mail does not know, a missing subject, text that
  /// is not UTF-8. Other files are left alone. A folder that is not there is an error too; an empty name is none.
  static Result<MailTexts> load(const std::string& folder, MailSite site);

  /// Throws std::logic_error when a variable of the mail is missing: a bug of the caller.
  MailText render(MailKind kind, const MailValues& values) const;
  /// The variables of a mail beside the common three, separated by blanks.
  static std::string_view names(MailKind kind) noexcept;

 private:
  Result<> replace(MailKind kind, std::string_view file, std::string_view content);

  MailSite site_;
  std::array<MailText, mail_kinds> templates_;
};

}  // namespace nephele::identity
