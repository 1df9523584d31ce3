// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "manage/output.h"

namespace nephele::manage {

/// One run of a verb: what was typed, and where the answer goes.
class Call {
 public:
  using Words = std::map<std::string, std::vector<std::string>, std::less<>>;

  Call(Words words, Format format, int verbosity) : words_(std::move(words)), format_(format), verbosity_(verbosity) {}

  /// Names are those of the verb's table: "--password" for an option, "USER" for an argument.
  bool has(std::string_view name) const { return words_.contains(name); }
  std::optional<std::string> text(std::string_view name) const;
  /// A repeated option or argument, in the order typed.
  const std::vector<std::string>& all(std::string_view name) const;
  Result<std::optional<bool>> boolean(std::string_view name) const;
  Result<std::optional<std::int64_t>> integer(std::string_view name) const;
  std::optional<Secret> secret(std::string_view name) const;

  Format format() const noexcept { return format_; }
  int verbosity() const noexcept { return verbosity_; }

 private:
  Words words_;
  Format format_;
  int verbosity_;
};

}  // namespace nephele::manage
