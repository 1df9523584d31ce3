// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "clouds/rest/link.h"

/// The renderings of OCCI that are fields: text/plain, text/occi (the same in the header) and text/uri-list. Errors are
/// `invalid` and say where reading ended.
namespace nephele::occi {

/// In order; the content of each is one value.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// At the top level only: not inside quotes, where a backslash takes the next character as it is, or inside <>.
std::vector<std::string> split(std::string_view text, char separator);
std::vector<std::string> words_of(std::string_view text);
/// In quotes, and what would end them after a backslash.
std::string quoted(std::string_view text);
/// "name=value" of an attribute or a parameter; the value without its quotes.
std::optional<std::pair<std::string, std::string>> assignment(std::string_view text);

/// Whether the answer's content type is this one, whatever its parameters.
bool is_type(const rest::Answer& answer, std::string_view type);
/// Category, X-OCCI-Attribute, X-OCCI-Location and Link of a body of text/plain, one or more values a line.
Result<Fields> fields_of_text(std::string_view body);
/// By the answer's content type.
Result<Fields> fields_of(const rest::Answer& answer);

}  // namespace nephele::occi
