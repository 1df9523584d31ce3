// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "clouds/xml/xml.h"

/// XML-RPC as oned speaks it: what a call and its answer look like as bytes. No I/O.
namespace nephele::opennebula::xmlrpc {

using Parameter = std::variant<std::string, std::int32_t, bool>;

/// Fails with `invalid` when a string cannot be carried by XML (can_carry), and names its place, never its text.
Result<std::string> encode(std::string_view method, const std::vector<Parameter>& parameters);

struct Call {
  std::string_view method;
  std::vector<Parameter> parameters = {};
};

/// All of them in one exchange, carried out one after the other (system.multicall of oned's XML-RPC library).
Result<std::string> encode_together(std::span<const Call> calls);

using Value = std::variant<std::string, std::int64_t, bool>;

/// What oned itself answers: [true, payload, 0] or [false, message, code, object, index].
struct Answer {
  bool success = false;
  Value payload = {};                       ///< of a success
  std::string message = {};                 ///< of a failure
  std::int64_t code = 0;                    ///< of a failure
  std::optional<std::int64_t> object = {};  ///< of a failure: whom it is about, where oned says so
};

/// What oned's XML-RPC library answers when it does not get as far as oned.
struct Fault {
  std::int64_t code = 0;
  std::string message = {};
};

using Outcome = std::variant<Answer, Fault>;

/// Fails with `invalid` on everything that is neither; elements behind the known ones are passed over.
Result<Outcome> decode(std::string body, xml::Limits limits = {});

/// The outcomes of encode_together's calls in their order, or the fault of all of them. Fails with `invalid` also when
/// there are not exactly `count`.
Result<std::variant<std::vector<Outcome>, Fault>> decode_together(std::string body, std::size_t count,
                                                                  xml::Limits limits = {});

}  // namespace nephele::opennebula::xmlrpc
