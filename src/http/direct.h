// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include "http/shortcut.h"

namespace nephele::http {

/// What came of a request that went the short way.
struct DirectAnswer {
  bool sent = false;  ///< some of the request went out; without that the server has heard nothing and others may try
  bool too_long = false;
  CURLcode code = CURLE_OK;  ///< as libcurl would have ended
  ClientResponse response;
};

/// One request and its answer over a connection of its own, on the caller's executor, which runs one thing at a time.
/// All that it refers to outlives it.
Task<DirectAnswer> ask_directly(const Shortcut& way, const ClientSettings& settings, const ClientRequest& request);

}  // namespace nephele::http
