// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/secret.h"

namespace nephele::runtimes {

/// A serverless runtime: what devices call `ID`. Positive and below 2^31.
using RuntimeId = NumericId<struct RuntimeTag>;

/// The two functions of a runtime; FAAS comes first everywhere.
enum class Role : std::uint8_t { faas, daas };
inline constexpr std::array<Role, 2> roles{Role::faas, Role::daas};
/// "FAAS" or "DAAS": the member's name in a specification.
std::string_view to_string(Role role) noexcept;
std::optional<Role> role_from(std::string_view text) noexcept;

/// What a runtime shows of one function's life; there is no state of the whole.
enum class FunctionState : std::uint8_t { pending, running, updating, error };
/// "PENDING", "RUNNING", "UPDATING", "ERROR": the words on the wire.
std::string_view to_string(FunctionState state) noexcept;
std::optional<FunctionState> function_state_from(std::string_view text) noexcept;

/// Sizes on the wire: whole CPUs, MiB, MiB.
struct FunctionSizes {
  std::int64_t cpu = 0;
  std::int64_t memory_mib = 0;
  std::int64_t disk_mib = 0;
  friend bool operator==(const FunctionSizes&, const FunctionSizes&) = default;
};

/// What a caller says about sizes: absent means "the flavour's" on create and "as it is" on update.
struct WantedSizes {
  std::optional<std::int64_t> cpu, memory_mib, disk_mib;
  bool empty() const noexcept { return !cpu && !memory_mib && !disk_mib; }
};

/// A function as it is seen now.
struct Function {
  Role role = Role::faas;
  std::int64_t vm_id = 0;  ///< negative: not known, and then not shown
  FunctionState state = FunctionState::pending;
  std::string error;     ///< only with state `error`
  std::string endpoint;  ///< a bare address, or empty
  FunctionSizes sizes;
};

/// Who asks. Verified, or passed through to the system that verifies; either way what was typed goes into the context
/// of the function (SR_AUTH).
struct Caller {
  std::string account;  ///< owner of what is created
  bool admin = false;   ///< may look at and remove what belongs to others
  std::string user;
  Secret password;
  std::string request_id;
  std::int64_t version = 0;  ///< of the account when it signed in, where it is ours
};

/// Largest value of a size and of an id.
inline constexpr std::int64_t number_max = 2'147'483'647;
/// Bytes of a NAME.
inline constexpr std::size_t name_bytes_max = 128;

}  // namespace nephele::runtimes
