// SPDX-License-Identifier: Apache-2.0
#include "manage/call.h"

namespace nephele::manage {

const std::vector<std::string>& Call::all(std::string_view name) const {
  static const std::vector<std::string> none;
  const auto found = words_.find(name);
  return found == words_.end() ? none : found->second;
}

std::optional<std::string> Call::text(std::string_view name) const {
  const auto& typed = all(name);
  return typed.empty() ? std::nullopt : std::optional(typed.back());
}

Result<std::optional<bool>> Call::boolean(std::string_view name) const {
  const auto typed = text(name);
  if (!typed) return std::optional<bool>();
  auto value = boolean_from(*typed);
  if (!value) return fail(Error(value.error()).about(name));
  return std::optional(*value);
}

Result<std::optional<std::int64_t>> Call::integer(std::string_view name) const {
  const auto typed = text(name);
  if (!typed) return std::optional<std::int64_t>();
  auto value = value_from(Type::integer, *typed);
  if (!value) return fail(Error(value.error()).about(name));
  return std::optional(std::get<std::int64_t>(*value));
}

std::optional<Secret> Call::secret(std::string_view name) const {
  auto typed = text(name);
  return typed ? std::optional(Secret(std::move(*typed))) : std::nullopt;
}

}  // namespace nephele::manage
