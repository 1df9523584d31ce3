// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/json.h"

/// The JSON schema of a serverless runtime, as one table: what /serverless-runtimes/schema serves and what checks a
/// specification. The messages are part of the contract, so the walker is ours (Provision Engine contract, 3.1, 3.4).
namespace nephele::runtimes {

/// The first violation, in the order in which the contract finds them: type, declared members, required ones.
struct Violation {
  std::string text;  ///< "The property '#/SERVERLESS_RUNTIME/FAAS/CPU' of type string did not match ..."
};

/// Checks a whole request body.
std::optional<Violation> first_violation(const json::Value& body);

/// The schema as a JSON document (draft 4).
const std::string& schema_document();

}  // namespace nephele::runtimes
