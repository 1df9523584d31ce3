// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nephele {

/// What went wrong, as far as a caller can act on it. Each API maps these to its own statuses in its faults.cpp.
enum class Kind : std::uint8_t {
  invalid,       ///< the request itself is wrong; the same request fails again
  unauthorized,  ///< nobody is known behind the credentials
  forbidden,     ///< known, but not allowed
  not_found,
  conflict,     ///< clashes with the present state
  over_quota,   ///< a limit of an account, a project or this machine
  busy,         ///< a transient state or a full queue: the same request may succeed later
  unavailable,  ///< a system behind us does not answer or refuses to work
  timeout,
  internal,  ///< a bug of ours, or the impossible
};

std::string_view to_string(Kind kind) noexcept;

/// An expected failure: a kind for programs and a sentence for a person that says what is wrong and what to do.
/// Never holds a secret. `details` are machine-readable names and values (sizes, limits, ids).
class Error {
 public:
  using Details = std::vector<std::pair<std::string, std::string>>;

  Error(Kind kind, std::string sentence) : kind_(kind), sentence_(std::move(sentence)) {}

  Kind kind() const noexcept { return kind_; }
  const std::string& sentence() const noexcept { return sentence_; }
  const Details& details() const noexcept { return details_; }

  /// Adds one machine-readable detail.
  Error& with(std::string name, std::string value) & {
    details_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Error&& with(std::string name, std::string value) && { return std::move(with(std::move(name), std::move(value))); }

  /// The value of a detail, or an empty view.
  std::string_view detail(std::string_view name) const noexcept;

  /// Puts what was being done in front of the sentence: "disk.qcow2: no space left".
  Error&& about(std::string_view subject) &&;

 private:
  Kind kind_;
  std::string sentence_;
  Details details_;
};

}  // namespace nephele
