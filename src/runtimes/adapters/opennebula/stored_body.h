// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "runtimes/model.h"

/// The JSON that a runtime's document (type 1337) holds in its BODY: what is answered, without NAME and ID (contract,
/// 5.6); written by render_members() of document.h. Pure.
namespace nephele::runtimes::one {

/// Of OpenNebula's documents, those that are serverless runtimes. 1338 and 1339 belong to a later system.
inline constexpr std::int64_t document_type = 1337;

struct Stored {
  json::Object document;  ///< members of the caller (document.h), without SERVICE_ID
  std::optional<std::int64_t> service_id;

  /// VM_ID of a function; nothing when none is written down.
  std::optional<std::int64_t> vm_id(Role role) const;
  /// The sizes that were last seen; 0 where nothing is written.
  FunctionSizes sizes(Role role) const;
};

/// Reads also what early engines wrote: numbers as strings, the state ACTIVE, a URL as ENDPOINT. Fails with `invalid`.
Result<Stored> read_body(std::string_view text);

}  // namespace nephele::runtimes::one
