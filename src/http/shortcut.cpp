// SPDX-License-Identifier: Apache-2.0
#include "http/shortcut.h"

#include <nephele_version.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "http/answer.h"
#include "http/client_transfer.h"
#include "http/curl_url.h"

namespace nephele::http {

namespace {

constexpr std::chrono::seconds good_for{60};  // as long as libcurl trusts a name
constexpr std::size_t urls_max = 64;

/// A proxy stands between, perhaps: only libcurl knows all of the rules.
bool proxy_is_set() {
  static constexpr std::array names{"http_proxy", "all_proxy", "ALL_PROXY"};
  return std::ranges::any_of(names, [](const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): at the start, and nobody sets it
    return value != nullptr && *value != '\0';
  });
}

/// Fields that libcurl would write otherwise when the caller gives them.
bool is_of_the_connection(std::string_view name) {
  static constexpr std::array names{"host",       "connection", "content-length", "transfer-encoding",
                                    "user-agent", "accept",     "expect",         "authorization"};
  return std::ranges::any_of(names, [name](const char* known) { return same_name(name, known); });
}

bool is_plain(const ClientRequest& request) {
  return request.stream == nullptr && request.unix_socket.empty() &&
         std::ranges::none_of(request.headers, [](const auto& field) { return is_of_the_connection(field.first); });
}

std::optional<Shortcut> shortcut_to(const std::string& url) {
  const auto parsed = CurlUrl::parse(url);
  if (!parsed || parsed->part(CURLUPART_SCHEME) != "http") return std::nullopt;
  auto host = parsed->part(CURLUPART_HOST);
  const auto port = parsed->part(CURLUPART_PORT);
  if (!port.empty() && port != "80") host += ":" + port;
  auto target = parsed->part(CURLUPART_PATH);
  if (const auto query = parsed->part(CURLUPART_QUERY); !query.empty()) target += "?" + query;
  // A zone of IPv6, a space, a letter of another script: libcurl knows how these are written.
  const auto plain = [](char c) { return c > ' ' && c < '\x7f'; };
  if (host.contains('%') || target.empty() || !std::ranges::all_of(host + target, plain)) return std::nullopt;
  Shortcut out;
  out.head = " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: nephele/" + std::string(version) +
             "\r\nAccept: */*\r\nConnection: close\r\n";
  out.target = std::move(target);
  return out;
}

}  // namespace

Shortcuts::Shortcuts(bool use_proxy_environment, std::size_t connections_per_host)
    : usable_(!use_proxy_environment || !proxy_is_set()), connections_per_host_(connections_per_host) {}

std::shared_ptr<const Shortcut> Shortcuts::find(const ClientRequest& request) {
  if (!usable_ || !is_plain(request)) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto known = by_url_.find(request.url);
  if (known == by_url_.end()) return nullptr;
  if (known->second->until > std::chrono::steady_clock::now())
    return known->second->closes || !may_be_sent_twice(request) ? known->second : nullptr;
  by_url_.erase(known);
  return nullptr;
}

void Shortcuts::learn(const ClientRequest& request, const std::string& origin, const ClientResponse& answer,
                      std::string ip, std::uint16_t port) {
  const bool closes = closes_connection(answer.headers);
  // What is removed is not asked for again.
  const bool wanted = closes || (!may_be_sent_twice(request) && request.verb != Verb::del);
  if (!usable_ || ip.empty() || !is_plain(request) || !wanted) return;
  auto way = shortcut_to(request.url);
  if (!way) return;
  way->closes = closes;
  way->origin = origin;
  way->ip = std::move(ip);
  way->port = port;
  way->until = in(good_for);
  const std::lock_guard lock(mutex_);
  way->turnstile = turnstile_of(origin);
  if (by_url_.size() >= urls_max) by_url_.clear();  // of a few servers, not of many objects
  by_url_.insert_or_assign(request.url, std::make_shared<const Shortcut>(*std::move(way)));
}

/// The one that calls under way stand in, though their way may be forgotten by now.
std::shared_ptr<Turnstile> Shortcuts::turnstile_of(const std::string& origin) {
  if (const auto known = turnstiles_.find(origin); known != turnstiles_.end())
    if (auto turnstile = known->second.lock()) return turnstile;
  std::erase_if(turnstiles_, [](const auto& entry) { return entry.second.expired(); });
  auto made = std::make_shared<Turnstile>(connections_per_host_);
  turnstiles_.insert_or_assign(origin, made);
  return made;
}

void Shortcuts::forget(const std::string& url) {
  const std::lock_guard lock(mutex_);
  by_url_.erase(url);
}

/// A place in the queue, for as long as somebody stands there.
class Turnstile::Waiting {
 public:
  Waiting(Turnstile& at, std::shared_ptr<Waiter> waiter) : at_(at), waiter_(std::move(waiter)) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    const bool unused = [this] {
      const std::lock_guard lock(at_.mutex_);
      std::erase(at_.waiting_, waiter_);
      return waiter_->has_place;
    }();
    if (unused) at_.give();  // it came when its waiter had already turned away
  }
  /// True when a place was given; it is the caller's now.
  bool take() {
    const std::lock_guard lock(at_.mutex_);
    return std::exchange(waiter_->has_place, false);
  }

 private:
  Turnstile& at_;
  std::shared_ptr<Waiter> waiter_;
};

Task<Turnstile::Place> Turnstile::enter(SteadyTime until) {
  const auto waiter = [this]() -> std::shared_ptr<Waiter> {
    const std::lock_guard lock(mutex_);
    if (free_ > 0) {
      --free_;
      return nullptr;
    }
    return waiting_.emplace_back(std::make_shared<Waiter>());
  }();
  if (!waiter) co_return Place(this);
  Waiting waiting(*this, waiter);
  (void)co_await waiter->bell.wait_until(until);
  co_return Place(waiting.take() ? this : nullptr);
}

void Turnstile::give() {
  const auto next = [this]() -> std::shared_ptr<Waiter> {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      ++free_;
      return nullptr;
    }
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    first->has_place = true;
    return first;
  }();
  if (next) next->bell.ring();
}

}  // namespace nephele::http
