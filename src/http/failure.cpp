// SPDX-License-Identifier: Apache-2.0
#include "http/failure.h"

namespace nephele::http {

Failure failure_of(const Error& of_client) noexcept {
  const Kind kind = of_client.kind();
  switch (kind) {
    case Kind::timeout:
      return {"timeout", kind};
    case Kind::over_quota:
      return {"too_long", Kind::unavailable};
    case Kind::invalid:
      return {"request", kind};
    default:
      // Client's own words for a name, an address, a certificate; all others are of a connection that broke.
      return {of_client.sentence().contains(" failed: ") ? "lost" : "unreachable", kind};
  }
}

}  // namespace nephele::http
