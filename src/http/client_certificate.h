// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace nephele::http {

struct Request;

/// The verified certificate that a client has shown in TLS.
struct ClientCertificate {
  /// Names like "/DC=com/DC=example/CN=vm": of the certificate itself, then, where that is a proxy (RFC 3820), of what
  /// signed it, to that of the end entity, which stands last. Never empty.
  std::vector<std::string> subjects;
};

/// Of the connection that a request came by, as long as the request lives; null: none was shown. It belongs to the
/// connection, not to the request, so it is asked for and not carried along.
const ClientCertificate* client_certificate(const Request& request) noexcept;

}  // namespace nephele::http
