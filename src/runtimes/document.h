// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "runtimes/model.h"

/// What is kept of a caller's specification, and what is answered from it (Provision Engine contract, 2.6). Members of
/// the caller keep their order and their spelling; ours come after.
namespace nephele::runtimes {

/// Levels of a request's body: as many as the Ruby engine took.
inline constexpr json::Limits body_limits{.depth = 100};
/// Levels of a document that is kept, and of what is rendered from it. More than a request may have: what was accepted,
/// by whichever engine, must be read again, or its machines could not be removed.
inline constexpr json::Limits document_limits{.depth = 128};

/// A specification that has passed the schema, read once.
struct Specification {
  std::optional<std::string> name;  ///< NAME; absent and empty are different things on update
  json::Object document;            ///< all else that the caller wrote, without what only the engine may say
};

/// `body` is a whole request body that has passed first_violation().
Specification read_specification(json::Value body);

/// FLAVOUR of a function; empty when the function is absent.
std::string flavour_of(const json::Object& document, Role role);
/// A function counts when it is there with a FLAVOUR (contract 3.1).
bool has_function(const json::Object& document, Role role);
WantedSizes wanted_sizes(const json::Object& document, Role role);

/// Copies SCHEDULING and DEVICE_INFO of an update, whole, where the caller wrote them; new ones go to the end. True
/// when anything changed.
bool take_wishes(json::Object& document, const json::Object& from);

/// The object under SERVERLESS_RUNTIME as text: NAME, ID, the caller's members, SERVICE_ID; in each function the
/// caller's members, then those of ours that are not there yet. A number that is not known, of a service or of a VM, is
/// left out: both members are optional (contract, 3.1).
std::string render(RuntimeId id, std::optional<std::int64_t> service_id, const std::string& name,
                   const json::Object& document, std::span<const Function> functions);
/// The same without NAME and ID: what OpenNebula's documents hold.
std::string render_members(const json::Object& document, std::optional<std::int64_t> service_id,
                           std::span<const Function> functions);
/// {"SERVERLESS_RUNTIME":...} around a rendered runtime.
std::string wrapped(std::string_view rendered);

}  // namespace nephele::runtimes
