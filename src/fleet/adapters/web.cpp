// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/web.h"

#include <filesystem>

#include "fleet/urls.h"

namespace nephele::fleet {

namespace {

constexpr int redirects_max = 5;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Absolute, or a path on the same server.
std::string target_of(const std::string& url, std::string_view location) {
  if (is_url(location)) return std::string(location);
  if (!location.starts_with("/") || location.starts_with("//")) return {};
  return url.substr(0, url.find('/', url.find("://") + 3)) + std::string(location);
}

}  // namespace

http::ClientSettings client_settings(const WebSettings& settings) {
  http::ClientSettings out{.body_bytes_max = settings.bytes_max};
  std::error_code ignored;
  if (std::filesystem::is_directory(settings.ca_folder, ignored)) out.ca_folder = settings.ca_folder;
  return out;
}

Task<Result<http::ClientResponse>> send_following(http::Client& client, http::ClientRequest& request,
                                                  http::Client::Sink* sink) {
  for (int hops = 0; hops <= redirects_max; ++hops) {
    auto answer = sink == nullptr ? co_await client.send(request) : co_await client.send(request, *sink);
    if (!answer || !is_redirect(answer->status)) co_return answer;
    std::string next = target_of(request.url, answer->headers.find("Location").value_or(""));
    if (next.empty()) co_return fail(Kind::invalid, "it redirects to nowhere");
    if (request.url.starts_with("https://") && !next.starts_with("https://"))
      co_return fail(Kind::invalid, "it sends us to a place without TLS");
    request.url = std::move(next);
  }
  co_return fail(Kind::invalid, "it is redirected without end");
}

}  // namespace nephele::fleet
