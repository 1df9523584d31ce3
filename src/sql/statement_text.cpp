// SPDX-License-Identifier: Apache-2.0
#include "sql/statement_text.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace nephele::sql {

void check_texts(const Statement& statement, std::span<const Value> parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto* text = std::get_if<std::string>(&parameters[i]);
    if (text == nullptr) continue;
    const char* wrong = nullptr;
    if (text->find('\0') != std::string::npos) {
      wrong = "holds a NUL character";
    } else if (!is_utf8(*text)) {
      wrong = "is not UTF-8";
    }
    if (wrong != nullptr)
      throw Failure(Failure::Cause::text,
                    fmt::format("{}: text {} {}, which the database cannot store", statement.name, i + 1, wrong));
  }
}

void two_texts(const Statement& statement) {
  throw Failure(Failure::Cause::bug, fmt::format("two different statements are named {}", statement.name));
}

void wrong_count(const Statement& statement, std::size_t wanted, std::size_t given) {
  throw Failure(Failure::Cause::bug,
                fmt::format("{}: {} parameters given where {} are expected", statement.name, given, wanted));
}

void already_failed(const Statement& statement) {
  throw Failure(Failure::Cause::bug,
                fmt::format("{}: an earlier statement failed, so this transaction can only end", statement.name));
}

}  // namespace nephele::sql
