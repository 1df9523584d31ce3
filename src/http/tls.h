// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "http/server.h"

namespace nephele::http {

/// A server's TLS: 1.2 or newer, the files' certificate. Fails with `invalid` and names the file that cannot be used.
Result<std::shared_ptr<asio::ssl::context>> tls_context(const Tls& files);

}  // namespace nephele::http
