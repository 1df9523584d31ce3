// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "http/transport.h"

// Forward, because Asio's SSL headers cost seconds.
namespace boost::asio::ssl {
class context;
}

namespace nephele::http {

/// See Transport::acknowledge.
void acknowledge_now(int descriptor) noexcept;

std::unique_ptr<Transport> plain_transport(asio::ip::tcp::socket socket);
std::unique_ptr<Transport> tls_transport(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context);

}  // namespace nephele::http
