// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/remote_files.h"

#include <algorithm>

namespace nephele::fleet {

namespace {

constexpr std::chrono::seconds answers_within{30};
constexpr std::size_t copies_max = 1'000;

std::unexpected<Error> unread(const std::string& url, const std::string& why) {
  return fail(Kind::invalid, "Failed to read " + url + ": " + why);
}

}  // namespace

RemoteFiles::RemoteFiles(WebSettings settings) : settings_(std::move(settings)), client_(client_settings(settings_)) {}

std::optional<RemoteFiles::Copy> RemoteFiles::known(const std::string& url) {
  const std::lock_guard lock(mutex_);
  const auto found = copies_.find(url);
  return found == copies_.end() ? std::nullopt : std::optional(found->second);
}

void RemoteFiles::keep(const std::string& url, const http::ClientResponse& answer) {
  const auto field = [&](std::string_view name) { return std::string(answer.headers.find(name).value_or("")); };
  Copy copy{.etag = field("ETag"), .modified = field("Last-Modified"), .body = answer.body};
  const std::lock_guard lock(mutex_);
  if (copies_.size() >= copies_max) copies_.clear();  // a configuration that names ever new ones
  if (copy.etag.empty() && copy.modified.empty())
    copies_.erase(url);
  else
    copies_.insert_or_assign(url, std::move(copy));
}

Task<Result<std::string>> RemoteFiles::get(std::string url, SteadyTime deadline) {
  http::ClientRequest request{.url = url, .deadline = std::min(deadline, in(answers_within))};
  if (!settings_.agent.empty()) request.headers.add("User-Agent", settings_.agent);
  const auto copy = known(url);
  if (copy && !copy->etag.empty()) request.headers.add("If-None-Match", copy->etag);
  if (copy && copy->etag.empty()) request.headers.add("If-Modified-Since", copy->modified);
  const auto answer = co_await send_following(client_, request);
  if (!answer && answer.error().kind() == Kind::over_quota)
    co_return unread(url, "it is longer than " + std::to_string(settings_.bytes_max) + " bytes");
  if (!answer) co_return unread(url, answer.error().sentence());
  if (answer->status == 304 && copy) co_return copy->body;
  if (answer->status != 200) co_return unread(url, "it answers HTTP code " + std::to_string(answer->status));
  keep(url, *answer);
  co_return answer->body;
}

}  // namespace nephele::fleet
