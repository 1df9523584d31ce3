// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

/// Members of OpenStack's objects. A member of another type is as good as absent; who needs one asks whether it is
/// there.
namespace nephele::openstack::fields {

std::string text(const json::Object& object, std::string_view name);
std::optional<std::int64_t> integer(const json::Object& object, std::string_view name);
bool flag(const json::Object& object, std::string_view name);
/// A text, or a whole number: some clouds that speak the same protocol count.
std::string id(const json::Object& object, std::string_view name);
const json::Object* object(const json::Object& object, std::string_view name);
const json::Array* array(const json::Object& object, std::string_view name);

/// "2026-11-21T07:57:43Z", "2026-11-21T07:57:58.000000", "2026-11-21T07:57:43+01:00"; a fraction is dropped, no zone is
/// UTC. Nothing for other texts.
std::optional<std::chrono::sys_seconds> time_of(std::string_view text) noexcept;
std::optional<std::chrono::sys_seconds> time(const json::Object& object, std::string_view name);

}  // namespace nephele::openstack::fields
