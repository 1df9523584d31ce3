// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "identity/mail_texts.h"

namespace nephele::identity {

struct MailTemplate {
  MailKind kind;
  std::string_view name;
  std::string_view variables;  ///< beside the common three
  std::string_view subject;
  std::string_view body;
};

/// In the order of MailKind.
const std::array<MailTemplate, mail_kinds>& mail_templates() noexcept;

}  // namespace nephele::identity
