// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "http/client.h"

/// What fetching from other people's web servers has in common.
namespace nephele::fleet {

struct WebSettings {
  std::string agent = {};      ///< "Vcycle 04.00": what we call ourselves
  std::string ca_folder = {};  ///< of grid sites; used where it is there, beside the system's
  std::size_t bytes_max = std::size_t{64} * 1024;
};

http::ClientSettings client_settings(const WebSettings& settings);

/// Sends it, and again to where it is redirected, a few times; `request.url` is then where the answer came from. A sink
/// hears the last answer only. From https it does not go to http.
Task<Result<http::ClientResponse>> send_following(http::Client& client, http::ClientRequest& request,
                                                  http::Client::Sink* sink = nullptr);

}  // namespace nephele::fleet
