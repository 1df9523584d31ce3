// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "clouds/opennebula/session.h"
#include "http/client.h"

namespace nephele::opennebula {

/// Where one of the two systems is, and how it is spoken to.
struct Endpoint {
  std::string url;
  std::chrono::milliseconds timeout{30'000};  ///< of one call; a session's deadline may come sooner
  bool verify_tls = true;                     ///< false only where a setting says so
  std::string ca_file = {};                   ///< empty: the system's
  std::size_t connections = 16;
  std::size_t answer_bytes_max = std::size_t{64} * 1024 * 1024;
};

/// Calls may be sent again by themselves only when they read.
enum class Effect : std::uint8_t { reads, changes };

/// The HTTP side of a call: limits, deadline, repetition. Its errors are those of errors.h.
class Link {
 public:
  Link(std::string_view system, const Endpoint& endpoint);

  /// `call` names it in errors. The request brings verb, URL, body and credentials.
  Task<Result<http::ClientResponse>> exchange(http::ClientRequest request, std::string call, Effect effect,
                                              SteadyTime deadline);

 private:
  std::string system_;
  std::chrono::milliseconds timeout_;
  http::Client client_;
};

/// Fails with `unauthorized` when no credentials of OpenNebula can look like these (what XML cannot carry, no user).
Result<> check_credentials(const Session& session);

}  // namespace nephele::opennebula
