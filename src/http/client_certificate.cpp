// SPDX-License-Identifier: Apache-2.0
#include "http/client_certificate.h"

#include "http/request_body.h"

namespace nephele::http {

const ClientCertificate* client_certificate(const Request& request) noexcept {
  const auto* const body = dynamic_cast<const RequestBody*>(request.body);
  return body == nullptr ? nullptr : body->transport().client_certificate();
}

}  // namespace nephele::http
