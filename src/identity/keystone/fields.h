// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

/// Members of what a client sent. All fail with `invalid`, naming the member and never its value. Unknown members are
/// left alone: clients send some of their own.
namespace nephele::identity::keystone {

std::unexpected<Error> malformed(std::string sentence);

/// Null when it is absent or null.
Result<const json::Object*> object_in(const json::Object& from, const std::string& name);
/// Empty when it is absent or null.
Result<std::string> text_in(const json::Object& from, const std::string& name);
/// Nothing when it is absent; null is an empty text.
Result<std::optional<std::string>> maybe_text_in(const json::Object& from, const std::string& name);
Result<std::optional<bool>> flag_in(const json::Object& from, const std::string& name);
Result<std::optional<std::vector<std::string>>> texts_in(const json::Object& from, const std::string& name);

/// "2026-12-31T23:59:59" with or without a fraction and a zone ("Z", "+02:00"; none is UTC); nothing for other texts.
std::optional<Time> time_from(std::string_view text);

/// The object `name` of a body, which stands alone in another.
Result<json::Object> wrapped_in(std::string_view body, const std::string& name);

}  // namespace nephele::identity::keystone
