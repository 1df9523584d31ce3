// SPDX-License-Identifier: Apache-2.0
#include "identity/model.h"

#include <tuple>

namespace nephele::identity {

std::string full_name(const Account& account) {
  const auto& [first, last] = std::tie(account.first_name, account.last_name);
  return first + (first.empty() || last.empty() ? "" : " ") + last;
}

std::string called(const Account& account) {
  auto name = full_name(account);
  return name.empty() ? account.name : name;
}

std::string_view to_string(ActorKind kind) noexcept {
  return kind == ActorKind::user ? "user" : "group";
}

std::string_view to_string(TargetKind kind) noexcept {
  switch (kind) {
    case TargetKind::project:
      return "project";
    case TargetKind::domain:
      return "domain";
    case TargetKind::system:
      break;
  }
  return "system";
}

TargetKind target_kind(std::string_view text) noexcept {
  return text == "project" ? TargetKind::project : text == "domain" ? TargetKind::domain : TargetKind::system;
}

}  // namespace nephele::identity
